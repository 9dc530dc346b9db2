/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_op's changes to what is mapped where: add_to_physmap, its batch form, and removal. */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "core/physmap.h"
#include "lib/errno.h"

#include "pv-abi/memory.h"

/* Moves a range frame by frame; the argument keeps the progress. */
static int64_t add_range(struct hypercall *call, struct domain *d, struct xen_add_to_physmap *arg)
{
    while (arg->size) {
        int error = physmap_add(d, arg->space, arg->idx, NULL, (gfn_t){arg->gpfn});

        if (error)
            return error;
        arg->idx++;
        arg->gpfn++;
        arg->size--;
        if (arg->size && hypercall_should_yield())
            return hypercall_continue(call, 0);
    }
    return 0;
}

int64_t memory_op_add_to_physmap(struct hypercall *call)
{
    struct xen_add_to_physmap *arg = call->arg;
    struct domain *d;
    int64_t result;

    if (arg->space == XENMAPSPACE_gmfn_foreign)
        return -ENOSYS;
    result = domain_get_target(arg->domid, &d);
    if (result)
        return result;
    if (arg->space == XENMAPSPACE_gmfn_range)
        result = add_range(call, d, arg);
    else
        result = physmap_add(d, arg->space, arg->idx, NULL, (gfn_t){arg->gpfn});
    domain_put(d);
    return result;
}

static int64_t run_batch(struct hypercall *call, struct domain *d, struct domain *foreign)
{
    enum { INDEX, GFN, ERROR, ARRAYS };
    const struct xen_add_to_physmap_batch *arg = call->arg;
    const uint64_t handles[ARRAYS] = {arg->idxs, arg->gpfns, arg->errs};
    struct hypercall_cursor cursor[ARRAYS];
    uint64_t done = hypercall_done(call);
    int error = 0;

    for (unsigned i = 0; !error && i < ARRAYS; i++) {
        error = cursor_open(&cursor[i], call, i, handles[i], arg->size);
        if (!error)
            error = cursor_skip(&cursor[i], done);
    }
    while (!error && done < arg->size) {
        uint64_t index, gfn;
        int32_t status;

        error = cursor_next(&cursor[INDEX], &index);
        if (!error)
            error = cursor_next(&cursor[GFN], &gfn);
        /* Last, so that its element stays pinned for the write. */
        if (!error)
            error = cursor_next(&cursor[ERROR], &status);
        if (error)
            break;
        status = physmap_add(d, arg->space, index, foreign, (gfn_t){gfn});
        cursor_write(&cursor[ERROR], &status);
        done++;
        if (done < arg->size && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return error;
}

int64_t memory_op_add_to_physmap_batch(struct hypercall *call)
{
    const struct xen_add_to_physmap_batch *arg = call->arg;
    bool is_foreign = arg->space == XENMAPSPACE_gmfn_foreign;
    struct domain *foreign = NULL, *d;
    int64_t result;

    if (arg->space == XENMAPSPACE_gmfn_range)
        return -EINVAL;
    if (!is_foreign && arg->u.res0)
        return -EOPNOTSUPP;
    result = domain_get_target(arg->domid, &d);
    if (result)
        return result;
    if (is_foreign) {
        foreign = domain_get(arg->u.foreign_domid);
        result = foreign ? 0 : -ESRCH;
    }
    if (is_foreign && !result && !call->d->is_privileged)
        result = -EPERM;
    if (!result)
        result = run_batch(call, d, foreign);
    if (foreign)
        domain_put(foreign);
    domain_put(d);
    return result;
}

int64_t memory_op_remove_from_physmap(struct hypercall *call)
{
    const struct xen_remove_from_physmap *arg = call->arg;
    struct domain *d;
    int64_t result = domain_get_target(arg->domid, &d);

    if (result)
        return result;
    result = physmap_remove(d, (gfn_t){arg->gpfn});
    if (result == -EAGAIN)
        result = hypercall_continue(call, 0);
    domain_put(d);
    return result;
}

/* Maps frames of another's grant table where the list says. An error undoes nothing: what is mapped
 * is unmapped as anything else. */
static int64_t map_resource(struct hypercall *call, struct domain *owner)
{
    const struct xen_mem_acquire_resource *arg = call->arg;
    uint64_t done = hypercall_done(call);
    struct hypercall_cursor cursor;
    int error = cursor_open(&cursor, call, 0, arg->frame_list, arg->nr_frames);

    if (!error)
        error = cursor_skip(&cursor, done);
    while (!error && done < arg->nr_frames) {
        uint64_t gfn;

        error = cursor_next(&cursor, &gfn);
        if (!error)
            error =
                physmap_add(call->d, PHYSMAP_OTHERS_GRANTS, arg->frame + done, owner, (gfn_t){gfn});
        done++;
        if (!error && done < arg->nr_frames && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return error;
}

int64_t memory_op_acquire_resource(struct hypercall *call)
{
    struct xen_mem_acquire_resource *arg = call->arg;
    struct domain *owner;
    int64_t result;

    if (arg->pad)
        return -EINVAL;
    if (arg->type != XENMEM_resource_grant_table ||
        arg->id != XENMEM_resource_grant_table_id_shared)
        return arg->type == XENMEM_resource_grant_table ? -EINVAL : -EOPNOTSUPP;
    owner = domain_get(arg->domid);
    if (!owner)
        return -ESRCH;
    if (owner == call->d) {
        result = -EPERM;
    } else if (!arg->frame_list) {
        result = arg->nr_frames ? -EINVAL : 0;
        arg->nr_frames = owner->grants.frame_limit;
    } else if (arg->nr_frames > GRANT_FRAMES_MAX || arg->frame > GRANT_FRAMES_MAX) {
        result = -EINVAL;
    } else {
        result = map_resource(call, owner);
    }
    domain_put(owner);
    return result;
}
