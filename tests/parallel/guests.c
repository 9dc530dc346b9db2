/* SPDX-License-Identifier: BSD-2-Clause */
/* What every guest does: an action at random, with arguments that are right often enough. */
#include <string.h>

#include "core/physmap.h"
#include "lib/errno.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/memory.h"
#include "pv-abi/sched.h"
#include "pv-abi/vcpu.h"
#include "pv-abi/version.h"
#include "pv-abi/xen.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"
#include "tests/parallel/parallel.h"

#define PORTS       24u /* that a guest names */
#define REFS        16u /* of its grant table, and handles, that it uses */
#define TIME_MAX_NS 200000u
#define TIME_FAR_NS (UINT64_C(1) << 60)
#define ACCESSES    128u /* of its memory, in a row */

static _Thread_local uint64_t sequence;

void random_seed(uint64_t seed)
{
    sequence = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* xorshift64* */
uint32_t random_below(uint32_t count)
{
    sequence ^= sequence >> 12;
    sequence ^= sequence << 25;
    sequence ^= sequence >> 27;
    return (uint32_t)(sequence * UINT64_C(0x2545f4914f6cdd1d) >> 32) % count;
}

uint64_t argument_gpa(const struct vcpu *v)
{
    return (uint64_t)(GFN_ARGUMENTS + v->id) << PAGE_SHIFT;
}

void *argument(const struct vcpu *v)
{
    return fake_frame(p2m_get(v->domain, (gfn_t){GFN_ARGUMENTS + v->id}).mfn);
}

void call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    struct guest_regs *regs = &vcpu_private()->regs;

    regs->rip = 0;
    regs->gpr[REG_RAX] = regs->gpr[REG_R9] = number;
    regs->gpr[REG_RDI] = a;
    regs->gpr[REG_RSI] = b;
    regs->gpr[REG_RDX] = c;
}

void call_with(const struct vcpu *v, uint64_t number, uint64_t cmd, const void *arg, size_t size)
{
    memcpy(argument(v), arg, size);
    call(number, cmd, argument_gpa(v), 1);
}

void set_list(const struct vcpu *v, uint32_t count, uint32_t first, uint32_t range)
{
    uint64_t *list = (uint64_t *)((char *)argument(v) + LIST);

    for (uint32_t i = 0; i < count; i++)
        list[i] = first + random_below(range);
}

uint16_t some_domid(void)
{
    return (uint16_t)random_below(GUESTS + 1);
}

static uint32_t some_port(void)
{
    return random_below(PORTS);
}

uint64_t some_mapped_gpa(void)
{
    return (uint64_t)(GFN_MAPPED + random_below(MAPPED_FRAMES)) << PAGE_SHIFT;
}

/* ---- memory ---- */

static void touch(UNUSED struct vcpu *v)
{
    uint8_t value = 0x5a;

    for (unsigned i = 0; i < ACCESSES; i++) {
        uint64_t gfn = random_below(2) ? GFN_GRANTED + random_below(GUEST_FRAMES - GFN_GRANTED)
                                       : GFN_MAPPED + random_below(MAPPED_FRAMES);

        /* A fault is a guest's own affair. */
        (void)!fake_guest_access_inside((gfn_t){gfn}, random_below(2), &value);
    }
}

void balloon_of(const struct vcpu *v, uint16_t domid)
{
    struct xen_memory_reservation arg = {
        .extent_start = argument_gpa(v) + LIST, .nr_extents = 1 + random_below(4), .domid = domid};

    set_list(v, 4, GFN_BALLOON, GUEST_FRAMES - GFN_BALLOON);
    call_with(v, __HYPERVISOR_memory_op,
              random_below(2) ? XENMEM_decrease_reservation : XENMEM_populate_physmap, &arg,
              sizeof(arg));
}

static void balloon(struct vcpu *v)
{
    balloon_of(v, DOMID_SELF);
}

static void add_special(struct vcpu *v)
{
    static const uint16_t spaces[] = {XENMAPSPACE_shared_info, XENMAPSPACE_grant_table,
                                      XENMAPSPACE_gmfn};
    struct xen_add_to_physmap arg = {.domid = DOMID_SELF,
                                     .space = spaces[random_below(ARRAY_SIZE(spaces))],
                                     .idx = random_below(2),
                                     .gpfn = some_mapped_gpa() >> PAGE_SHIFT};

    if (arg.space == XENMAPSPACE_gmfn)
        arg.idx = GFN_BALLOON + random_below(GUEST_FRAMES - GFN_BALLOON);

    call_with(v, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &arg, sizeof(arg));
}

void remove_mapped_of(const struct vcpu *v, uint16_t domid)
{
    struct xen_remove_from_physmap arg = {.domid = domid, .gpfn = some_mapped_gpa() >> PAGE_SHIFT};

    call_with(v, __HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &arg, sizeof(arg));
}

static void remove_special(struct vcpu *v)
{
    remove_mapped_of(v, DOMID_SELF);
}

/* ---- events ---- */

static void evtchn_alloc(struct vcpu *v)
{
    struct evtchn_alloc_unbound arg = {.dom = DOMID_SELF, .remote_dom = some_domid()};

    call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &arg, sizeof(arg));
}

static void evtchn_bind(struct vcpu *v)
{
    struct evtchn_bind_interdomain arg = {.remote_dom = some_domid(), .remote_port = some_port()};

    call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &arg, sizeof(arg));
}

static void evtchn_bind_own(struct vcpu *v)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER, .vcpu = random_below(GUEST_VCPUS)};
    struct evtchn_bind_ipi ipi = {.vcpu = random_below(GUEST_VCPUS)};

    if (random_below(2))
        call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &virq, sizeof(virq));
    else
        call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &ipi, sizeof(ipi));
}

static void evtchn_by_port(struct vcpu *v)
{
    static const uint32_t commands[] = {EVTCHNOP_send, EVTCHNOP_send, EVTCHNOP_unmask,
                                        EVTCHNOP_close};
    uint32_t port = some_port();

    call_with(v, __HYPERVISOR_event_channel_op, commands[random_below(ARRAY_SIZE(commands))], &port,
              sizeof(port));
}

static void evtchn_look(struct vcpu *v)
{
    struct evtchn_status arg = {.dom = DOMID_SELF, .port = some_port()};
    struct evtchn_bind_vcpu bind = {.port = some_port(), .vcpu = random_below(GUEST_VCPUS)};
    struct evtchn_reset reset = {.dom = DOMID_SELF};

    switch (random_below(8)) {
    case 0:
        call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_reset, &reset, sizeof(reset));
        break;
    case 1:
    case 2:
    case 3:
        call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_vcpu, &bind, sizeof(bind));
        break;
    default:
        call_with(v, __HYPERVISOR_event_channel_op, EVTCHNOP_status, &arg, sizeof(arg));
    }
}

/* ---- grants ---- */

/* Changes an entry of the own table, as the protocol wants it: never one that is in use. */
static void grant_change(struct vcpu *v)
{
    const struct grant_table *table = &v->domain->grants;
    uint64_t *word = &table->slots->frame[0]->entry[random_below(REFS)];
    struct grant_entry_v1 entry;
    uint64_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST), new;

    if (old & (GTF_reading | GTF_writing))
        return;
    entry = (struct grant_entry_v1){
        .flags =
            (uint16_t)(random_below(4) ? GTF_permit_access | random_below(2) * GTF_readonly : 0),
        .domid = some_domid(),
        .frame = GFN_GRANTED + random_below(GUEST_FRAMES - GFN_GRANTED)};
    memcpy(&new, &entry, sizeof(new));
    __atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void grant_map_some(struct vcpu *v)
{
    struct gnttab_map_grant_ref arg = {.host_addr = some_mapped_gpa(),
                                       .flags = GNTMAP_host_map | random_below(2) * GNTMAP_readonly,
                                       .ref = random_below(REFS),
                                       .dom = some_domid()};

    call_with(v, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &arg, sizeof(arg));
}

static void grant_unmap_some(struct vcpu *v)
{
    struct gnttab_unmap_grant_ref arg = {.host_addr = some_mapped_gpa(),
                                         .handle = random_below(REFS)};

    call_with(v, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &arg, sizeof(arg));
}

static struct gnttab_copy_ptr some_copy_end(bool is_ref)
{
    struct gnttab_copy_ptr end = {.domid = DOMID_SELF};

    if (is_ref) {
        end.u.ref = random_below(REFS);
        end.domid = some_domid();
    } else {
        end.u.gmfn = GFN_GRANTED + random_below(GUEST_FRAMES - GFN_GRANTED);
    }
    return end;
}

static void grant_copy_some(struct vcpu *v)
{
    bool from_ref = random_below(2), to_ref = random_below(2);
    struct gnttab_copy arg = {
        .source = some_copy_end(from_ref),
        .dest = some_copy_end(to_ref),
        .len = 64,
        .flags = (uint16_t)(from_ref * GNTCOPY_source_gref | to_ref * GNTCOPY_dest_gref)};

    call_with(v, __HYPERVISOR_grant_table_op, GNTTABOP_copy, &arg, sizeof(arg));
}

static void grant_setup(struct vcpu *v)
{
    struct gnttab_setup_table arg = {
        .dom = DOMID_SELF, .nr_frames = random_below(3), .frame_list = argument_gpa(v) + LIST};

    call_with(v, __HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &arg, sizeof(arg));
}

/* ---- vCPUs and time ---- */

static void vcpu_op(const struct vcpu *v, uint64_t cmd, uint32_t id, const void *arg, size_t size)
{
    memcpy(argument(v), arg, size);
    call(__HYPERVISOR_vcpu_op, cmd, id, argument_gpa(v));
}

static void sched_some(struct vcpu *v)
{
    struct sched_poll poll = {.ports = argument_gpa(v) + LIST,
                              .nr_ports = 1,
                              .timeout = fake_ns + random_below(TIME_MAX_NS)};
    struct sched_shutdown shutdown = {.reason = SHUTDOWN_crash};

    switch (random_below(4)) {
    case 0:
        call(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
        break;
    case 3:
        /* The control domain would end the machine. */
        if (v->domain->is_privileged)
            break;
        if (random_below(64) == 0)
            call_with(v, __HYPERVISOR_sched_op, SCHEDOP_shutdown, &shutdown, sizeof(shutdown));
        else if (random_below(8) == 0)
            vcpu_op(v, VCPUOP_down, v->id, &shutdown, 0);
        break;
    case 1:
        call(__HYPERVISOR_sched_op, SCHEDOP_block, 0, 0);
        break;
    default:
        *(uint32_t *)(void *)((char *)argument(v) + LIST) = some_port();
        call_with(v, __HYPERVISOR_sched_op, SCHEDOP_poll, &poll, sizeof(poll));
    }
}

static void vcpu_some(struct vcpu *v)
{
    uint32_t other = random_below(GUEST_VCPUS);
    uint64_t gpa = (GFN_GRANTED + random_below(GUEST_FRAMES - GFN_GRANTED)) * PAGE_SIZE;
    /* Across two pages. */
    uint64_t area = gpa + PAGE_SIZE - 16;
    struct vcpu_register_vcpu_info info = {.mfn = gpa >> PAGE_SHIFT};
    struct vcpu_hvm_context context;

    switch (random_below(7)) {
    case 5:
        memset(&context, 0, sizeof(context));
        vcpu_op(v, VCPUOP_initialise, other, &context, sizeof(context));
        break;
    case 0:
        vcpu_op(v, VCPUOP_up, other, &area, 0);
        break;
    case 1:
        if (other != v->id)
            vcpu_op(v, VCPUOP_down, other, &area, 0);
        break;
    case 2:
        vcpu_op(v, VCPUOP_register_runstate_memory_area, other, &area, sizeof(area));
        break;
    case 3:
        vcpu_op(v, VCPUOP_register_vcpu_time_memory_area, other, &area, sizeof(area));
        break;
    case 4:
        vcpu_op(v, VCPUOP_register_vcpu_info, other, &info, sizeof(info));
        break;
    default:
        vcpu_op(v, VCPUOP_get_runstate_info, other, &area, 0);
    }
}

/* Of a guest that is destroyed meanwhile some are due. */
static void timer_some(struct vcpu *v)
{
    struct vcpu_set_singleshot_timer timer = {.timeout_abs_ns =
                                                  fake_ns + random_below(TIME_MAX_NS)};

    switch (random_below(8)) {
    case 0:
        vcpu_op(v, VCPUOP_stop_singleshot_timer, v->id, &timer, 0);
        break;
    case 1:
        call(__HYPERVISOR_set_timer_op, random_below(2) ? 0 : TIME_FAR_NS, 0, 0);
        break;
    case 2:
    case 3:
        call(__HYPERVISOR_set_timer_op, timer.timeout_abs_ns, 0, 0);
        break;
    default:
        vcpu_op(v, VCPUOP_set_singleshot_timer, v->id, &timer, sizeof(timer));
    }
}

void guest_act(struct vcpu *v)
{
    static void (*const own[])(struct vcpu * v) = {
        touch,           touch,        balloon,         add_special,    remove_special,
        evtchn_alloc,    evtchn_bind,  evtchn_bind_own, evtchn_by_port, evtchn_by_port,
        evtchn_look,     grant_change, grant_change,    grant_map_some, grant_unmap_some,
        grant_copy_some, grant_setup,  sched_some,      vcpu_some,      timer_some,
        timer_some,
    };

    /* Somebody may have started it before it had memory. */
    if (p2m_get(v->domain, (gfn_t){GFN_ARGUMENTS + v->id}).type != P2M_RAM)
        return;
    if (v->domain->is_privileged && random_below(2))
        control_act(v);
    else
        own[random_below(ARRAY_SIZE(own))](v);
}
