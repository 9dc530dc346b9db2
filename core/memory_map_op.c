/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_op's memory maps: a guest's own, as its builder set it, and the machine's. */
#include "core/domain.h"
#include "core/heap.h"
#include "core/hypercall_rows.h"
#include "core/machine.h"
#include "core/memory_map.h"
#include "lib/errno.h"

#include "pv-abi/memory.h"

_Static_assert(sizeof(struct memory_map) <= PAGE_SIZE, "a page");

int64_t memory_op_memory_map(struct hypercall *call)
{
    struct xen_memory_map *arg = call->arg;
    struct domain *d = call->d;
    struct hypercall_cursor cursor;
    uint32_t count;
    int error;

    /* The builder has finished when the guest asks: the map does not change any more. */
    if (!d->memory_map)
        return -ENOSYS;
    count = d->memory_map->count;
    if (arg->nr_entries < count)
        count = arg->nr_entries;
    error = cursor_open(&cursor, call, 0, arg->buffer, count);
    for (uint32_t i = 0; !error && i < count; i++)
        error = cursor_write_bulk(&cursor, &d->memory_map->entry[i], 1);
    if (!error)
        arg->nr_entries = count;
    return error;
}

/* Reads the caller's entries into MAP. */
static int read_map(struct hypercall *call, struct memory_map *map)
{
    const struct xen_foreign_memory_map *arg = call->arg;
    struct hypercall_cursor cursor;
    int error = cursor_open(&cursor, call, 0, arg->map.buffer, arg->map.nr_entries);

    for (uint32_t i = 0; !error && i < arg->map.nr_entries; i++)
        error = cursor_next(&cursor, &map->entry[i]);
    map->count = arg->map.nr_entries;
    return error;
}

int64_t memory_op_set_memory_map(struct hypercall *call)
{
    const struct xen_foreign_memory_map *arg = call->arg;
    struct memory_map *map, *old;
    struct domain *d;
    int error;

    if (arg->map.nr_entries > MEMORY_MAP_ENTRIES)
        return -EINVAL;
    error = domain_get_target(arg->domid, &d);
    if (error)
        return error;
    map = heap_alloc(d, 1);
    error = map ? read_map(call, map) : -ENOMEM;
    if (error)
        goto free_map;
    lock_take(&d->lock);
    if (atomic_load(&d->state) != DOMAIN_BUILDING) {
        error = -EBUSY;
    } else {
        old = d->memory_map;
        d->memory_map = map;
        map = old;
    }
    lock_drop(&d->lock);
free_map:
    if (map)
        heap_free(d, map, 1);
    domain_put(d);
    return error;
}

int64_t memory_op_machine_memory_map(struct hypercall *call)
{
    struct xen_memory_map *arg = call->arg;
    struct hypercall_cursor cursor;
    uint64_t base, size;
    uint32_t type, count = 0;
    int error = cursor_open(&cursor, call, 0, arg->buffer, arg->nr_entries);

    while (!error && count < arg->nr_entries && machine_memory_range(count, &base, &size, &type)) {
        struct memory_map_entry entry = {base, size, type};

        error = cursor_write_bulk(&cursor, &entry, 1);
        count++;
    }
    if (!error)
        arg->nr_entries = count;
    return error;
}
