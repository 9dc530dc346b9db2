/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of foreign frames that wait for a domain's TLBs. Oldest first, so that generations
 * rise along it. */
#include "core/foreign.h"

#include "core/domain.h"
#include "core/frame.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/p2m.h"
#include "lib/errno.h"

#define FOREIGN_QUEUE_LENGTH 250u

struct foreign_queue {
    uint32_t first, count;
    struct {
        uint64_t mfn_write; /* frame number << 1, bit 0: a writable reference */
        uint64_t generation;
    } waiting[FOREIGN_QUEUE_LENGTH];
};
_Static_assert(sizeof(struct foreign_queue) <= PAGE_SIZE, "a page");

static void drop_first(struct domain *d)
{
    struct foreign_queue *queue = d->foreign_queue;
    uint64_t mfn_write = queue->waiting[queue->first].mfn_write;

    queue->first = (queue->first + 1) % FOREIGN_QUEUE_LENGTH;
    queue->count--;
    d->foreign_pages--;
    frame_put((mfn_t){mfn_write >> 1}, mfn_write & 1);
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

void foreign_put(struct domain *d, mfn_t mfn, bool is_writable)
{
    struct foreign_queue *queue = d->foreign_queue;
    uint32_t last = (queue->first + queue->count) % FOREIGN_QUEUE_LENGTH;

    BUG_ON(queue->count == FOREIGN_QUEUE_LENGTH);
    queue->waiting[last].mfn_write = mfn.v << 1 | (is_writable ? 1 : 0);
    queue->waiting[last].generation = atomic_load(&d->p2m.generation);
    queue->count++;
    drop_flushed(d);
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
    heap_free(d, d->foreign_queue, 1);
    d->foreign_queue = NULL;
}
