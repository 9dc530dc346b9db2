/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns access to rings that a front end shares. */
#include "drivers/pv/back_ring.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/io_ring.h"

void back_ring_connect(struct back_ring *ring, void *pages, size_t size, uint32_t entry_size)
{
    uint32_t fit = (uint32_t)((size - sizeof(struct xen_sring)) / entry_size);

    *ring = (struct back_ring){.shared = pages, .entry_count = 1, .entry_size = entry_size};
    while (ring->entry_count * 2 <= fit)
        ring->entry_count *= 2;
}

static uint8_t *entry_at(const struct back_ring *ring, uint32_t index)
{
    return ring->shared->ring + (size_t)(index & (ring->entry_count - 1)) * ring->entry_size;
}

int back_ring_waiting(const struct back_ring *ring)
{
    /* Pairs with the front end's release of req_prod: the requests are there. */
    uint32_t waiting = __atomic_load_n(&ring->shared->req_prod, __ATOMIC_ACQUIRE) - ring->req_cons;
    uint32_t unanswered = ring->req_cons - ring->rsp_prod;

    /* Requests beyond that have been written over entries that wait for a response. */
    return waiting <= ring->entry_count - unanswered ? (int)waiting : -EBADMSG;
}

int back_ring_take(struct back_ring *ring, void *request)
{
    int waiting = back_ring_waiting(ring);

    if (waiting <= 0)
        return waiting;
    memcpy(request, entry_at(ring, ring->req_cons), ring->entry_size);
    ring->req_cons++;
    return 1;
}

bool back_ring_sleep_until(struct back_ring *ring, uint32_t count)
{
    __atomic_store_n(&ring->shared->req_event, ring->req_cons + count, __ATOMIC_RELAXED);
    /* Pairs with the front end's barrier between its req_prod and its look at req_event: one of the
     * two sees what the other has written. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&ring->shared->req_prod, __ATOMIC_RELAXED) - ring->req_cons >= count;
}

bool back_ring_sleep(struct back_ring *ring)
{
    return back_ring_sleep_until(ring, 1);
}

void back_ring_put(struct back_ring *ring, const void *response, size_t size)
{
    memcpy(entry_at(ring, ring->rsp_prod), response, size);
    ring->rsp_prod++;
}

bool back_ring_is_awaited(const struct back_ring *ring)
{
    return (int32_t)(ring->rsp_prod -
                     __atomic_load_n(&ring->shared->rsp_event, __ATOMIC_RELAXED)) >= 0;
}

bool back_ring_show(struct back_ring *ring)
{
    uint32_t old = ring->rsp_sent, event;

    if (old == ring->rsp_prod)
        return false;
    ring->rsp_sent = ring->rsp_prod;
    __atomic_store_n(&ring->shared->rsp_prod, ring->rsp_prod, __ATOMIC_RELEASE);
    /* Pairs with the front end's barrier between its rsp_event and its look at rsp_prod. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    event = __atomic_load_n(&ring->shared->rsp_event, __ATOMIC_RELAXED);
    return ring->rsp_prod - event < ring->rsp_prod - old;
}
