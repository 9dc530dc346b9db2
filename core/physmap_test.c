/* SPDX-License-Identifier: BSD-2-Clause */
/* What is put at guest frames and what becomes of what was there: RAM, shared pages, others'
 * frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/frame.h"
#include "core/frame_table.h"
#include "core/heap.h"
#include "core/physmap.h"
#include "lib/errno.h"
#include "pv-abi/memory.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define PAGES       (3 * CHUNK_FRAMES)
#define HYP_PAGES   128u
#define ORDER_CHUNK 9u
#define RAM         ((gfn_t){0x200})
#define LARGE       ((gfn_t){0x400})
#define HOLE        ((gfn_t){0x800})
#define BEYOND      ((gfn_t){UINT64_C(1) << 36}) /* 48 bits of address */

static struct domain *d, *other;
static struct frame_counts before;

static int setup(UNUSED void **state)
{
    fake_on_cpu(0);
    fake_idle();
    frame_counts(&before);
    fake_tlb_violations = 0;
    d = fake_domain_create(PAGES, HYP_PAGES);
    other = fake_domain_create(PAGES, HYP_PAGES);
    if (!d || !other)
        return -1;
    fake_load(d->vcpu[0]);
    return physmap_populate(d, RAM, 0) || physmap_populate(other, RAM, 0);
}

static void destroy(struct domain **which)
{
    if (*which)
        fake_domain_destroy(*which);
    *which = NULL;
}

static void destroy_both(void)
{
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        fake_on_cpu(cpu);
        fake_load(NULL);
    }
    fake_on_cpu(0);
    destroy(&d);
    destroy(&other);
}

static int teardown(UNUSED void **state)
{
    frame_fail_after(0);
    destroy_both();
    return 0;
}

static void assert_all_is_back(void)
{
    struct frame_counts after;

    destroy_both();
    fake_idle();
    frame_counts(&after);
    assert_int_equal(after.heap_used, before.heap_used);
    assert_int_equal(after.free_clean + after.free_dirty, before.free_clean + before.free_dirty);
    assert_int_equal(after.quarantine, before.quarantine);
}

static enum p2m_type type_at(struct domain *of, gfn_t gfn)
{
    struct p2m_entry entry;

    entry = p2m_get(of, gfn);
    return entry.type;
}

static mfn_t frame_at(struct domain *of, gfn_t gfn)
{
    struct p2m_entry entry;

    entry = p2m_get(of, gfn);
    return entry.mfn;
}

static void test_ram_comes_and_goes(UNUSED void **state)
{
    assert_int_equal(d->tot_pages, 1);
    assert_int_equal(physmap_populate(d, HOLE, 0), 0);
    assert_int_equal(type_at(d, HOLE), P2M_RAM);
    assert_int_equal(d->tot_pages, 2);
    assert_int_equal(physmap_release_ram(d, HOLE, 0), 0);
    assert_int_equal(type_at(d, HOLE), P2M_NONE);
    assert_int_equal(d->tot_pages, 1);
}

static void test_a_large_extent_in_pieces(UNUSED void **state)
{
    assert_int_equal(physmap_populate(d, LARGE, ORDER_CHUNK), 0);
    assert_int_equal(physmap_release_ram(d, gfn_add(LARGE, 7), 0), 0);
    assert_int_equal(type_at(d, gfn_add(LARGE, 7)), P2M_NONE);
    assert_int_equal(type_at(d, gfn_add(LARGE, 8)), P2M_RAM);
    /* It is not all RAM any more. */
    assert_int_equal(physmap_release_ram(d, LARGE, ORDER_CHUNK), -EINVAL);
    assert_int_equal(physmap_populate(d, gfn_add(LARGE, 7), 0), 0);
    assert_int_equal(physmap_release_ram(d, LARGE, ORDER_CHUNK), 0);
    assert_int_equal(d->tot_pages, 1);
    assert_all_is_back();
}

static void test_an_extent_of_a_few_pages_goes_whole(UNUSED void **state)
{
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(physmap_populate(d, gfn_add(HOLE, i), 0), 0);
    assert_int_equal(physmap_release_ram(d, HOLE, 3), 0);
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(type_at(d, gfn_add(HOLE, i)), P2M_NONE);
    assert_int_equal(d->tot_pages, 1);
    assert_int_not_equal(physmap_populate(d, HOLE, 3), 0);
    assert_int_equal(physmap_populate(d, gfn_add(HOLE, 7), 0), 0);
    assert_int_equal(physmap_release_ram(d, HOLE, 3), -EINVAL);
    assert_int_equal(type_at(d, gfn_add(HOLE, 7)), P2M_RAM);
    assert_all_is_back();
}

/* What it took is not free before it enters its guest. */
static void test_a_call_that_takes_much_is_to_be_interrupted(UNUSED void **state)
{
    assert_int_equal(physmap_populate(d, LARGE, ORDER_CHUNK), 0);
    atomic_store(&cpus[0].pending, 0);
    assert_int_equal(physmap_release_ram(d, LARGE, ORDER_CHUNK), 0);
    assert_int_not_equal(atomic_load(&cpus[0].pending) & CPU_PENDING_TLB, 0);
    atomic_store(&cpus[0].pending, 0);
    for (uint64_t i = 0; i < CHUNK_FRAMES && atomic_load(&cpus[0].pending) == 0; i++) {
        assert_int_equal(physmap_populate(d, HOLE, 0), 0);
        assert_int_equal(physmap_release_ram(d, HOLE, 0), 0);
    }
    assert_int_not_equal(atomic_load(&cpus[0].pending) & CPU_PENDING_TLB, 0);
    assert_all_is_back();
}

static void test_extents_that_cannot_be(UNUSED void **state)
{
    assert_int_equal(physmap_populate(d, RAM, 0), -EBUSY);
    assert_int_equal(physmap_populate(d, BEYOND, 0), -EINVAL);
    assert_int_equal(physmap_populate(d, gfn_add(LARGE, 1), ORDER_CHUNK), -EINVAL);
    assert_int_not_equal(physmap_populate(d, RAM, ORDER_CHUNK), 0);
    assert_int_equal(physmap_release_ram(d, HOLE, 0), -EINVAL);
    assert_int_equal(physmap_release_ram(d, BEYOND, 0), -EINVAL);
    assert_int_equal(physmap_release_ram(d, gfn_add(LARGE, 1), ORDER_CHUNK), -EINVAL);
    d->max_pages = d->tot_pages;
    assert_int_equal(physmap_populate(d, HOLE, 0), -ENOMEM);
    assert_int_equal(type_at(d, HOLE), P2M_NONE);
}

static void test_shared_info_moves(UNUSED void **state)
{
    mfn_t page = heap_mfn(d->shared_info);

    assert_int_equal(physmap_add(d, XENMAPSPACE_shared_info, 1, NULL, HOLE), -EINVAL);
    assert_int_equal(physmap_add(d, XENMAPSPACE_shared_info, 0, NULL, HOLE), 0);
    assert_true(mfn_equal(frame_at(d, HOLE), page));
    assert_int_equal(physmap_add(d, XENMAPSPACE_shared_info, 0, NULL, HOLE), 0);
    assert_int_equal(physmap_add(d, XENMAPSPACE_shared_info, 0, NULL, gfn_add(HOLE, 1)), 0);
    assert_int_equal(type_at(d, HOLE), P2M_NONE);
    assert_true(mfn_equal(frame_at(d, gfn_add(HOLE, 1)), page));
    assert_int_equal(physmap_remove(d, gfn_add(HOLE, 1)), 0);
    assert_true(gfn_equal(d->shared_info_gfn, GFN_NONE));
}

static void test_ram_under_a_shared_page_goes_back(UNUSED void **state)
{
    assert_int_equal(physmap_add(d, XENMAPSPACE_shared_info, 0, NULL, RAM), 0);
    assert_int_equal(d->tot_pages, 0);
    assert_int_equal(physmap_remove(d, RAM), 0);
    assert_int_equal(type_at(d, RAM), P2M_NONE);
    assert_all_is_back();
}

static void test_grant_frames_move(UNUSED void **state)
{
    assert_int_equal(physmap_add(d, XENMAPSPACE_grant_table, d->grants.frame_limit, NULL, HOLE),
                     -EINVAL);
    assert_int_equal(physmap_add(d, XENMAPSPACE_grant_table, UINT64_MAX, NULL, HOLE), -EINVAL);
    assert_int_equal(physmap_add(d, XENMAPSPACE_grant_table, 1, NULL, HOLE), 0);
    assert_int_equal(d->grants.frame_count, 2);
    assert_int_equal(physmap_add(d, XENMAPSPACE_grant_table, 1, NULL, gfn_add(HOLE, 1)), 0);
    assert_int_equal(type_at(d, HOLE), P2M_NONE);
    assert_int_equal(d->grants.slots->gfn[1].v, HOLE.v + 1);
    /* Another page in its place: it sits nowhere. */
    assert_int_equal(physmap_add(d, XENMAPSPACE_grant_table, 0, NULL, gfn_add(HOLE, 1)), 0);
    assert_int_equal(d->grants.slots->gfn[1].v, GFN_NONE.v);
    assert_all_is_back();
}

static void test_own_ram_moves(UNUSED void **state)
{
    mfn_t frame = frame_at(d, RAM);

    assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn, HOLE.v, NULL, RAM), -EINVAL);
    assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn, RAM.v, NULL, HOLE), 0);
    assert_true(mfn_equal(frame_at(d, HOLE), frame));
    assert_int_equal(type_at(d, RAM), P2M_NONE);
    assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn, HOLE.v, NULL, HOLE), 0);
    assert_int_equal(d->tot_pages, 1);
}

static void test_a_foreign_frame(UNUSED void **state)
{
    uint8_t value = 9;

    assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn_foreign, HOLE.v, other, HOLE), -EINVAL);
    assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn_foreign, RAM.v, d, HOLE), -EINVAL);
    assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn_foreign, RAM.v, other, HOLE), 0);
    assert_int_equal(fake_guest_access(HOLE, true, &value), 0);
    assert_int_equal(*fake_frame(frame_at(other, RAM)), 9);
    /* It has to be unmapped first. */
    assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn_foreign, RAM.v, other, HOLE), -EBUSY);
    assert_int_equal(physmap_add(d, XENMAPSPACE_shared_info, 0, NULL, HOLE), -EBUSY);
    assert_int_equal(physmap_remove(d, HOLE), 0);
    assert_int_equal(physmap_remove(d, HOLE), -ENOENT);
    assert_all_is_back();
}

/* A CPU in the guest still holds the translation while the owner dies. */
static void test_a_foreign_frame_waits_for_the_tlb(UNUSED void **state)
{
    uint8_t value;

    assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn_foreign, RAM.v, other, HOLE), 0);
    fake_on_cpu(1);
    fake_load(d->vcpu[0]);
    assert_int_equal(fake_guest_access(HOLE, false, &value), 0);
    fake_on_cpu(0);
    assert_int_equal(physmap_remove(d, HOLE), 0);
    destroy(&other);
    fake_idle();
    fake_on_cpu(1);
    assert_int_equal(fake_guest_access_inside(HOLE, false, &value), 0);
    p2m_enter(d->vcpu[0]);
    fake_on_cpu(0);
    p2m_enter(d->vcpu[0]);
    physmap_poll(d);
    assert_int_equal(fake_tlb_violations, 0);
    assert_int_equal(d->foreign_count, 0);
    assert_all_is_back();
}

static void test_the_queue_of_unmapped_frames_is_bounded(UNUSED void **state)
{
    int error = 0;
    uint32_t count = 0;

    while (!error && count < 1000) {
        assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn_foreign, RAM.v, other, HOLE), 0);
        error = physmap_remove(d, HOLE);
        count++;
    }
    assert_int_equal(error, -EAGAIN);
    p2m_enter(d->vcpu[0]);
    assert_int_equal(physmap_remove(d, HOLE), 0);
    assert_all_is_back();
}

static void test_a_resource_keeps_its_page(UNUSED void **state)
{
    uint8_t value = 4;
    mfn_t page;

    assert_int_equal(physmap_add(d, PHYSMAP_OTHERS_GRANTS, 0, other, HOLE), 0);
    assert_int_equal(physmap_add(d, XENMAPSPACE_shared_info, 0, NULL, HOLE), -EBUSY);
    page = frame_at(d, HOLE);
    destroy(&other);
    assert_int_equal(fake_guest_access(HOLE, true, &value), 0);
    assert_int_equal(frame_type_of(atomic_load(frame_entry(page))), FRAME_RELEASED);
    assert_int_equal(physmap_remove(d, HOLE), 0);
    p2m_enter(d->vcpu[0]);
    physmap_poll(d);
    assert_int_equal(frame_type_of(atomic_load(frame_entry(page))), FRAME_FREE);
    assert_all_is_back();
}

static void test_a_dying_domain_is_left_alone(UNUSED void **state)
{
    atomic_store(&d->state, DOMAIN_DYING);
    assert_int_equal(physmap_populate(d, HOLE, 0), -ESRCH);
    assert_int_equal(physmap_add(d, XENMAPSPACE_shared_info, 0, NULL, HOLE), -ESRCH);
    assert_int_equal(physmap_add(d, XENMAPSPACE_gmfn_foreign, RAM.v, other, HOLE), -ESRCH);
    assert_int_equal(physmap_release_ram(d, RAM, 0), -ESRCH);
    assert_int_equal(physmap_remove(d, RAM), -ESRCH);
    assert_int_equal(type_at(d, RAM), P2M_RAM);
    atomic_store(&d->state, DOMAIN_ALIVE);
}

/* For each allocation that can fail: an attempt that fails leaves nothing. */
static void test_without_memory(UNUSED void **state)
{
    int error = -ENOMEM;

    for (uint32_t n = 1; error; n++) {
        frame_fail_after(n);
        error = physmap_add(d, XENMAPSPACE_gmfn_foreign, RAM.v, other, HOLE);
        frame_fail_after(0);
        assert_true(!error || (error == -ENOMEM && type_at(d, HOLE) == P2M_NONE));
    }
    error = -ENOMEM;
    for (uint32_t n = 1; error; n++) {
        frame_fail_after(n);
        error = physmap_populate(d, LARGE, ORDER_CHUNK);
        frame_fail_after(0);
        assert_true(!error || (error == -ENOMEM && d->tot_pages == 1));
    }
    assert_int_equal(physmap_remove(d, HOLE), 0);
    assert_all_is_back();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ram_comes_and_goes),
        TEST(a_large_extent_in_pieces),
        TEST(an_extent_of_a_few_pages_goes_whole),
        TEST(a_call_that_takes_much_is_to_be_interrupted),
        TEST(extents_that_cannot_be),
        TEST(shared_info_moves),
        TEST(ram_under_a_shared_page_goes_back),
        TEST(grant_frames_move),
        TEST(own_ram_moves),
        TEST(a_foreign_frame),
        TEST(a_foreign_frame_waits_for_the_tlb),
        TEST(the_queue_of_unmapped_frames_is_bounded),
        TEST(a_resource_keeps_its_page),
        TEST(a_dying_domain_is_left_alone),
        TEST(without_memory),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
