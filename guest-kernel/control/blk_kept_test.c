/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept is found again, whatever references a front end chooses, and no more is kept than a
 * ring of requests can use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guest-kernel/control/blk_kept.h"
#include "guest-kernel/control/heap.h"

#define ENTRIES 32u
#define MOST    (ENTRIES * 11u) /* io/blkif.h: segments of a request */
#define SLOTS   512u

static size_t allocated;

void *heap_alloc(size_t size)
{
    allocated += size;
    return malloc(size);
}

void heap_free(void *piece, size_t size)
{
    allocated -= size;
    free(piece);
}

static struct blk_kept at(grant_ref_t ref)
{
    return (struct blk_kept){.ref = ref, .handle = ref + 1, .paddr = (uint64_t)ref << 12};
}

static void test_a_full_table_finds_all_that_it_keeps(void **state)
{
    struct blk_kept_table table;

    assert_null(*state);
    assert_int_equal(blk_kept_init(&table, ENTRIES), 0);
    /* All have one place, and go around the end. */
    for (uint32_t i = 1; i <= MOST; i++)
        assert_true(blk_kept_add(&table, at(i * SLOTS + SLOTS - 1)));
    assert_false(blk_kept_add(&table, at(7)));
    for (uint32_t i = 1; i <= MOST; i++)
        assert_int_equal(blk_kept_find(&table, i * SLOTS + SLOTS - 1),
                         (uint64_t)(i * SLOTS + SLOTS - 1) << 12);
    assert_int_equal(blk_kept_find(&table, 7), 0);
    blk_kept_free(&table);
    assert_int_equal(allocated, 0);
}

static void test_a_reference_is_kept_once(void **state)
{
    struct blk_kept_table table;

    assert_null(*state);
    assert_int_equal(blk_kept_init(&table, ENTRIES), 0);
    assert_true(blk_kept_add(&table, at(9)));
    assert_false(blk_kept_add(&table, at(9)));
    assert_false(blk_kept_add(&table, at(0)));
    assert_int_equal(blk_kept_find(&table, 0), 0);
    blk_kept_free(&table);
    blk_kept_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_table_finds_all_that_it_keeps),
        cmocka_unit_test(test_a_reference_is_kept_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
