/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page-table walker: look-up in every format, prepare and commit, splitting. Each change is
 * rewound store by store: whatever another CPU's walk may see on the way is the old translation or
 * the new one, never a third.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/pt.h"
#include "lib/errno.h"
#include "tests/fake/fake_memory.h"

#define TABLES_MAX 64u
#define TABLE_BASE 0x100u /* the frame number of the first table */
#define RWXU       (PT_READ | PT_WRITE | PT_EXEC | PT_USER)
#define LARGE      CHUNK_SIZE
#define GIB        (UINT64_C(1) << 30)

static uint64_t tables[TABLES_MAX][512] ALIGNED(4096);
static bool is_used[TABLES_MAX];
static unsigned allocs_left;

static uint64_t *map(UNUSED void *context, mfn_t table, UNUSED unsigned level)
{
    if (table.v < TABLE_BASE || table.v >= TABLE_BASE + TABLES_MAX)
        return NULL;
    return tables[table.v - TABLE_BASE];
}

static int alloc(UNUSED void *context, mfn_t *table)
{
    if (allocs_left == 0)
        return -ENOMEM;
    allocs_left--;
    for (unsigned i = 0; i < TABLES_MAX; i++) {
        if (!is_used[i]) {
            is_used[i] = true;
            memset(tables[i], 0, PAGE_SIZE);
            table->v = TABLE_BASE + i;
            return 0;
        }
    }
    return -ENOMEM;
}

static void release(UNUSED void *context, mfn_t table)
{
    assert_true(is_used[table.v - TABLE_BASE]);
    is_used[table.v - TABLE_BASE] = false;
}

static const struct pt_ops ops = {map, alloc, release};
static struct pt pt;

static unsigned tables_used(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < TABLES_MAX; i++)
        count += is_used[i];
    return count;
}

static int setup(UNUSED void **state)
{
    memset(is_used, 0, sizeof(is_used));
    allocs_left = TABLES_MAX;
    fake_history_is_on = false;
    fake_history_count = 0;
    fake_on_load = NULL;
    pt = (struct pt){.format = &pt_format_npt, .ops = &ops};
    return alloc(NULL, &pt.root);
}

static void put(uint64_t address, uint64_t base, unsigned level, unsigned rights)
{
    struct pt_leaf leaf = {{base}, level, rights, 1};

    assert_int_equal(pt_prepare(&pt, address, level), 0);
    pt_commit(&pt, address, &leaf, NULL);
}

/* Where ADDRESS leads: the machine address of exactly it, or 0. */
static uint64_t target(uint64_t address)
{
    struct pt_leaf leaf;

    if (pt_lookup(&pt, address, &leaf) != 0)
        return 0;
    return leaf.base.v + (address & ((UINT64_C(1) << (12 + 9 * leaf.level)) - 1));
}

static void test_a_leaf_of_each_size_is_found(UNUSED void **state)
{
    struct pt_leaf leaf;

    put(0x1000, 0xabc000, PT_LEVEL_4K, RWXU);
    put(3 * LARGE, 0x40000000, PT_LEVEL_2M, PT_READ | PT_USER);
    put(5 * GIB, 7 * GIB, PT_LEVEL_1G, PT_READ | PT_WRITE | PT_USER | PT_UNCACHED);
    assert_int_equal(pt_lookup(&pt, 0x1fff, &leaf), 0);
    assert_int_equal(leaf.base.v, 0xabc000);
    assert_int_equal(leaf.rights, RWXU);
    assert_int_equal(leaf.soft, 1);
    assert_int_equal(pt_lookup(&pt, 3 * LARGE + 0x12345, &leaf), 0);
    assert_int_equal(leaf.base.v, 0x40000000);
    assert_int_equal(leaf.level, PT_LEVEL_2M);
    assert_int_equal(leaf.rights, PT_READ | PT_USER);
    assert_int_equal(pt_lookup(&pt, 6 * GIB - 1, &leaf), 0);
    assert_int_equal(leaf.base.v, 7 * GIB);
    assert_int_equal(leaf.rights, PT_READ | PT_WRITE | PT_USER | PT_UNCACHED);
    assert_int_equal(pt_lookup(&pt, 0x2000, &leaf), -ENOENT);
    assert_int_equal(leaf.rights, 0);
}

static void test_a_removed_leaf_may_leave_its_soft_bits(UNUSED void **state)
{
    struct pt_leaf leaf = {{0x5000}, PT_LEVEL_4K, 0, 9}, old;

    put(0x1000, 0xabc000, PT_LEVEL_4K, RWXU);
    pt_commit(&pt, 0x1000, &leaf, &old);
    assert_int_equal(old.base.v, 0xabc000);
    assert_int_equal(old.rights, RWXU);
    assert_int_equal(pt_lookup(&pt, 0x1000, &leaf), -ENOENT);
    assert_int_equal(leaf.soft, 9);
    assert_int_equal(leaf.base.v, 0x5000);
}

static void test_prepare_without_memory_changes_nothing(UNUSED void **state)
{
    for (unsigned n = 0; n < 3; n++) {
        allocs_left = n;
        fake_history_is_on = true;
        assert_int_equal(pt_prepare(&pt, 0x1000, PT_LEVEL_4K), -ENOMEM);
        assert_int_equal(fake_history_count, 0);
        assert_int_equal(tables_used(), 1);
    }
    allocs_left = 3;
    assert_int_equal(pt_prepare(&pt, 0x1000, PT_LEVEL_4K), 0);
    assert_int_equal(tables_used(), 4);
    assert_int_equal(target(0x1000), 0);
}

/* Takes the recorded stores back one by one. At each point every page of the 2 MiB at ADDRESS leads
 * where OLD or NEW says (0: nowhere; otherwise in a row). */
static void rewind_all(uint64_t address, uint64_t old, uint64_t new)
{
    fake_history_is_on = false;
    assert_in_range(fake_history_count, 1, FAKE_HISTORY_MAX - 1);
    for (;;) {
        for (uint64_t i = 0; i < CHUNK_FRAMES; i++) {
            uint64_t at = target(address + i * PAGE_SIZE);

            if (at == (old == 0 ? 0 : old + i * PAGE_SIZE))
                continue;
            assert_int_equal(at, new == 0 ? 0 : new + i *PAGE_SIZE);
        }
        if (fake_history_count == 0)
            break;
        fake_history_undo();
    }
}

static void test_splitting_shows_no_broken_table(UNUSED void **state)
{
    put(LARGE, 0x40000000, PT_LEVEL_2M, RWXU);
    fake_history_is_on = true;
    assert_int_equal(pt_prepare(&pt, LARGE + 0x5000, PT_LEVEL_4K), 0);
    rewind_all(LARGE, 0x40000000, 0x40000000);
}

static void test_splitting_twice_shows_no_broken_table(UNUSED void **state)
{
    put(GIB, 4 * GIB, PT_LEVEL_1G, RWXU);
    fake_history_is_on = true;
    assert_int_equal(pt_prepare(&pt, GIB + LARGE + 0x5000, PT_LEVEL_4K), 0);
    fake_history_is_on = false;
    assert_int_equal(target(GIB + 17 * LARGE + 5), 4 * GIB + 17 * LARGE + 5);
    assert_int_equal(target(GIB + LARGE + 0x5001), 4 * GIB + LARGE + 0x5001);
    rewind_all(GIB + LARGE, 4 * GIB + LARGE, 4 * GIB + LARGE);
}

static void test_a_new_leaf_appears_in_one_store(UNUSED void **state)
{
    struct pt_leaf leaf = {{0x40000000}, PT_LEVEL_2M, RWXU, 1};

    assert_int_equal(pt_prepare(&pt, LARGE, PT_LEVEL_2M), 0);
    fake_history_is_on = true;
    pt_commit(&pt, LARGE, &leaf, NULL);
    assert_int_equal(fake_history_count, 1);
    rewind_all(LARGE, 0, 0x40000000);
}

static void test_a_large_leaf_fills_an_empty_table(UNUSED void **state)
{
    struct pt_leaf leaf = {{0x40000000}, PT_LEVEL_2M, RWXU, 1};
    struct pt_leaf none = {.level = PT_LEVEL_4K};

    put(LARGE + 0x3000, 0x9000, PT_LEVEL_4K, RWXU);
    assert_int_equal(pt_prepare(&pt, LARGE, PT_LEVEL_2M), -EEXIST);
    pt_commit(&pt, LARGE + 0x3000, &none, NULL);
    assert_int_equal(pt_prepare(&pt, LARGE, PT_LEVEL_2M), 0);
    fake_history_is_on = true;
    pt_commit(&pt, LARGE, &leaf, NULL);
    rewind_all(LARGE, 0, 0x40000000);
}

struct visited {
    unsigned count;
    uint64_t last;
};

static void note(void *argument, uint64_t address, const struct pt_leaf *leaf)
{
    struct visited *visited = argument;

    assert_true(visited->count == 0 || address > visited->last);
    assert_int_equal(leaf->soft, 1);
    visited->count++;
    visited->last = address;
}

static void test_a_visit_goes_on_where_it_stopped(UNUSED void **state)
{
    struct visited visited = {0, 0};
    uint64_t cursor = 0;
    unsigned steps = 0;

    for (uint64_t i = 0; i < 20; i++)
        put((i * 37 + 1) * PAGE_SIZE, i << 20, PT_LEVEL_4K, RWXU);
    put(600 * GIB, GIB, PT_LEVEL_1G, RWXU);
    put((UINT64_C(1) << 48) - PAGE_SIZE, 0x1000, PT_LEVEL_4K, RWXU);
    while (!pt_visit(&pt, &cursor, 3, note, &visited))
        assert_true(++steps < 40);
    assert_int_equal(visited.count, 22);
    assert_int_equal(visited.last, (UINT64_C(1) << 48) - PAGE_SIZE);
    assert_true(pt_visit(&pt, &cursor, 3, note, &visited));
    assert_int_equal(visited.count, 22);
}

static unsigned leaves;

static void count(UNUSED void *context, UNUSED uint64_t address, UNUSED const struct pt_leaf *leaf)
{
    leaves++;
}

static void test_destruction_frees_every_table(UNUSED void **state)
{
    for (uint64_t i = 0; i < 5; i++)
        put(i * 100 * GIB, 0x1000, PT_LEVEL_4K, RWXU);
    put(8 * LARGE, 0x40000000, PT_LEVEL_2M, RWXU);
    leaves = 0;
    pt_destroy(&pt, count);
    assert_int_equal(leaves, 6);
    assert_int_equal(tables_used(), 0);
}

/* ---- guests' formats ---- */

#define P 1u
#define W 2u
#define U 4u
#define L 0x80u

static void guest(const struct pt_format *format)
{
    pt.format = format;
    memset(tables, 0, sizeof(tables));
    memset(is_used, true, sizeof(is_used));
}

static uint64_t entry(unsigned table, uint64_t bits)
{
    return (uint64_t)(TABLE_BASE + table) << PAGE_SHIFT | bits;
}

static void test_rights_are_what_all_levels_allow(UNUSED void **state)
{
    struct pt_leaf leaf;

    guest(&pt_format_guest64);
    tables[0][0] = entry(1, P | W | U);
    tables[1][0] = entry(2, P | W);
    tables[2][0] = entry(3, P | W | U | UINT64_C(1) << 63);
    tables[3][1] = 0x7000 | P | U;
    tables[3][2] = 0x8000 | P | W | U;
    assert_int_equal(pt_lookup(&pt, 0x1000, &leaf), 0);
    assert_int_equal(leaf.rights, PT_READ);
    assert_int_equal(pt_lookup(&pt, 0x2000, &leaf), 0);
    assert_int_equal(leaf.rights, PT_READ | PT_WRITE);
    tables[1][1] = UINT64_C(0x80000000) | P | W | U | L;
    assert_int_equal(pt_lookup(&pt, GIB + 5, &leaf), 0);
    assert_int_equal(leaf.level, PT_LEVEL_1G);
    assert_int_equal(leaf.rights, RWXU);
}

static void test_a_table_outside_ram_faults(UNUSED void **state)
{
    struct pt_leaf leaf;

    guest(&pt_format_guest64);
    tables[0][0] = UINT64_C(0x12345000) | P | W | U;
    assert_int_equal(pt_lookup(&pt, 0x1000, &leaf), -EFAULT);
}

static void test_pae_ignores_rights_in_its_pointers(UNUSED void **state)
{
    struct pt_leaf leaf;

    guest(&pt_format_guest_pae);
    pt.root_offset = 0x60;
    tables[0][0x60 / 8 + 2] = entry(1, P);
    tables[1][3] = entry(2, P | W | U);
    tables[1][4] = UINT64_C(0x120000000) | P | W | L;
    tables[2][5] = 0xa000 | P | W | U;
    assert_int_equal(pt_lookup(&pt, 0x80605123, &leaf), 0);
    assert_int_equal(leaf.base.v, 0xa000);
    assert_int_equal(leaf.rights, RWXU);
    assert_int_equal(pt_lookup(&pt, 0x80800000, &leaf), 0);
    assert_int_equal(leaf.base.v, UINT64_C(0x120000000));
    assert_int_equal(leaf.level, PT_LEVEL_2M);
    assert_int_equal(leaf.rights, PT_READ | PT_WRITE | PT_EXEC);
}

static void test_32_bit_tables_with_and_without_large_pages(UNUSED void **state)
{
    uint32_t directory[1024] = {0}, table[1024] = {0};
    struct pt_leaf leaf;

    guest(&pt_format_guest32);
    directory[1] = (uint32_t)entry(1, P | W | U);
    /* 4 MiB at 0x1_2340_0000: address bits 39..32 are in bits 20..13. */
    directory[2] = 0x23400000 | 1u << 13 | P | W | L;
    table[5] = 0xb000 | P | U;
    memcpy(tables[0], directory, sizeof(directory));
    memcpy(tables[1], table, sizeof(table));
    assert_int_equal(pt_lookup(&pt, 0x00405fff, &leaf), 0);
    assert_int_equal(leaf.base.v, 0xb000);
    assert_int_equal(leaf.rights, PT_READ | PT_EXEC | PT_USER);
    assert_int_equal(pt_lookup(&pt, 0x00812345, &leaf), 0);
    assert_int_equal(leaf.base.v, UINT64_C(0x123400000));
    assert_int_equal(leaf.level, PT_LEVEL_2M);
    /* Without CR4.PSE the same entry names a table, here outside RAM. */
    pt.format = &pt_format_guest32_small;
    assert_int_equal(pt_lookup(&pt, 0x00812345, &leaf), -EFAULT);
}

static void turn_write_bit(const volatile void *address)
{
    *(volatile uint64_t *)(uintptr_t)address ^= W;
}

static void test_each_entry_is_read_once(UNUSED void **state)
{
    struct pt_leaf leaf;

    guest(&pt_format_guest64);
    tables[0][0] = entry(1, P | U);
    tables[1][0] = entry(2, P | U);
    tables[2][0] = entry(3, P | U);
    tables[3][1] = 0x7000 | P | U;
    fake_on_load = turn_write_bit;
    assert_int_equal(pt_lookup(&pt, 0x1000, &leaf), 0);
    fake_on_load = NULL;
    /* Each entry turned writable just before it was read, and once only. */
    assert_int_equal(leaf.rights, RWXU);
    assert_true((tables[3][1] & W) != 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_leaf_of_each_size_is_found),
        TEST(test_a_removed_leaf_may_leave_its_soft_bits),
        TEST(test_prepare_without_memory_changes_nothing),
        TEST(test_splitting_shows_no_broken_table),
        TEST(test_splitting_twice_shows_no_broken_table),
        TEST(test_a_new_leaf_appears_in_one_store),
        TEST(test_a_large_leaf_fills_an_empty_table),
        TEST(test_a_visit_goes_on_where_it_stopped),
        TEST(test_destruction_frees_every_table),
        TEST(test_rights_are_what_all_levels_allow),
        TEST(test_a_table_outside_ram_faults),
        TEST(test_pae_ignores_rights_in_its_pointers),
        TEST(test_32_bit_tables_with_and_without_large_pages),
        TEST(test_each_entry_is_read_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
