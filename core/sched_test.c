/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduler under a fake clock: shares, caps, affinity, preemption, idle CPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/sched.h"
#include "lib/errno.h"
#include "pv-abi/vcpu.h"
#include "pv-abi/xen.h"
#include "tests/fake/fake_cpu.h"

#define MS        UINT64_C(1000000)
#define SECOND    (1000 * MS)
#define STEP_NS   UINT64_C(20000) /* how finely CPUs are looked at */
#define VCPUS_MAX 8u

static struct domain domains[VCPUS_MAX];
static struct vcpu vcpus[VCPUS_MAX];
static struct vcpu_info infos[VCPUS_MAX];

/* COUNT domains with one vCPU each, all down. */
static void make(uint32_t cpus_wanted, uint32_t count)
{
    fake_cpus_init(cpus_wanted, SECOND);
    memset(domains, 0, sizeof(domains));
    memset(vcpus, 0, sizeof(vcpus));
    memset(infos, 0, sizeof(infos));
    sched_init();
    for (uint32_t i = 0; i < cpus_wanted; i++) {
        fake_on_cpu(i);
        sched_run();
    }
    fake_on_cpu(0);
    for (uint32_t i = 0; i < count; i++) {
        struct domain *d = &domains[i];
        struct vcpu *v = &vcpus[i];

        d->id = (uint16_t)(i + 1);
        d->vcpu_max = 1;
        d->vcpu[0] = v;
        lock_init(&d->lock, LOCK_DOMAIN);
        atomic_store(&d->refs, 1);
        sched_domain_init(d);
        v->domain = d;
        atomic_store(&v->stop, VCPU_DOWN);
        v->info = &infos[i];
        v->runstate = RUNSTATE_offline;
        v->runstate_entry_ns = fake_ns;
        sched_vcpu_init(v);
    }
}

static void up_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        vcpu_go(&vcpus[i], VCPU_DOWN);
}

/* What a CPU does when it leaves its guest. */
static void look(uint32_t cpu)
{
    uint32_t pending;

    fake_on_cpu(cpu);
    if (fake_armed(cpu) <= fake_ns)
        atomic_fetch_or(&cpus[cpu].pending, CPU_PENDING_TIMER);
    while ((pending = atomic_exchange(&cpus[cpu].pending, 0)) != 0) {
        if (pending & CPU_PENDING_TIMER)
            timer_run();
        if (pending & CPU_PENDING_SCHED)
            sched_run();
    }
}

static void look_all(void)
{
    for (uint32_t round = 0; round < 4; round++)
        for (uint32_t i = 0; i < cpu_count; i++)
            look(i);
}

/* Lets NS go by; each(), if any, is called at every step. */
static void pass(uint64_t ns, void (*each)(void))
{
    uint64_t end = fake_ns + ns;

    while (fake_ns < end) {
        look_all();
        if (each)
            each();
        look_all();
        fake_ns += STEP_NS;
    }
    look_all();
}

/* CPU time of vCPU I up to this moment. */
static uint64_t used(uint32_t i)
{
    uint64_t ns = vcpus[i].runstate_ns[RUNSTATE_running];

    if (vcpus[i].runstate == RUNSTATE_running)
        ns += fake_ns - vcpus[i].runstate_entry_ns;
    return ns;
}

static void assert_near(uint64_t value, uint64_t wanted, uint64_t percent)
{
    assert_in_range(value, wanted - wanted * percent / 100, wanted + wanted * percent / 100);
}

static void test_shares_follow_weights(UNUSED void **state)
{
    make(1, 3);
    assert_int_equal(sched_set_params(&domains[0], 128, 0), 0);
    assert_int_equal(sched_set_params(&domains[1], 256, 0), 0);
    assert_int_equal(sched_set_params(&domains[2], 512, 0), 0);
    up_all(3);
    pass(7 * SECOND, NULL);
    assert_near(used(0), 1 * SECOND, 2);
    assert_near(used(1), 2 * SECOND, 2);
    assert_near(used(2), 4 * SECOND, 2);
}

static void test_cap_holds_on_an_idle_cpu(UNUSED void **state)
{
    make(1, 1);
    assert_int_equal(sched_set_params(&domains[0], SCHED_WEIGHT_DEFAULT, 30), 0);
    up_all(1);
    pass(4 * SECOND, NULL);
    assert_near(used(0), 1200 * MS, 3);
}

static void test_cap_leaves_the_rest_to_others(UNUSED void **state)
{
    make(1, 2);
    assert_int_equal(sched_set_params(&domains[0], SCHED_WEIGHT_DEFAULT, 20), 0);
    up_all(2);
    pass(4 * SECOND, NULL);
    assert_near(used(0), 800 * MS, 3);
    assert_near(used(1), 3200 * MS, 3);
}

static void test_wrong_parameters_are_refused(UNUSED void **state)
{
    make(1, 1);
    assert_int_equal(sched_set_params(&domains[0], 0, 0), -EINVAL);
    assert_int_equal(sched_set_params(&domains[0], 65536, 0), -EINVAL);
    assert_int_equal(sched_set_params(&domains[0], 1, 100 * CPU_MAX + 1), -EINVAL);
    assert_int_equal(sched_set_affinity(&vcpus[0], 2), -EINVAL);
    assert_int_equal(domains[0].sched.weight, SCHED_WEIGHT_DEFAULT);
}

static void test_two_cpus_are_both_used(UNUSED void **state)
{
    make(2, 2);
    up_all(2);
    pass(SECOND, NULL);
    assert_near(used(0), SECOND, 1);
    assert_near(used(1), SECOND, 1);
}

static void test_affinity_holds_and_moves(UNUSED void **state)
{
    make(2, 2);
    assert_int_equal(sched_set_affinity(&vcpus[0], 1), 0);
    assert_int_equal(sched_set_affinity(&vcpus[1], 1), 0);
    up_all(2);
    pass(SECOND, NULL);
    assert_near(used(0), SECOND / 2, 2);
    assert_null(fake_current(1));
    assert_int_equal(sched_set_affinity(&vcpus[1], 2), 0);
    pass(SECOND, NULL);
    assert_ptr_equal(fake_current(1), &vcpus[1]);
    assert_near(used(1), SECOND / 2 + SECOND, 2);
    /* A running one moves too. */
    assert_int_equal(sched_set_affinity(&vcpus[1], 1), 0);
    pass(10 * MS, NULL);
    assert_null(fake_current(1));
}

static uint64_t longest_wait, wake_at;

/* vCPU 1 sleeps 7 ms and works a step. */
static void sleeper(void)
{
    struct vcpu *v = &vcpus[1];

    if (fake_current(v->sched.cpu) == v) {
        if (wake_at && fake_ns - wake_at > longest_wait)
            longest_wait = fake_ns - wake_at;
        wake_at = 0;
        if (v->runstate_entry_ns == fake_ns)
            return;
        fake_on_cpu(v->sched.cpu);
        vcpu_block(v);
    } else if ((atomic_load(&v->stop) & VCPU_BLOCKED) && !wake_at &&
               fake_ns - v->runstate_entry_ns > 7 * MS) {
        wake_at = fake_ns;
        fake_on_cpu(0);
        vcpu_wake(v);
    }
}

static void test_endless_loop_delays_nobody(UNUSED void **state)
{
    make(1, 2);
    longest_wait = wake_at = 0;
    up_all(2);
    pass(SECOND, sleeper);
    assert_true(used(1) > 0);
    assert_true(longest_wait <= MS);
    assert_near(used(0), SECOND - used(1), 1);
}

static void test_sleeper_saves_no_time_up(UNUSED void **state)
{
    make(1, 2);
    vcpu_go(&vcpus[0], VCPU_DOWN);
    pass(5 * SECOND, NULL);
    vcpu_go(&vcpus[1], VCPU_DOWN);
    pass(SECOND, NULL);
    assert_near(used(1), SECOND / 2, 3);
}

static void test_paused_domain_stops_and_goes_on(UNUSED void **state)
{
    uint64_t before;

    make(2, 2);
    up_all(2);
    pass(100 * MS, NULL);
    fake_on_cpu(0);
    domain_pause(&domains[1]);
    assert_false(domain_is_stopped(&domains[1]));
    look_all();
    assert_true(domain_is_stopped(&domains[1]));
    assert_int_equal(vcpus[1].runstate, RUNSTATE_offline);
    before = used(1);
    pass(100 * MS, NULL);
    assert_int_equal(used(1), before);
    assert_int_equal(domain_unpause(&domains[1]), 0);
    pass(100 * MS, NULL);
    assert_near(used(1), before + 100 * MS, 2);
}

static void test_idle_cpu_takes_waiting_work(UNUSED void **state)
{
    make(2, 3);
    up_all(3);
    pass(100 * MS, NULL);
    /* Two share a CPU; the one alone on the other goes to sleep. */
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t cpu = vcpus[i].sched.cpu;

        if (vcpus[(i + 1) % 3].sched.cpu != cpu && vcpus[(i + 2) % 3].sched.cpu != cpu) {
            uint64_t a = used((i + 1) % 3), b = used((i + 2) % 3);

            fake_on_cpu(cpu);
            domain_pause(&domains[i]);
            pass(SECOND, NULL);
            assert_near(used((i + 1) % 3) - a, SECOND, 2);
            assert_near(used((i + 2) % 3) - b, SECOND, 2);
            return;
        }
    }
    fail_msg("no vCPU is alone on its CPU");
}

static void test_two_wakes_find_two_idle_cpus(UNUSED void **state)
{
    make(2, 2);
    vcpus[1].sched.cpu = vcpus[0].sched.cpu;
    up_all(2);
    assert_int_not_equal(vcpus[0].sched.cpu, vcpus[1].sched.cpu);
}

static void test_load_is_evened_by_weight(UNUSED void **state)
{
    uint64_t before[3];

    make(2, 3);
    assert_int_equal(sched_set_params(&domains[0], 128, 0), 0);
    assert_int_equal(sched_set_params(&domains[1], 256, 0), 0);
    assert_int_equal(sched_set_params(&domains[2], 512, 0), 0);
    up_all(3);
    pass(200 * MS, NULL);
    for (uint32_t i = 0; i < 3; i++)
        before[i] = used(i);
    pass(3 * SECOND, NULL);
    assert_near(used(0) - before[0], SECOND, 3);
    assert_near(used(1) - before[1], 2 * SECOND, 3);
    assert_near(used(2) - before[2], 3 * SECOND, 3);
}

static void test_three_equals_share_two_cpus(UNUSED void **state)
{
    make(2, 3);
    up_all(3);
    pass(6 * SECOND, NULL);
    for (uint32_t i = 0; i < 3; i++)
        assert_near(used(i), 4 * SECOND, 5);
}

static void test_yield_lets_the_other_run(UNUSED void **state)
{
    struct vcpu *first;

    make(1, 2);
    up_all(2);
    look_all();
    first = fake_current(0);
    sched_yield();
    look_all();
    assert_ptr_not_equal(fake_current(0), first);
}

static void test_a_look_for_who_waits_no_more_is_in_vain(UNUSED void **state)
{
    struct vcpu *first, *second;

    make(1, 2);
    up_all(2);
    look_all();
    first = fake_current(0);
    second = first == &vcpus[0] ? &vcpus[1] : &vcpus[0];
    for (uint32_t round = 0; round < 2; round++) {
        assert_in_range(fake_armed(0), fake_ns, fake_ns + SECOND);
        if (round == 1)
            vcpu_stop(second, VCPU_PAUSED);
        fake_ns = fake_armed(0);
        timer_run();
        assert_int_equal(atomic_exchange(&cpus[0].pending, 0), round == 0 ? CPU_PENDING_SCHED : 0);
        if (round == 0)
            sched_run();
        if (round == 0 && fake_current(0) == second)
            second = first;
    }
    /* Who comes then has its look. */
    vcpu_go(second, VCPU_PAUSED);
    assert_int_not_equal(fake_armed(0), UINT64_MAX);
}

static void test_runstates_add_up(UNUSED void **state)
{
    const uint64_t *ns = vcpus[0].runstate_ns;
    uint64_t sum = 0;

    make(1, 2);
    up_all(2);
    pass(300 * MS, NULL);
    fake_on_cpu(0);
    domain_pause(&domains[0]);
    look_all();
    for (int i = 0; i < 4; i++)
        sum += ns[i];
    assert_int_equal(sum, vcpus[0].runstate_entry_ns - SECOND);
    assert_near(ns[RUNSTATE_running], 150 * MS, 5);
    assert_near(ns[RUNSTATE_runnable], 150 * MS, 5);
}

static void test_switch_saves_and_loads_once(UNUSED void **state)
{
    uint32_t loads;

    make(1, 2);
    up_all(2);
    look_all();
    loads = fake_loads;
    pass(50 * MS, NULL);
    assert_int_equal(fake_loads - fake_saves, 1);
    assert_in_range(fake_loads - loads, 8, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_follow_weights),
        cmocka_unit_test(test_cap_holds_on_an_idle_cpu),
        cmocka_unit_test(test_cap_leaves_the_rest_to_others),
        cmocka_unit_test(test_wrong_parameters_are_refused),
        cmocka_unit_test(test_two_cpus_are_both_used),
        cmocka_unit_test(test_affinity_holds_and_moves),
        cmocka_unit_test(test_endless_loop_delays_nobody),
        cmocka_unit_test(test_sleeper_saves_no_time_up),
        cmocka_unit_test(test_paused_domain_stops_and_goes_on),
        cmocka_unit_test(test_idle_cpu_takes_waiting_work),
        cmocka_unit_test(test_two_wakes_find_two_idle_cpus),
        cmocka_unit_test(test_load_is_evened_by_weight),
        cmocka_unit_test(test_three_equals_share_two_cpus),
        cmocka_unit_test(test_yield_lets_the_other_run),
        cmocka_unit_test(test_a_look_for_who_waits_no_more_is_in_vain),
        cmocka_unit_test(test_runstates_add_up),
        cmocka_unit_test(test_switch_saves_and_loads_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
