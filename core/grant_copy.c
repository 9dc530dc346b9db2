/* SPDX-License-Identifier: BSD-2-Clause */
/* GNTTABOP_copy of one element: both frames are taken into use, copied through the window, and let
 * go. Nothing is mapped for good. */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "lib/string.h"

/* One side of a copy. */
struct side {
    const struct gnttab_copy_ptr *ptr;
    bool is_ref, is_write;
    struct domain *d; /* referenced */
    mfn_t mfn;        /* referenced */
};

static int16_t take_side(struct domain *caller, struct side *side)
{
    const struct gnttab_copy_ptr *ptr = side->ptr;
    bool is_own = ptr->domid == DOMID_SELF || ptr->domid == caller->id;
    int16_t status = GNTST_okay;

    /* A frame by number is the caller's: of others it gets what they grant. */
    if (!side->is_ref && !is_own)
        return GNTST_permission_denied;
    side->d = domain_get(is_own ? caller->id : ptr->domid);
    if (!side->d)
        return GNTST_bad_domain;
    if (side->is_ref)
        status = grant_use_begin(side->d, ptr->u.ref, caller->id, side->is_write, &side->mfn);
    else if (p2m_get_frame(side->d, (gfn_t){ptr->u.gmfn}, side->is_write, &side->mfn))
        status = GNTST_bad_page;
    if (status != GNTST_okay)
        domain_put(side->d);
    return status;
}

/* USE: the window slot that shows the side's frame. It keeps frames of the caller only. */
static void drop_side(const struct side *side, enum window_use use)
{
    if (side->is_ref) {
        window_unmap(use);
        grant_use_end(side->d, side->ptr->u.ref, side->is_write, side->mfn);
    } else {
        frame_put(side->mfn, side->is_write);
    }
    domain_put(side->d);
}

int16_t grant_copy(struct domain *d, const struct gnttab_copy *op)
{
    struct side from = {.ptr = &op->source, .is_ref = op->flags & GNTCOPY_source_gref};
    struct side to = {.ptr = &op->dest, .is_ref = op->flags & GNTCOPY_dest_gref, .is_write = true};
    const uint8_t *source;
    uint8_t *dest;
    int16_t status;

    if (op->len > PAGE_SIZE || op->source.offset > PAGE_SIZE - op->len ||
        op->dest.offset > PAGE_SIZE - op->len)
        return GNTST_bad_copy_arg;
    status = take_side(d, &from);
    if (status != GNTST_okay)
        return status;
    status = take_side(d, &to);
    if (status == GNTST_okay) {
        source = window_map(WINDOW_DATA0, from.mfn);
        dest = window_map(WINDOW_DATA1, to.mfn);
        memmove(dest + op->dest.offset, source + op->source.offset, op->len);
        drop_side(&to, WINDOW_DATA1);
    }
    drop_side(&from, WINDOW_DATA0);
    return status;
}

static void copy_one(struct domain *d, void *element, UNUSED bool *must_wait)
{
    struct gnttab_copy *op = element;

    op->status = grant_copy(d, op);
}

int64_t grant_op_copy(struct hypercall *call)
{
    return hypercall_for_each(call, copy_one);
}
