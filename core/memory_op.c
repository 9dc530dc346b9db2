/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_op (memory.h): a domain's reservation, extent by extent, questions about it, and its
 * memory map as its builder set it. */
#include "core/domain.h"
#include "core/heap.h"
#include "core/hypercall_rows.h"
#include "core/physmap.h"
#include "lib/errno.h"

_Static_assert(sizeof(struct memory_map) <= PAGE_SIZE, "a page, and one bulk of a cursor");

/* The largest extent: one leaf of 2 MiB. */
#define EXTENT_ORDER_MAX 9u

/* Runs over the extents from DONE on; the result is how many are done. One that fails ends it. */
static int64_t run_extents(struct hypercall *call, struct domain *d, uint64_t done)
{
    bool is_populate = (call->args[0] & MEMOP_CMD_MASK) == XENMEM_populate_physmap;
    const struct xen_memory_reservation *arg = call->arg;
    struct hypercall_cursor cursor;
    gfn_t gfn;

    if (cursor_open(&cursor, call, 0, arg->extent_start, arg->nr_extents) ||
        (done && cursor_skip(&cursor, done)))
        return (int64_t)done;
    while (cursor_next(&cursor, &gfn.v) == 0) {
        if (is_populate ? physmap_populate(d, gfn, arg->extent_order)
                        : physmap_release_ram(d, gfn, arg->extent_order))
            break;
        done++;
        if (done < arg->nr_extents && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return (int64_t)done;
}

int64_t memory_op_change_reservation(struct hypercall *call)
{
    const struct xen_memory_reservation *arg = call->arg;
    int64_t result = (int64_t)hypercall_done(call);
    struct domain *d;
    int error;

    if (arg->nr_extents > EXTENTS_MAX || arg->extent_order > EXTENT_ORDER_MAX)
        return result;
    error = domain_get_target(arg->domid, &d);
    if (error)
        return error == -EPERM ? error : result;
    /* The memory of a direct-mapped domain stays where its devices expect it. */
    if (!d->is_direct_mapped)
        result = run_extents(call, d, (uint64_t)result);
    domain_put(d);
    return result;
}

int64_t memory_op_current_reservation(struct hypercall *call)
{
    return (int64_t)READ_ONCE(call->target->tot_pages);
}

int64_t memory_op_maximum_reservation(struct hypercall *call)
{
    return (int64_t)READ_ONCE(call->target->max_pages);
}

int64_t memory_op_maximum_gpfn(struct hypercall *call)
{
    return (int64_t)READ_ONCE(call->target->p2m.max_gfn.v);
}

int64_t memory_op_maximum_ram_page(UNUSED struct hypercall *call)
{
    return (int64_t)frame_max_mfn;
}

/* No domain has a virtual NUMA topology. */
int64_t memory_op_get_vnumainfo(UNUSED struct hypercall *call)
{
    return -EOPNOTSUPP;
}

int64_t memory_op_memory_map(struct hypercall *call)
{
    struct xen_memory_map *arg = call->arg;
    const struct memory_map *map = call->d->memory_map;
    struct hypercall_cursor cursor;
    int error;

    /* The builder has finished when the guest asks: the map does not change any more. */
    if (!map)
        return -ENOSYS;
    if (arg->nr_entries > map->count)
        arg->nr_entries = map->count;
    error = cursor_open(&cursor, call, 0, arg->buffer, arg->nr_entries);
    return error ? error : cursor_write_bulk(&cursor, map->entry, arg->nr_entries);
}

int64_t memory_op_set_memory_map(struct hypercall *call)
{
    const struct xen_foreign_memory_map *arg = call->arg;
    struct domain *d = call->target;
    struct memory_map *map, *old;
    struct hypercall_cursor cursor;
    int error;

    if (arg->map.nr_entries > MEMORY_MAP_ENTRIES)
        return -EINVAL;
    map = heap_alloc(d, 1);
    if (!map)
        return -ENOMEM;
    map->count = arg->map.nr_entries;
    error = cursor_open(&cursor, call, 0, arg->map.buffer, map->count);
    if (!error)
        error = cursor_read_bulk(&cursor, map->entry, map->count);
    lock_take(&d->lock);
    if (!error && atomic_load(&d->state) != DOMAIN_BUILDING)
        error = -EBUSY;
    old = error ? map : d->memory_map;
    if (!error)
        d->memory_map = map;
    lock_drop(&d->lock);
    heap_free(d, old, 1);
    return error;
}
