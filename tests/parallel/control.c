/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control domain does besides: it builds, manages, looks at and destroys the others, from
 * all its vCPUs at once. */
#include <string.h>

#include "pv-abi/atoll.h"
#include "pv-abi/domctl.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/hvm_op.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/memory.h"
#include "pv-abi/sched.h"
#include "pv-abi/sysctl.h"
#include "pv-abi/xen.h"
#include "tests/parallel/parallel.h"

#define STREAM      0xc00u /* in the page of arguments */
#define STREAM_SIZE 0x400u

static uint16_t some_guest(void)
{
    return (uint16_t)(1 + random_below(GUESTS));
}

static void domctl(const struct vcpu *v, struct xen_domctl *op, uint32_t cmd, uint16_t domid)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    memcpy(argument(v), op, sizeof(*op));
    call(__HYPERVISOR_domctl, argument_gpa(v), 0, 0);
}

/* Lets the vCPUs of a domain that is being built run; no guest of this test has registers that a
 * context would set. */
static void start_vcpus(uint16_t domid)
{
    struct domain *d = domain_get(domid);

    if (!d)
        return;
    lock_take(&d->lock);
    for (uint32_t i = 0; i < d->vcpu_max; i++)
        WRITE_ONCE(d->vcpu[i]->is_initialised, true);
    for (uint32_t i = 0; i < d->vcpu_max; i++)
        vcpu_go(d->vcpu[i], VCPU_DOWN);
    lock_drop(&d->lock);
    domain_put(d);
}

/* Each of its vCPUs builds guests, step by step; others may destroy them meanwhile. */
static void build(struct vcpu *v)
{
    static struct {
        uint16_t domid;
        uint32_t step;
    } under_way[CONTROL_VCPUS];
    struct xen_domctl op = {.cmd = 0};
    struct xen_memory_reservation ram = {.extent_start = argument_gpa(v) + LIST,
                                         .nr_extents = GUEST_FRAMES};
    uint16_t *domid = &under_way[v->id].domid;

    switch (under_way[v->id].step++) {
    case 0:
        *domid = some_guest();
        op.u.createdomain =
            (struct xen_domctl_createdomain){.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
                                             .max_vcpus = GUEST_VCPUS,
                                             .max_evtchn_port = 1023,
                                             .max_grant_frames = 2,
                                             .max_maptrack_frames = 2,
                                             .arch.emulation_flags = XEN_X86_EMU_LAPIC};
        domctl(v, &op, XEN_DOMCTL_createdomain, *domid);
        break;
    case 1:
        op.u.max_mem.max_memkb = 4 * (GUEST_FRAMES + 4);
        domctl(v, &op, XEN_DOMCTL_max_mem, *domid);
        break;
    case 2:
        op.u.max_vcpus.max = GUEST_VCPUS;
        domctl(v, &op, XEN_DOMCTL_max_vcpus, *domid);
        break;
    case 3:
        for (uint32_t i = 0; i < GUEST_FRAMES; i++)
            ((uint64_t *)((char *)argument(v) + LIST))[i] = i;
        ram.domid = *domid;
        call_with(v, __HYPERVISOR_memory_op, XENMEM_populate_physmap, &ram, sizeof(ram));
        break;
    default:
        under_way[v->id].step = 0;
        start_vcpus(*domid);
        domctl(v, &op, XEN_DOMCTL_unpausedomain, *domid);
    }
}

static void manage(struct vcpu *v)
{
    static const uint32_t commands[] = {
        XEN_DOMCTL_pausedomain, XEN_DOMCTL_unpausedomain, XEN_DOMCTL_getdomaininfo,
        XEN_DOMCTL_getvcpuinfo, XEN_DOMCTL_destroydomain,
    };
    struct xen_domctl op = {.cmd = 0};

    domctl(v, &op, commands[random_below(ARRAY_SIZE(commands))], some_guest());
}

static void map_foreign(struct vcpu *v)
{
    struct xen_add_to_physmap_batch arg = {.domid = DOMID_SELF,
                                           .space = XENMAPSPACE_gmfn_foreign,
                                           .size = 2,
                                           .u.foreign_domid = some_domid(),
                                           .idxs = argument_gpa(v) + LIST,
                                           .gpfns = argument_gpa(v) + LIST + 0x100,
                                           .errs = argument_gpa(v) + LIST + 0x200};
    uint64_t *list;

    set_list(v, 2, GFN_GRANTED, GUEST_FRAMES - GFN_GRANTED);
    list = (uint64_t *)((char *)argument(v) + LIST);
    for (unsigned i = 0; i < 2; i++)
        list[0x100 / sizeof(*list) + i] = GFN_MAPPED + random_below(MAPPED_FRAMES);
    call_with(v, __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &arg, sizeof(arg));
}

/* ---- more of it ---- */

static void schedule(struct vcpu *v)
{
    struct xen_domctl op = {.cmd = 0};

    if (random_below(2)) {
        op.u.vcpuaffinity.vcpu = random_below(GUEST_VCPUS);
        op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
        op.u.vcpuaffinity.cpumap_hard =
            (struct xenctl_bitmap){.bitmap = argument_gpa(v) + LIST, .nr_bits = CPUS};
        *((uint8_t *)argument(v) + LIST) = (uint8_t)(1 + random_below((1u << CPUS) - 1));
        domctl(v, &op, random_below(2) ? XEN_DOMCTL_setvcpuaffinity : XEN_DOMCTL_getvcpuaffinity,
               some_guest());
    } else {
        op.u.scheduler_op = (struct xen_domctl_scheduler_op){.sched_id = XEN_SCHEDULER_CREDIT,
                                                             .cmd = random_below(2)};
        op.u.scheduler_op.u.credit.weight = (uint16_t)(1 + random_below(1000));
        op.u.scheduler_op.u.credit.cap = (uint16_t)(random_below(2) * random_below(100));
        domctl(v, &op, XEN_DOMCTL_scheduler_op, some_guest());
    }
}

/* A stream that was read may be set, in whatever domain. */
static void context(struct vcpu *v)
{
    struct xen_domctl op = {.cmd = 0};

    op.u.hvmcontext.size = STREAM_SIZE;
    op.u.hvmcontext.buffer = argument_gpa(v) + STREAM;
    domctl(v, &op, random_below(2) ? XEN_DOMCTL_gethvmcontext : XEN_DOMCTL_sethvmcontext,
           some_guest());
}

static void set_param(struct vcpu *v)
{
    struct xen_hvm_param arg = {.domid = some_domid(),
                                .index = random_below(2) ? HVM_PARAM_CALLBACK_IRQ
                                                         : HVM_PARAM_STORE_EVTCHN};

    if (arg.index == HVM_PARAM_CALLBACK_IRQ)
        arg.value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | 0x30;
    call_with(v, __HYPERVISOR_hvm_op, random_below(4) ? HVMOP_set_param : HVMOP_get_param, &arg,
              sizeof(arg));
}

static void shut_down(struct vcpu *v)
{
    struct sched_remote_shutdown arg = {.domain_id = some_guest(), .reason = SHUTDOWN_reboot};

    if (random_below(4) == 0)
        call_with(v, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &arg, sizeof(arg));
}

/* Events of others: their ports, and one for somebody. */
static void events_of_others(struct vcpu *v)
{
    struct evtchn_alloc_unbound alloc = {.dom = some_guest(), .remote_dom = some_domid()};
    struct evtchn_status status = {.dom = some_guest(), .port = random_below(8)};
    struct evtchn_reset reset = {.dom = some_guest()};

    switch (random_below(8)) {
    case 0:
        call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_reset, &reset, sizeof(reset));
        break;
    case 1:
    case 2:
        call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_status, &status, sizeof(status));
        break;
    default:
        call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc, sizeof(alloc));
    }
}

static void memory_of_others(struct vcpu *v)
{
    struct xen_add_to_physmap add = {.domid = some_guest(),
                                     .space = XENMAPSPACE_grant_table,
                                     .idx = random_below(2),
                                     .gpfn = some_mapped_gpa() >> PAGE_SHIFT};
    struct xen_mem_acquire_resource table = {.domid = some_guest(),
                                             .type = XENMEM_resource_grant_table,
                                             .nr_frames = 2,
                                             .frame_list = argument_gpa(v) + LIST};

    switch (random_below(4)) {
    case 0:
        balloon_of(v, some_guest());
        break;
    case 1:
        call_with(v, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add, sizeof(add));
        break;
    case 2:
        remove_mapped_of(v, some_guest());
        break;
    default:
        set_list(v, 2, GFN_MAPPED, MAPPED_FRAMES);
        call_with(v, __HYPERVISOR_memory_op, XENMEM_acquire_resource, &table, sizeof(table));
    }
}

static void look(struct vcpu *v)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    struct atoll_death death = {.domid = some_guest()};
    struct atoll_memory memory;

    op.u.getdomaininfolist.max_domains = 4;
    op.u.getdomaininfolist.buffer = argument_gpa(v) + LIST;
    memset(&memory, 0, sizeof(memory));
    switch (random_below(3)) {
    case 0:
        memcpy(argument(v), &op, sizeof(op));
        call(__HYPERVISOR_sysctl, argument_gpa(v), 0, 0);
        break;
    case 1:
        call_with(v, __HYPERVISOR_arch_2, ATOLLOP_get_death, &death, sizeof(death));
        break;
    default:
        call_with(v, __HYPERVISOR_arch_2, ATOLLOP_get_memory, &memory, sizeof(memory));
    }
}

void control_act(struct vcpu *v)
{
    static void (*const actions[])(struct vcpu * v) = {
        build,
        build,
        build,
        build,
        build,
        build,
        build,
        build,
        manage,
        manage,
        map_foreign,
        map_foreign,
        schedule,
        context,
        context,
        set_param,
        events_of_others,
        memory_of_others,
        look,
        shut_down,
    };

    actions[random_below(ARRAY_SIZE(actions))](v);
}
