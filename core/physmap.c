/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is put at a guest frame and what becomes of what was there. Every change is a check and a
 * commit under the domain's lock; destruction passes that lock once after it has marked the domain
 * as dying, so that nothing changes here from then on. Frames that leave a p2m go through
 * frame_release(), and references on others' frames through domain.foreign: both wait for the TLBs
 * (design decision 16).
 */
#include "core/physmap.h"

#include "core/domain.h"
#include "core/heap.h"
#include "lib/errno.h"

#include "pv-abi/memory.h"

/* Machine addresses of devices have 48 bits here, as guest-physical ones do. */
#define GFN_LIMIT (UINT64_C(1) << (48 - PAGE_SHIFT))

#define RAM (P2M_BIT(P2M_RAM) | P2M_BIT(P2M_RAM_RO))

static bool is_ram(struct p2m_entry entry)
{
    return P2M_BIT(entry.type) & RAM;
}

/* Something may be put in place of these without a word from who mapped them. */
#define REPLACEABLE (P2M_BIT(P2M_NONE) | RAM | P2M_BIT(P2M_SHARED))

/* Drops the references on foreign frames that D has unmapped, if no TLB can hold one. */
static void foreign_drop(struct domain *d)
{
    if (d->foreign_count == 0 || !p2m_flush_done(d, d->foreign_generation))
        return;
    while (d->foreign_count != 0)
        frame_put(d->foreign[--d->foreign_count], true);
}

void physmap_poll(struct domain *d)
{
    lock_take(&d->lock);
    foreign_drop(d);
    lock_drop(&d->lock);
}

/* A shared page that sat at GFN sits nowhere. */
static void forget_place(struct domain *d, gfn_t gfn)
{
    if (gfn_equal(d->shared_info_gfn, gfn))
        d->shared_info_gfn = GFN_NONE;
    for (uint32_t i = 0; i < READ_ONCE(d->grants.frame_count); i++)
        if (gfn_equal(d->grants.slots->gfn[i], gfn))
            d->grants.slots->gfn[i] = GFN_NONE;
}

int physmap_prepare(struct domain *d, gfn_t gfn)
{
    if (atomic_load(&d->state) >= DOMAIN_DYING)
        return -ESRCH;
    return p2m_prepare(d, gfn, 0, REPLACEABLE);
}

void physmap_commit(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type)
{
    struct p2m_entry old = p2m_set(d, gfn, 0, mfn, type);

    if (is_ram(old)) {
        frame_release(d, old.mfn, 0);
    } else if (old.type == P2M_FOREIGN) {
        d->foreign[d->foreign_count++] = old.mfn;
        d->foreign_generation = atomic_load(&d->p2m.generation);
    } else if (old.type == P2M_SHARED) {
        forget_place(d, gfn);
    }
}

int physmap_remove(struct domain *d, gfn_t gfn)
{
    int error;

    lock_take(&d->lock);
    foreign_drop(d);
    if (atomic_load(&d->state) >= DOMAIN_DYING)
        error = -ESRCH;
    else if (p2m_get(d, gfn).type == P2M_NONE)
        error = -ENOENT;
    else if (d->foreign_count == DOMAIN_FOREIGN_MAX)
        error = -EAGAIN;
    else
        error = p2m_prepare(d, gfn, 0, REPLACEABLE | P2M_BIT(P2M_FOREIGN));
    if (!error)
        physmap_commit(d, gfn, MFN_NONE, P2M_NONE);
    lock_drop(&d->lock);
    return error;
}

/* Gives back an extent that is smaller leaves, or part of a larger one. */
static NOINLINE int release_frames(struct domain *d, gfn_t gfn, unsigned order)
{
    uint64_t count = UINT64_C(1) << order;
    int error;

    for (uint64_t i = 0; i < count; i++)
        if (!is_ram(p2m_get(d, gfn_add(gfn, i))))
            return -EINVAL;
    error = p2m_prepare(d, gfn, 0, P2M_ANY);
    for (uint64_t i = 0; !error && i < count; i++)
        physmap_commit(d, gfn_add(gfn, i), MFN_NONE, P2M_NONE);
    return error;
}

static bool is_aligned(gfn_t gfn, unsigned order)
{
    return (gfn.v & ((UINT64_C(1) << order) - 1)) == 0;
}

int physmap_release_ram(struct domain *d, gfn_t gfn, unsigned order)
{
    int error = -ESRCH;
    mfn_t mfn = MFN_NONE;

    if (!is_aligned(gfn, order))
        return -EINVAL;
    lock_take(&d->lock);
    /* No leaf has another order: an extent of that many pages is pieces. */
    if (atomic_load(&d->state) < DOMAIN_DYING)
        error = order % pt_order(PT_LEVEL_2M) ? -EBUSY : p2m_remove(d, gfn, order, RAM, &mfn);
    if (!error)
        frame_release(d, mfn, order);
    else if (error == -EBUSY)
        error = release_frames(d, gfn, order);
    lock_drop(&d->lock);
    return error;
}

int physmap_populate(struct domain *d, gfn_t gfn, unsigned order)
{
    mfn_t mfn = MFN_NONE;
    int error = -ESRCH;

    if (!is_aligned(gfn, order))
        return -EINVAL;
    lock_take(&d->lock);
    if (atomic_load(&d->state) < DOMAIN_DYING)
        error = p2m_prepare(d, gfn, order, P2M_BIT(P2M_NONE));
    if (!error)
        error = frame_alloc(d, order, &mfn);
    if (!error)
        p2m_set(d, gfn, order, mfn, P2M_RAM);
    lock_drop(&d->lock);
    return error;
}

/* What physmap_add() puts somewhere. */
struct source {
    mfn_t mfn;
    enum p2m_type type;
    gfn_t old;    /* where it was; GFN_NONE: nowhere */
    gfn_t *place; /* where a shared page's place is noted */
};

static int find_shared(mfn_t mfn, gfn_t *place, struct source *source)
{
    *source = (struct source){mfn, P2M_SHARED, *place, place};
    return 0;
}

static int find_own(struct domain *d, gfn_t gfn, struct source *source)
{
    struct p2m_entry entry = p2m_get(d, gfn);

    *source = (struct source){entry.mfn, P2M_RAM, gfn, NULL};
    return entry.type == P2M_RAM ? p2m_prepare(d, gfn, 0, P2M_ANY) : -EINVAL;
}

/* The last check: it takes a reference on another's frame. */
static int find_source(struct domain *d, unsigned space, uint64_t index, struct domain *other,
                       struct source *source)
{
    bool is_other = other && other != d;
    mfn_t mfn;
    int error;

    *source = (struct source){.type = P2M_FOREIGN, .old = GFN_NONE};
    switch (space) {
    case XENMAPSPACE_shared_info:
        return index != 0 ? -EINVAL
                          : find_shared(heap_mfn(d->shared_info), &d->shared_info_gfn, source);
    case XENMAPSPACE_grant_table:
        error = grant_frame(d, index, false, &mfn);
        return error ? error : find_shared(mfn, &d->grants.slots->gfn[index], source);
    case XENMAPSPACE_gmfn:
    case XENMAPSPACE_gmfn_range:
        return find_own(d, (gfn_t){index}, source);
    case XENMAPSPACE_gmfn_foreign:
        return is_other ? p2m_get_frame(other, (gfn_t){index}, true, &source->mfn) : -EINVAL;
    case PHYSMAP_OTHERS_GRANTS:
        return is_other ? grant_frame(other, index, true, &source->mfn) : -EINVAL;
    default:
        return -EINVAL;
    }
}

int physmap_add(struct domain *d, unsigned space, uint64_t index, struct domain *other, gfn_t gfn)
{
    struct source source = {.old = GFN_NONE};
    int error;

    lock_take(&d->lock);
    error = physmap_prepare(d, gfn);
    if (!error)
        error = find_source(d, space, index, other, &source);
    if (!error && !gfn_equal(source.old, gfn)) {
        if (!gfn_equal(source.old, GFN_NONE))
            p2m_set(d, source.old, 0, MFN_NONE, P2M_NONE);
        physmap_commit(d, gfn, source.mfn, source.type);
        if (source.place)
            *source.place = gfn;
    }
    lock_drop(&d->lock);
    return error;
}

static int check_device(struct domain *d, gfn_t gfn, mfn_t mfn, bool is_add)
{
    struct p2m_entry entry = p2m_get(d, gfn);
    bool is_there = entry.type == P2M_MMIO && mfn_equal(entry.mfn, mfn);

    if (mfn.v >= GFN_LIMIT)
        return -EINVAL;
    if (frame_is_ram(mfn) || machine_keeps_frame(mfn))
        return -EPERM;
    if (!is_add)
        return is_there ? 0 : -EINVAL;
    return is_there || entry.type == P2M_NONE ? p2m_prepare(d, gfn, 0, P2M_ANY) : -EBUSY;
}

int physmap_map_device(struct domain *d, gfn_t gfn, mfn_t mfn, uint32_t count, bool is_add)
{
    int error = 0;

    lock_take(&d->lock);
    for (uint32_t i = 0; !error && i < count; i++)
        error = check_device(d, gfn_add(gfn, i), mfn_add(mfn, i), is_add);
    for (uint32_t i = 0; !error && i < count; i++)
        p2m_set(d, gfn_add(gfn, i), 0, is_add ? mfn_add(mfn, i) : MFN_NONE,
                is_add ? P2M_MMIO : P2M_NONE);
    lock_drop(&d->lock);
    return error;
}
