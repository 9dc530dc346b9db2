/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl (sysctl.h): questions about the machine, the list of domains, the hypervisor's log. */
#include "core/domain.h"
#include "core/domctl.h"
#include "core/foreign.h"
#include "core/frame.h"
#include "core/hypercall_rows.h"
#include "core/log.h"
#include "core/machine.h"
#include "lib/errno.h"
#include "lib/string.h"

#include "pv-abi/sysctl.h"

/* One node: the machine. Its distance to itself as ACPI's SLIT has it (ACPI 5.2.17). */
#define NODES         1u
#define NODE_DISTANCE 10u

/* Pages that nobody uses, wherever they wait. */
static uint64_t free_pages(const struct frame_counts *counts)
{
    return counts->free_clean + counts->free_dirty + counts->quarantine + counts->heap -
           counts->heap_used;
}

int64_t sysctl_physinfo(struct hypercall *call)
{
    struct xen_sysctl *op = call->arg;
    struct xen_sysctl_physinfo *info = &op->u.physinfo;
    struct frame_counts counts;

    foreign_poll(call->d);
    frame_counts(&counts);
    memset(info, 0, sizeof(*info));
    info->threads_per_core = 1;
    info->cores_per_socket = cpu_count;
    info->nr_cpus = cpu_count;
    info->max_cpu_id = cpu_count - 1;
    info->nr_nodes = NODES;
    info->cpu_khz = tsc_khz;
    info->capabilities =
        XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_gnttab_v1;
    info->total_pages = counts.total;
    info->free_pages = free_pages(&counts);
    info->scrub_pages = counts.free_dirty;
    info->max_mfn = frame_max_mfn() - 1;
    machine_features(info->hw_cap);
    return 0;
}

int64_t sysctl_sched_id(struct hypercall *call)
{
    struct xen_sysctl *op = call->arg;

    op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT;
    return 0;
}

int64_t sysctl_availheap(struct hypercall *call)
{
    struct xen_sysctl *op = call->arg;
    struct xen_sysctl_availheap *heap = &op->u.availheap;
    struct frame_counts counts;

    if (heap->min_bitwidth || heap->max_bitwidth)
        return -EOPNOTSUPP;
    frame_counts(&counts);
    heap->avail_bytes = heap->node <= 0 ? free_pages(&counts) << PAGE_SHIFT : 0;
    return 0;
}

int64_t sysctl_getdomaininfolist(struct hypercall *call)
{
    struct xen_sysctl *op = call->arg;
    struct xen_sysctl_getdomaininfolist *list = &op->u.getdomaininfolist;
    struct hypercall_cursor cursor;
    uint32_t count = 0, next = list->first_domain;
    int error = cursor_open(&cursor, call, 0, list->buffer, list->max_domains);

    while (!error && count < list->max_domains && next < DOMID_FIRST_RESERVED) {
        struct xen_domctl_getdomaininfo info;
        struct domain *d = domain_get_next((uint16_t)next);

        if (!d)
            break;
        domctl_fill_info(d, &info);
        next = d->id + 1u;
        domain_put(d);
        error = cursor_write_bulk(&cursor, &info, 1);
        count++;
    }
    list->num_domains = count;
    return error;
}

int64_t sysctl_readconsole(struct hypercall *call)
{
    struct xen_sysctl *op = call->arg;
    struct xen_sysctl_readconsole *console = &op->u.readconsole;
    uint64_t sequence = console->incremental ? console->index : log_start();
    struct hypercall_cursor cursor;
    uint32_t done = 0;
    int error = cursor_open(&cursor, call, 0, console->buffer, console->count);

    while (!error && done < console->count) {
        char text[256];
        size_t wanted = console->count - done;
        size_t size = log_read(&sequence, text, wanted < sizeof(text) ? wanted : sizeof(text));

        if (!size)
            break;
        error = cursor_write_bulk(&cursor, text, size);
        done += (uint32_t)size;
    }
    if (!error && console->clear)
        log_forget(sequence);
    console->index = (uint32_t)sequence;
    console->count = done;
    return error;
}

int64_t sysctl_cputopoinfo(struct hypercall *call)
{
    struct xen_sysctl *op = call->arg;
    struct xen_sysctl_cputopoinfo *info = &op->u.cputopoinfo;
    struct hypercall_cursor cursor;
    uint32_t count = info->num_cpus < cpu_count ? info->num_cpus : cpu_count;
    int error = 0;

    if (info->cputopo) {
        error = cursor_open(&cursor, call, 0, info->cputopo, count);
        for (uint32_t i = 0; !error && i < count; i++) {
            struct xen_sysctl_cputopo cpu = {.core = i};

            error = cursor_write_bulk(&cursor, &cpu, 1);
        }
    }
    info->num_cpus = cpu_count;
    return error;
}

int64_t sysctl_numainfo(struct hypercall *call)
{
    struct xen_sysctl *op = call->arg;
    struct xen_sysctl_numainfo *info = &op->u.numainfo;
    uint32_t count = info->num_nodes < NODES ? info->num_nodes : NODES;
    const uint32_t distance = NODE_DISTANCE;
    struct hypercall_cursor cursor;
    struct frame_counts counts;
    struct xen_sysctl_meminfo memory;
    int error = 0;

    frame_counts(&counts);
    memory =
        (struct xen_sysctl_meminfo){counts.total << PAGE_SHIFT, free_pages(&counts) << PAGE_SHIFT};
    if (info->meminfo) {
        error = cursor_open(&cursor, call, 0, info->meminfo, count);
        if (!error)
            error = cursor_write_bulk(&cursor, &memory, count);
    }
    if (!error && info->distance) {
        error = cursor_open(&cursor, call, 1, info->distance, count);
        if (!error)
            error = cursor_write_bulk(&cursor, &distance, count);
    }
    info->num_nodes = NODES;
    return error;
}
