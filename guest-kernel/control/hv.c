/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the arguments of control hypercalls. */
#include "guest-kernel/control/hv.h"

#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "lib/errno.h"
#include "pv-abi/hvm_op.h"
#include "pv-abi/sched.h"

#define HANDLE(pointer) ((uintptr_t)(pointer))

static int domctl(struct xen_domctl *op, uint32_t cmd, domid_t domid)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    return (int)hypercall_domctl(op);
}

static int sysctl(struct xen_sysctl *op, uint32_t cmd)
{
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return (int)hypercall_sysctl(op);
}

int hv_create_domain(const struct xen_domctl_createdomain *config, domid_t *domid)
{
    struct xen_domctl op = {.u.createdomain = *config};
    int err = domctl(&op, XEN_DOMCTL_createdomain, 0);

    if (err == 0)
        *domid = op.domain;
    return err;
}

static int simple(uint32_t cmd, domid_t domid)
{
    struct xen_domctl op = {.cmd = 0};

    return domctl(&op, cmd, domid);
}

int hv_destroy_domain(domid_t domid)
{
    return simple(XEN_DOMCTL_destroydomain, domid);
}

int hv_pause_domain(domid_t domid)
{
    return simple(XEN_DOMCTL_pausedomain, domid);
}

int hv_unpause_domain(domid_t domid)
{
    return simple(XEN_DOMCTL_unpausedomain, domid);
}

int hv_set_max_vcpus(domid_t domid, uint32_t count)
{
    struct xen_domctl op = {.u.max_vcpus = {.max = count}};

    return domctl(&op, XEN_DOMCTL_max_vcpus, domid);
}

int hv_set_max_memory(domid_t domid, uint64_t kib)
{
    struct xen_domctl op = {.u.max_mem = {.max_memkb = kib}};

    return domctl(&op, XEN_DOMCTL_max_mem, domid);
}

int hv_set_weight(domid_t domid, uint16_t weight)
{
    struct xen_domctl op = {.u.scheduler_op = {.cmd = XEN_DOMCTL_SCHEDOP_putinfo}};
    int err = hv_get_scheduler(&op.u.scheduler_op.sched_id);

    if (err != 0)
        return err;
    /* Credit and credit2 have the same layout. */
    op.u.scheduler_op.u.credit2.weight = weight;
    return domctl(&op, XEN_DOMCTL_scheduler_op, domid);
}

static int affinity(uint32_t cmd, domid_t domid, uint32_t vcpu, uint64_t *hard, uint64_t *soft)
{
    struct xen_domctl op = {
        .u.vcpuaffinity = {
            .vcpu = vcpu,
            .flags = XEN_VCPUAFFINITY_HARD | (soft != NULL ? XEN_VCPUAFFINITY_SOFT : 0),
            .cpumap_hard = {.bitmap = HANDLE(hard), .nr_bits = 64},
            .cpumap_soft = {.bitmap = HANDLE(soft), .nr_bits = soft != NULL ? 64 : 0}}};

    return domctl(&op, cmd, domid);
}

int hv_set_affinity(domid_t domid, uint32_t vcpu, uint64_t cpus)
{
    return affinity(XEN_DOMCTL_setvcpuaffinity, domid, vcpu, &cpus, NULL);
}

int hv_get_affinity(domid_t domid, uint32_t vcpu, uint64_t *hard, uint64_t *soft)
{
    return affinity(XEN_DOMCTL_getvcpuaffinity, domid, vcpu, hard, soft);
}

int hv_set_hvm_context(domid_t domid, const void *records, size_t size)
{
    struct xen_domctl op = {.u.hvmcontext = {.size = (uint32_t)size, .buffer = HANDLE(records)}};

    return domctl(&op, XEN_DOMCTL_sethvmcontext, domid);
}

int hv_find_domain(domid_t from, struct xen_domctl_getdomaininfo *info)
{
    struct xen_sysctl op = {
        .u.getdomaininfolist = {.first_domain = from, .max_domains = 1, .buffer = HANDLE(info)}};
    int err = sysctl(&op, XEN_SYSCTL_getdomaininfolist);

    if (err == 0 && op.u.getdomaininfolist.num_domains == 0)
        err = -ESRCH;
    return err;
}

int hv_get_domain(domid_t domid, struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op = {.cmd = 0};
    int err = domctl(&op, XEN_DOMCTL_getdomaininfo, domid);

    *info = op.u.getdomaininfo;
    /* The answer is about the first domain at or above the one asked for. */
    return err == 0 && info->domain != domid ? -ESRCH : err;
}

int hv_get_vcpu(domid_t domid, uint32_t vcpu, struct xen_domctl_getvcpuinfo *info)
{
    struct xen_domctl op = {.u.getvcpuinfo = {.vcpu = vcpu}};
    int err = domctl(&op, XEN_DOMCTL_getvcpuinfo, domid);

    *info = op.u.getvcpuinfo;
    return err;
}

int hv_shut_down(domid_t domid, uint32_t reason)
{
    struct sched_remote_shutdown arg = {.domain_id = domid, .reason = reason};

    return (int)hypercall_sched_op(SCHEDOP_remote_shutdown, &arg);
}

int hv_set_param(domid_t domid, uint32_t index, uint64_t value)
{
    struct xen_hvm_param param = {.domid = domid, .index = index, .value = value};

    return (int)hypercall_hvm_op(HVMOP_set_param, &param);
}

int hv_alloc_unbound(domid_t domid, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound arg = {.dom = domid, .remote_dom = DOMID_SELF};
    int err = (int)hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &arg);

    if (err == 0)
        *port = arg.port;
    return err;
}

int64_t hv_populate(domid_t domid, uint64_t *gfns, size_t count, unsigned int order)
{
    struct xen_memory_reservation arg = {
        .extent_start = HANDLE(gfns), .nr_extents = count, .extent_order = order, .domid = domid};

    return hypercall_memory_op(XENMEM_populate_physmap, &arg);
}

int hv_set_memory_map(domid_t domid, struct e820entry *entries, uint32_t count)
{
    struct xen_foreign_memory_map arg = {.domid = domid,
                                         .map = {.nr_entries = count, .buffer = HANDLE(entries)}};

    return (int)hypercall_memory_op(XENMEM_set_memory_map, &arg);
}

int hv_get_machine(struct xen_sysctl_physinfo *info)
{
    struct xen_sysctl op = {.cmd = 0};
    int err = sysctl(&op, XEN_SYSCTL_physinfo);

    *info = op.u.physinfo;
    return err;
}

int hv_get_scheduler(uint32_t *id)
{
    struct xen_sysctl op = {.cmd = 0};
    int err = sysctl(&op, XEN_SYSCTL_sched_id);

    *id = op.u.sched_id.sched_id;
    return err;
}

int hv_read_log(uint32_t *index, char *buffer, size_t size, size_t *count)
{
    struct xen_sysctl op = {
        .u.readconsole = {
            .incremental = 1, .index = *index, .buffer = HANDLE(buffer), .count = (uint32_t)size}};
    int err = sysctl(&op, XEN_SYSCTL_readconsole);

    if (err != 0)
        return err;
    *index = op.u.readconsole.index;
    *count = op.u.readconsole.count;
    return 0;
}

static int atoll_op(uint32_t cmd, void *arg)
{
    return (int)hypercall5(__HYPERVISOR_arch_2, cmd, HANDLE(arg), 0, 0, 0);
}

int hv_get_death(struct atoll_death *death)
{
    return atoll_op(ATOLLOP_get_death, death);
}

int hv_get_counters(struct atoll_counters *counters)
{
    return atoll_op(ATOLLOP_get_counters, counters);
}

int hv_get_memory(struct atoll_memory *memory)
{
    return atoll_op(ATOLLOP_get_memory, memory);
}

int hv_get_call_counts(struct atoll_call_counts *counts)
{
    return atoll_op(ATOLLOP_get_call_counts, counts);
}

static int map_batch(struct xen_add_to_physmap_batch *batch, size_t count, const int32_t *errs)
{
    int err = (int)hypercall_memory_op(XENMEM_add_to_physmap_batch, batch);

    for (size_t i = 0; err == 0 && i < count; i++)
        err = errs[i];
    return err;
}

int hv_map_foreign(domid_t domid, uint64_t gfn, size_t count, uint64_t at)
{
    static uint64_t idxs[HV_MAP_MAX], gfns[HV_MAP_MAX];
    static int32_t errs[HV_MAP_MAX];
    struct xen_add_to_physmap_batch batch = {.domid = DOMID_SELF,
                                             .space = XENMAPSPACE_gmfn_foreign,
                                             .size = (uint16_t)count,
                                             .u.foreign_domid = domid,
                                             .idxs = HANDLE(idxs),
                                             .gpfns = HANDLE(gfns),
                                             .errs = HANDLE(errs)};
    int err;

    if (count > HV_MAP_MAX)
        return -E2BIG;
    for (size_t i = 0; i < count; i++) {
        idxs[i] = gfn + i;
        gfns[i] = at + i;
        errs[i] = -EINTR; /* until the hypervisor says how it went */
    }
    err = map_batch(&batch, count, errs);
    for (size_t i = 0; err != 0 && i < count; i++) {
        if (errs[i] == 0)
            hv_unmap(at + i, 1);
    }
    return err;
}

int hv_map_grant_table(domid_t domid, uint64_t at)
{
    struct xen_mem_acquire_resource arg = {.domid = domid,
                                           .type = XENMEM_resource_grant_table,
                                           .id = XENMEM_resource_grant_table_id_shared,
                                           .nr_frames = 1,
                                           .frame_list = HANDLE(&at)};

    return (int)hypercall_memory_op(XENMEM_acquire_resource, &arg);
}

void hv_unmap(uint64_t at, size_t count)
{
    static struct xen_remove_from_physmap removals[HV_MAP_MAX];
    static struct multicall_entry calls[HV_MAP_MAX];
    int64_t err;

    /* One call for all: the hypervisor flushes translations when it goes back to the guest. */
    for (size_t i = 0; i < count; i++) {
        removals[i] = (struct xen_remove_from_physmap){.domid = DOMID_SELF, .gpfn = at + i};
        calls[i] =
            (struct multicall_entry){.op = __HYPERVISOR_memory_op,
                                     .args = {XENMEM_remove_from_physmap, HANDLE(&removals[i])}};
    }
    err = hypercall_multicall(calls, (unsigned int)count);
    for (size_t i = 0; err == 0 && i < count; i++)
        err = (int64_t)calls[i].result;
    if (err != 0)
        guest_panic("cannot unmap %zu frames at %lx: error %ld", count, at, err);
}
