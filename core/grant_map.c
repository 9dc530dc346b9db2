/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings of granted frames: the maptrack, by which a mapper names what it holds, and the two
 * steps of unmapping. A frame is let go when no TLB can hold it (design decision 16): begin takes
 * it out of the p2m, finish succeeds once every CPU has flushed.
 */
#include "core/domain.h"
#include "core/heap.h"
#include "core/hypercall_rows.h"
#include "core/physmap.h"
#include "lib/errno.h"

/* What is noted of a request's flags. */
#define MAPTRACK_FLAGS ((uint32_t)(GNTMAP_host_map | GNTMAP_device_map | GNTMAP_readonly))

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

/* Takes a free handle out of the list. */
static int take_handle(struct domain *d, uint32_t *handle)
{
    struct grant_table *table = &d->grants;
    int error = 0;

    lock_take(&table->lock);
    if (table->maptrack_free == MAPTRACK_NONE)
        error = add_handles(d);
    if (!error) {
        *handle = table->maptrack_free;
        table->maptrack_free = (uint32_t)track_of(table, *handle)->where;
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

/* Maps with a reference on GRANTER, which the mapping keeps. */
static int16_t map(struct domain *d, struct domain *granter, struct gnttab_map_grant_ref *op)
{
    bool is_write = !(op->flags & GNTMAP_readonly), is_host = op->flags & GNTMAP_host_map;
    gfn_t gfn = gfn_of((gpa_t){op->host_addr});
    int16_t status = GNTST_general_error;
    mfn_t mfn = MFN_NONE;

    if (take_handle(d, &op->handle))
        return GNTST_no_device_space;
    if (is_host)
        lock_take(&d->lock);
    if (!is_host || !physmap_prepare(d, gfn))
        status = grant_use_begin(granter, op->ref, d->id, is_write, &mfn);
    if (is_host && status == GNTST_okay)
        physmap_commit(d, gfn, mfn, is_write ? P2M_GRANT : P2M_GRANT_RO);
    if (is_host)
        lock_drop(&d->lock);
    lock_take(&d->grants.lock);
    if (status == GNTST_okay) {
        *track_of(&d->grants, op->handle) =
            (struct maptrack){granter, mfn, gfn.v, op->ref, op->flags & MAPTRACK_FLAGS};
        op->dev_bus_addr = paddr_of(mfn).v;
    } else {
        free_handle(&d->grants, op->handle);
    }
    lock_drop(&d->grants.lock);
    return status;
}

static int16_t check_flags(const struct domain *d, const struct gnttab_map_grant_ref *op)
{
    if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map)))
        return GNTST_bad_gntref;
    if (op->flags & (GNTMAP_application_map | GNTMAP_contains_pte) ||
        (op->flags & GNTMAP_device_map && !d->is_direct_mapped) ||
        (op->flags & GNTMAP_host_map && op->host_addr & (PAGE_SIZE - 1)))
        return GNTST_general_error;
    return GNTST_okay;
}

void grant_map(struct domain *d, struct gnttab_map_grant_ref *op)
{
    struct domain *granter;

    op->status = check_flags(d, op);
    if (op->status != GNTST_okay)
        return;
    granter = domain_get(op->dom == DOMID_SELF ? d->id : op->dom);
    op->status = granter ? map(d, granter, op) : GNTST_bad_domain;
    if (granter && op->status != GNTST_okay)
        domain_put(granter);
}

static bool map_one(struct domain *d, void *op, UNUSED void *state)
{
    grant_map(d, op);
    return true;
}

int64_t grant_op_map(struct hypercall *call)
{
    return hypercall_for_each(call, map_one, NULL);
}

/* Finds a handle in use. Needs the lock. */
static struct maptrack *find_track(const struct domain *d, uint32_t handle)
{
    struct maptrack *track;

    if (handle >= d->grants.maptrack_count)
        return NULL;
    handle = (uint32_t)index_below(handle, MAPTRACK_PAGES_MAX * MAPTRACK_IN_PAGE);
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
    entry = p2m_get(d, gfn);
    if ((entry.type != P2M_GRANT && entry.type != P2M_GRANT_RO) ||
        !mfn_equal(entry.mfn, track->frame))
        return GNTST_general_error;
    p2m_set(d, gfn, 0, MFN_NONE, P2M_NONE);
    track->flags = (track->flags & ~(uint32_t)GNTMAP_host_map) | MAPTRACK_FLUSHING;
    track->where = atomic_load(&d->p2m.generation);
    return GNTST_okay;
}

static void end_use(const struct maptrack *track)
{
    grant_use_end(track->granter, track->ref, !(track->flags & GNTMAP_readonly), track->frame);
    domain_put(track->granter);
}

/* Takes out of D's memory what OP names. Needs the table's lock, and D's if OP has a host address.
 */
static int16_t unmap(struct domain *d, struct maptrack *track,
                     const struct gnttab_unmap_grant_ref *op)
{
    int16_t status = GNTST_okay;

    if (!track)
        return GNTST_bad_handle;
    if (op->dev_bus_addr && track->flags & GNTMAP_device_map &&
        op->dev_bus_addr != paddr_of(track->frame).v)
        return GNTST_general_error;
    if (op->host_addr && track->flags & GNTMAP_host_map)
        status = unmap_host(d, track, op->host_addr);
    if (status == GNTST_okay && op->dev_bus_addr)
        track->flags &= ~(uint32_t)GNTMAP_device_map;
    return status;
}

void grant_unmap(struct domain *d, struct gnttab_unmap_grant_ref *op, bool *is_waiting)
{
    struct maptrack *track, done = {.granter = NULL};

    if (op->host_addr)
        lock_take(&d->lock);
    lock_take(&d->grants.lock);
    track = find_track(d, op->handle);
    op->status = unmap(d, track, op);
    if (op->status == GNTST_okay && !*is_waiting) {
        if (track->flags & MAPTRACK_FLUSHING && p2m_flush_done(d, track->where))
            track->flags &= ~MAPTRACK_FLUSHING;
        *is_waiting = track->flags & MAPTRACK_FLUSHING;
        if (!(track->flags & ~(uint32_t)GNTMAP_readonly)) {
            done = *track;
            free_handle(&d->grants, op->handle);
        }
    }
    lock_drop(&d->grants.lock);
    if (op->host_addr)
        lock_drop(&d->lock);
    if (done.granter)
        end_use(&done);
}

static bool unmap_one(struct domain *d, void *op, void *must_wait)
{
    grant_unmap(d, op, must_wait);
    return !*(bool *)must_wait;
}

/* Once an element has to wait for a TLB, those behind it are only taken out of the memory, so that
 * one wait serves them all. */
int64_t grant_op_unmap(struct hypercall *call)
{
    bool must_wait = false;

    return hypercall_for_each(call, unmap_one, &must_wait);
}

void grant_drop_maps(struct domain *d)
{
    struct grant_table *table = &d->grants;

    for (uint32_t handle = 0; handle < table->maptrack_count; handle++)
        if (track_of(table, handle)->granter)
            end_use(track_of(table, handle));
    for (uint32_t i = 0; i < table->maptrack_count / MAPTRACK_IN_PAGE; i++)
        heap_free(d, table->maptrack[i], 1);
    heap_free(d, table->maptrack, 1);
    table->maptrack_count = 0;
}
