/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several vcpus: their start by INIT and SIPI and by VCPUOP_initialise, interrupts and events
 * between them, one time for all, and no register of one in another.
 */
#include "guest-kernel/apic.h"
#include "guest-kernel/cpu.h"
#include "guest-kernel/events.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/pagetable.h"
#include "guest-kernel/smp.h"
#include "guest-kernel/time.h"
#include "guest-kernel/traps.h"
#include "lib/cpu_bits.h"
#include "lib/string.h"
#include "pv-abi/sched.h"
#include "pv-abi/vcpu.h"
#include "tests/guest/check.h"
#include "tests/guest/regfile.h"

#define VCPUS           3
#define VECTOR          0x71
#define TURNS           100
#define REGISTER_ROUNDS 20
#define ICR_NMI         (4u << 8)
#define ICR_LOGICAL     (1u << 11)
#define ICR_OTHERS      (3u << 18)
#define NO_VCPU         77u

void op_yields(void);

/* What vcpu 1 is to do; it sets the command back to NOTHING when it is done. */
enum command {
    NOTHING,
    REPORT,
    TAKE_TURNS,
    KEEP_REGISTERS,
    KEEP_DEBUG_REGISTERS,
    INTERRUPT_0,
    END
};

static enum command command;
static uint32_t reported_apic_id, reported_cpuid_id, reported_number;
static unsigned int interrupts[VCPUS], nmis[VCPUS], events[VCPUS];
static unsigned int turn;
static uint64_t last_tsc, last_time;
static unsigned int backward_steps, backward_times;
static unsigned int differences[VCPUS];
static bool has_avx;

static void yield(void)
{
    hypercall_sched_op(SCHEDOP_yield, NULL);
}

/* Waits until *value is `wanted`. */
static bool becomes(const unsigned int *value, unsigned int wanted)
{
    uint64_t end = time_now() + CHECK_PATIENCE;

    while (__atomic_load_n(value, __ATOMIC_ACQUIRE) != wanted && time_now() < end)
        yield();
    return __atomic_load_n(value, __ATOMIC_ACQUIRE) == wanted;
}

static void on_interrupt(void)
{
    __atomic_fetch_add(&interrupts[cpu_id()], 1, __ATOMIC_SEQ_CST);
    apic_eoi();
}

static void on_nmi(void)
{
    __atomic_fetch_add(&nmis[cpu_id()], 1, __ATOMIC_SEQ_CST);
}

static void on_event(void *arg)
{
    unsigned int *counts = arg;

    __atomic_fetch_add(&counts[cpu_id()], 1, __ATOMIC_SEQ_CST);
}

static void report(void)
{
    reported_apic_id = apic_id();
    reported_cpuid_id = cpuid(1, 0).ebx >> 24;
    reported_number = cpuid(hypervisor_info.base_leaf + 4, 0).ebx;
}

/* The vcpus read the clocks in turn: none reads less than the other has read before it. */
static void take_turns(unsigned int me)
{
    uint64_t end = time_now() + CHECK_PATIENCE;

    for (unsigned int i = 0; i < TURNS; i++) {
        while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != me && time_now() < end)
            yield();
        uint64_t tsc = rdtsc_ordered();
        uint64_t now = time_now();

        backward_steps += tsc < last_tsc;
        backward_times += now < last_time;
        last_tsc = tsc;
        last_time = now;
        __atomic_store_n(&turn, 1 - me, __ATOMIC_RELEASE);
    }
}

static void keep_registers(unsigned int me)
{
    for (unsigned int round = 0; round < REGISTER_ROUNDS; round++) {
        struct regfile before, after;

        memset(&before, 0, sizeof(before));
        regfile_fill(&before, 1000 * me + round, has_avx);
        before.operation = op_yields;
        before.gpr[REG_RDI] = before.gpr[REG_RSI] = 0;
        after = before;
        bool irqs = irq_save();
        regfile_run(&after);
        irq_restore(irqs);
        differences[me] += regfile_differences(&before, &after, 1u << REG_RAX);
    }
}

static void keep_debug_registers(unsigned int me)
{
    uint64_t pattern = 0x1111111111111111 * (me + 1);

    for (unsigned int round = 0; round < REGISTER_ROUNDS; round++) {
        write_dr0(pattern + round);
        write_dr1(pattern + round + 1);
        write_dr2(pattern + round + 2);
        write_dr3(pattern + round + 3);
        for (unsigned int i = 0; i < 4; i++)
            yield();
        differences[me] += read_dr0() != pattern + round || read_dr1() != pattern + round + 1 ||
                           read_dr2() != pattern + round + 2 || read_dr3() != pattern + round + 3;
    }
}

static void vcpu_1(void *arg)
{
    const enum command *todo = arg;
    enum command now;

    regfile_enable_vectors();
    do {
        now = __atomic_load_n(todo, __ATOMIC_ACQUIRE);
        if (now == REPORT)
            report();
        else if (now == TAKE_TURNS)
            take_turns(1);
        else if (now == KEEP_REGISTERS)
            keep_registers(1);
        else if (now == KEEP_DEBUG_REGISTERS)
            keep_debug_registers(1);
        else if (now == INTERRUPT_0)
            apic_send(0, APIC_ICR_ASSERT | VECTOR);
        if (now == NOTHING)
            yield();
        else
            __atomic_store_n(&command, NOTHING, __ATOMIC_RELEASE);
    } while (now != END);
}

static void order(enum command what)
{
    __atomic_store_n(&command, what, __ATOMIC_RELEASE);
}

static bool is_done(void)
{
    uint64_t end = time_now() + CHECK_PATIENCE;

    while (__atomic_load_n(&command, __ATOMIC_ACQUIRE) != NOTHING && time_now() < end)
        yield();
    return __atomic_load_n(&command, __ATOMIC_ACQUIRE) == NOTHING;
}

static void start(void)
{
    check("smp/vcpus", smp_cpu_count(), VCPUS);
    check_true("smp/the second is down", !smp_cpu_is_up(1));
    check("smp/INIT and SIPI", smp_start(1, vcpu_1, &command), 0);
    check_true("smp/the second is up", smp_cpu_is_up(1));
    check_true("smp/the third is still down", !smp_cpu_is_up(2));
    order(REPORT);
    check_true("smp/it answers", is_done());
    check("smp/its APIC ID", reported_apic_id, 2);
    check("smp/its APIC ID in CPUID", reported_cpuid_id, 2);
    check("smp/its number in CPUID", reported_number, 1);
    apic_send(2, APIC_ICR_STARTUP | 1);
    order(REPORT);
    check_true("smp/a second SIPI is ignored", is_done());
}

static void between_vcpus(void)
{
    evtchn_port_t port = 0;

    traps_set_handler(VECTOR, on_interrupt);
    traps_set_handler(TRAP_NMI, on_nmi);
    apic_send(2, APIC_ICR_ASSERT | VECTOR);
    check_true("smp/an IPI by ID", becomes(&interrupts[1], 1));
    apic_send(1u << 2, ICR_LOGICAL | APIC_ICR_ASSERT | VECTOR);
    check_true("smp/an IPI by logical ID", becomes(&interrupts[1], 2));
    apic_send(0, ICR_OTHERS | APIC_ICR_ASSERT | VECTOR);
    check_true("smp/an IPI to all others", becomes(&interrupts[1], 3));
    check("smp/no IPI to the sender", interrupts[0], 0);
    apic_send(2, ICR_NMI | APIC_ICR_ASSERT);
    check_true("smp/an NMI", becomes(&nmis[1], 1));
    order(INTERRUPT_0);
    check_true("smp/an IPI back", is_done() && becomes(&interrupts[0], 1));
    check("smp/an event port of the second", event_bind_ipi(1, on_event, events, &port), 0);
    event_send(port);
    check_true("smp/its event", becomes(&events[1], 1));
    check("smp/not handled elsewhere", events[0], 0);
    event_close(port);
}

static void isolation(void)
{
    last_tsc = last_time = 0;
    order(TAKE_TURNS);
    take_turns(0);
    check_true("smp/clocks are read in turn", is_done());
    check("smp/the TSC never steps back", backward_steps, 0);
    if (event_vcpu_info()->time.flags & XEN_PVCLOCK_TSC_STABLE_BIT)
        check("smp/system time never steps back", backward_times, 0);
    else
        check_skip("smp/system time never steps back", "the time page does not say so");
    order(KEEP_REGISTERS);
    keep_registers(0);
    check_true("smp/registers are kept together", is_done());
    check("smp/registers of the first", differences[0], 0);
    check("smp/registers of the second", differences[1], 0);
    differences[0] = differences[1] = 0;
    order(KEEP_DEBUG_REGISTERS);
    keep_debug_registers(0);
    check_true("smp/debug registers are kept together", is_done());
    check("smp/debug registers of the first", differences[0], 0);
    check("smp/debug registers of the second", differences[1], 0);
}

static void end_and_again(void)
{
    uint64_t end = time_now() + CHECK_PATIENCE;

    order(END);
    check_true("smp/the second ends", is_done());
    while (smp_cpu_is_up(1) && time_now() < end)
        yield();
    check_true("smp/a halt with interrupts off takes it down", !smp_cpu_is_up(1));
    check("smp/INIT and SIPI again", smp_start(1, vcpu_1, &command), 0);
    order(REPORT);
    check_true("smp/it answers again", is_done());
}

static unsigned int third_has_run;

/* Without GDT, IDT or GS base of its own: it only says that it ran, and goes down. */
static void vcpu_2(void)
{
    __atomic_store_n(&third_has_run, 1, __ATOMIC_RELEASE);
    hypercall_vcpu_op(VCPUOP_down, 2, NULL);
    for (;;)
        cpu_pause();
}

static void initialise(void)
{
    uint8_t *stack = page_alloc();
    struct vcpu_hvm_context context = {.mode = VCPU_HVM_MODE_64B};

    context.cpu_regs.x86_64.rip = (uintptr_t)vcpu_2;
    context.cpu_regs.x86_64.rsp = (uintptr_t)stack + PAGE_SIZE - 8;
    context.cpu_regs.x86_64.rflags = 2;
    context.cpu_regs.x86_64.cr0 = read_cr0();
    context.cpu_regs.x86_64.cr3 = pagetable_root();
    context.cpu_regs.x86_64.cr4 = read_cr4();
    context.cpu_regs.x86_64.efer = rdmsr(MSR_EFER);
    check("vcpu_op/initialise of no vcpu", hypercall_vcpu_op(VCPUOP_initialise, NO_VCPU, &context),
          -XEN_ENOENT);
    check("vcpu_op/initialise of one that is up", hypercall_vcpu_op(VCPUOP_initialise, 1, &context),
          -XEN_EEXIST);
    check("vcpu_op/up of one that is not initialised", hypercall_vcpu_op(VCPUOP_up, 2, NULL),
          -XEN_EINVAL);
    context.mode = 7;
    check("vcpu_op/initialise with an unknown mode",
          hypercall_vcpu_op(VCPUOP_initialise, 2, &context), -XEN_EINVAL);
    context.mode = VCPU_HVM_MODE_64B;
    check("vcpu_op/initialise", hypercall_vcpu_op(VCPUOP_initialise, 2, &context), 0);
    check("vcpu_op/initialise twice", hypercall_vcpu_op(VCPUOP_initialise, 2, &context),
          -XEN_EEXIST);
    check("vcpu_op/an initialised one is down", hypercall_vcpu_op(VCPUOP_is_up, 2, NULL), 0);
    check("vcpu_op/up", hypercall_vcpu_op(VCPUOP_up, 2, NULL), 0);
    check_true("vcpu_op/it runs", becomes(&third_has_run, 1));
    uint64_t end = time_now() + CHECK_PATIENCE;
    while (smp_cpu_is_up(2) && time_now() < end)
        yield();
    check_true("vcpu_op/down", !smp_cpu_is_up(2));
}

void test_cases(void)
{
    has_avx = regfile_enable_vectors();
    start();
    between_vcpus();
    isolation();
    end_and_again();
    initialise();
}
