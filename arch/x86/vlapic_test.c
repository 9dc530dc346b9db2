/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: arch/x86/vlapic.c arch/x86/vlapic_timer.c arch/x86/vlapic_ipi.c */
/* A guest's local APIC: priorities, registers in both forms, the timer under a fake clock, IPIs and
 * the start of a vCPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/vlapic.h"
#include "arch/x86/apic_bits.h"
#include "core/domain.h"
#include "lib/errno.h"
#include "pv-abi/hvm_save.h"
#include "pv-abi/vcpu.h"
#include "tests/fake/fake_cpu.h"

#define VCPUS       4u
#define SECOND      UINT64_C(1000000000)
#define TICK_NS     UINT64_C(10) /* of the timer, undivided */
#define X2APIC      (VLAPIC_BASE_ENABLE | VLAPIC_BASE_EXTD)
#define DIVIDE_BY_1 0xbu

static struct domain domain;
static struct vcpu vcpus[VCPUS];
static struct vcpu_info infos[VCPUS];
static int loads;
static int started_vcpu, started_vector, nmi_vcpu;

void arch_vcpu_reset(struct vcpu *v, int vector)
{
    started_vcpu = (int)v->id;
    started_vector = vector;
    vlapic_reset(v);
}

void arch_vcpu_nmi(struct vcpu *v)
{
    nmi_vcpu = (int)v->id;
}

static void load(struct vcpu *v)
{
    assert_ptr_equal(v, &vcpus[0]);
    loads++;
}

static const struct virt_ops ops = {.load = load};

/* Four vCPUs of one domain in x2APIC mode, software-enabled; the first is up and loaded. */
static int setup(UNUSED void **state)
{
    fake_cpus_init(1, SECOND);
    timer_boot();
    sched_init();
    virt = &ops;
    memset(&domain, 0, sizeof(domain));
    memset(vcpus, 0, sizeof(vcpus));
    lock_init(&domain.lock, LOCK_DOMAIN);
    domain.vcpu_max = VCPUS;
    atomic_store(&domain.refs, 1);
    sched_domain_init(&domain);
    for (uint32_t i = 0; i < VCPUS; i++) {
        struct vcpu *v = &vcpus[i];

        domain.vcpu[i] = v;
        v->id = i;
        v->domain = &domain;
        v->info = &infos[i];
        v->runstate = RUNSTATE_offline;
        atomic_store(&v->stop, VCPU_DOWN);
        sched_vcpu_init(v);
        vlapic_init(v);
        v->arch.vlapic.base_msr |= X2APIC;
        v->arch.vlapic.reg[APIC_REG_SVR] |= APIC_SVR_ENABLE;
    }
    atomic_fetch_and(&vcpus[0].stop, ~VCPU_DOWN);
    this_cpu()->current = &vcpus[0];
    loads = 0;
    started_vcpu = started_vector = nmi_vcpu = -1;
    return 0;
}

static void write(uint32_t reg, uint64_t value)
{
    assert_int_equal(vlapic_msr_write(&vcpus[0], reg, value), 0);
}

static uint64_t read(uint32_t reg)
{
    uint64_t value;

    assert_int_equal(vlapic_msr_read(&vcpus[0], reg, &value), 0);
    return value;
}

static void the_highest_vector_comes_first(UNUSED void **state)
{
    vlapic_set_irq(&vcpus[0], 0x31);
    vlapic_set_irq(&vcpus[0], 0xf0);
    vlapic_set_irq(&vcpus[0], 0x80);
    assert_int_equal(vlapic_pending(&vcpus[0]), 0xf0);
}

static void a_vector_in_service_holds_its_class_back_until_eoi(UNUSED void **state)
{
    vlapic_set_irq(&vcpus[0], 0x51);
    vlapic_accept(&vcpus[0], 0x51);
    vlapic_set_irq(&vcpus[0], 0x5f);
    assert_int_equal(vlapic_pending(&vcpus[0]), -1);
    vlapic_set_irq(&vcpus[0], 0x60);
    assert_int_equal(vlapic_pending(&vcpus[0]), 0x60);
    vlapic_accept(&vcpus[0], 0x60);
    assert_true(vlapic_is_waiting(&vcpus[0].arch.vlapic, VLAPIC_IRQ));
    write(APIC_REG_EOI, 0);
    assert_int_equal(vlapic_pending(&vcpus[0]), -1);
    write(APIC_REG_EOI, 0);
    assert_int_equal(vlapic_pending(&vcpus[0]), 0x5f);
    vlapic_accept(&vcpus[0], 0x5f);
    assert_false(vlapic_is_waiting(&vcpus[0].arch.vlapic, VLAPIC_IRQ));
}

static void the_task_priority_holds_its_class_and_those_below_back(UNUSED void **state)
{
    vlapic_set_irq(&vcpus[0], 0x4f);
    write(APIC_REG_TPR, 0x40);
    assert_int_equal(vcpus[0].arch.vlapic.reg[APIC_REG_TPR], 0x40);
    assert_int_equal(loads, 1); /* CR8 follows */
    assert_int_equal(vlapic_pending(&vcpus[0]), -1);
    assert_int_equal(read(APIC_REG_PPR), 0x40);
    write(APIC_REG_TPR, 0x3f);
    assert_int_equal(vlapic_pending(&vcpus[0]), 0x4f);
}

static void every_vector_is_found_in_its_register(UNUSED void **state)
{
    for (unsigned vector = APIC_VECTOR_MIN; vector < 256; vector++) {
        vlapic_reset(&vcpus[0]);
        write(APIC_REG_SVR, 0x1ff);
        vlapic_set_irq(&vcpus[0], (uint8_t)vector);
        assert_int_equal(read(APIC_REG_IRR + vector / 32), 1u << vector % 32);
        vlapic_accept(&vcpus[0], (uint8_t)vector);
        assert_int_equal(read(APIC_REG_IRR + vector / 32), 0);
        assert_int_equal(read(APIC_REG_ISR + vector / 32), 1u << vector % 32);
    }
}

static void an_nmi_that_waits_is_no_interrupt(UNUSED void **state)
{
    atomic_fetch_or(&vcpus[0].arch.vlapic.waiting, VLAPIC_NMI);
    assert_true(vlapic_is_waiting(&vcpus[0].arch.vlapic, VLAPIC_NMI));
    assert_int_equal(vlapic_pending(&vcpus[0]), -1);
    assert_int_equal(read(APIC_REG_IRR), 0);
}

static void a_disabled_apic_takes_nothing(UNUSED void **state)
{
    write(APIC_REG_SVR, 0xff);
    vlapic_set_irq(&vcpus[0], 0x90);
    assert_false(vlapic_is_waiting(&vcpus[0].arch.vlapic, VLAPIC_IRQ));
    write(APIC_REG_LVT, 0x40);
    assert_int_equal(read(APIC_REG_LVT), APIC_LVT_MASKED | 0x40);
}

static void reserved_bits_and_registers_are_refused_in_msr_form(UNUSED void **state)
{
    static const struct {
        uint32_t reg;
        uint64_t value;
    } rows[] = {
        {APIC_REG_ID, 0},           {APIC_REG_VERSION, 0},
        {APIC_REG_TPR, 0x100},      {APIC_REG_EOI, 1},
        {APIC_REG_ESR, 1},          {APIC_REG_SVR, 0x1000},
        {APIC_REG_LVT, 0x80000},    {APIC_REG_ISR, 0},
        {APIC_REG_ICR, 0x100000},   {APIC_REG_ICR_HIGH, 0},
        {APIC_REG_TIMER_NOW, 0},    {APIC_REG_SELF_IPI, 0x100},
        {APIC_REG_DFR, 0xffffffff}, {APIC_REG_TIMER_INIT, UINT64_C(1) << 32},
    };
    uint64_t value;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(vlapic_msr_write(&vcpus[0], rows[i].reg, rows[i].value), -EINVAL);
    assert_int_equal(vlapic_msr_read(&vcpus[0], APIC_REG_EOI, &value), -EINVAL);
    assert_int_equal(vlapic_msr_read(&vcpus[0], APIC_REG_SELF_IPI, &value), -EINVAL);
    assert_int_equal(vlapic_msr_read(&vcpus[0], 0x2f, &value), -EINVAL);
}

static void modes_change_only_as_the_manual_allows(UNUSED void **state)
{
    const uint64_t base = VLAPIC_BASE_RESET | VLAPIC_BASE_BSP;
    uint64_t value;

    assert_int_equal(vlapic_write_base(&vcpus[0], base | VLAPIC_BASE_ENABLE), -EINVAL);
    assert_int_equal(vlapic_write_base(&vcpus[0], base | X2APIC | 0x1000), -EINVAL);
    assert_int_equal(vlapic_write_base(&vcpus[0], VLAPIC_BASE_RESET | X2APIC), -EINVAL);
    assert_int_equal(loads, 0);
    assert_int_equal(vlapic_write_base(&vcpus[0], base), 0);
    assert_int_equal(loads, 1); /* the task priority is 0 */
    assert_false(vlapic_has_page(&vcpus[0]));
    assert_int_equal(vlapic_write_base(&vcpus[0], base | X2APIC), -EINVAL);
    assert_int_equal(vlapic_write_base(&vcpus[0], base | VLAPIC_BASE_EXTD), -EINVAL);
    assert_int_equal(vlapic_write_base(&vcpus[0], base | VLAPIC_BASE_ENABLE), 0);
    assert_true(vlapic_has_page(&vcpus[0]));
    assert_int_equal(vlapic_msr_read(&vcpus[0], APIC_REG_ID, &value), -EINVAL);
    assert_int_equal(vlapic_write_base(&vcpus[0], base | X2APIC), 0);
    assert_int_equal(read(APIC_REG_ID), 0);
}

static void the_page_shows_the_id_in_its_upper_byte(UNUSED void **state)
{
    vcpus[3].arch.vlapic.base_msr = VLAPIC_BASE_RESET | VLAPIC_BASE_ENABLE;
    assert_int_equal(vlapic_page_read(&vcpus[3], APIC_REG_ID), 6u << 24);
    assert_int_equal(vlapic_page_read(&vcpus[3], APIC_REG_VERSION), APIC_VERSION_VALUE);
    assert_int_equal(vlapic_page_read(&vcpus[3], 0x3c), 0);
}

static void run_timers_at(uint64_t ns)
{
    fake_ns = ns;
    timer_run();
}

static void the_one_shot_timer_fires_once_on_time(UNUSED void **state)
{
    write(APIC_REG_TIMER_DIVIDE, DIVIDE_BY_1);
    write(APIC_REG_LVT, 0xec);
    write(APIC_REG_TIMER_INIT, 1000);
    run_timers_at(SECOND + 400 * TICK_NS);
    assert_int_equal(read(APIC_REG_TIMER_NOW), 600);
    assert_int_equal(vlapic_pending(&vcpus[0]), -1);
    run_timers_at(SECOND + 1000 * TICK_NS);
    assert_int_equal(vlapic_pending(&vcpus[0]), 0xec);
    assert_int_equal(read(APIC_REG_TIMER_NOW), 0);
    assert_false(timer_is_set(&vcpus[0].arch.vlapic.timer));
}

static void the_divider_slows_the_timer(UNUSED void **state)
{
    static const struct {
        uint32_t code, divisor;
    } rows[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {0xa, 128}, {0xb, 1}};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        write(APIC_REG_TIMER_DIVIDE, rows[i].code);
        write(APIC_REG_TIMER_INIT, 1000);
        assert_int_equal(timer_deadline(&vcpus[0].arch.vlapic.timer),
                         fake_ns + 1000 * TICK_NS * rows[i].divisor);
    }
}

static void the_periodic_timer_goes_on_in_step(UNUSED void **state)
{
    const uint64_t period = 1000000 * TICK_NS;

    write(APIC_REG_TIMER_DIVIDE, DIVIDE_BY_1);
    write(APIC_REG_LVT, APIC_TIMER_PERIODIC | 0xec);
    write(APIC_REG_TIMER_INIT, 1000000);
    run_timers_at(SECOND + period + 70);
    assert_int_equal(vlapic_pending(&vcpus[0]), 0xec);
    assert_int_equal(timer_deadline(&vcpus[0].arch.vlapic.timer), SECOND + 2 * period);
    assert_int_equal(read(APIC_REG_TIMER_NOW), 1000000 - 7);
    /* Late by three periods: one interrupt, and in step again. */
    run_timers_at(SECOND + 5 * period + 10);
    assert_int_equal(timer_deadline(&vcpus[0].arch.vlapic.timer), SECOND + 6 * period);
}

static void a_tiny_period_does_not_keep_the_host_busy(UNUSED void **state)
{
    write(APIC_REG_TIMER_DIVIDE, DIVIDE_BY_1);
    write(APIC_REG_LVT, APIC_TIMER_PERIODIC | 0xec);
    write(APIC_REG_TIMER_INIT, 1);
    run_timers_at(SECOND + 1000);
    assert_true(timer_deadline(&vcpus[0].arch.vlapic.timer) >= fake_ns + 100000);
    /* Nobody has taken it: the next ones are rarer still. */
    run_timers_at(SECOND + 200000);
    assert_true(timer_deadline(&vcpus[0].arch.vlapic.timer) >= fake_ns + 1000000);
    vlapic_accept(&vcpus[0], 0xec);
    run_timers_at(2 * SECOND);
    assert_true(timer_deadline(&vcpus[0].arch.vlapic.timer) < fake_ns + 1000000);
}

static void a_masked_timer_fires_silently(UNUSED void **state)
{
    write(APIC_REG_LVT, APIC_LVT_MASKED | 0xec);
    write(APIC_REG_TIMER_INIT, 10);
    run_timers_at(2 * SECOND);
    assert_int_equal(vlapic_pending(&vcpus[0]), -1);
}

static void the_deadline_timer_fires_at_its_tsc(UNUSED void **state)
{
    vcpus[0].arch.tsc_offset = 5000; /* the fake TSC is the clock */
    vlapic_write_deadline(&vcpus[0], SECOND + 9000);
    assert_int_equal(vlapic_read_deadline(&vcpus[0]), 0); /* not in that mode: ignored */
    write(APIC_REG_LVT, APIC_TIMER_DEADLINE | 0xec);
    vlapic_write_deadline(&vcpus[0], SECOND + 9000);
    assert_int_equal(vlapic_read_deadline(&vcpus[0]), SECOND + 9000);
    write(APIC_REG_TIMER_INIT, 100); /* ignored */
    write(APIC_REG_TIMER_DIVIDE, DIVIDE_BY_1);
    assert_int_equal(read(APIC_REG_TIMER_INIT), 0);
    assert_int_equal(timer_deadline(&vcpus[0].arch.vlapic.timer), SECOND + 4000);
    run_timers_at(SECOND + 4000);
    assert_int_equal(vlapic_pending(&vcpus[0]), 0xec);
    assert_int_equal(vlapic_read_deadline(&vcpus[0]), 0);
}

static void deadlines_past_and_never(UNUSED void **state)
{
    write(APIC_REG_LVT, APIC_TIMER_DEADLINE | 0xec);
    vlapic_write_deadline(&vcpus[0], UINT64_MAX);
    assert_false(timer_is_set(&vcpus[0].arch.vlapic.timer));
    vlapic_write_deadline(&vcpus[0], 1);
    run_timers_at(SECOND);
    assert_int_equal(vlapic_pending(&vcpus[0]), 0xec);
    vlapic_write_deadline(&vcpus[0], 2 * SECOND);
    vlapic_write_deadline(&vcpus[0], 0);
    assert_false(timer_is_set(&vcpus[0].arch.vlapic.timer));
}

static void up_all(void)
{
    for (uint32_t i = 1; i < VCPUS; i++) {
        atomic_fetch_and(&vcpus[i].stop, ~VCPU_DOWN);
        vcpus[i].arch.vlapic.is_waiting_for_sipi = false;
    }
}

static unsigned receivers(void)
{
    unsigned mask = 0;

    for (uint32_t i = 0; i < VCPUS; i++)
        mask |= vlapic_is_waiting(&vcpus[i].arch.vlapic, VLAPIC_IRQ) ? 1u << i : 0;
    return mask;
}

static void ipis_reach_whom_they_name(UNUSED void **state)
{
    static const struct {
        uint64_t icr;
        unsigned receivers;
    } rows[] = {
        {UINT64_C(4) << 32 | 0x50, 1u << 2},               /* physical: APIC ID 4 */
        {UINT64_C(5) << 32 | 0x50, 0},                     /* nobody */
        {UINT64_C(0xffffffff) << 32 | 0x50, 0xf},          /* broadcast */
        {UINT64_C(0x50) << 32 | 0x850, 1u << 2 | 1u << 3}, /* logical: bits 4 and 6 of cluster 0 */
        {UINT64_C(0x10050) << 32 | 0x850, 0},              /* another cluster */
        {UINT64_C(0x50) << 32 | 0x950, 1u << 2},           /* lowest priority: one of them */
        {0x40050, 1},                                      /* self */
        {0x80050, 0xf},                                    /* all */
        {0xc0050, 0xe},                                    /* others */
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        setup(NULL);
        up_all();
        write(APIC_REG_ICR, rows[i].icr);
        assert_int_equal(receivers(), rows[i].receivers);
    }
}

static void the_page_form_matches_flat_and_cluster(UNUSED void **state)
{
    struct vlapic *l = &vcpus[1].arch.vlapic;

    l->base_msr = VLAPIC_BASE_RESET | VLAPIC_BASE_ENABLE;
    assert_true(vlapic_matches(&vcpus[1], 2, false));
    assert_true(vlapic_matches(&vcpus[1], 0xff, false));
    assert_false(vlapic_matches(&vcpus[1], 3, false));
    assert_int_equal(vlapic_page_write(&vcpus[1], APIC_REG_LDR, 0x02000000), 0);
    assert_true(vlapic_matches(&vcpus[1], 0x06, true));
    assert_false(vlapic_matches(&vcpus[1], 0x04, true));
    assert_int_equal(vlapic_page_write(&vcpus[1], APIC_REG_DFR, 0), 0);
    assert_int_equal(vlapic_page_write(&vcpus[1], APIC_REG_LDR, 0x34000000), 0);
    assert_true(vlapic_matches(&vcpus[1], 0x3c, true));
    assert_false(vlapic_matches(&vcpus[1], 0x2c, true));
    assert_false(vlapic_matches(&vcpus[1], 0x32, true));
}

static void a_bad_vector_is_an_error_of_the_sender(UNUSED void **state)
{
    write(APIC_REG_ICR, 0x4000f);
    assert_int_equal(receivers(), 0);
    assert_int_equal(read(APIC_REG_ESR), 0);
    write(APIC_REG_ESR, 0);
    assert_int_equal(read(APIC_REG_ESR), APIC_ESR_SEND_VECTOR);
    write(APIC_REG_ESR, 0);
    assert_int_equal(read(APIC_REG_ESR), 0);
}

static void a_waiting_vcpu_takes_nothing_but_its_start(UNUSED void **state)
{
    write(APIC_REG_ICR, UINT64_C(2) << 32 | 0x50);
    write(APIC_REG_ICR, UINT64_C(2) << 32 | 0x400);
    assert_int_equal(receivers(), 0);
    assert_int_equal(nmi_vcpu, -1);
    write(APIC_REG_ICR, UINT64_C(2) << 32 | 0x4500);
    write(APIC_REG_ICR, UINT64_C(2) << 32 | 0x69a);
    assert_int_equal(started_vcpu, 1);
    assert_int_equal(started_vector, 0x9a);
    assert_true(vcpu_is_up(&vcpus[1]));
    assert_true(vcpus[1].is_initialised);
}

static void a_second_start_is_ignored(UNUSED void **state)
{
    write(APIC_REG_ICR, UINT64_C(2) << 32 | 0x69a);
    started_vcpu = -1;
    write(APIC_REG_ICR, UINT64_C(2) << 32 | 0x655);
    assert_int_equal(started_vcpu, -1);
}

static void init_stops_a_running_vcpu_until_its_start(UNUSED void **state)
{
    up_all();
    atomic_store(&vcpus[2].sched.is_running, true); /* on another CPU */
    write(APIC_REG_ICR, UINT64_C(4) << 32 | 0x4500);
    assert_false(vcpu_is_up(&vcpus[2]));
    assert_int_equal(vlapic_msr_write(&vcpus[0], APIC_REG_ICR, UINT64_C(4) << 32 | 0x609), -EAGAIN);
    assert_int_equal(started_vcpu, -1);
    atomic_store(&vcpus[2].sched.is_running, false);
    write(APIC_REG_ICR, UINT64_C(4) << 32 | 0x609);
    assert_int_equal(started_vcpu, 2);
}

static void init_deassert_does_nothing(UNUSED void **state)
{
    up_all();
    write(APIC_REG_ICR, UINT64_C(4) << 32 | 0x8500);
    assert_true(vcpu_is_up(&vcpus[2]));
}

static void an_nmi_reaches_a_running_vcpu(UNUSED void **state)
{
    up_all();
    write(APIC_REG_ICR, UINT64_C(6) << 32 | 0x400);
    assert_int_equal(nmi_vcpu, 3);
}

static void records_bring_everything_back(UNUSED void **state)
{
    static struct hvm_hw_lapic_regs regs, again;
    struct hvm_hw_lapic head = {0};

    write(APIC_REG_TPR, 0x20);
    write(APIC_REG_LVT + 4, 0x400);
    write(APIC_REG_LVT, 0xec);
    write(APIC_REG_TIMER_DIVIDE, DIVIDE_BY_1);
    write(APIC_REG_TIMER_INIT, 1000);
    vlapic_set_irq(&vcpus[0], 0x71);
    vlapic_set_irq(&vcpus[0], 0xb2);
    vlapic_accept(&vcpus[0], 0xb2);
    vlapic_get_record(&vcpus[0], &head);
    vlapic_get_regs(&vcpus[0], &regs);

    vcpus[0].arch.vlapic.base_msr = VLAPIC_BASE_RESET | VLAPIC_BASE_BSP | VLAPIC_BASE_ENABLE;
    vlapic_reset(&vcpus[0]);
    assert_int_equal(vlapic_set_record(&vcpus[0], &head, sizeof(head)), 0);
    assert_int_equal(vlapic_set_regs(&vcpus[0], &regs, sizeof(regs)), 0);
    vlapic_get_regs(&vcpus[0], &again);
    assert_memory_equal(&regs, &again, sizeof(regs));
    assert_true(vlapic_is_waiting(&vcpus[0].arch.vlapic, VLAPIC_IRQ));
    run_timers_at(SECOND + 1000 * TICK_NS);
    assert_int_equal(read(APIC_REG_IRR + 0xec / 32), 1u << 0xec % 32);
}

static void a_deadline_goes_on_after_its_records(UNUSED void **state)
{
    static struct hvm_hw_lapic_regs regs;
    struct hvm_hw_lapic head = {0};

    write(APIC_REG_LVT, APIC_TIMER_DEADLINE | 0xec);
    vlapic_write_deadline(&vcpus[0], 2 * SECOND);
    vlapic_get_record(&vcpus[0], &head);
    vlapic_get_regs(&vcpus[0], &regs);
    vlapic_reset(&vcpus[0]);
    assert_int_equal(vlapic_set_record(&vcpus[0], &head, sizeof(head)), 0);
    assert_int_equal(vlapic_set_regs(&vcpus[0], &regs, sizeof(regs)), 0);
    run_timers_at(2 * SECOND);
    assert_int_equal(vlapic_pending(&vcpus[0]), 0xec);
}

static void records_that_cannot_be_are_refused(UNUSED void **state)
{
    static struct hvm_hw_lapic_regs regs;
    struct hvm_hw_lapic head = {.apic_base_msr =
                                    VLAPIC_BASE_RESET | VLAPIC_BASE_BSP | VLAPIC_BASE_EXTD};

    assert_int_equal(vlapic_set_record(&vcpus[0], &head, sizeof(head)), -EINVAL);
    head.apic_base_msr = UINT64_C(0xfed00900);
    assert_int_equal(vlapic_set_record(&vcpus[0], &head, sizeof(head)), -EINVAL);
    memset(&regs, 0xff, sizeof(regs));
    assert_int_equal(vlapic_set_regs(&vcpus[0], &regs, sizeof(regs)), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_highest_vector_comes_first, setup),
        cmocka_unit_test_setup(a_vector_in_service_holds_its_class_back_until_eoi, setup),
        cmocka_unit_test_setup(the_task_priority_holds_its_class_and_those_below_back, setup),
        cmocka_unit_test_setup(every_vector_is_found_in_its_register, setup),
        cmocka_unit_test_setup(an_nmi_that_waits_is_no_interrupt, setup),
        cmocka_unit_test_setup(a_disabled_apic_takes_nothing, setup),
        cmocka_unit_test_setup(reserved_bits_and_registers_are_refused_in_msr_form, setup),
        cmocka_unit_test_setup(modes_change_only_as_the_manual_allows, setup),
        cmocka_unit_test_setup(the_page_shows_the_id_in_its_upper_byte, setup),
        cmocka_unit_test_setup(the_one_shot_timer_fires_once_on_time, setup),
        cmocka_unit_test_setup(the_divider_slows_the_timer, setup),
        cmocka_unit_test_setup(the_periodic_timer_goes_on_in_step, setup),
        cmocka_unit_test_setup(a_tiny_period_does_not_keep_the_host_busy, setup),
        cmocka_unit_test_setup(a_masked_timer_fires_silently, setup),
        cmocka_unit_test_setup(the_deadline_timer_fires_at_its_tsc, setup),
        cmocka_unit_test_setup(deadlines_past_and_never, setup),
        cmocka_unit_test_setup(ipis_reach_whom_they_name, setup),
        cmocka_unit_test_setup(the_page_form_matches_flat_and_cluster, setup),
        cmocka_unit_test_setup(a_bad_vector_is_an_error_of_the_sender, setup),
        cmocka_unit_test_setup(a_waiting_vcpu_takes_nothing_but_its_start, setup),
        cmocka_unit_test_setup(a_second_start_is_ignored, setup),
        cmocka_unit_test_setup(init_stops_a_running_vcpu_until_its_start, setup),
        cmocka_unit_test_setup(init_deassert_does_nothing, setup),
        cmocka_unit_test_setup(an_nmi_reaches_a_running_vcpu, setup),
        cmocka_unit_test_setup(records_bring_everything_back, setup),
        cmocka_unit_test_setup(a_deadline_goes_on_after_its_records, setup),
        cmocka_unit_test_setup(records_that_cannot_be_are_refused, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
