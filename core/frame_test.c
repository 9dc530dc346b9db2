/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames and chunks: owners, references, limits, large chunks, scrubbing, what outlives its domain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/frame_table.h"
#include "core/heap.h"
#include "lib/errno.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define ORDER_CHUNK 9u
#define PAGES       (4 * CHUNK_FRAMES)
#define HYP_PAGES   64u

static struct domain *d, *other;
static struct frame_counts before;

static int setup(UNUSED void **state)
{
    fake_idle();
    d = fake_domain_create(PAGES, HYP_PAGES);
    other = fake_domain_create(PAGES, HYP_PAGES);
    fake_idle();
    frame_counts(&before);
    return d == NULL || other == NULL;
}

static void destroy_both(void)
{
    if (d != NULL)
        fake_domain_destroy(d);
    if (other != NULL)
        fake_domain_destroy(other);
    d = other = NULL;
}

static int teardown(UNUSED void **state)
{
    destroy_both();
    return 0;
}

static bool is_zero(mfn_t mfn)
{
    static const uint8_t zero[PAGE_SIZE];

    return memcmp(fake_frame(mfn), zero, PAGE_SIZE) == 0;
}

static void assert_counts_are_back(void)
{
    struct frame_counts after;

    fake_idle();
    frame_counts(&after);
    assert_int_equal(after.free_clean, before.free_clean);
    assert_int_equal(after.free_dirty, before.free_dirty);
    assert_int_equal(after.quarantine, before.quarantine);
    assert_int_equal(after.heap_used, before.heap_used);
}

static void test_a_frame_is_clean_and_charged(UNUSED void **state)
{
    mfn_t mfn;

    assert_int_equal(frame_alloc(d, 0, &mfn), 0);
    assert_true(is_zero(mfn));
    assert_ptr_equal(frame_owner(mfn), d);
    assert_int_equal(d->tot_pages, 1);
    memset(fake_frame(mfn), 0xff, PAGE_SIZE);
    frame_release(d, mfn, 0);
    assert_null(frame_owner(mfn));
    assert_int_equal(d->tot_pages, 0);
    assert_counts_are_back();
    assert_true(is_zero(mfn));
}

static void test_dirty_memory_is_cleared_when_nothing_clean_is_left(UNUSED void **state)
{
    static mfn_t mfns[FAKE_CHUNKS];
    unsigned count = 0;

    d->max_pages = UINT64_MAX;
    while (frame_alloc(d, ORDER_CHUNK, &mfns[count]) == 0) {
        memset(fake_frame(mfns[count]), 0xff, CHUNK_SIZE);
        count++;
    }
    assert_true(count > FAKE_CHUNKS / 2);
    frame_release(d, mfns[--count], ORDER_CHUNK);
    assert_int_equal(frame_alloc(d, ORDER_CHUNK, &mfns[count]), 0);
    for (uint64_t i = 0; i < CHUNK_FRAMES; i++)
        assert_true(is_zero(mfn_add(mfns[count], i)));
    for (unsigned i = 0; i <= count; i++)
        frame_release(d, mfns[i], ORDER_CHUNK);
    assert_counts_are_back();
}

static void test_limits(UNUSED void **state)
{
    mfn_t mfn, unused;

    d->max_pages = 1;
    assert_int_equal(frame_alloc(d, ORDER_CHUNK, &mfn), -ENOMEM);
    assert_int_equal(frame_alloc(d, 0, &mfn), 0);
    assert_int_equal(frame_alloc(d, 0, &unused), -ENOMEM);
    frame_release(d, mfn, 0);
    assert_counts_are_back();
}

static void test_references_need_the_owner(UNUSED void **state)
{
    uint32_t refs, writable;
    mfn_t mfn;

    assert_int_equal(frame_alloc(d, 0, &mfn), 0);
    assert_int_equal(frame_get(mfn, other, false), -EINVAL);
    assert_int_equal(frame_get(mfn, d, true), 0);
    assert_int_equal(frame_get(mfn, d, false), 0);
    fake_frame_refs(mfn, &refs, &writable);
    assert_int_equal(refs, 3);
    assert_int_equal(writable, 1);
    frame_put(mfn, true);
    frame_put(mfn, false);
    frame_release(d, mfn, 0);
    assert_int_equal(frame_get(mfn, d, false), -EINVAL);
}

static void test_what_is_no_ram_has_no_references(UNUSED void **state)
{
    assert_int_equal(frame_get((mfn_t){FAKE_DEVICE_MFN}, d, false), -EINVAL);
    assert_int_equal(frame_get((mfn_t){0}, d, false), -EINVAL);
    assert_int_equal(frame_get((mfn_t){FAKE_CHUNKS * CHUNK_FRAMES + 5}, d, false), -EINVAL);
    assert_int_equal(frame_get((mfn_t){UINT64_MAX}, d, false), -EINVAL);
    assert_false(frame_is_ram((mfn_t){FAKE_DEVICE_MFN}));
    assert_false(frame_is_ram((mfn_t){FAKE_CHUNKS * CHUNK_FRAMES}));
    assert_false(frame_is_ram(MFN_NONE));
    assert_true(frame_is_ram((mfn_t){FAKE_IMAGE_CHUNK * CHUNK_FRAMES}));
    assert_true(frame_is_ram((mfn_t){1}));
}

static void test_the_count_has_a_limit(UNUSED void **state)
{
    mfn_t mfn;
    uint64_t full;

    assert_int_equal(frame_alloc(d, 0, &mfn), 0);
    full = frame_make(FRAME_RAM, d->id, FRAME_REF_MASK);
    atomic_store(frame_entry(mfn), full);
    assert_int_equal(frame_get(mfn, d, false), -EINVAL);
    assert_true(atomic_load(frame_entry(mfn)) == full);
    atomic_store(frame_entry(mfn), frame_make(FRAME_RAM, d->id, FRAME_REF));
    frame_release(d, mfn, 0);
}

static void test_a_chunk_gets_entries_with_its_first_reference(UNUSED void **state)
{
    mfn_t mfn, inside;

    assert_int_equal(frame_alloc(d, ORDER_CHUNK, &mfn), 0);
    assert_int_equal(d->tot_pages, CHUNK_FRAMES);
    inside = mfn_add(mfn, 77);
    assert_int_equal(chunk_of(mfn)->state, CHUNK_LARGE);
    assert_ptr_equal(frame_owner(inside), d);
    assert_int_equal(frame_get(inside, other, false), -EINVAL);
    assert_int_equal(chunk_of(mfn)->state, CHUNK_LARGE);
    assert_int_equal(frame_get(inside, d, true), 0);
    assert_int_equal(chunk_of(mfn)->state, CHUNK_SPLIT);
    assert_ptr_equal(frame_owner(mfn), d);
    frame_release(d, mfn, ORDER_CHUNK);
    /* One frame is held, and still charged. */
    assert_int_equal(d->tot_pages, 1);
    frame_put(inside, true);
    assert_int_equal(d->tot_pages, 0);
    assert_counts_are_back();
}

static void test_a_page_of_a_chunk_can_go_alone(UNUSED void **state)
{
    mfn_t mfn;

    assert_int_equal(frame_alloc(d, ORDER_CHUNK, &mfn), 0);
    frame_release(d, mfn_add(mfn, 3), 0);
    assert_int_equal(d->tot_pages, CHUNK_FRAMES - 1);
    for (uint64_t i = 0; i < CHUNK_FRAMES; i++)
        if (i != 3)
            frame_release(d, mfn_add(mfn, i), 0);
    assert_int_equal(d->tot_pages, 0);
    assert_counts_are_back();
}

static void test_a_row_of_chunks(UNUSED void **state)
{
    mfn_t mfn, unused;

    assert_int_equal(frame_alloc_contiguous(d, 3, &mfn), 0);
    assert_int_equal(mfn.v % CHUNK_FRAMES, 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_ptr_equal(frame_owner(mfn_add(mfn, i * CHUNK_FRAMES)), d);
    assert_int_equal(frame_alloc_contiguous(other, FAKE_CHUNKS, &unused), -ENOMEM);
    for (uint64_t i = 0; i < 3; i++)
        frame_release(d, mfn_add(mfn, i * CHUNK_FRAMES), ORDER_CHUNK);
    assert_counts_are_back();
}

static void test_a_held_frame_outlives_its_domain(UNUSED void **state)
{
    struct frame_counts counts;
    uint16_t domid = d->id;
    mfn_t mfn, released;

    assert_int_equal(frame_alloc(d, 0, &mfn), 0);
    assert_int_equal(frame_get(mfn, d, true), 0);
    assert_int_equal(frame_alloc(d, 0, &released), 0);
    assert_int_equal(frame_get(released, d, false), 0);
    frame_release(d, released, 0);
    fake_domain_destroy(d);
    assert_null(domain_get(domid));
    /* A later domain with its number has no claim to it. */
    d = fake_domain_create(PAGES, HYP_PAGES);
    assert_int_equal(frame_get(mfn, d, false), -EINVAL);
    assert_null(frame_owner(mfn));
    fake_idle();
    frame_counts(&counts);
    assert_int_equal(counts.free_clean + counts.free_dirty,
                     before.free_clean + before.free_dirty - 2);
    frame_put(mfn, true);
    frame_put(released, false);
    assert_counts_are_back();
}

static void test_a_dying_domain_gets_nothing(UNUSED void **state)
{
    uint32_t state_before = atomic_load(&d->state);
    mfn_t mfn;

    atomic_store(&d->state, DOMAIN_DYING);
    assert_int_equal(frame_alloc(d, 0, &mfn), -ENOMEM);
    assert_int_equal(frame_alloc(d, ORDER_CHUNK, &mfn), -ENOMEM);
    atomic_store(&d->state, state_before);
}

static void test_private_frames_are_charged_as_the_hypervisors(UNUSED void **state)
{
    uint64_t charged = d->hyp_pages;
    mfn_t mfn;

    assert_int_equal(frame_alloc_private(d, &mfn), 0);
    assert_true(is_zero(mfn));
    assert_int_equal(d->hyp_pages, charged + 1);
    assert_int_equal(frame_get(mfn, d, false), -EINVAL);
    assert_null(frame_owner(mfn));
    frame_free_private(d, mfn);
    assert_int_equal(d->hyp_pages, charged);
    d->hyp_limit = d->hyp_pages;
    assert_int_equal(frame_alloc_private(d, &mfn), -ENOMEM);
    assert_counts_are_back();
}

static void test_an_allocation_fails_on_demand(UNUSED void **state)
{
    mfn_t mfn;

    frame_fail_after(2);
    assert_int_equal(frame_alloc(d, 0, &mfn), 0);
    frame_release(d, mfn, 0);
    assert_int_equal(frame_alloc(d, 0, &mfn), -ENOMEM);
    assert_int_equal(frame_alloc(d, 0, &mfn), 0);
    frame_release(d, mfn, 0);
    assert_counts_are_back();
}

static void test_creation_gives_back_all_when_anything_fails(UNUSED void **state)
{
    destroy_both();
    fake_idle();
    frame_counts(&before);
    for (uint32_t n = 1;; n++) {
        frame_fail_after(n);
        d = fake_domain_create(PAGES, HYP_PAGES);
        frame_fail_after(0);
        if (d != NULL)
            break;
        assert_counts_are_back();
        assert_true(n < 100);
    }
    fake_domain_destroy(d);
    d = NULL;
    assert_counts_are_back();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_frame_is_clean_and_charged),
        TEST(test_dirty_memory_is_cleared_when_nothing_clean_is_left),
        TEST(test_limits),
        TEST(test_references_need_the_owner),
        TEST(test_what_is_no_ram_has_no_references),
        TEST(test_the_count_has_a_limit),
        TEST(test_a_chunk_gets_entries_with_its_first_reference),
        TEST(test_a_page_of_a_chunk_can_go_alone),
        TEST(test_a_row_of_chunks),
        TEST(test_a_held_frame_outlives_its_domain),
        TEST(test_a_dying_domain_gets_nothing),
        TEST(test_private_frames_are_charged_as_the_hypervisors),
        TEST(test_an_allocation_fails_on_demand),
        TEST(test_creation_gives_back_all_when_anything_fails),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
