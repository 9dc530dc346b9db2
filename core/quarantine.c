/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Quarantine (design decision 16): what left a domain's p2m waits here until every CPU that may
 * hold a translation has flushed. The entries of the frames, and of the first frame of each chunk,
 * are the list, so that nothing is allocated. All of it under frame_lock.
 */
#include "core/domain.h"
#include "core/frame_table.h"
#include "core/heap.h"

#define POLL_ITEMS 64u /* frames and chunks that one look frees at most */

static struct domain *waiting; /* domains that have something in quarantine */

/* Adds what begins at MFN, PAGES long. */
static void add(struct domain *d, mfn_t mfn, uint64_t pages, uint64_t generation)
{
    struct frame_quarantine *q = &d->quarantine;

    frame_write(mfn, frame_make(FRAME_QUARANTINED, 0, q->open.first));
    q->open.first = mfn.v + 1;
    q->open.generation = generation;
    d->quarantine_pages += pages;
    chunk_totals.quarantine += pages;
    if (!q->is_listed) {
        q->is_listed = true;
        q->next = waiting;
        WRITE_ONCE(waiting, d);
    }
}

void quarantine_frame(struct domain *d, mfn_t mfn)
{
    uint64_t generation = atomic_load(&d->p2m.generation);

    d->tot_pages--;
    if (p2m_flush_done(d, generation))
        chunk_push_frame(mfn, false);
    else
        add(d, mfn, 1, generation);
}

void quarantine_chunk(struct domain *d, uint32_t index)
{
    uint64_t generation = atomic_load(&d->p2m.generation);

    d->tot_pages -= CHUNK_FRAMES;
    if (p2m_flush_done(d, generation)) {
        chunk_free(index);
    } else {
        chunk_close(index, CHUNK_QUARANTINED);
        add(d, chunk_mfn(index), CHUNK_FRAMES, generation);
    }
}

static void unlist(struct domain *d)
{
    struct domain **link = &waiting;

    while (*link != d)
        link = &(*link)->quarantine.next;
    WRITE_ONCE(*link, d->quarantine.next);
    d->quarantine.is_listed = false;
}

/* Frees the first of D's closed batch. */
static void free_first(struct domain *d)
{
    mfn_t mfn = {d->quarantine.closed.first - 1};
    uint64_t pages = 1;

    d->quarantine.closed.first = frame_read(mfn) & FRAME_LINK_MASK;
    if (chunk_of(mfn)->state == CHUNK_QUARANTINED) {
        chunk_free(chunk_index_of(mfn));
        pages = CHUNK_FRAMES;
    } else {
        chunk_push_frame(mfn, false);
    }
    d->quarantine_pages -= pages;
    chunk_totals.quarantine -= pages;
}

void quarantine_poll(struct domain *d)
{
    struct frame_quarantine *q = &d->quarantine;

    if (q->closed.first == 0) {
        q->closed = q->open;
        q->open.first = 0;
    }
    if (!p2m_flush_done(d, q->closed.generation))
        return;
    for (unsigned budget = POLL_ITEMS; budget != 0 && q->closed.first != 0; budget--)
        free_first(d);
    if (d->quarantine_pages == 0 && q->is_listed)
        unlist(d);
}

bool frame_scrub_step(void)
{
    bool has_more;

    if (READ_ONCE(waiting) != NULL) {
        lock_take(&frame_lock);
        if (waiting != NULL)
            quarantine_poll(waiting);
        lock_drop(&frame_lock);
    }
    area_poll();
    has_more = heap_idle_step();
    return chunk_scrub_step() || has_more;
}
