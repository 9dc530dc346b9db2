/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_op's changes to what is mapped where: add_to_physmap, its batch form, and removal. */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "core/physmap.h"
#include "lib/errno.h"

/* One frame, or a range frame by frame: the argument keeps the progress. */
int64_t memory_op_add_to_physmap(struct hypercall *call)
{
    struct xen_add_to_physmap *arg = call->arg;
    bool is_range = arg->space == XENMAPSPACE_gmfn_range;

    if (arg->space == XENMAPSPACE_gmfn_foreign)
        return -ENOSYS;
    while (!is_range || arg->size) {
        int error = physmap_add(call->target, arg->space, arg->idx, NULL, (gfn_t){arg->gpfn});

        if (error || !is_range)
            return error;
        arg->idx++;
        arg->gpfn++;
        arg->size--;
        if (arg->size && hypercall_should_yield())
            return hypercall_continue(call, 0);
    }
    return 0;
}

static int64_t run_batch(struct hypercall *call, struct domain *foreign)
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
        status = physmap_add(call->target, arg->space, index, foreign, (gfn_t){gfn});
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
    struct domain *foreign;
    int64_t result;

    if (arg->space == XENMAPSPACE_gmfn_range)
        return -EINVAL;
    if (arg->space != XENMAPSPACE_gmfn_foreign)
        return arg->u.res0 ? -EOPNOTSUPP : run_batch(call, NULL);
    foreign = domain_get(arg->u.foreign_domid);
    if (!foreign)
        return -ESRCH;
    result = call->d->is_privileged ? run_batch(call, foreign) : -EPERM;
    domain_put(foreign);
    return result;
}

int64_t memory_op_remove_from_physmap(struct hypercall *call)
{
    const struct xen_remove_from_physmap *arg = call->arg;
    int error = physmap_remove(call->target, (gfn_t){arg->gpfn});

    return error == -EAGAIN ? hypercall_continue(call, 0) : error;
}

/* Maps frames of another's grant table where the list says. An error undoes nothing: what is mapped
 * is unmapped as anything else. */
static int64_t map_resource(struct hypercall *call)
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
            error = physmap_add(call->d, PHYSMAP_OTHERS_GRANTS, arg->frame + done, call->target,
                                (gfn_t){gfn});
        done++;
        if (!error && done < arg->nr_frames && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return error;
}

int64_t memory_op_acquire_resource(struct hypercall *call)
{
    struct xen_mem_acquire_resource *arg = call->arg;

    if (arg->type != XENMEM_resource_grant_table)
        return -EOPNOTSUPP;
    if (arg->pad || arg->id != XENMEM_resource_grant_table_id_shared)
        return -EINVAL;
    if (call->target == call->d)
        return -EPERM;
    if (arg->frame_list)
        return arg->nr_frames <= GRANT_FRAMES_MAX ? map_resource(call) : -EINVAL;
    if (arg->nr_frames)
        return -EINVAL;
    arg->nr_frames = call->target->grants.frame_limit;
    return 0;
}
