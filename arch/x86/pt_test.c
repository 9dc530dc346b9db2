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
#include "arch/x86/virt.h"
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
    pt = (struct pt){.format = &pt_format_npt,
                     .alloc = alloc,
                     .direct = (uint64_t)tables - TABLE_BASE * PAGE_SIZE};
    return alloc(NULL, &pt.root);
}

static void put(uint64_t address, uint64_t base, unsigned level, unsigned rights)
{
    struct pt_leaf leaf = {{base}, level, rights, 1};

    assert_int_equal(pt_prepare(&pt, address, level), 0);
    pt_commit(&pt, address, &leaf, PT_SOFTS_ANY);
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

static void test_a_removed_leaf_is_told(UNUSED void **state)
{
    struct pt_leaf leaf = {.level = PT_LEVEL_4K}, old;

    put(0x1000, 0xabc000, PT_LEVEL_4K, RWXU);
    old = pt_commit(&pt, 0x1000, &leaf, PT_SOFTS_ANY);
    assert_int_equal(old.base.v, 0xabc000);
    assert_int_equal(old.rights, RWXU);
    assert_int_equal(old.soft, 1);
    assert_int_equal(pt_lookup(&pt, 0x1000, &leaf), -ENOENT);
    assert_int_equal(leaf.rights, 0);
}

static void test_prepare_without_memory_changes_no_translation(UNUSED void **state)
{
    put(GIB, 4 * GIB, PT_LEVEL_1G, RWXU);
    for (unsigned n = 0; n < 2; n++) {
        allocs_left = n;
        assert_int_equal(pt_prepare(&pt, GIB + LARGE + 0x5000, PT_LEVEL_4K), -ENOMEM);
        assert_int_equal(target(GIB), 4 * GIB);
        assert_int_equal(target(GIB + LARGE + 0x5000), 4 * GIB + LARGE + 0x5000);
    }
    /* The table that was made at the second try is of use now. */
    allocs_left = 1;
    assert_int_equal(pt_prepare(&pt, GIB + LARGE + 0x5000, PT_LEVEL_4K), 0);
    assert_int_equal(target(GIB + LARGE + 0x5000), 4 * GIB + LARGE + 0x5000);
    assert_int_equal(tables_used(), 4);
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
    pt_commit(&pt, LARGE, &leaf, PT_SOFTS_ANY);
    assert_int_equal(fake_history_count, 1);
    rewind_all(LARGE, 0, 0x40000000);
}

static void test_a_large_leaf_fills_an_empty_table(UNUSED void **state)
{
    struct pt_leaf leaf = {{0x40000000}, PT_LEVEL_2M, RWXU, 1};
    struct pt_leaf none = {.level = PT_LEVEL_4K};

    put(LARGE + 0x3000, 0x9000, PT_LEVEL_4K, RWXU);
    assert_int_equal(pt_prepare(&pt, LARGE, PT_LEVEL_2M), -EEXIST);
    pt_commit(&pt, LARGE + 0x3000, &none, PT_SOFTS_ANY);
    assert_int_equal(pt_prepare(&pt, LARGE, PT_LEVEL_2M), 0);
    fake_history_is_on = true;
    pt_commit(&pt, LARGE, &leaf, PT_SOFTS_ANY);
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

static void test_destruction_frees_every_table(UNUSED void **state)
{
    for (uint64_t i = 0; i < 5; i++)
        put(i * 100 * GIB, 0x1000, PT_LEVEL_4K, RWXU);
    put(8 * LARGE, 0x40000000, PT_LEVEL_2M, RWXU);
    pt_destroy(&pt, release);
    assert_int_equal(tables_used(), 0);
}

/* ---- guests' formats ---- */

#define P 1u
#define W 2u
#define U 4u
#define L 0x80u

#define PSE 0x10u  /* CR4 */
#define PAE 0x20u  /* CR4 */
#define LMA 0x400u /* EFER */
#define NX  (UINT64_C(1) << 63)

static struct guest_paging paging;
static struct pt_walk walk;

static void guest(uint64_t cr4, uint64_t efer)
{
    paging = (struct guest_paging){.cr3 = TABLE_BASE * PAGE_SIZE, .cr4 = cr4, .efer = efer};
    memset(tables, 0, sizeof(tables));
}

static uint64_t *map(gfn_t table, UNUSED unsigned level)
{
    if (table.v < TABLE_BASE || table.v >= TABLE_BASE + TABLES_MAX)
        return NULL;
    return tables[table.v - TABLE_BASE];
}

/* What the guest's tables allow at ADDRESS, which leads to GPA. */
static unsigned rights_at(uint64_t address, uint64_t gpa)
{
    assert_int_equal(pt_walk_guest(&paging, map, address, &walk), 0);
    assert_int_equal(walk.gpa, gpa);
    return walk.rights;
}

static uint64_t entry(unsigned table, uint64_t bits)
{
    return (uint64_t)(TABLE_BASE + table) << PAGE_SHIFT | bits;
}

static void test_rights_are_what_all_levels_allow(UNUSED void **state)
{
    guest(PAE, LMA);
    tables[0][0] = entry(1, P | W | U);
    tables[1][0] = entry(2, P | W);
    tables[2][0] = entry(3, P | W | U | NX);
    tables[3][1] = 0x7000 | P | U;
    tables[3][2] = 0x8000 | P | W | U;
    assert_int_equal(rights_at(0x1234, 0x7234), PT_READ);
    assert_int_equal(rights_at(0x2000, 0x8000), PT_READ | PT_WRITE);
    tables[1][1] = UINT64_C(0x80000000) | P | W | U | L;
    assert_int_equal(rights_at(GIB + 5, 0x80000005), RWXU);
    assert_int_equal(pt_walk_guest(&paging, map, 0x3000, &walk), -ENOENT);
}

static void test_a_walk_tells_what_it_read(UNUSED void **state)
{
    guest(PAE, LMA);
    tables[0][1] = entry(1, P | W | U);
    tables[1][2] = entry(2, P | W);
    tables[2][3] = 0x40000000 | P | L;
    rights_at(512 * GIB + 2 * GIB + 3 * LARGE, 0x40000000);
    assert_ptr_equal(walk.slot[3], &tables[0][1]);
    assert_ptr_equal(walk.slot[2], &tables[1][2]);
    assert_ptr_equal(walk.slot[1], &tables[2][3]);
    assert_ptr_equal(walk.slot[0], &tables[2][3]);
    for (unsigned level = 0; level < PT_LEVELS; level++)
        assert_int_equal(walk.entry[level], *walk.slot[level]);
}

static void test_a_table_outside_ram_faults(UNUSED void **state)
{
    guest(PAE, LMA);
    tables[0][0] = UINT64_C(0x12345000) | P | W | U;
    assert_int_equal(pt_walk_guest(&paging, map, 0x1000, &walk), -EFAULT);
}

static void test_pae_ignores_rights_in_its_pointers(UNUSED void **state)
{
    guest(PAE, 0);
    paging.cr3 |= 0x60;
    tables[0][0x60 / 8 + 2] = entry(1, P);
    tables[1][3] = entry(2, P | W | U);
    tables[1][4] = UINT64_C(0x120000000) | P | W | L;
    tables[2][5] = 0xa000 | P | W | U;
    assert_int_equal(rights_at(0x80605123, 0xa123), RWXU);
    assert_int_equal(rights_at(0x80812345, UINT64_C(0x120012345)), PT_READ | PT_WRITE | PT_EXEC);
}

static void test_32_bit_tables_with_and_without_large_pages(UNUSED void **state)
{
    uint32_t directory[1024] = {0}, table[1024] = {0};

    guest(PSE, 0);
    directory[1] = (uint32_t)entry(1, P | W | U);
    /* 4 MiB at 0x1_2340_0000: address bits 39..32 are in bits 20..13. */
    directory[2] = 0x23400000 | 1u << 13 | P | W | L;
    table[5] = 0xb000 | P | U;
    memcpy(tables[0], directory, sizeof(directory));
    memcpy(tables[1], table, sizeof(table));
    assert_int_equal(rights_at(0x00405fff, 0xbfff), PT_READ | PT_EXEC | PT_USER);
    assert_int_equal(rights_at(0x00a12345, UINT64_C(0x123612345)), PT_READ | PT_WRITE | PT_EXEC);
    /* Without CR4.PSE the same entry names a table, here outside RAM. */
    paging.cr4 = 0;
    assert_int_equal(pt_walk_guest(&paging, map, 0x00812345, &walk), -EFAULT);
}

static void turn_write_bit(const volatile void *address)
{
    *(volatile uint64_t *)(uintptr_t)address ^= W;
}

static void test_each_entry_is_read_once(UNUSED void **state)
{
    guest(PAE, LMA);
    tables[0][0] = entry(1, P | U);
    tables[1][0] = entry(2, P | U);
    tables[2][0] = entry(3, P | U);
    tables[3][1] = 0x7000 | P | U;
    fake_on_load = turn_write_bit;
    assert_int_equal(pt_walk_guest(&paging, map, 0x1000, &walk), 0);
    fake_on_load = NULL;
    /* Each entry turned writable just before it was read, and once only. */
    assert_int_equal(walk.rights, RWXU);
    assert_true((tables[3][1] & W) != 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_leaf_of_each_size_is_found),
        TEST(test_a_removed_leaf_is_told),
        TEST(test_prepare_without_memory_changes_no_translation),
        TEST(test_splitting_shows_no_broken_table),
        TEST(test_splitting_twice_shows_no_broken_table),
        TEST(test_a_new_leaf_appears_in_one_store),
        TEST(test_a_large_leaf_fills_an_empty_table),
        TEST(test_a_visit_goes_on_where_it_stopped),
        TEST(test_destruction_frees_every_table),
        TEST(test_rights_are_what_all_levels_allow),
        TEST(test_a_walk_tells_what_it_read),
        TEST(test_a_table_outside_ram_faults),
        TEST(test_pae_ignores_rights_in_its_pointers),
        TEST(test_32_bit_tables_with_and_without_large_pages),
        TEST(test_each_entry_is_read_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
