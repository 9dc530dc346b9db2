/* SPDX-License-Identifier: BSD-2-Clause */
/* Deadline queues: order, arming, other CPUs, and the heap below against a sorted model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "core/queue.h"
#include "core/timer.h"
#include "tests/fake/fake_cpu.h"

#define TIMERS 64u

static struct timer timers[TIMERS];
static uint32_t fired[256];
static uint32_t fired_count;

static void fire(struct timer *timer)
{
    fired[fired_count++] = (uint32_t)(timer - timers);
}

static int setup(UNUSED void **state)
{
    fake_cpus_init(2, 1000);
    timer_boot();
    fired_count = 0;
    for (uint32_t i = 0; i < TIMERS; i++) {
        timer_init(&timers[i], fire);
    }
    return 0;
}

static void test_fires_in_order_and_not_early(UNUSED void **state)
{
    timer_set(&timers[0], 3000);
    timer_set(&timers[1], 2000);
    timer_set(&timers[2], 2500);
    assert_int_equal(fake_armed(0), 2000);
    assert_int_equal(timer_next(), 2000);
    fake_ns = 2600;
    timer_run();
    assert_int_equal(fired_count, 2);
    assert_int_equal(fired[0], 1);
    assert_int_equal(fired[1], 2);
    assert_int_equal(fake_armed(0), 3000);
    fake_ns = 3000;
    timer_run();
    assert_int_equal(fired_count, 3);
    assert_int_equal(fake_armed(0), UINT64_MAX);
}

static void test_past_deadline_fires_at_the_next_look(UNUSED void **state)
{
    timer_set(&timers[0], 1);
    assert_int_equal(fake_armed(0), 1);
    assert_int_equal(fired_count, 0);
    timer_run();
    assert_int_equal(fired_count, 1);
}

static void test_setting_again_replaces(UNUSED void **state)
{
    timer_set(&timers[0], 2000);
    timer_set(&timers[0], 5000);
    fake_ns = 3000;
    timer_run();
    assert_int_equal(fired_count, 0);
    assert_int_equal(fake_armed(0), 5000);
    timer_cancel(&timers[0]);
    fake_ns = 6000;
    timer_run();
    assert_int_equal(fired_count, 0);
    assert_int_equal(timer_next(), UINT64_MAX);
}

static void test_timer_moves_to_who_sets_it(UNUSED void **state)
{
    timer_set(&timers[0], 2000);
    fake_on_cpu(1);
    timer_set(&timers[0], 2500);
    timer_set(&timers[1], 2600);
    assert_int_equal(fake_armed(1), 2500);
    fake_on_cpu(0);
    timer_cancel(&timers[1]);
    fake_ns = 3000;
    timer_run();
    assert_int_equal(fired_count, 0);
    fake_on_cpu(1);
    timer_run();
    assert_int_equal(fired_count, 1);
    assert_int_equal(fired[0], 0);
}

static void fire_for_ever(struct timer *timer)
{
    fired_count++;
    timer_set(timer, 0);
}

static void test_one_run_is_bounded(UNUSED void **state)
{
    timer_init(&timers[0], fire_for_ever);
    timer_set(&timers[0], 0);
    timer_run();
    assert_in_range(fired_count, 1, 64);
    assert_int_equal(fake_armed(0), 0);
}

/* Inserts and removes at random: the smallest is always first. */
static void test_heap_against_a_list(UNUSED void **state)
{
    struct queue queue = {NULL};
    struct queue_node nodes[TIMERS] = {{0}};

    srand(1);
    for (unsigned step = 0; step < 20000; step++) {
        struct queue_node *node = &nodes[(unsigned)rand() % TIMERS];
        uint64_t least = UINT64_MAX;

        if (queue_holds(node)) {
            queue_remove(&queue, node);
        } else {
            node->key = (uint64_t)rand() % 50;
            queue_insert(&queue, node);
        }
        for (unsigned i = 0; i < TIMERS; i++)
            if (queue_holds(&nodes[i]) && nodes[i].key < least)
                least = nodes[i].key;
        assert_int_equal(queue.root ? queue.root->key : UINT64_MAX, least);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fires_in_order_and_not_early, setup),
        cmocka_unit_test_setup(test_past_deadline_fires_at_the_next_look, setup),
        cmocka_unit_test_setup(test_setting_again_replaces, setup),
        cmocka_unit_test_setup(test_timer_moves_to_who_sets_it, setup),
        cmocka_unit_test_setup(test_one_run_is_bounded, setup),
        cmocka_unit_test(test_heap_against_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
