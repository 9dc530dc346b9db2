/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: arch/x86/host_area.c */
/* The area region: slots are found, kept apart, dropped without memory and used again only after
 * every CPU's flush. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/host_pt.h"
#include "arch/x86/layout.h"
#include "lib/errno.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define TABLES_MAX 16u
#define TABLE_BASE 0x100u
#define MANY       1500u

static uint64_t tables[TABLES_MAX][512] ALIGNED(4096);
static unsigned tables_used, tables_left = TABLES_MAX;

static int alloc(UNUSED void *context, mfn_t *table)
{
    if (tables_left == 0)
        return -ENOMEM;
    tables_left--;
    table->v = TABLE_BASE + tables_used++;
    return 0;
}

struct pt host_pt = {.format = &pt_format_host, .alloc = alloc};

static int setup(UNUSED void **state)
{
    fake_cpus_init(2, 1);
    host_pt.direct = (uint64_t)tables - TABLE_BASE * PAGE_SIZE;
    return alloc(NULL, &host_pt.root);
}

static uint64_t shown(const void *address)
{
    struct pt_leaf leaf;

    if (pt_lookup(&host_pt, (uint64_t)address, &leaf) != 0)
        return 0;
    assert_int_equal(leaf.rights & (PT_WRITE | PT_EXEC), PT_WRITE);
    return leaf.base.v >> PAGE_SHIFT;
}

static void test_two_frames_lie_side_by_side(UNUSED void **state)
{
    const mfn_t frames[] = {{0x1234}, {0x777}};
    void *two, *one;

    assert_int_equal(host_map_area(frames, 2, &two), 0);
    assert_int_equal(host_map_area(frames, 1, &one), 0);
    assert_int_equal(shown(two), 0x1234);
    assert_int_equal(shown((char *)two + PAGE_SIZE), 0x777);
    assert_int_equal(shown(one), 0x1234);
    host_unmap_area(two, 2);
    host_unmap_area(one, 1);
    fake_host_flush_all();
}

static void test_a_dropped_slot_waits_for_every_cpu(UNUSED void **state)
{
    const mfn_t frame = {0x4321};
    mfn_t back[8];
    void *area;

    assert_int_equal(host_reclaim_area(back, 8), 0);
    fake_host_flush_all();
    assert_int_equal(host_reclaim_area(back, 8), 3);
    assert_int_equal(host_map_area(&frame, 1, &area), 0);
    host_unmap_area(area, 1);
    assert_int_equal(shown(area), 0);
    assert_int_equal(host_reclaim_area(back, 8), 0);
    atomic_store(&cpus[0].host_gen, UINT64_MAX);
    assert_int_equal(host_reclaim_area(back, 8), 0);
    fake_host_flush_all();
    assert_int_equal(host_reclaim_area(back, 8), 1);
    assert_int_equal(back[0].v, 0x4321);
    assert_int_equal(host_reclaim_area(back, 8), 0);
}

static void test_many_come_and_go(UNUSED void **state)
{
    static void *areas[MANY];
    static bool is_back[MANY];
    unsigned count = 0, got;
    mfn_t back[64];

    memset(is_back, 0, sizeof(is_back));
    for (uint64_t i = 0; i < MANY; i++) {
        mfn_t frame = {0x10000 + i};

        assert_int_equal(host_map_area(&frame, 1, &areas[i]), 0);
    }
    for (uint64_t i = 0; i < MANY; i++)
        assert_int_equal(shown(areas[i]), 0x10000 + i);
    for (unsigned i = 0; i < MANY; i++)
        host_unmap_area(areas[(i * 7) % MANY], 1);
    assert_int_equal(host_reclaim_area(back, 64), 0);
    fake_host_flush_all();
    while ((got = host_reclaim_area(back, 64)) != 0) {
        for (unsigned i = 0; i < got; i++) {
            assert_in_range(back[i].v, 0x10000, 0x10000 + MANY - 1);
            assert_false(is_back[back[i].v - 0x10000]);
            is_back[back[i].v - 0x10000] = true;
        }
        count += got;
    }
    assert_int_equal(count, MANY);
}

static void test_a_busy_cpu_lets_many_wait_for_one_flush(UNUSED void **state)
{
    enum { BATCH = 64 };
    static void *areas[BATCH];
    const mfn_t frame = {0x99};
    static struct vcpu *v;
    mfn_t back[BATCH];

    for (unsigned i = 0; i < BATCH; i++)
        assert_int_equal(host_map_area(&frame, 1, &areas[i]), 0);
    this_cpu()->current = (struct vcpu *)(void *)&v;
    for (unsigned i = 0; i < BATCH - 1; i++)
        host_unmap_area(areas[i], 1);
    fake_host_flush_all();
    assert_int_equal(host_reclaim_area(back, BATCH), 0);
    assert_int_equal(atomic_load(&cpus[1].pending) & CPU_PENDING_HOST, 0);
    host_unmap_area(areas[BATCH - 1], 1);
    assert_int_equal(host_reclaim_area(back, BATCH), 0);
    fake_host_flush_all();
    assert_int_equal(host_reclaim_area(back, BATCH), BATCH);
    this_cpu()->current = NULL;
}

static void test_no_memory_for_a_table(UNUSED void **state)
{
    static void *areas[2048];
    const mfn_t frame = {0x55};
    unsigned count = 0;

    tables_left = 0;
    while (host_map_area(&frame, 1, &areas[count]) == 0)
        assert_true(++count < 2048);
    assert_int_equal(host_map_area(&frame, 1, &areas[count]), -ENOMEM);
    tables_left = 1;
    assert_int_equal(host_map_area(&frame, 1, &areas[count]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_frames_lie_side_by_side),
        cmocka_unit_test(test_a_dropped_slot_waits_for_every_cpu),
        cmocka_unit_test(test_many_come_and_go),
        cmocka_unit_test(test_a_busy_cpu_lets_many_wait_for_one_flush),
        cmocka_unit_test(test_no_memory_for_a_table),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
