/* SPDX-License-Identifier: BSD-2-Clause */
/* Registered areas: by guest frame and by virtual address, across a page, what becomes of the frame
 * when the guest gives it away, and undoing when something fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/area.h"
#include "core/domain.h"
#include "lib/errno.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define PAGES     64u
#define HYP_PAGES 64u
#define GFN(n)    ((gfn_t){n})

static struct domain *d;
static mfn_t mfns[3]; /* at guest frames 1, 2, 3 */

static int setup(UNUSED void **state)
{
    fake_idle();
    d = fake_domain_create(PAGES, HYP_PAGES);
    for (uint64_t i = 0; i < ARRAY_SIZE(mfns); i++) {
        assert_int_equal(p2m_prepare(d, GFN(i + 1), 0, P2M_ANY), 0);
        assert_int_equal(frame_alloc(d, 0, &mfns[i]), 0);
        p2m_set(d, GFN(i + 1), 0, mfns[i], P2M_RAM);
    }
    /* Paging off: addresses are guest-physical. */
    fake_paging = (struct guest_paging){.is_long = false};
    fake_load(d->vcpu[0]);
    p2m_enter(d->vcpu[0]);
    return 0;
}

static int teardown(UNUSED void **state)
{
    fake_load(NULL);
    fake_domain_destroy(d);
    return 0;
}

static uint32_t refs_of(mfn_t mfn)
{
    uint32_t refs, writable;

    fake_frame_refs(mfn, &refs, &writable);
    assert_int_equal(writable, refs - 1);
    return refs;
}

static void test_by_guest_frame(UNUSED void **state)
{
    struct area area = {.address = NULL};

    assert_int_equal(area_register_gfn(&area, d, GFN(9), 0, 64), -EINVAL);
    assert_null(area.address);
    assert_int_equal(area_register_gfn(&area, d, GFN(1), PAGE_SIZE - 64, 64), 0);
    assert_int_equal(refs_of(mfns[0]), 2);
    memset(area.address, 0x77, 64);
    assert_int_equal(fake_frame(mfns[0])[PAGE_SIZE - 64], 0x77);
    assert_int_equal(fake_frame(mfns[0])[PAGE_SIZE - 65], 0);
    area_drop(&area);
    assert_null(area.address);
    fake_host_flush_all();
    area_poll();
    assert_int_equal(refs_of(mfns[0]), 1);
    area_drop(&area);
}

static void test_by_address_across_a_page(UNUSED void **state)
{
    struct area area = {.address = NULL};

    assert_int_equal(area_register_gva(&area, 2 * PAGE_SIZE - 10, 30), 0);
    memset(area.address, 0x55, 30);
    assert_int_equal(fake_frame(mfns[0])[PAGE_SIZE - 10], 0x55);
    assert_int_equal(fake_frame(mfns[1])[19], 0x55);
    assert_int_equal(fake_frame(mfns[1])[20], 0);
    area_drop(&area);
    /* The second page is not there: nothing of the first stays. */
    assert_int_equal(area_register_gva(&area, 4 * PAGE_SIZE - 10, 30), -EFAULT);
    fake_host_flush_all();
    area_poll();
    for (unsigned i = 0; i < ARRAY_SIZE(mfns); i++)
        assert_int_equal(refs_of(mfns[i]), 1);
}

static void test_the_frame_lives_until_every_cpu_has_flushed(UNUSED void **state)
{
    struct area area = {.address = NULL};
    struct p2m_entry old;

    assert_int_equal(area_register_gfn(&area, d, GFN(1), 0, 64), 0);
    old = p2m_set(d, GFN(1), 0, MFN_NONE, P2M_NONE);
    frame_release(d, old.mfn, 0);
    memset(area.address, 0x33, 64);
    assert_int_equal(fake_frame(mfns[0])[0], 0x33);
    assert_int_equal(d->tot_pages, 3);
    area_drop(&area);
    area_poll();
    assert_int_equal(d->tot_pages, 3);
    fake_host_flush_all();
    area_poll();
    assert_int_equal(d->tot_pages, 2);
}

static void test_failure_leaves_no_reference(UNUSED void **state)
{
    struct area area = {.address = NULL};

    frame_fail_after(1);
    assert_int_equal(area_register_gva(&area, 2 * PAGE_SIZE - 10, 30), -ENOMEM);
    frame_fail_after(0);
    assert_null(area.address);
    for (unsigned i = 0; i < ARRAY_SIZE(mfns); i++)
        assert_int_equal(refs_of(mfns[i]), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_by_guest_frame),
        TEST(test_by_address_across_a_page),
        TEST(test_the_frame_lives_until_every_cpu_has_flushed),
        TEST(test_failure_leaves_no_reference),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
