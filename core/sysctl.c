/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl (sysctl.h): questions about the machine, and the hypervisor's log. */
#include "core/domain.h"
#include "core/physmap.h"
#include "core/hypercall_rows.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/string.h"

int64_t sysctl_physinfo(struct hypercall *call)
{
    struct xen_sysctl_physinfo *info = call->arg;
    struct frame_counts counts;

    physmap_poll(call->d);
    frame_counts(&counts);
    memset(info, 0, sizeof(*info));
    info->threads_per_core = 1;
    info->cores_per_socket = cpu_count;
    info->nr_cpus = cpu_count;
    info->max_cpu_id = cpu_count - 1;
    info->nr_nodes = 1;
    info->cpu_khz = tsc_khz;
    info->capabilities =
        XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_gnttab_v1;
    info->total_pages = counts.total;
    /* What nobody uses, wherever it waits. */
    info->free_pages =
        counts.free_clean + counts.free_dirty + counts.quarantine + counts.heap - counts.heap_used;
    info->scrub_pages = counts.free_dirty;
    info->max_mfn = frame_max_mfn - 1;
    machine_features(info->hw_cap);
    return 0;
}

int64_t sysctl_sched_id(struct hypercall *call)
{
    struct xen_sysctl_sched_id *arg = call->arg;

    arg->sched_id = XEN_SCHEDULER_CREDIT;
    return 0;
}

int64_t sysctl_readconsole(struct hypercall *call)
{
    struct xen_sysctl_readconsole *console = call->arg;
    uint64_t sequence = console->incremental ? console->index : 0;
    struct hypercall_cursor cursor;
    uint32_t done = 0;
    int error = cursor_open(&cursor, call, 0, console->buffer, console->count);

    if (console->clear)
        return -EOPNOTSUPP;
    while (!error && done < console->count) {
        char text[256];
        size_t wanted = console->count - done;
        size_t size = log_read(&sequence, text, wanted < sizeof(text) ? wanted : sizeof(text));

        if (!size)
            break;
        error = cursor_write_bulk(&cursor, text, size);
        done += (uint32_t)size;
    }
    console->index = (uint32_t)sequence;
    console->count = done;
    return error;
}
