/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC: its page by the instructions that may touch it, then x2APIC mode: registers,
 * interrupts to itself and their order, timer. Two-vcpu cases are in smp.c.
 */
#include "guest-kernel/apic.h"
#include "guest-kernel/events.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "guest-kernel/traps.h"
#include "lib/compiler.h"
#include "lib/cpu_bits.h"
#include "lib/insn.h"
#include "tests/guest/check.h"

#define VECTOR_LOW       0x51
#define VECTOR_HIGH      0x91
#define VECTOR_TIMER     0x61
#define TIMER_COUNT      1000000u   /* about a millisecond at the bus clock that Xen shows */
#define FAR_AHEAD        3600000u   /* milliseconds */
#define CPUID_DEADLINE   (1u << 24) /* CPUID.1:ECX */
#define APIC_DFR_MSR     0x80eu
#define APIC_VERSION_XEN 0x14u

/* lapic_page.asm: one access to the page each. */
uint32_t lapic_load(uint64_t page, uint64_t offset);
uint32_t lapic_load_indexed(uint64_t page, uint64_t offset);
uint32_t lapic_load_r15(uint64_t page, uint64_t offset);
uint32_t lapic_load_stack_base(uint64_t page, uint64_t offset);
uint32_t lapic_load_displaced(uint64_t page);
void lapic_store(uint64_t page, uint64_t offset, uint32_t value);
void lapic_store_indexed(uint64_t page, uint64_t offset, uint32_t value);
void lapic_store_immediate(uint64_t page, uint64_t offset);
uint32_t lapic_exchange(uint64_t page, uint64_t offset, uint32_t value);

#define IMMEDIATE_VALUE 0x30u
#define DISPLACED       APIC_VERSION

static void page(void)
{
    uint64_t base = DIRECT_MAP + APIC_PAGE_DEFAULT;

    check("lapic/the page is where the MSR says", (int64_t)(rdmsr(MSR_APIC_BASE) & 0xfffff000u),
          APIC_PAGE_DEFAULT);
    check("lapic/enabled, in xAPIC mode, first vcpu",
          (int64_t)(rdmsr(MSR_APIC_BASE) & (APIC_BASE_BSP | APIC_BASE_X2APIC | APIC_BASE_ENABLE)),
          APIC_BASE_BSP | APIC_BASE_ENABLE);
    check("lapic/page, ID", lapic_load(base, APIC_ID), 0);
    check("lapic/page, version", lapic_load(base, APIC_VERSION) & 0xff, APIC_VERSION_XEN);
    check("lapic/page, load with an index", lapic_load_indexed(base, APIC_VERSION) & 0xff,
          APIC_VERSION_XEN);
    check("lapic/page, load to R15 by R14", lapic_load_r15(base, APIC_VERSION) & 0xff,
          APIC_VERSION_XEN);
    check("lapic/page, load by R12", lapic_load_stack_base(base, APIC_VERSION) & 0xff,
          APIC_VERSION_XEN);
    check("lapic/page, load with a 32-bit displacement", lapic_load_displaced(base) & 0xff,
          APIC_VERSION_XEN);
    lapic_store(base, APIC_TPR, 0x20);
    check("lapic/page, store", lapic_load(base, APIC_TPR), 0x20);
    lapic_store_indexed(base, APIC_TPR, 0x40);
    check("lapic/page, store with an index", lapic_load(base, APIC_TPR), 0x40);
    lapic_store_immediate(base, APIC_TPR);
    check("lapic/page, store of a constant", lapic_load(base, APIC_TPR), IMMEDIATE_VALUE);
    check("lapic/page, exchange gives the old value", lapic_exchange(base, APIC_TPR, 0x10),
          IMMEDIATE_VALUE);
    check("lapic/page, exchange stores the new value", lapic_load(base, APIC_TPR), 0x10);
    lapic_store(base, APIC_TPR, 0);
    lapic_store(base, APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | APIC_SPURIOUS_VECTOR);
    check("lapic/page, spurious vector", lapic_load(base, APIC_SPURIOUS),
          APIC_SPURIOUS_ENABLE | APIC_SPURIOUS_VECTOR);
    lapic_store(base, APIC_LVT_LINT0, APIC_LVT_MASKED);
    check("lapic/page, LINT0", lapic_load(base, APIC_LVT_LINT0), APIC_LVT_MASKED);
}

struct access {
    uint32_t msr;
    uint64_t value;
};

static void read_it(void *arg)
{
    struct access *access = arg;

    access->value = rdmsr(access->msr);
}

static void write_it(void *arg)
{
    const struct access *access = arg;

    wrmsr(access->msr, access->value);
}

static void x2apic_registers(void)
{
    check("lapic/x2APIC, ID", apic_id(), 0);
    check("lapic/x2APIC, version", (int64_t)(apic_read(APIC_VERSION) & 0xff), APIC_VERSION_XEN);
    check("lapic/x2APIC, logical ID", (int64_t)apic_read(APIC_LDR), 1);
    check("lapic/x2APIC, spurious vector", (int64_t)apic_read(APIC_SPURIOUS),
          APIC_SPURIOUS_ENABLE | APIC_SPURIOUS_VECTOR);
    apic_write(APIC_TPR, 0x30);
    check("lapic/x2APIC, TPR", (int64_t)apic_read(APIC_TPR), 0x30);
    check("lapic/x2APIC, CR8 shows the TPR", (int64_t)read_cr8(), 3);
    write_cr8(0);
    check("lapic/x2APIC, the TPR shows CR8", (int64_t)apic_read(APIC_TPR), 0);
    check("lapic/x2APIC, ESR", (int64_t)apic_read(APIC_ESR), 0);
}

static void x2apic_faults(void)
{
    static const struct {
        const char *name;
        struct access access;
        bool is_write;
    } cases[] = {
        {"lapic/x2APIC, EOI with a value", {0x80b, 1}, true},
        {"lapic/x2APIC, EOI read", {0x80b, 0}, false},
        {"lapic/x2APIC, ID written", {0x802, 0}, true},
        {"lapic/x2APIC, version written", {0x803, 0}, true},
        {"lapic/x2APIC, there is no DFR", {APIC_DFR_MSR, 0}, false},
        {"lapic/x2APIC, there is no second ICR", {0x831, 0}, false},
        {"lapic/x2APIC, TPR above 255", {0x808, 0x100}, true},
        {"lapic/x2APIC, self IPI read", {0x83f, 0}, false},
        {"lapic/x2APIC, back to the page in one step",
         {MSR_APIC_BASE, APIC_PAGE_DEFAULT | APIC_BASE_ENABLE | APIC_BASE_BSP},
         true},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(cases); i++) {
        struct access access = cases[i].access;

        check(cases[i].name, trap_expect(cases[i].is_write ? write_it : read_it, &access, NULL),
              TRAP_GP);
    }
}

static volatile unsigned int low_count, high_count, timer_count, order;
static volatile unsigned int low_order, high_order;
static volatile bool was_in_service;

static bool isr_bit(unsigned int vector)
{
    return (apic_read(APIC_ISR + vector / 32 * 16) >> vector % 32 & 1) != 0;
}

static bool irr_bit(unsigned int vector)
{
    return (apic_read(APIC_IRR + vector / 32 * 16) >> vector % 32 & 1) != 0;
}

static void on_low(void)
{
    low_count++;
    low_order = ++order;
    was_in_service = isr_bit(VECTOR_LOW);
    apic_eoi();
}

static void on_high(void)
{
    high_count++;
    high_order = ++order;
    apic_eoi();
}

static void on_timer(void)
{
    timer_count++;
    apic_eoi();
}

/* An interrupt that waited for another may come some instructions late. */
static bool reaches(const volatile unsigned int *count, unsigned int wanted)
{
    uint64_t end = time_now() + CHECK_PATIENCE;

    while (*count < wanted && time_now() < end)
        cpu_pause();
    return *count == wanted;
}

static void self_interrupts(void)
{
    traps_set_handler(VECTOR_LOW, on_low);
    traps_set_handler(VECTOR_HIGH, on_high);
    apic_write(APIC_SELF_IPI, VECTOR_LOW);
    check("lapic/self IPI arrives at once", low_count, 1);
    check_true("lapic/it was in service in its handler", was_in_service);
    check_true("lapic/it is out of service after EOI", !isr_bit(VECTOR_LOW));
    apic_send(0, APIC_ICR_ASSERT | VECTOR_LOW);
    check("lapic/ICR to the own ID", low_count, 2);
    check("lapic/ICR reads back", (int64_t)apic_read(APIC_ICR), APIC_ICR_ASSERT | VECTOR_LOW);
    apic_write(APIC_ICR, 1u << 18 | APIC_ICR_ASSERT | VECTOR_LOW);
    check("lapic/ICR to self by shorthand", low_count, 3);
    irq_disable();
    apic_write(APIC_SELF_IPI, VECTOR_LOW);
    apic_write(APIC_SELF_IPI, VECTOR_HIGH);
    check_true("lapic/both are requested", irr_bit(VECTOR_LOW) && irr_bit(VECTOR_HIGH));
    check("lapic/none comes with interrupts off", low_count + high_count, 3);
    irq_enable();
    check_true("lapic/both come", reaches(&high_count, 1) && reaches(&low_count, 4));
    check_true("lapic/the higher one came first", high_order < low_order);
    /* One class more than the vector's: QEMU 7.2 lets an equal one through to the hypervisor. */
    apic_write(APIC_TPR, (VECTOR_HIGH & 0xf0) + 0x10);
    apic_write(APIC_SELF_IPI, VECTOR_HIGH);
    check("lapic/the TPR holds it back", high_count, 1);
    apic_write(APIC_TPR, 0);
    check_true("lapic/it comes when the TPR is lowered", reaches(&high_count, 2));
    irq_disable();
    apic_write(APIC_SELF_IPI, VECTOR_LOW);
    apic_write(APIC_SELF_IPI, VECTOR_LOW);
    irq_enable();
    check_true("lapic/two requests of one vector are one", reaches(&low_count, 5));
}

static void on_event(void *arg)
{
    ++*(volatile unsigned int *)arg;
}

/* The upcall and the local APIC's interrupt become due together. */
static void beside_an_event(void)
{
    volatile unsigned int count = 0;
    evtchn_port_t port;

    check("lapic/a port to oneself", event_bind_ipi(0, on_event, (void *)&count, &port), 0);
    irq_disable();
    event_send(port);
    apic_write(APIC_SELF_IPI, VECTOR_LOW);
    irq_enable();
    check_true("lapic/an interrupt and an event come together",
               reaches(&count, 1) && reaches(&low_count, 6));
    irq_disable();
    event_send(port);
    apic_write(APIC_SELF_IPI, VECTOR_HIGH);
    irq_enable_and_halt();
    irq_enable();
    check_true("lapic/they end a halt together", reaches(&count, 2) && reaches(&high_count, 3));
    event_close(port);
}

static bool timer_fires(unsigned int count)
{
    uint64_t end = time_now() + CHECK_PATIENCE;

    while (timer_count < count && time_now() < end)
        cpu_pause();
    return timer_count >= count;
}

static void timer(void)
{
    traps_set_handler(VECTOR_TIMER, on_timer);
    apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
    apic_write(APIC_TIMER_INITIAL, TIMER_COUNT);
    check_true("lapic/the timer counts down", apic_read(APIC_TIMER_CURRENT) < TIMER_COUNT);
    check_true("lapic/the one-shot timer fires", timer_fires(1));
    check("lapic/it stands at 0 afterwards", (int64_t)apic_read(APIC_TIMER_CURRENT), 0);
    time_sleep(10 * NS_PER_MS);
    check("lapic/it fires once", timer_count, 1);
    apic_write(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | VECTOR_TIMER);
    apic_write(APIC_TIMER_INITIAL, TIMER_COUNT);
    check_true("lapic/the periodic timer fires again and again", timer_fires(4));
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
    apic_write(APIC_TIMER_INITIAL, 0);
    /* What was requested before comes in this time. */
    time_sleep(10 * NS_PER_MS);
    timer_count = 0;
    time_sleep(10 * NS_PER_MS);
    check("lapic/a masked and stopped timer is silent", timer_count, 0);
}

/* Sets a deadline and takes it back before its time, which a busy host may let pass. */
static void deadline_taken_back(uint64_t ahead)
{
    uint64_t deadline, fired;

    do {
        deadline = rdtsc() + ahead;
        wrmsr(MSR_TSC_DEADLINE, deadline);
        wrmsr(MSR_TSC_DEADLINE, 0);
        ahead *= 2;
    } while (rdtsc() >= deadline);
    fired = timer_count;
    while (rdtsc() < deadline)
        time_sleep(10 * NS_PER_MS);
    time_sleep(50 * NS_PER_MS);
    check("lapic/a deadline taken back does not fire", timer_count, (int64_t)fired);
}

static void deadline_timer(void)
{
    uint64_t ms = time_tsc_hz() / 1000;

    if (!(cpuid(1, 0).ecx & CPUID_DEADLINE)) {
        check_skip("lapic/TSC deadline", "not offered");
        return;
    }
    timer_count = 0;
    apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | VECTOR_TIMER);
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + FAR_AHEAD * ms);
    check_true("lapic/the deadline reads back", rdmsr(MSR_TSC_DEADLINE) != 0);
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + 20 * ms);
    check_true("lapic/the deadline timer fires", timer_fires(1));
    check("lapic/the deadline is 0 afterwards", (int64_t)rdmsr(MSR_TSC_DEADLINE), 0);
    wrmsr(MSR_TSC_DEADLINE, 1);
    check_true("lapic/a deadline in the past fires", timer_fires(2));
    deadline_taken_back(50 * ms);
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
}

/* HLT ends with a LAPIC interrupt. */
static void halt(void)
{
    timer_count = 0;
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
    irq_disable();
    apic_write(APIC_TIMER_INITIAL, TIMER_COUNT);
    while (timer_count == 0) {
        irq_enable_and_halt();
        irq_disable();
    }
    irq_enable();
    check("lapic/the timer ends a halt", timer_count, 1);
}

void test_cases(void)
{
    page();
    apic_enable();
    x2apic_registers();
    x2apic_faults();
    self_interrupts();
    beside_an_event();
    timer();
    halt();
    deadline_timer();
}
