/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory map: order, merging, rounding, overlaps and the limit of its table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "boot/memmap.h"
#include "lib/errno.h"

#define PAGE UINT64_C(0x1000)

static struct boot_info *info;

static int setup(void **state)
{
    info = calloc(1, sizeof(*info));
    return info == NULL || *state != NULL;
}

static int teardown(void **state)
{
    free(info);
    return *state != NULL;
}

static void add(uint64_t base, uint64_t end, enum boot_mem_type type)
{
    assert_int_equal(memmap_add(info, base, end - base, type), 0);
}

struct expected {
    uint64_t base;
    uint64_t end;
    uint32_t type;
};

static void assert_map(const struct expected *rows, size_t count)
{
    assert_int_equal(info->mem_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(info->mem[i].base, rows[i].base);
        assert_int_equal(info->mem[i].base + info->mem[i].size, rows[i].end);
        assert_int_equal(info->mem[i].type, rows[i].type);
    }
}

static void test_sorted_and_merged(void **state)
{
    static const struct expected rows[] = {
        {0x1000, 0x5000, BOOT_MEM_FREE},
        {0x5000, 0x6000, BOOT_MEM_RESERVED},
        {0x8000, 0x9000, BOOT_MEM_FREE},
    };

    add(0x8000, 0x9000, BOOT_MEM_FREE);
    add(0x3000, 0x5000, BOOT_MEM_FREE);
    add(0x5000, 0x6000, BOOT_MEM_RESERVED);
    add(0x1000, 0x3000, BOOT_MEM_FREE);
    assert_map(rows, ARRAY_COUNT(rows));
    assert_null(*state);
}

static void test_free_shrinks_and_the_rest_grows(void **state)
{
    static const struct expected rows[] = {
        {0x1000, 0x9000, BOOT_MEM_FREE},
        {0x9000, 0xa000, BOOT_MEM_RESERVED},
    };

    add(0x400, 0x9c00, BOOT_MEM_FREE);
    add(0x9c00, 0x9fff, BOOT_MEM_RESERVED);
    add(0xb001, 0xbfff, BOOT_MEM_FREE);
    assert_map(rows, ARRAY_COUNT(rows));
    assert_null(*state);
}

static void test_carving_out_of_the_middle(void **state)
{
    static const struct expected rows[] = {
        {0x0000, 0x4000, BOOT_MEM_FREE},
        {0x4000, 0x6000, BOOT_MEM_MODULE},
        {0x6000, 0x10000, BOOT_MEM_FREE},
    };

    add(0x0000, 0x10000, BOOT_MEM_FREE);
    add(0x4000, 0x5001, BOOT_MEM_MODULE);
    assert_map(rows, ARRAY_COUNT(rows));
    assert_null(*state);
}

static void test_the_type_that_allows_least_wins(void **state)
{
    static const struct expected rows[] = {
        {0x0000, 0x2000, BOOT_MEM_RESERVED}, {0x2000, 0x4000, BOOT_MEM_ACPI},
        {0x4000, 0x5000, BOOT_MEM_FREE},     {0x5000, 0x6000, BOOT_MEM_BOOT},
        {0x6000, 0x8000, BOOT_MEM_IMAGE},    {0x8000, 0x9000, BOOT_MEM_RESERVED},
    };

    add(0x1000, 0x4000, BOOT_MEM_ACPI);
    add(0x0000, 0x2000, BOOT_MEM_RESERVED);
    add(0x6000, 0x8000, BOOT_MEM_IMAGE);
    add(0x5000, 0x7000, BOOT_MEM_BOOT);
    add(0x8000, 0x9000, BOOT_MEM_RESERVED);
    add(0x0000, 0x9000, BOOT_MEM_FREE);
    assert_map(rows, ARRAY_COUNT(rows));
    assert_null(*state);
}

static void test_one_range_over_many_with_gaps(void **state)
{
    static const struct expected rows[] = {
        {0x0000, 0x1000, BOOT_MEM_MODULE}, {0x1000, 0x2000, BOOT_MEM_RESERVED},
        {0x2000, 0x7000, BOOT_MEM_MODULE}, {0x7000, 0x8000, BOOT_MEM_RESERVED},
        {0x8000, 0x9000, BOOT_MEM_MODULE},
    };

    add(0x1000, 0x2000, BOOT_MEM_RESERVED);
    add(0x3000, 0x4000, BOOT_MEM_FREE);
    add(0x5000, 0x6000, BOOT_MEM_FREE);
    add(0x7000, 0x8000, BOOT_MEM_RESERVED);
    add(0x0000, 0x9000, BOOT_MEM_MODULE);
    assert_map(rows, ARRAY_COUNT(rows));
    assert_null(*state);
}

static void test_ranges_at_the_end_of_the_address_space(void **state)
{
    static const struct expected rows[] = {
        {UINT64_MAX - 0x2fff, UINT64_MAX - 0xfff, BOOT_MEM_RESERVED}};

    assert_int_equal(memmap_add(info, UINT64_MAX - 0x2fff, UINT64_MAX, BOOT_MEM_RESERVED), 0);
    assert_int_equal(memmap_add(info, UINT64_MAX - 0x10, 0x10, BOOT_MEM_RESERVED), 0);
    assert_int_equal(memmap_add(info, 0x5000, 0, BOOT_MEM_RESERVED), 0);
    assert_map(rows, ARRAY_COUNT(rows));
    assert_null(*state);
}

static void test_full_table(void **state)
{
    for (uint64_t i = 0; i < BOOT_MEM_MAX; i++) {
        add(2 * i * PAGE, (2 * i + 1) * PAGE, BOOT_MEM_FREE);
    }
    assert_int_equal(memmap_add(info, 2 * BOOT_MEM_MAX * PAGE, PAGE, BOOT_MEM_FREE), -ENOSPC);
    assert_null(*state);
}

static void test_total_counts_one_type(void **state)
{
    add(0x0000, 0x4000, BOOT_MEM_FREE);
    add(0x8000, 0x9000, BOOT_MEM_FREE);
    add(0x4000, 0x8000, BOOT_MEM_RESERVED);
    assert_int_equal(memmap_total(info, BOOT_MEM_FREE), 0x5000);
    assert_null(*state);
}

static void test_page_below_a_limit(void **state)
{
    assert_int_equal(memmap_find_page_below(info, 0x9f000), 0);
    add(0x0000, 0x1000, BOOT_MEM_FREE);
    assert_int_equal(memmap_find_page_below(info, 0x9f000), 0);
    add(0x1000, 0x9fc00, BOOT_MEM_FREE);
    add(0x100000, 0x200000, BOOT_MEM_FREE);
    assert_int_equal(memmap_find_page_below(info, 0x9f000), 0x9e000);
    assert_int_equal(memmap_find_page_below(info, 0x9f800), 0x9e000);
    add(0x90000, 0x9f000, BOOT_MEM_RESERVED);
    assert_int_equal(memmap_find_page_below(info, 0x9f000), 0x8f000);
    assert_null(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sorted_and_merged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_free_shrinks_and_the_rest_grows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_carving_out_of_the_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_type_that_allows_least_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_range_over_many_with_gaps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ranges_at_the_end_of_the_address_space, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_full_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_total_counts_one_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_below_a_limit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
