/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns access to rings that this domain shares with a back end. */
#include "drivers/pv/front_ring.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/io_ring.h"

void front_ring_init(struct front_ring *ring, void *page, size_t size, uint32_t entry_size)
{
    uint32_t fit = (uint32_t)((size - sizeof(struct xen_sring)) / entry_size);

    *ring = (struct front_ring){.shared = page, .entry_count = 1, .entry_size = entry_size};
    while (ring->entry_count * 2 <= fit)
        ring->entry_count *= 2;
    /* SHARED_RING_INIT of <xen/io/ring.h>. */
    ring->shared->req_event = ring->shared->rsp_event = 1;
}

static uint8_t *entry_at(const struct front_ring *ring, uint32_t index)
{
    return ring->shared->ring + (size_t)(index & (ring->entry_count - 1)) * ring->entry_size;
}

uint32_t front_ring_room(const struct front_ring *ring)
{
    return ring->entry_count - (ring->req_prod - ring->rsp_cons);
}

void *front_ring_put(struct front_ring *ring)
{
    return entry_at(ring, ring->req_prod++);
}

bool front_ring_show(struct front_ring *ring)
{
    uint32_t old = ring->req_sent, event;

    if (old == ring->req_prod)
        return false;
    ring->req_sent = ring->req_prod;
    __atomic_store_n(&ring->shared->req_prod, ring->req_prod, __ATOMIC_RELEASE);
    /* Pairs with the back end's barrier between its req_event and its look at req_prod. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    event = __atomic_load_n(&ring->shared->req_event, __ATOMIC_RELAXED);
    return ring->req_prod - event < ring->req_prod - old;
}

int front_ring_take(struct front_ring *ring, void *response, size_t size)
{
    /* Pairs with the back end's release of rsp_prod: the responses are there. */
    uint32_t waiting = __atomic_load_n(&ring->shared->rsp_prod, __ATOMIC_ACQUIRE) - ring->rsp_cons;

    if (waiting == 0)
        return 0;
    if (waiting > ring->req_sent - ring->rsp_cons)
        return -EBADMSG;
    memcpy(response, entry_at(ring, ring->rsp_cons), size);
    ring->rsp_cons++;
    return 1;
}

bool front_ring_sleep(struct front_ring *ring)
{
    __atomic_store_n(&ring->shared->rsp_event, ring->rsp_cons + 1, __ATOMIC_RELAXED);
    /* Pairs with the back end's barrier between its rsp_prod and its look at rsp_event: one of the
     * two sees what the other has written. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&ring->shared->rsp_prod, __ATOMIC_RELAXED) != ring->rsp_cons;
}
