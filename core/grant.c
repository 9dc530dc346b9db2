/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frames of a domain's grant table: making, growing, where they sit in the guest. What others
 * do with the entries is in grant_use.c. The guest writes the frames at any time: they are read
 * through grant_use.c only.
 */
#include "core/grant.h"

#include "core/domain.h"
#include "core/frame.h"
#include "core/grant_use.h"
#include "core/heap.h"
#include "lib/errno.h"

#include "pv-abi/grant_table.h"

_Static_assert(GRANT_REFS_IN_FRAME == PAGE_SIZE / sizeof(struct grant_entry_v1), "entries");
_Static_assert(sizeof(struct grant_slots) <= PAGE_SIZE, "a page");

/* Adds one frame and the page of counts behind it. */
static int add_frame(struct domain *d)
{
    struct grant_table *table = &d->grants;
    struct grant_active *active = heap_alloc(d, GRANT_ACTIVE_PAGES);
    void *frame = heap_alloc(d, 1);

    if (!active || !frame)
        goto free_both;
    table->slots->frame[table->frame_count] = frame;
    table->slots->active[table->frame_count] = active;
    table->slots->gfn[table->frame_count] = GFN_NONE;
    table->frame_count++;
    return 0;

free_both:
    if (active)
        heap_free(d, active, GRANT_ACTIVE_PAGES);
    if (frame)
        heap_free(d, frame, 1);
    return -ENOMEM;
}

static int grow_locked(struct domain *d, uint32_t count)
{
    int error = count <= d->grants.frame_limit ? 0 : -EINVAL;

    if (d->grants.is_dead)
        return -ESRCH;
    while (!error && d->grants.frame_count < count)
        error = add_frame(d);
    return error;
}

int grant_init(struct domain *d, uint32_t max_frames, uint32_t max_maptrack)
{
    struct grant_table *table = &d->grants;

    lock_init(&table->lock, LOCK_GRANT);
    table->frame_limit = max_frames < GRANT_FRAMES_MAX ? max_frames : GRANT_FRAMES_MAX;
    table->maptrack_limit =
        max_maptrack < MAPTRACK_PAGES_MAX ? max_maptrack : (uint32_t)MAPTRACK_PAGES_MAX;
    table->maptrack_free = MAPTRACK_NONE;
    table->slots = heap_alloc(d, 1);
    if (!table->slots)
        return -ENOMEM;
    if (table->frame_limit && add_frame(d)) {
        heap_free(d, table->slots, 1);
        table->slots = NULL;
        return -ENOMEM;
    }
    return 0;
}

int grant_grow(struct domain *d, uint32_t count)
{
    int error;

    lock_take(&d->grants.lock);
    error = grow_locked(d, count);
    lock_drop(&d->grants.lock);
    return error;
}

int grant_frame(struct domain *d, uint64_t index, bool is_held, mfn_t *mfn)
{
    int error = -EINVAL;

    lock_take(&d->grants.lock);
    if (index < GRANT_FRAMES_MAX)
        error = grow_locked(d, (uint32_t)index + 1);
    if (!error)
        *mfn = heap_mfn(d->grants.slots->frame[index]);
    if (!error && is_held)
        frame_hold(*mfn);
    lock_drop(&d->grants.lock);
    return error;
}

void grant_seed(struct domain *d, uint32_t ref, uint16_t to, gfn_t gfn)
{
    struct grant_entry_v1 *entries = d->grants.slots->frame[0];

    entries[ref].domid = to;
    entries[ref].frame = (uint32_t)gfn.v;
    WRITE_ONCE(entries[ref].flags, (uint16_t)GTF_permit_access);
}

void grant_destroy(struct domain *d)
{
    struct grant_slots *slots = d->grants.slots;

    grant_drop_maps(d);
    lock_take(&d->grants.lock);
    d->grants.is_dead = true;
    for (uint32_t i = 0; i < d->grants.frame_count; i++) {
        heap_free(d, slots->frame[i], 1);
        heap_free(d, slots->active[i], GRANT_ACTIVE_PAGES);
    }
    d->grants.frame_count = 0;
    if (slots)
        heap_free(d, slots, 1);
    d->grants.slots = NULL;
    lock_drop(&d->grants.lock);
}
