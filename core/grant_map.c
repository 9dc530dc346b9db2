/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings of granted frames: the maptrack, by which a mapper names what it holds, and the two
 * steps of unmapping. A frame is let go when no TLB can hold it (design decision 16): begin takes
 * it out of the p2m, finish succeeds once every CPU has flushed.
 */
#include "core/grant_map.h"

#include "core/domain.h"
#include "core/frame.h"
#include "core/grant.h"
#include "core/grant_use.h"
#include "core/heap.h"
#include "core/p2m.h"
#include "core/physmap.h"
#include "lib/errno.h"

#include "pv-abi/grant_table.h"

static struct maptrack *track_of(const struct grant_table *table, uint32_t handle)
{
    return &table->maptrack[handle / MAPTRACK_IN_PAGE][handle % MAPTRACK_IN_PAGE];
}

/* Adds a page of free handles. Needs the lock. */
static int add_handles(struct domain *d)
{
    struct grant_table *table = &d->grants;
    uint32_t index = table->maptrack_count / (uint32_t)MAPTRACK_IN_PAGE;
    struct maptrack *page;

    if (index >= table->maptrack_limit)
        return -ENOSPC;
    if (!table->maptrack)
        table->maptrack = heap_alloc(d, 1);
    if (!table->maptrack)
        return -ENOMEM;
    page = heap_alloc(d, 1);
    if (!page)
        return -ENOMEM;
    for (uint32_t i = 0; i < MAPTRACK_IN_PAGE; i++)
        page[i].where = table->maptrack_count + i + 1;
    page[MAPTRACK_IN_PAGE - 1].where = table->maptrack_free;
    table->maptrack[index] = page;
    table->maptrack_free = table->maptrack_count;
    table->maptrack_count += (uint32_t)MAPTRACK_IN_PAGE;
    return 0;
}

/* Takes a free handle out of the list and marks it busy. */
static int take_handle(struct domain *d, uint32_t *handle)
{
    struct grant_table *table = &d->grants;
    int error = 0;

    lock_take(&table->lock);
    if (table->maptrack_free == MAPTRACK_NONE)
        error = add_handles(d);
    if (!error) {
        struct maptrack *track = track_of(table, table->maptrack_free);

        *handle = table->maptrack_free;
        table->maptrack_free = (uint32_t)track->where;
        track->flags = MAPTRACK_BUSY;
    }
    lock_drop(&table->lock);
    return error;
}

/* Needs the lock. */
static void free_handle(struct grant_table *table, uint32_t handle)
{
    *track_of(table, handle) = (struct maptrack){.where = table->maptrack_free};
    table->maptrack_free = handle;
}

/* Takes the frame into use and puts it into D's memory if asked. D's lock is held for a host map.
 */
static int16_t map_frame(struct domain *d, struct maptrack *track, gfn_t gfn)
{
    bool is_write = !(track->flags & MAPTRACK_READONLY);
    int16_t status;

    if (track->flags & MAPTRACK_HOST && physmap_prepare(d, gfn))
        return GNTST_general_error;
    status = grant_use_begin(track->granter, track->ref, d->id, is_write, &track->frame);
    if (status == GNTST_okay && track->flags & MAPTRACK_HOST)
        physmap_commit(d, gfn, track->frame, is_write ? P2M_GRANT : P2M_GRANT_RO);
    return status;
}

int16_t grant_map(struct domain *d, struct domain *granter, const struct grant_map_request *request,
                  uint32_t *handle, mfn_t *mfn)
{
    struct maptrack track = {granter, MFN_NONE, request->gfn.v, request->ref, request->flags};
    bool is_host = request->flags & MAPTRACK_HOST;
    int16_t status;

    if (take_handle(d, handle))
        return GNTST_no_device_space;
    if (is_host)
        lock_take(&d->lock);
    status = map_frame(d, &track, request->gfn);
    if (is_host)
        lock_drop(&d->lock);
    lock_take(&d->grants.lock);
    if (status == GNTST_okay) {
        /* The reference that the mapping keeps until its handle is freed. */
        domain_hold(granter);
        *track_of(&d->grants, *handle) = track;
    } else {
        free_handle(&d->grants, *handle);
    }
    lock_drop(&d->grants.lock);
    *mfn = track.frame;
    return status;
}

/* Finds a handle in use. Needs the lock. */
static struct maptrack *find_track(const struct domain *d, uint32_t handle)
{
    struct maptrack *track;

    if (handle >= d->grants.maptrack_count)
        return NULL;
    track = track_of(&d->grants, handle);
    return track->granter ? track : NULL;
}

/* Takes a host mapping out of D's memory, if it is there as the maptrack says. Needs D's lock and
 * the table's. */
static int16_t unmap_host(struct domain *d, struct maptrack *track, uint64_t gpa)
{
    struct p2m_entry entry;
    gfn_t gfn = {track->where};

    if (gpa != gpa_of(gfn).v)
        return GNTST_general_error;
    p2m_get(d, gfn, &entry);
    if ((entry.type != P2M_GRANT && entry.type != P2M_GRANT_RO) ||
        !mfn_equal(entry.mfn, track->frame))
        return GNTST_general_error;
    p2m_set(d, gfn, 0, MFN_NONE, P2M_NONE);
    track->flags = (track->flags & ~MAPTRACK_HOST) | MAPTRACK_FLUSHING;
    track->where = atomic_load(&d->p2m.generation);
    return GNTST_okay;
}

int16_t grant_unmap_begin(struct domain *d, uint32_t handle, uint64_t host_addr, uint64_t dev_addr)
{
    struct maptrack *track;
    int16_t status = GNTST_okay;

    lock_take(&d->lock);
    lock_take(&d->grants.lock);
    track = find_track(d, handle);
    if (!track)
        status = GNTST_bad_handle;
    else if (dev_addr && track->flags & MAPTRACK_DEVICE && dev_addr != paddr_of(track->frame).v)
        status = GNTST_general_error;
    else if (host_addr && track->flags & MAPTRACK_HOST)
        status = unmap_host(d, track, host_addr);
    if (status == GNTST_okay && dev_addr)
        track->flags &= ~MAPTRACK_DEVICE;
    lock_drop(&d->grants.lock);
    lock_drop(&d->lock);
    return status;
}

bool grant_unmap_finish(struct domain *d, uint32_t handle)
{
    struct maptrack *track, done = {.granter = NULL};
    bool is_flushed = true;

    lock_take(&d->grants.lock);
    track = find_track(d, handle);
    if (track && track->flags & MAPTRACK_FLUSHING) {
        is_flushed = p2m_flush_done(d, track->where);
        if (is_flushed)
            track->flags &= ~MAPTRACK_FLUSHING;
    }
    if (track && is_flushed && !(track->flags & (MAPTRACK_HOST | MAPTRACK_DEVICE))) {
        done = *track;
        free_handle(&d->grants, handle);
    }
    lock_drop(&d->grants.lock);
    if (done.granter) {
        grant_use_end(done.granter, done.ref, !(done.flags & MAPTRACK_READONLY), done.frame);
        domain_put(done.granter);
    }
    return is_flushed;
}

void grant_drop_maps(struct domain *d)
{
    struct grant_table *table = &d->grants;

    for (uint32_t handle = 0; handle < table->maptrack_count; handle++) {
        struct maptrack track = *track_of(table, handle);

        if (!track.granter)
            continue;
        grant_use_end(track.granter, track.ref, !(track.flags & MAPTRACK_READONLY), track.frame);
        domain_put(track.granter);
    }
    lock_take(&table->lock);
    for (uint32_t i = 0; i < table->maptrack_count / MAPTRACK_IN_PAGE; i++)
        heap_free(d, table->maptrack[i], 1);
    table->maptrack_count = 0;
    if (table->maptrack)
        heap_free(d, table->maptrack, 1);
    table->maptrack = NULL;
    table->maptrack_free = MAPTRACK_NONE;
    lock_drop(&table->lock);
}
