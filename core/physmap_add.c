/* SPDX-License-Identifier: BSD-2-Clause */
/* XENMEM_add_to_physmap of one frame: where each space takes its frame from, and what moves. */
#include "core/physmap.h"

#include "core/domain.h"
#include "core/foreign.h"
#include "core/grant.h"
#include "core/heap.h"
#include "lib/errno.h"

/* Puts the heap page MFN, which sat at OLD, at GFN. D's lock is held since the check. */
static void move_shared(struct domain *d, gfn_t old, gfn_t gfn, mfn_t mfn)
{
    if (gfn_equal(old, gfn))
        return;
    physmap_commit(d, gfn, mfn, P2M_SHARED);
    if (!gfn_equal(old, GFN_NONE))
        physmap_commit(d, old, MFN_NONE, P2M_NONE);
}

int physmap_add_shared_info(struct domain *d, uint64_t index, gfn_t gfn)
{
    int error;

    if (index != 0)
        return -EINVAL;
    lock_take(&d->lock);
    error = physmap_prepare(d, gfn);
    if (!error) {
        gfn_t old = d->shared_info_gfn;

        move_shared(d, old, gfn, heap_mfn(d->shared_info));
        d->shared_info_gfn = gfn;
    }
    lock_drop(&d->lock);
    return error;
}

int physmap_add_grant_frame(struct domain *d, uint64_t index, gfn_t gfn)
{
    mfn_t mfn;
    int error;

    if (index >= GRANT_FRAMES_MAX)
        return -EINVAL;
    lock_take(&d->lock);
    error = physmap_prepare(d, gfn);
    if (!error)
        error = grant_frame(d, (uint32_t)index, &mfn);
    if (!error) {
        gfn_t old = grant_frame_moved(d, (uint32_t)index, GFN_NONE);

        move_shared(d, old, gfn, mfn);
        grant_frame_moved(d, (uint32_t)index, gfn);
    }
    lock_drop(&d->lock);
    return error;
}

int physmap_add_own(struct domain *d, gfn_t from, gfn_t gfn)
{
    struct p2m_entry entry;
    int error;

    lock_take(&d->lock);
    p2m_get(d, from, &entry);
    error = entry.type == P2M_RAM ? 0 : -EINVAL;
    if (!error && !gfn_equal(from, gfn)) {
        error = physmap_prepare(d, gfn);
        if (!error)
            error = p2m_prepare(d, from, 0);
        if (!error) {
            p2m_set(d, from, 0, MFN_NONE, P2M_NONE);
            physmap_commit(d, gfn, entry.mfn, P2M_RAM);
        }
    }
    lock_drop(&d->lock);
    return error;
}

int physmap_add_foreign(struct domain *d, struct domain *foreign, gfn_t from, gfn_t gfn)
{
    mfn_t mfn = MFN_NONE;
    int error;

    if (foreign == d)
        return -EINVAL;
    lock_take(&d->lock);
    error = physmap_prepare(d, gfn);
    if (!error)
        error = foreign_init(d);
    if (!error)
        error = p2m_get_frame(foreign, from, true, &mfn);
    if (!error) {
        physmap_commit(d, gfn, mfn, P2M_FOREIGN);
        d->foreign_pages++;
    }
    lock_drop(&d->lock);
    return error;
}
