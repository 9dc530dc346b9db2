/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_op's changes to what is mapped where: add_to_physmap, its batch form, and removal. */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "core/physmap.h"
#include "lib/errno.h"

#include "pv-abi/memory.h"

static int add_one(struct domain *d, uint32_t space, uint64_t index, gfn_t gfn)
{
    switch (space) {
    case XENMAPSPACE_shared_info:
        return physmap_add_shared_info(d, index, gfn);
    case XENMAPSPACE_grant_table:
        return physmap_add_grant_frame(d, index, gfn);
    case XENMAPSPACE_gmfn:
    case XENMAPSPACE_gmfn_range:
        return physmap_add_own(d, (gfn_t){index}, gfn);
    default:
        return -EINVAL;
    }
}

/* Moves a range frame by frame; the argument keeps the progress. */
static int64_t add_range(struct hypercall *call, struct domain *d, struct xen_add_to_physmap *arg)
{
    while (arg->size) {
        int error = add_one(d, arg->space, arg->idx, (gfn_t){arg->gpfn});

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
        result = add_one(d, arg->space, arg->idx, (gfn_t){arg->gpfn});
    domain_put(d);
    return result;
}

/* The cursors of a batch. */
struct batch {
    struct hypercall_cursor index, gfn, error;
};

static int open_batch(struct batch *batch, struct hypercall *call)
{
    const struct xen_add_to_physmap_batch *arg = call->arg;
    uint64_t done = hypercall_done(call);
    int error = cursor_open(&batch->index, call, 0, arg->idxs, arg->size);

    if (!error)
        error = cursor_open(&batch->gfn, call, 1, arg->gpfns, arg->size);
    if (!error)
        error = cursor_open(&batch->error, call, 2, arg->errs, arg->size);
    if (!error)
        error = cursor_skip(&batch->index, done);
    if (!error)
        error = cursor_skip(&batch->gfn, done);
    if (!error)
        error = cursor_skip(&batch->error, done);
    return error;
}

static int64_t run_batch(struct hypercall *call, struct domain *d, struct domain *foreign)
{
    const struct xen_add_to_physmap_batch *arg = call->arg;
    uint64_t done = hypercall_done(call);
    struct batch batch;
    int error = open_batch(&batch, call);

    while (!error && done < arg->size) {
        uint64_t index, gfn;
        int32_t status;

        error = cursor_next(&batch.index, &index);
        if (!error)
            error = cursor_next(&batch.gfn, &gfn);
        /* Last, so that its element stays pinned for the write. */
        if (!error)
            error = cursor_next(&batch.error, &status);
        if (error)
            break;
        status = foreign ? physmap_add_foreign(d, foreign, (gfn_t){index}, (gfn_t){gfn})
                         : add_one(d, arg->space, index, (gfn_t){gfn});
        cursor_write(&batch.error, &status);
        done++;
        if (done < arg->size && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return error;
}

int64_t memory_op_add_to_physmap_batch(struct hypercall *call)
{
    const struct xen_add_to_physmap_batch *arg = call->arg;
    struct domain *foreign = NULL;
    struct domain *d;
    int64_t result;

    if (arg->space == XENMAPSPACE_gmfn_range)
        return -EINVAL;
    if (arg->space != XENMAPSPACE_gmfn_foreign && arg->u.res0)
        return -EOPNOTSUPP;
    result = domain_get_target(arg->domid, &d);
    if (result)
        return result;
    if (arg->space == XENMAPSPACE_gmfn_foreign) {
        foreign = domain_get(arg->u.foreign_domid);
        if (!foreign)
            result = -ESRCH;
        else if (!call->d->is_privileged)
            result = -EPERM;
    }
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
                foreign_add_resource(call->d, owner, (uint32_t)(arg->frame + done), (gfn_t){gfn});
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
