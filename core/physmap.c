/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is put at a guest frame and what becomes of what was there. Every change is a check and a
 * commit under the domain's lock; destruction passes that lock once after it has marked the domain
 * as dying, so that nothing changes here from then on. Frames that leave a p2m go through
 * frame_release(), which waits for the TLBs (design decision 16).
 */
#include "core/physmap.h"

#include "core/domain.h"
#include "core/foreign.h"
#include "core/frame.h"
#include "core/grant.h"
#include "core/heap.h"
#include "core/machine.h"
#include "lib/errno.h"

#include "pv-abi/memory.h"

/* Guest-physical addresses have 48 bits (APM Vol. 2 5.3: what four levels translate). */
#define GFN_LIMIT (UINT64_C(1) << (48 - PAGE_SHIFT))

static bool extent_is_valid(gfn_t gfn, unsigned order)
{
    uint64_t count = UINT64_C(1) << order;

    return gfn.v < GFN_LIMIT && count <= GFN_LIMIT - gfn.v && !(gfn.v & (count - 1));
}

/* Another domain's frame, whose reference waits for the TLBs. */
static bool is_foreign(struct domain *d, gfn_t gfn, const struct p2m_entry *entry)
{
    return entry->type == P2M_FOREIGN ||
           (entry->type == P2M_SHARED && foreign_resource(d, gfn) != NULL);
}

/* Whether something may be put in place of ENTRY without a word from who mapped it. */
static bool can_replace(struct domain *d, gfn_t gfn, const struct p2m_entry *entry)
{
    return entry->type == P2M_NONE || entry->type == P2M_RAM || entry->type == P2M_RAM_RO ||
           (entry->type == P2M_SHARED && !is_foreign(d, gfn, entry));
}

static bool is_ram(const struct p2m_entry *entry)
{
    return entry->type == P2M_RAM || entry->type == P2M_RAM_RO;
}

/* A shared page that sat at GFN sits nowhere. */
static void forget_place(struct domain *d, gfn_t gfn)
{
    struct domain **owner = foreign_resource(d, gfn);

    if (owner) {
        foreign_put_resource(d, owner);
        return;
    }
    if (gfn_equal(d->shared_info_gfn, gfn))
        d->shared_info_gfn = GFN_NONE;
    for (uint32_t i = 0; i < d->grants.frame_count; i++)
        if (gfn_equal(d->grants.slots->gfn[i], gfn))
            d->grants.slots->gfn[i] = GFN_NONE;
}

/* Lets go of what p2m_set() took away. */
static void let_go(struct domain *d, gfn_t gfn, const struct p2m_entry *old)
{
    switch (old->type) {
    case P2M_RAM:
    case P2M_RAM_RO:
        frame_release(d, old->mfn, 0);
        break;
    case P2M_FOREIGN:
        foreign_put(d, old->mfn, old->is_writable);
        break;
    case P2M_SHARED:
        forget_place(d, gfn);
        break;
    default:
        break;
    }
}

int physmap_prepare(struct domain *d, gfn_t gfn)
{
    struct p2m_entry entry;

    if (!extent_is_valid(gfn, 0))
        return -EINVAL;
    if (atomic_load(&d->state) >= DOMAIN_DYING)
        return -ESRCH;
    p2m_get(d, gfn, &entry);
    if (!can_replace(d, gfn, &entry))
        return -EBUSY;
    return p2m_prepare(d, gfn, 0);
}

void physmap_commit(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type)
{
    struct p2m_entry old;

    old = p2m_set(d, gfn, 0, mfn, type);
    let_go(d, gfn, &old);
}

static int remove_locked(struct domain *d, gfn_t gfn)
{
    struct p2m_entry entry;
    int error;

    if (atomic_load(&d->state) >= DOMAIN_DYING)
        return -ESRCH;
    p2m_get(d, gfn, &entry);
    if (entry.type == P2M_NONE)
        return -ENOENT;
    if (is_foreign(d, gfn, &entry)) {
        if (!foreign_can_put(d))
            return -EAGAIN;
    } else if (!can_replace(d, gfn, &entry)) {
        return -EBUSY;
    }
    error = p2m_prepare(d, gfn, 0);
    if (!error)
        physmap_commit(d, gfn, MFN_NONE, P2M_NONE);
    return error;
}

int physmap_remove(struct domain *d, gfn_t gfn)
{
    int error;

    if (!extent_is_valid(gfn, 0))
        return -EINVAL;
    lock_take(&d->lock);
    error = remove_locked(d, gfn);
    lock_drop(&d->lock);
    return error;
}

/* Gives back the frame at GFN, which ENTRY describes. */
static int release_one(struct domain *d, gfn_t gfn, const struct p2m_entry *entry)
{
    int error;

    if (!is_ram(entry))
        return -EINVAL;
    error = entry->level == PT_LEVEL_4K ? 0 : p2m_prepare(d, gfn, 0);
    if (error)
        return error;
    p2m_set(d, gfn, 0, MFN_NONE, P2M_NONE);
    frame_release(d, entry->mfn, 0);
    return 0;
}

static int check_all_ram(struct domain *d, gfn_t gfn, unsigned order)
{
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
        struct p2m_entry entry;

        p2m_get(d, gfn_add(gfn, i), &entry);
        if (!is_ram(&entry))
            return -EINVAL;
    }
    return 0;
}

/* An extent that is not one leaf, frame by frame. */
static int release_frames(struct domain *d, gfn_t gfn, unsigned order)
{
    int error = check_all_ram(d, gfn, order);

    for (uint64_t i = 0; !error && i < UINT64_C(1) << order; i++) {
        struct p2m_entry entry;

        p2m_get(d, gfn_add(gfn, i), &entry);
        error = release_one(d, gfn_add(gfn, i), &entry);
    }
    return error;
}

int physmap_release_ram(struct domain *d, gfn_t gfn, unsigned order)
{
    struct p2m_entry entry;
    int error = 0;

    if (!extent_is_valid(gfn, order))
        return -EINVAL;
    lock_take(&d->lock);
    p2m_get(d, gfn, &entry);
    if (atomic_load(&d->state) >= DOMAIN_DYING) {
        error = -ESRCH;
    } else if (order == 0) {
        error = release_one(d, gfn, &entry);
    } else if (is_ram(&entry) && pt_order(entry.level) == order) {
        p2m_set(d, gfn, order, MFN_NONE, P2M_NONE);
        frame_release(d, entry.mfn, order);
    } else {
        error = release_frames(d, gfn, order);
    }
    lock_drop(&d->lock);
    return error;
}

int physmap_populate(struct domain *d, gfn_t gfn, unsigned order)
{
    struct p2m_entry entry;
    mfn_t mfn;
    int error;

    if (!extent_is_valid(gfn, order))
        return -EINVAL;
    lock_take(&d->lock);
    p2m_get(d, gfn, &entry);
    if (atomic_load(&d->state) >= DOMAIN_DYING)
        error = -ESRCH;
    else if (entry.type != P2M_NONE)
        error = -EBUSY;
    else
        error = p2m_prepare(d, gfn, order); /* which refuses smaller leaves in the extent */
    if (!error)
        error = frame_alloc(d, order, &mfn);
    if (!error)
        p2m_set(d, gfn, order, mfn, P2M_RAM);
    lock_drop(&d->lock);
    return error;
}

static int check_device(struct domain *d, gfn_t gfn, mfn_t mfn, bool is_add)
{
    struct p2m_entry entry;
    bool is_there;

    if (!extent_is_valid(gfn, 0) || mfn.v >= GFN_LIMIT)
        return -EINVAL;
    if (frame_is_ram(mfn) || machine_keeps_frame(mfn))
        return -EPERM;
    p2m_get(d, gfn, &entry);
    is_there = entry.type == P2M_MMIO && mfn_equal(entry.mfn, mfn);
    if (!is_add)
        return is_there ? 0 : -EINVAL;
    return is_there || entry.type == P2M_NONE ? p2m_prepare(d, gfn, 0) : -EBUSY;
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
