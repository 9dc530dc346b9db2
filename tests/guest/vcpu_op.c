/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu_op: states, areas that the hypervisor keeps up to date, and timers. */
#include "guest-kernel/cpu.h"
#include "guest-kernel/events.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/compiler.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "pv-abi/sched.h"
#include "pv-abi/vcpu.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"
#include "tests/guest/pointers.h"

#define NO_VCPU 77u
#define UNKNOWN 99
#define SILENCE (300 * NS_PER_MS) /* in which a timer that is to be silent would have fired */

static int64_t op(unsigned int command, unsigned int vcpu, void *arg)
{
    return hypercall_vcpu_op(command, vcpu, arg);
}

static void states(void)
{
    struct vcpu_runstate_info info = {.state = -1};

    check("vcpu_op/is_up of the caller", op(VCPUOP_is_up, 0, NULL), 1);
    check("vcpu_op/is_up of one not started", op(VCPUOP_is_up, 1, NULL), 0);
    check("vcpu_op/is_up of no vcpu", op(VCPUOP_is_up, NO_VCPU, NULL), -XEN_ENOENT);
    check("vcpu_op/up before initialise", op(VCPUOP_up, 1, NULL), -XEN_EINVAL);
    check("vcpu_op/down of one not started", op(VCPUOP_down, 1, NULL), 0);
    check("vcpu_op/get_runstate_info", op(VCPUOP_get_runstate_info, 0, &info), 0);
    check("vcpu_op/get_runstate_info says running", info.state, RUNSTATE_running);
    check_true("vcpu_op/get_runstate_info has run", info.time[RUNSTATE_running] != 0);
    check_true("vcpu_op/get_runstate_info entered in the past",
               info.state_entry_time <= time_now());
    check("vcpu_op/get_runstate_info of one not started", op(VCPUOP_get_runstate_info, 1, &info),
          0);
    check("vcpu_op/get_runstate_info says offline", info.state, RUNSTATE_offline);
    check("vcpu_op/get_runstate_info of no vcpu", op(VCPUOP_get_runstate_info, NO_VCPU, &info),
          -XEN_ENOENT);
    check("vcpu_op/unknown", op(UNKNOWN, 0, NULL), -XEN_ENOSYS);
}

static void runstate_area(void)
{
    struct vcpu_runstate_info *area = crossing_buffer(sizeof(*area));
    struct vcpu_register_runstate_memory_area arg = {.addr.v = (uintptr_t)area};
    uint64_t blocked, end = time_now() + CHECK_PATIENCE;

    check("vcpu_op/register_runstate_memory_area across a page",
          op(VCPUOP_register_runstate_memory_area, 0, &arg), 0);
    check("vcpu_op/the runstate area is filled in", area->state, RUNSTATE_running);
    blocked = area->time[RUNSTATE_blocked];
    /* More than once: a timer that has fired before the halt leaves nothing to block for. */
    while (area->time[RUNSTATE_blocked] == blocked && time_now() < end)
        time_sleep(10 * NS_PER_MS);
    check_true("vcpu_op/the runstate area is kept up to date",
               area->time[RUNSTATE_blocked] > blocked);
    check("vcpu_op/the runstate area says running again", area->state, RUNSTATE_running);
    arg.addr.v = 0;
    check("vcpu_op/register_runstate_memory_area of no vcpu",
          op(VCPUOP_register_runstate_memory_area, NO_VCPU, &arg), -XEN_ENOENT);
    arg.addr.v = (uintptr_t)low_alloc(sizeof(*area));
    check("vcpu_op/register_runstate_memory_area elsewhere",
          op(VCPUOP_register_runstate_memory_area, 0, &arg), 0);
}

/* Xen corrects its clock's rate, by a few in a million, each second: one of the pages may have the
 * next one. */
static bool is_same_rate(const struct vcpu_time_info *a, const struct vcpu_time_info *b)
{
    uint32_t one = a->tsc_to_system_mul, other = b->tsc_to_system_mul;

    return one != 0 && (one > other ? one - other : other - one) <= one >> 10;
}

static void time_area(void)
{
    struct vcpu_time_info *area = crossing_buffer(sizeof(*area));
    struct vcpu_register_time_memory_area arg = {.addr.v = (uintptr_t)area};

    check("vcpu_op/register_vcpu_time_memory_area",
          op(VCPUOP_register_vcpu_time_memory_area, 0, &arg), 0);
    check_true("vcpu_op/the time area is filled in", is_same_rate(area, &event_vcpu_info()->time));
    check("vcpu_op/the time area's version is even", area->version & 1, 0);
    arg.addr.v = (uintptr_t)low_alloc(sizeof(*area));
    op(VCPUOP_register_vcpu_time_memory_area, 0, &arg);
}

static evtchn_port_t timer_port;

/* Waits for VIRQ_TIMER's pending bit, which stays set while the port is masked, up to system time
 * `end`. */
static bool timer_fires_before(uint64_t end)
{
    while (!event_is_pending(timer_port) && time_now() < end)
        cpu_pause();
    bool is_pending = event_is_pending(timer_port);
    event_clear(timer_port);
    return is_pending;
}

static bool timer_fires(void)
{
    return timer_fires_before(time_now() + CHECK_PATIENCE);
}

/* Sets the timer and stops it before its time, which a busy host may let pass. Gives its time. */
static uint64_t stopped_timer(void)
{
    struct vcpu_set_singleshot_timer arg;
    uint64_t ahead = 20 * NS_PER_MS;

    do {
        event_clear(timer_port);
        arg = (struct vcpu_set_singleshot_timer){.timeout_abs_ns = time_now() + ahead};
        check("vcpu_op/set_singleshot_timer", op(VCPUOP_set_singleshot_timer, 0, &arg), 0);
        check("vcpu_op/stop_singleshot_timer", op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
        ahead *= 2;
    } while (time_now() >= arg.timeout_abs_ns);
    return arg.timeout_abs_ns;
}

/* The library has VIRQ_TIMER: its port is the one whose status says so. */
static void find_timer_port(void)
{
    for (evtchn_port_t port = 1; port < EVENT_PORTS_MAX; port++) {
        struct evtchn_status status = {.dom = DOMID_SELF, .port = port};

        if (hypercall_event_channel_op(EVTCHNOP_status, &status) == 0 &&
            status.status == EVTCHNSTAT_virq && status.u.virq == VIRQ_TIMER) {
            timer_port = port;
            return;
        }
    }
}

static void singleshot_timer(void)
{
    struct vcpu_set_singleshot_timer arg = {.timeout_abs_ns = time_now() + NS_PER_MS};

    find_timer_port();
    event_mask(timer_port);
    event_clear(timer_port);
    check("vcpu_op/set_singleshot_timer", op(VCPUOP_set_singleshot_timer, 0, &arg), 0);
    check_true("vcpu_op/the timer fires", timer_fires());
    check_true("vcpu_op/the timer does not fire before its time", time_now() >= arg.timeout_abs_ns);
    check_true("vcpu_op/the timer fires once", !timer_fires_before(time_now() + SILENCE));
    arg.timeout_abs_ns = 1;
    check("vcpu_op/set_singleshot_timer in the past", op(VCPUOP_set_singleshot_timer, 0, &arg), 0);
    check_true("vcpu_op/a timer in the past fires", timer_fires());
    check_true("vcpu_op/a stopped timer does not fire",
               !timer_fires_before(stopped_timer() + SILENCE));
    check("vcpu_op/set_singleshot_timer of another vcpu", op(VCPUOP_set_singleshot_timer, 1, &arg),
          -XEN_EINVAL);
    check("vcpu_op/stop_singleshot_timer of another vcpu",
          op(VCPUOP_stop_singleshot_timer, 1, NULL), -XEN_EINVAL);
    event_clear(timer_port);
    arg.timeout_abs_ns = time_now() + NS_PER_MS;
    if (hypercall_set_timer_op(arg.timeout_abs_ns) == -XEN_ENOSYS)
        check_skip("set_timer_op fires", "no such hypercall");
    else
        check_true("set_timer_op fires", timer_fires());
}

static void vcpu_info_errors(uint64_t gfn)
{
    struct vcpu_register_vcpu_info arg = {.mfn = gfn, .offset = PAGE_SIZE - 32};

    check("vcpu_op/register_vcpu_info across a page", op(VCPUOP_register_vcpu_info, 1, &arg),
          -XEN_ENXIO);
    arg.offset = 4;
    check("vcpu_op/register_vcpu_info unaligned", op(VCPUOP_register_vcpu_info, 1, &arg),
          -XEN_ENXIO);
    arg = (struct vcpu_register_vcpu_info){.mfn = gfn_hole_alloc(1)};
    check("vcpu_op/register_vcpu_info where no memory is", op(VCPUOP_register_vcpu_info, 1, &arg),
          -XEN_EINVAL);
    check("vcpu_op/register_vcpu_info of no vcpu", op(VCPUOP_register_vcpu_info, NO_VCPU, &arg),
          -XEN_ENOENT);
}

/* The last case of this guest that may use events: vcpu 0's vcpu_info moves. */
static void vcpu_info(void)
{
    uint8_t *page = page_alloc();
    struct vcpu_info *moved = (struct vcpu_info *)(void *)(page + 128);
    struct vcpu_register_vcpu_info arg = {.mfn = virt_to_gfn(page), .offset = 64};

    vcpu_info_errors(arg.mfn);
    check("vcpu_op/register_vcpu_info of one not started", op(VCPUOP_register_vcpu_info, 1, &arg),
          0);
    check("vcpu_op/register_vcpu_info twice", op(VCPUOP_register_vcpu_info, 1, &arg), -XEN_EINVAL);
    arg.offset = 128;
    irq_disable();
    check("vcpu_op/register_vcpu_info of the caller", op(VCPUOP_register_vcpu_info, 0, &arg), 0);
    check("vcpu_op/register_vcpu_info raises an upcall", moved->evtchn_upcall_pending, 1);
    check("vcpu_op/register_vcpu_info fills the selector", (int64_t)moved->evtchn_pending_sel, -1);
    check_true("vcpu_op/register_vcpu_info keeps the time page",
               is_same_rate(&moved->time, &shared_info->vcpu_info[0].time));
}

static void pointers(void)
{
    static struct vcpu_runstate_info info;
    static struct vcpu_set_singleshot_timer timer = {.timeout_abs_ns = 1};
    static struct compat_vcpu_set_singleshot_timer compat_timer = {.timeout_abs_ns = 1};
    static struct compat_vcpu_runstate_info compat_info;
    static const struct pointer_call calls[] = {
        {"vcpu_op/get_runstate_info",
         __HYPERVISOR_vcpu_op,
         {VCPUOP_get_runstate_info, 0},
         2,
         &info,
         sizeof(info),
         0},
        {"vcpu_op/set_singleshot_timer",
         __HYPERVISOR_vcpu_op,
         {VCPUOP_set_singleshot_timer, 0},
         2,
         &timer,
         sizeof(timer),
         0},
    };
    static const struct pointer_call compat_calls[] = {
        {"vcpu_op/get_runstate_info",
         __HYPERVISOR_vcpu_op,
         {VCPUOP_get_runstate_info, 0},
         2,
         &compat_info,
         sizeof(compat_info),
         0},
        {"vcpu_op/set_singleshot_timer",
         __HYPERVISOR_vcpu_op,
         {VCPUOP_set_singleshot_timer, 0},
         2,
         &compat_timer,
         sizeof(compat_timer),
         0},
    };
    const struct compat_vcpu_runstate_info *copy;

    for (unsigned int i = 0; i < ARRAY_COUNT(calls); i++)
        check_pointers(&calls[i]);
    check_readonly(&calls[0]);
    check_compat(&compat_calls[1]);
    copy = check_compat(&compat_calls[0]);
    check_true("vcpu_op/get_runstate_info/32-bit has run", copy->time[RUNSTATE_running] != 0);
    check("vcpu_op/is_up/32-bit", hypercall_compat(__HYPERVISOR_vcpu_op, VCPUOP_is_up, 0, 0, 0, 0),
          1);
}

void test_cases(void)
{
    states();
    runstate_area();
    time_area();
    singleshot_timer();
    check("vcpu_op/stop_periodic_timer", op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
    pointers();
    vcpu_info();
}
