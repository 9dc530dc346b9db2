/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Quarantine (design decision 16): what left a domain's p2m waits here until every CPU that may
 * hold a translation has flushed. The entries of the frames and chunks themselves are the lists, so
 * that nothing is allocated. All of it under frame_lock.
 */
#include "core/area.h"
#include "core/domain.h"
#include "core/frame_table.h"
#include "core/heap.h"

#define POLL_ITEMS 64u /* frames and chunks that one look frees at most */

static struct domain *waiting; /* domains that have something in quarantine */

static void note(struct domain *d, uint64_t generation, uint64_t pages)
{
    struct frame_quarantine *q = &d->quarantine;

    q->open.generation = generation;
    d->quarantine_pages += pages;
    chunk_totals.quarantine += pages;
    if (!q->is_listed) {
        q->is_listed = true;
        q->next = waiting;
        waiting = d;
    }
}

void quarantine_frame(struct domain *d, mfn_t mfn)
{
    struct frame_quarantine *q = &d->quarantine;
    uint64_t generation = atomic_load(&d->p2m.generation);

    d->tot_pages--;
    if (p2m_flush_done(d, generation)) {
        chunk_push_frame(mfn, false);
        return;
    }
    atomic_store_explicit(frame_entry(mfn), frame_make(FRAME_QUARANTINED, 0, q->open.first_frame),
                          memory_order_relaxed);
    q->open.first_frame = mfn.v + 1;
    note(d, generation, 1);
}

void quarantine_chunk(struct domain *d, uint32_t index)
{
    struct frame_quarantine *q = &d->quarantine;
    uint64_t generation = atomic_load(&d->p2m.generation);

    d->tot_pages -= CHUNK_FRAMES;
    if (p2m_flush_done(d, generation)) {
        chunk_free(index);
        return;
    }
    chunk_at(index)->state = CHUNK_QUARANTINED;
    chunk_at(index)->next = q->open.first_chunk;
    q->open.first_chunk = index + 1;
    note(d, generation, CHUNK_FRAMES);
}

static void unlist(struct domain *d)
{
    struct domain **link = &waiting;

    while (*link != d)
        link = &(*link)->quarantine.next;
    *link = d->quarantine.next;
    d->quarantine.is_listed = false;
}

/* Frees one thing of the closed batch; returns its pages, 0: there is none. */
static uint64_t free_one(struct frame_batch *batch)
{
    if (batch->first_chunk != 0) {
        uint32_t index = batch->first_chunk - 1;

        batch->first_chunk = chunk_at(index)->next;
        chunk_free(index);
        return CHUNK_FRAMES;
    }
    if (batch->first_frame != 0) {
        mfn_t mfn = {batch->first_frame - 1};

        batch->first_frame = atomic_load(frame_entry(mfn)) & FRAME_LINK_MASK;
        chunk_push_frame(mfn, false);
        return 1;
    }
    return 0;
}

/* Frees at most BUDGET things of the closed batch; returns how many it did not need. */
static unsigned free_closed(struct domain *d, unsigned budget)
{
    uint64_t pages, sum = 0;

    while (budget != 0 && (pages = free_one(&d->quarantine.closed)) != 0) {
        sum += pages;
        budget--;
    }
    d->quarantine_pages -= sum;
    chunk_totals.quarantine -= sum;
    return budget;
}

void quarantine_poll(struct domain *d)
{
    struct frame_quarantine *q = &d->quarantine;
    unsigned budget = POLL_ITEMS;

    while (budget != 0 && d->quarantine_pages != 0) {
        if (q->closed.first_frame == 0 && q->closed.first_chunk == 0) {
            q->closed = q->open;
            q->open = (struct frame_batch){0, 0, 0};
        }
        if (!p2m_flush_done(d, q->closed.generation))
            return;
        budget = free_closed(d, budget);
        if (d->quarantine_pages == 0)
            unlist(d);
    }
}

void frame_quarantine_poll(struct domain *d)
{
    if (likely(d->quarantine_pages == 0))
        return;
    lock_take(&frame_lock);
    quarantine_poll(d);
    lock_drop(&frame_lock);
}

bool frame_scrub_step(void)
{
    bool has_more;

    if (waiting != NULL) {
        lock_take(&frame_lock);
        if (waiting != NULL)
            quarantine_poll(waiting);
        lock_drop(&frame_lock);
    }
    area_poll();
    has_more = heap_idle_step();
    return chunk_scrub_step() || has_more;
}
