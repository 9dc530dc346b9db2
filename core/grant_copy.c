/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GNTTABOP_copy. An element is copied with the granters' tables and p2ms locked, so that nobody
 * takes its frames away. From one element to the next are kept the domains that were found, and
 * what the window shows.
 */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "lib/string.h"

/* One side of a copy. */
struct side {
    const struct gnttab_copy_ptr *ptr;
    bool is_ref, is_write;
    struct domain *d;
};

static int16_t find_domain(struct domain **other, struct domain *caller, struct side *side)
{
    uint16_t domid = side->ptr->domid;

    side->d = caller;
    if (domid == DOMID_SELF || domid == caller->id)
        return GNTST_okay;
    /* A frame by number is the caller's: of others it gets what they grant. */
    if (!side->is_ref)
        return GNTST_permission_denied;
    if (unlikely(!*other || (*other)->id != domid)) {
        if (*other)
            domain_put(*other);
        *other = domain_get(domid);
    }
    side->d = *other;
    return side->d ? GNTST_okay : GNTST_bad_domain;
}

/* Takes the frame of a side into use and shows it. */
static int16_t begin(const struct side *side, uint16_t caller, uint8_t **bytes)
{
    int16_t status = GNTST_okay;
    mfn_t mfn;

    if (side->is_ref)
        status = grant_begin(side->d, side->ptr->u.ref, caller, side->is_write, &mfn);
    else if (p2m_find_loaded((gfn_t){side->ptr->u.gmfn}, side->is_write, &mfn))
        status = GNTST_bad_page;
    if (likely(status == GNTST_okay))
        *bytes = (uint8_t *)window_map(WINDOW_DATA0 + side->is_write, mfn) + side->ptr->offset;
    return status;
}

static void end(const struct side *side)
{
    if (side->is_ref)
        grant_end(side->d, side->ptr->u.ref, side->is_write);
}

FLATTEN int16_t grant_copy(struct domain **others, struct domain *caller,
                           const struct gnttab_copy *op)
{
    struct side from = {&op->source, op->flags & GNTCOPY_source_gref, false, caller};
    struct side to = {&op->dest, op->flags & GNTCOPY_dest_gref, true, caller};
    struct domain *a, *b;
    uint8_t *source, *dest;
    int16_t status;

    if (op->len > PAGE_SIZE || op->source.offset > PAGE_SIZE - op->len ||
        op->dest.offset > PAGE_SIZE - op->len)
        return GNTST_bad_copy_arg;
    status = find_domain(&others[0], caller, &from);
    if (likely(status == GNTST_okay))
        status = find_domain(&others[1], caller, &to);
    if (unlikely(status != GNTST_okay))
        return status;
    /* An own frame is not freed before this CPU has entered the guest again. */
    a = from.is_ref ? from.d : to.d;
    b = to.is_ref ? to.d : from.d;
    lock_take_pair(&a->grants.lock, &b->grants.lock);
    lock_take_pair(&a->p2m.lock, &b->p2m.lock);
    status = begin(&from, caller->id, &source);
    if (likely(status == GNTST_okay)) {
        status = begin(&to, caller->id, &dest);
        if (likely(status == GNTST_okay)) {
            memcpy(dest, source, op->len);
            end(&to);
        }
        end(&from);
    }
    lock_drop_pair(&a->p2m.lock, &b->p2m.lock);
    lock_drop_pair(&a->grants.lock, &b->grants.lock);
    return status;
}

void grant_copy_end(struct domain *const *others)
{
    /* What others have granted must not stay visible. */
    window_unmap_slots(1u << WINDOW_DATA0 | 1u << WINDOW_DATA1);
    for (unsigned i = 0; i < 2; i++)
        if (others[i])
            domain_put(others[i]);
}

static bool copy_one(struct domain *caller, void *element, void *others)
{
    struct gnttab_copy *op = element;

    op->status = grant_copy(others, caller, op);
    return true;
}

int64_t grant_op_copy(struct hypercall *call)
{
    struct domain *others[2] = {NULL, NULL};
    int64_t result = hypercall_for_each(call, copy_one, others);

    grant_copy_end(others);
    return result;
}
