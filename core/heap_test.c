/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap: zeroed pages, charges, runs, growing by chunks and giving them back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/frame_table.h"
#include "core/heap.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define HYP_PAGES 2000u
#define MANY      1500u

static struct domain *d;
static struct frame_counts before;
static void *pages[MANY];

static int setup(UNUSED void **state)
{
    fake_idle();
    d = fake_domain_create(0, HYP_PAGES);
    fake_idle();
    frame_counts(&before);
    return d == NULL;
}

static int teardown(UNUSED void **state)
{
    fake_domain_destroy(d);
    return 0;
}

static bool is_zero(const void *page, unsigned count)
{
    const uint8_t *bytes = page;

    for (size_t i = 0; i < count * (size_t)PAGE_SIZE; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void assert_counts_are_back(void)
{
    struct frame_counts after;

    fake_idle();
    frame_counts(&after);
    assert_int_equal(after.free_clean, before.free_clean);
    assert_int_equal(after.free_dirty, 0);
    assert_int_equal(after.heap, before.heap);
    assert_int_equal(after.heap_used, before.heap_used);
}

static void test_pages_are_zero_and_charged(UNUSED void **state)
{
    uint64_t charged = d->hyp_pages;

    for (unsigned round = 0; round < 3; round++) {
        void *page = heap_alloc(d, 1);

        assert_true(is_zero(page, 1));
        assert_int_equal(d->hyp_pages, charged + 1);
        assert_ptr_equal(heap_page(heap_mfn(page)), page);
        assert_null(frame_owner(heap_mfn(page)));
        memset(page, 0xff, PAGE_SIZE);
        heap_free(d, page, 1);
        assert_int_equal(d->hyp_pages, charged);
        if (round == 1)
            fake_idle();
    }
}

static void test_the_limit_is_a_limit(UNUSED void **state)
{
    void *page;

    d->hyp_limit = d->hyp_pages + 1;
    assert_null(heap_alloc(d, 2));
    assert_null(heap_alloc(d, 512));
    page = heap_alloc(d, 1);
    assert_non_null(page);
    assert_null(heap_alloc(d, 1));
    heap_free(d, page, 1);
}

static void test_runs_are_contiguous(UNUSED void **state)
{
    void *single = heap_alloc(d, 1), *run = heap_alloc(d, 5), *whole = heap_alloc(d, 512);

    assert_true(is_zero(run, 5));
    assert_true(is_zero(whole, 512));
    memset(run, 0xff, 5 * (size_t)PAGE_SIZE);
    memset(whole, 0xff, 512 * (size_t)PAGE_SIZE);
    assert_true(is_zero(single, 1));
    heap_free(d, run, 5);
    run = heap_alloc(d, 5);
    assert_true(is_zero(run, 5));
    heap_free(d, run, 5);
    heap_free(d, single, 1);
    heap_free(d, whole, 512);
    assert_counts_are_back();
}

static void test_it_grows_and_gives_back(UNUSED void **state)
{
    struct frame_counts grown;

    for (unsigned i = 0; i < MANY; i++) {
        pages[i] = heap_alloc(d, 1);
        assert_non_null(pages[i]);
        memset(pages[i], 0xff, PAGE_SIZE);
    }
    frame_counts(&grown);
    assert_int_equal(grown.heap_used, before.heap_used + MANY);
    assert_true(grown.heap >= before.heap + 2 * CHUNK_FRAMES);
    for (unsigned i = 0; i < MANY; i++)
        heap_free(d, pages[(i * 7) % MANY], 1);
    assert_counts_are_back();
}

static void test_a_chunk_leaves_only_when_every_cpu_has_flushed(UNUSED void **state)
{
    struct frame_counts counts;

    for (unsigned i = 0; i < MANY; i++)
        pages[i] = heap_alloc(d, 1);
    for (unsigned i = 0; i < MANY; i++)
        heap_free(d, pages[i], 1);
    for (unsigned i = 0; i < 5000; i++)
        frame_scrub_step();
    frame_counts(&counts);
    assert_true(counts.free_clean + counts.free_dirty < before.free_clean);
    assert_counts_are_back();
}

static void test_it_says_no_when_memory_ends(UNUSED void **state)
{
    static void *chunks[FAKE_CHUNKS];
    unsigned count = 0, singles = 0;

    d->hyp_limit = UINT64_MAX;
    while (count < FAKE_CHUNKS && (chunks[count] = heap_alloc(d, 512)) != NULL)
        count++;
    assert_in_range(count, FAKE_CHUNKS / 2, FAKE_CHUNKS);
    while (singles < MANY && (pages[singles] = heap_alloc(d, 1)) != NULL)
        singles++;
    assert_null(heap_alloc(d, 1));
    while (singles != 0)
        heap_free(d, pages[--singles], 1);
    while (count != 0)
        heap_free(d, chunks[--count], 512);
    assert_counts_are_back();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pages_are_zero_and_charged),
        TEST(test_the_limit_is_a_limit),
        TEST(test_runs_are_contiguous),
        TEST(test_it_grows_and_gives_back),
        TEST(test_a_chunk_leaves_only_when_every_cpu_has_flushed),
        TEST(test_it_says_no_when_memory_ends),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
