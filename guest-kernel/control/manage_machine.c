/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the questions to xen_version and sysctl behind `info`. */
#include "guest-kernel/control/manage_machine.h"

#include "guest-kernel/control/hv.h"
#include "guest-kernel/control/manage.h"
#include "guest-kernel/hypercall.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/version.h"

#define KIB_PER_PAGE 4u

/* Copies a text of the hypervisor's that may lack its NUL. */
static void copy_text(char *to, size_t to_size, const char *from, size_t from_size)
{
    size_t size = from_size < to_size - 1 ? from_size : to_size - 1;

    memcpy(to, from, size);
    to[size] = '\0';
}

static void describe_version(struct manage_machine *machine)
{
    static union {
        xen_extraversion_t extra;
        xen_capabilities_info_t caps;
        xen_changeset_info_t changeset;
        xen_commandline_t command_line;
        struct xen_compile_info compile;
        struct xen_platform_parameters platform;
    } u;
    int64_t version = hypercall_xen_version(XENVER_version, NULL);
    int64_t page_size = hypercall_xen_version(XENVER_pagesize, NULL);

    machine->version_major = (uint32_t)version >> 16;
    machine->version_minor = (uint32_t)version & 0xffff;
    machine->page_size = page_size > 0 ? (uint32_t)page_size : 0;
    if (hypercall_xen_version(XENVER_extraversion, &u) >= 0)
        copy_text(machine->extra, sizeof(machine->extra), u.extra, sizeof(u.extra));
    if (hypercall_xen_version(XENVER_capabilities, &u) >= 0)
        copy_text(machine->caps, sizeof(machine->caps), u.caps, sizeof(u.caps));
    if (hypercall_xen_version(XENVER_changeset, &u) >= 0)
        copy_text(machine->changeset, sizeof(machine->changeset), u.changeset, sizeof(u.changeset));
    if (hypercall_xen_version(XENVER_commandline, &u) >= 0)
        copy_text(machine->command_line, sizeof(machine->command_line), u.command_line,
                  sizeof(u.command_line));
    if (hypercall_xen_version(XENVER_platform_parameters, &u) >= 0)
        machine->virt_start = u.platform.virt_start;
    if (hypercall_xen_version(XENVER_compile_info, &u) >= 0) {
        copy_text(machine->compiler, sizeof(machine->compiler), u.compile.compiler,
                  sizeof(u.compile.compiler));
        copy_text(machine->compile_by, sizeof(machine->compile_by), u.compile.compile_by,
                  sizeof(u.compile.compile_by));
        copy_text(machine->compile_domain, sizeof(machine->compile_domain),
                  u.compile.compile_domain, sizeof(u.compile.compile_domain));
        copy_text(machine->compile_date, sizeof(machine->compile_date), u.compile.compile_date,
                  sizeof(u.compile.compile_date));
    }
}

int machine_describe(struct manage_machine *machine)
{
    struct xen_sysctl_physinfo info;
    int err = hv_get_machine(&info);

    describe_version(machine);
    if (err == 0)
        err = hv_get_scheduler(&machine->scheduler);
    if (err != 0)
        return err;
    machine->cpu_count = info.nr_cpus;
    machine->cpu_max_id = info.max_cpu_id;
    machine->node_count = info.nr_nodes;
    machine->cores_per_socket = info.cores_per_socket;
    machine->threads_per_core = info.threads_per_core;
    machine->cpu_khz = info.cpu_khz;
    memcpy(machine->hw_caps, info.hw_cap, sizeof(machine->hw_caps));
    machine->total_kib = info.total_pages * KIB_PER_PAGE;
    machine->free_kib = info.free_pages * KIB_PER_PAGE;
    machine->has_hvm = (info.capabilities & XEN_SYSCTL_PHYSCAP_hvm) != 0;
    machine->has_hap = (info.capabilities & XEN_SYSCTL_PHYSCAP_hap) != 0;
    return 0;
}
