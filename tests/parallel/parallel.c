/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread for each CPU runs the hypervisor's core as arch/x86/exit.c does, with the scheduler and
 * the timers choosing among guests that make hypercalls at random. ThreadSanitizer watches for data
 * races, DEBUG's assertions for the order of locks, the fake TLB for translations of frames that
 * are free; at the end every frame and page is back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "arch/x86/kick.h"
#include "core/hypercall.h"
#include "core/physmap.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"
#include "tests/parallel/parallel.h"
#include "tests/parallel/threads.h"

#define STEPS       60000u /* of each CPU, unless told otherwise */
#define STEP_NS     1000u
#define JUMP_NS     100000000u /* a period of caps */
#define JUMP_EVERY  8192u
#define LENGTH      3u /* of the hypercall instruction */
#define ORDER_CHUNK 9u

static uint64_t seed;
static uint32_t steps = STEPS;
static _Atomic uint32_t running = CPUS;           /* CPUs that still let guests act */
static _Atomic bool has_stopped;                  /* no vCPU runs any more */
static _Atomic uint64_t calls[64], successes[64]; /* by hypercall number */

/* ThreadSanitizer calls these for a volatile access. */
#define VOLATILE_ACCESS(size)                                                                      \
    void __tsan_volatile_read##size(const void *address);                                          \
    void __tsan_volatile_write##size(const void *address);                                         \
    void __tsan_volatile_read##size(UNUSED const void *address)                                    \
    {                                                                                              \
    }                                                                                              \
    void __tsan_volatile_write##size(UNUSED const void *address)                                   \
    {                                                                                              \
    }
VOLATILE_ACCESS(1)
VOLATILE_ACCESS(2)
VOLATILE_ACCESS(4)
VOLATILE_ACCESS(8)
VOLATILE_ACCESS(16)

static void take_pending(struct percpu *self)
{
    uint32_t bits = atomic_exchange(&self->cpu->pending, 0);

    if (bits & CPU_PENDING_HOST)
        fake_host_flush();
    if ((bits & CPU_PENDING_TIMER) || fake_armed(self->id) <= fake_ns)
        timer_run();
    if (bits & CPU_PENDING_SCHED)
        sched_run();
}

/* The guest keeps the number in R9. */
static void count(const struct guest_regs *regs)
{
    uint64_t number = regs->gpr[REG_R9] % ARRAY_SIZE(calls);

    if (regs->rip == 0)
        return;
    atomic_fetch_add_explicit(&calls[number], 1, memory_order_relaxed);
    if ((int64_t)regs->gpr[REG_RAX] >= 0)
        atomic_fetch_add_explicit(&successes[number], 1, memory_order_relaxed);
}

/* The guest has the CPU for a moment, unless something is pending. */
static void run_guest(struct percpu *self, bool may_act)
{
    struct vcpu *v = self->current;
    struct guest_regs *regs = &vcpu_private()->regs;
    struct vcpu_info *info;

    /* A new vCPU has not made a call that could be under way. */
    if (regs->gpr[REG_R9] == 0)
        regs->rip = LENGTH;
    p2m_enter(v);
    if (!cpu_enter_begin(self->cpu))
        return;
    if (regs->rip != 0 && may_act)
        guest_act(v);
    cpu_enter_end(self->cpu);
    self->pins_checked = 0;
    if (regs->rip == 0) {
        /* Without paging there are no entries to look at again. */
        pins_forget(self->window, WINDOW_WALK0);
        hypercall_dispatch(LENGTH);
        count(regs);
    }
    /* Another of its vCPUs may have seen this one down and gives it its place meanwhile. */
    info = __atomic_load_n(&v->info, __ATOMIC_ACQUIRE);
    __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
}

/* An interrupt for some vCPU: what blocks goes on. */
static void interrupt_some(void)
{
    struct domain *d = domain_get((uint16_t)random_below(GUESTS + 1));
    struct vcpu *v = d ? domain_vcpu(d, random_below(FAKE_VCPUS)) : NULL;

    if (v)
        vcpu_wake(v);
    if (d)
        domain_put(d);
}

static bool pause_all(void)
{
    bool is_all = true;
    struct domain *d;

    for (uint16_t from = 0; (d = domain_get_next(from)); from = (uint16_t)(d->id + 1)) {
        if (atomic_load(&d->pause_count) == 0)
            domain_pause(d);
        is_all &= domain_is_stopped(d);
        domain_put(d);
    }
    return is_all;
}

static void run_cpu(uint32_t cpu)
{
    struct percpu *self = this_cpu();

    fake_be_cpu(cpu);
    random_seed(seed * CPUS + cpu + 1);
    for (uint32_t step = 0; !atomic_load(&has_stopped); step++) {
        atomic_fetch_add(&fake_ns, STEP_NS / CPUS);
        fake_host_flush();
        take_pending(self);
        if (self->current)
            run_guest(self, step < steps);
        else
            frame_scrub_step();
        if (random_below(8) == 0)
            interrupt_some();
        if (random_below(JUMP_EVERY) == 0)
            atomic_fetch_add(&fake_ns, JUMP_NS);
        if (step == steps)
            atomic_fetch_sub(&running, 1);
        if (cpu == 0 && atomic_load(&running) == 0 && pause_all())
            atomic_store(&has_stopped, true);
    }
    assert_null(self->current);
}

static struct domain *make_control(void)
{
    struct domain *d = fake_domain_create(2 * CHUNK_FRAMES, 4096);

    assert_non_null(d);
    assert_int_equal(physmap_populate(d, (gfn_t){0}, ORDER_CHUNK), 0);
    d->is_privileged = true;
    for (uint32_t i = 0; i < CONTROL_VCPUS; i++) {
        d->vcpu[i]->is_initialised = true;
        vcpu_go(d->vcpu[i], VCPU_DOWN);
    }
    assert_int_equal(domain_unpause(d), 0);
    return d;
}

/* A domain whose last vCPU went down has shut down. */
static void check_down(const struct domain *d)
{
    bool is_down = atomic_load(&d->state) == DOMAIN_ALIVE;

    for (uint32_t i = 0; i < d->vcpu_max; i++)
        is_down &= d->vcpu[i]->is_initialised && !vcpu_is_up(d->vcpu[i]);
    if (is_down)
        assert_int_not_equal(d->shutdown_reason, SHUTDOWN_REASON_NONE);
}

static void run_cpus_at_once(void)
{
    struct frame_counts before, after;
    struct domain *d;

    frame_counts(&before);
    make_control();
    threads_run(CPUS, run_cpu);
    while ((d = domain_get_next(0))) {
        check_down(d);
        domain_put(d);
        fake_domain_destroy(d);
    }
    fake_idle();
    frame_counts(&after);
    assert_int_equal(after.heap_used, before.heap_used);
    assert_int_equal(after.free_clean + after.free_dirty, before.free_clean + before.free_dirty);
    assert_int_equal(fake_tlb_violations, 0);
    assert_int_equal(fake_vcpus, 0);
    printf("%u CPUs at once\n", CPUS);
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
        if (calls[i] != 0)
            printf("hypercall %u: %llu of %llu succeeded\n", i, (unsigned long long)successes[i],
                   (unsigned long long)calls[i]);
}

/* Arguments: a seed, and how many steps. */
int main(int count, char **arguments)
{
    if (count > 1)
        seed = strtoull(arguments[1], NULL, 0);
    if (count > 2)
        steps = (uint32_t)strtoull(arguments[2], NULL, 0);
    fake_memory_setup(NULL);
    delay_loads();
    timers_at_once();
    downs_at_once();
    run_cpus_at_once();
    return 0;
}
