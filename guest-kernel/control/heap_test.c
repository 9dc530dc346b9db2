/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces are apart from each other, and pages go back when all their pieces have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/heap.h"
#include "guest-kernel/memory.h"

#define PIECES 300u

static size_t pages, page_limit;

void *pages_alloc(size_t count, size_t align)
{
    assert_int_equal(align, 1);
    if (pages + count > page_limit)
        return NULL;
    pages += count;
    return aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);
}

void pages_free(void *freed, size_t count)
{
    pages -= count;
    free(freed);
}

static int setup(void **state)
{
    *state = &pages;
    page_limit = SIZE_MAX;
    return 0;
}

static void test_pieces_of_any_size_do_not_overlap(void **state)
{
    static uint8_t *pieces[PIECES];

    assert_ptr_equal(*state, &pages);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = heap_alloc(1 + i * 17);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)i, 1 + i * 17);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t at = 0; at < 1 + i * 17; at++)
            assert_int_equal(pieces[i][at], (uint8_t)i);
    }
    for (size_t i = 0; i < PIECES; i++)
        heap_free(pieces[i * 7 % PIECES], 1 + i * 7 % PIECES * 17);
    assert_int_equal(pages, 0);
}

static void test_freed_pieces_are_used_again(void **state)
{
    void *first = heap_alloc(100), *second = heap_alloc(100), *third;

    assert_ptr_equal(*state, &pages);
    heap_free(first, 100);
    third = heap_alloc(120);
    assert_ptr_equal(first, third);
    heap_free(second, 100);
    heap_free(third, 120);
    assert_int_equal(pages, 0);
}

static void test_no_page_is_no_piece(void **state)
{
    assert_ptr_equal(*state, &pages);
    page_limit = 1;
    assert_null(heap_alloc(PAGE_SIZE + 1));
    page_limit = 0;
    assert_null(heap_alloc(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pieces_of_any_size_do_not_overlap, setup),
        cmocka_unit_test_setup(test_freed_pieces_are_used_again, setup),
        cmocka_unit_test_setup(test_no_page_is_no_piece, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
