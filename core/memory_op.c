/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_op (memory.h): a domain's reservation, extent by extent, and questions about it. */
#include "core/domain.h"
#include "core/frame.h"
#include "core/hypercall_rows.h"
#include "core/log.h"
#include "core/physmap.h"
#include "lib/errno.h"

#include "pv-abi/memory.h"

/* The largest extent: one leaf of 2 MiB. */
#define EXTENT_ORDER_MAX 9u

static int one_extent(struct domain *d, uint32_t op, gfn_t gfn, unsigned order)
{
    if (op == XENMEM_populate_physmap)
        return physmap_populate(d, gfn, order);
    return physmap_release_ram(d, gfn, order);
}

/* Runs over the extents from DONE on; the result is how many are done. One that fails ends it. */
static int64_t run_extents(struct hypercall *call, struct domain *d, uint32_t op, uint64_t done)
{
    const struct xen_memory_reservation *arg = call->arg;
    struct hypercall_cursor cursor;
    uint64_t gfn;

    if (cursor_open(&cursor, call, 0, arg->extent_start, arg->nr_extents) ||
        (done && cursor_skip(&cursor, done)))
        return (int64_t)done;
    while (cursor_next(&cursor, &gfn) == 0) {
        if (one_extent(d, op, (gfn_t){gfn}, arg->extent_order))
            break;
        done++;
        if (done < arg->nr_extents && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return (int64_t)done;
}

static int64_t change_reservation(struct hypercall *call, uint32_t op)
{
    const struct xen_memory_reservation *arg = call->arg;
    uint64_t done = hypercall_done(call);
    struct domain *d;
    int64_t result;
    int error;

    if (arg->nr_extents > EXTENTS_MAX || arg->extent_order > EXTENT_ORDER_MAX)
        return (int64_t)done;
    error = domain_get_target(arg->domid, &d);
    if (error)
        return error == -EPERM ? error : (int64_t)done;
    /* The memory of a direct-mapped domain stays where its devices expect it. */
    result = d->is_direct_mapped ? (int64_t)done : run_extents(call, d, op, done);
    domain_put(d);
    return result;
}

int64_t memory_op_populate_physmap(struct hypercall *call)
{
    return change_reservation(call, XENMEM_populate_physmap);
}

int64_t memory_op_decrease_reservation(struct hypercall *call)
{
    return change_reservation(call, XENMEM_decrease_reservation);
}

int64_t memory_op_current_reservation(struct hypercall *call)
{
    const struct xen_memory_domain *arg = call->arg;
    struct domain *d;
    int64_t result = domain_get_target(arg->domid, &d);

    if (result)
        return result;
    result = (int64_t)READ_ONCE(d->tot_pages);
    domain_put(d);
    return result;
}

int64_t memory_op_maximum_reservation(struct hypercall *call)
{
    const struct xen_memory_domain *arg = call->arg;
    struct domain *d;
    int64_t result = domain_get_target(arg->domid, &d);

    if (result)
        return result;
    result = (int64_t)READ_ONCE(d->max_pages);
    domain_put(d);
    return result;
}

int64_t memory_op_maximum_gpfn(struct hypercall *call)
{
    const struct xen_memory_domain *arg = call->arg;
    struct domain *d;
    int64_t result = domain_get_target(arg->domid, &d);

    if (result)
        return result;
    result = (int64_t)READ_ONCE(d->p2m.max_gfn.v);
    domain_put(d);
    return result;
}

int64_t memory_op_maximum_ram_page(struct hypercall *call)
{
    /* Everybody may know: the row has neither an argument nor a restriction. */
    ASSERT(call->arg == NULL);
    return (int64_t)frame_max_mfn();
}

/* No domain has a virtual NUMA topology. */
int64_t memory_op_get_vnumainfo(UNUSED struct hypercall *call)
{
    return -EOPNOTSUPP;
}
