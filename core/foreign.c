/* SPDX-License-Identifier: BSD-2-Clause */
/* Foreign frames that a domain maps or has mapped. The queue of those that wait for its TLBs is
 * oldest first, so that generations rise along it. */
#include "core/foreign.h"

#include "core/domain.h"
#include "core/frame.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/p2m.h"
#include "core/physmap.h"
#include "lib/errno.h"

#define FOREIGN_QUEUE_LENGTH 170u

struct foreign_queue {
    uint32_t first, count;
    struct {
        uint64_t mfn_write; /* frame number << 1, bit 0: a writable reference */
        uint64_t generation;
        struct domain *owner; /* a frame of its grant table; NULL: a frame of RAM */
    } waiting[FOREIGN_QUEUE_LENGTH];
};
_Static_assert(sizeof(struct foreign_queue) <= PAGE_SIZE, "a page");

static void drop_first(struct domain *d)
{
    struct foreign_queue *queue = d->foreign_queue;
    uint64_t mfn_write = queue->waiting[queue->first].mfn_write;
    struct domain *owner = queue->waiting[queue->first].owner;

    queue->first = (queue->first + 1) % FOREIGN_QUEUE_LENGTH;
    queue->count--;
    d->foreign_pages--;
    if (owner) {
        grant_resource_put(owner);
        domain_put(owner);
    } else {
        frame_put((mfn_t){mfn_write >> 1}, mfn_write & 1);
    }
}

static void drop_flushed(struct domain *d)
{
    struct foreign_queue *queue = d->foreign_queue;

    while (queue->count && p2m_flush_done(d, queue->waiting[queue->first].generation))
        drop_first(d);
}

int foreign_init(struct domain *d)
{
    if (!d->foreign_queue)
        d->foreign_queue = heap_alloc(d, 1);
    return d->foreign_queue ? 0 : -ENOMEM;
}

bool foreign_can_put(struct domain *d)
{
    drop_flushed(d);
    return d->foreign_queue->count < FOREIGN_QUEUE_LENGTH;
}

static void enqueue(struct domain *d, uint64_t mfn_write, struct domain *owner)
{
    struct foreign_queue *queue = d->foreign_queue;
    uint32_t last = (queue->first + queue->count) % FOREIGN_QUEUE_LENGTH;

    BUG_ON(queue->count == FOREIGN_QUEUE_LENGTH);
    queue->waiting[last].mfn_write = mfn_write;
    queue->waiting[last].generation = atomic_load(&d->p2m.generation);
    queue->waiting[last].owner = owner;
    queue->count++;
    drop_flushed(d);
}

void foreign_put(struct domain *d, mfn_t mfn, bool is_writable)
{
    enqueue(d, mfn.v << 1 | (is_writable ? 1 : 0), NULL);
}

struct domain **foreign_resource(struct domain *d, gfn_t gfn)
{
    for (uint32_t i = 0; i < FOREIGN_RESOURCES; i++)
        if (d->resource[i].owner && gfn_equal(d->resource[i].gfn, gfn))
            return &d->resource[i].owner;
    return NULL;
}

int foreign_add_resource(struct domain *d, struct domain *owner, uint32_t index, gfn_t gfn)
{
    struct foreign_resource *resource = NULL;
    mfn_t mfn;
    int error;

    lock_take(&d->lock);
    for (uint32_t i = 0; i < FOREIGN_RESOURCES; i++)
        if (!d->resource[i].owner)
            resource = &d->resource[i];
    error = resource ? physmap_prepare(d, gfn) : -ENOSPC;
    if (!error)
        error = foreign_init(d);
    if (!error)
        error = grant_resource_get(owner, index, &mfn);
    if (!error) {
        domain_hold(owner);
        *resource = (struct foreign_resource){gfn, owner};
        d->foreign_pages++;
        physmap_commit(d, gfn, mfn, P2M_SHARED);
    }
    lock_drop(&d->lock);
    return error;
}

void foreign_put_resource(struct domain *d, struct domain **owner)
{
    struct domain *was = *owner;

    *owner = NULL;
    enqueue(d, 0, was);
}

void foreign_poll(struct domain *d)
{
    if (!d->foreign_queue || !READ_ONCE(d->foreign_queue->count))
        return;
    lock_take(&d->lock);
    drop_flushed(d);
    lock_drop(&d->lock);
}

void foreign_destroy(struct domain *d)
{
    if (!d->foreign_queue)
        return;
    while (d->foreign_queue->count)
        drop_first(d);
    for (uint32_t i = 0; i < FOREIGN_RESOURCES; i++) {
        struct domain *owner = d->resource[i].owner;

        if (owner) {
            grant_resource_put(owner);
            domain_put(owner);
        }
    }
    heap_free(d, d->foreign_queue, 1);
    d->foreign_queue = NULL;
}
