/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The p2m: types, two phases, large leaves, and the generation protocol (design decision 16) on
 * CPUs whose TLBs stay stale until they are told: no access may ever reach a frame that is free or
 * has a new owner.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/frame_table.h"
#include "lib/errno.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define ORDER_CHUNK 9u
#define PAGES       (8 * CHUNK_FRAMES)
#define HYP_PAGES   64u
#define GFN(n)      ((gfn_t){n})

static struct domain *d, *other;
static struct frame_counts before;

static int setup(UNUSED void **state)
{
    fake_idle();
    d = fake_domain_create(PAGES, HYP_PAGES);
    other = fake_domain_create(PAGES, HYP_PAGES);
    fake_idle();
    frame_counts(&before);
    fake_tlb_ignores_flushes = false;
    fake_tlb_violations = 0;
    return d == NULL || other == NULL;
}

static int teardown(UNUSED void **state)
{
    for (uint32_t cpu = cpu_count; cpu-- != 0;) {
        fake_on_cpu(cpu);
        fake_load(NULL);
    }
    fake_domain_destroy(d);
    fake_domain_destroy(other);
    return 0;
}

static mfn_t add(struct domain *to, uint64_t gfn, unsigned order)
{
    mfn_t mfn;

    assert_int_equal(p2m_prepare(to, GFN(gfn), order, P2M_ANY), 0);
    assert_int_equal(frame_alloc(to, order, &mfn), 0);
    p2m_set(to, GFN(gfn), order, mfn, P2M_RAM);
    return mfn;
}

static void remove_page(uint64_t gfn)
{
    struct p2m_entry old;

    assert_int_equal(p2m_prepare(d, GFN(gfn), 0, P2M_ANY), 0);
    old = p2m_set(d, GFN(gfn), 0, MFN_NONE, P2M_NONE);
    frame_release(d, old.mfn, 0);
}

static void poll_quarantine(struct domain *of)
{
    lock_take(&frame_lock);
    quarantine_poll(of);
    lock_drop(&frame_lock);
}

static uint8_t read_page(uint64_t gfn)
{
    uint8_t value = 0;

    assert_int_equal(fake_guest_access(GFN(gfn), false, &value), 0);
    return value;
}

static void test_types_and_rights(UNUSED void **state)
{
    static const struct {
        enum p2m_type type;
        bool is_writable;
    } types[] = {{P2M_RAM, true},       {P2M_RAM_RO, false}, {P2M_GRANT, true},
                 {P2M_GRANT_RO, false}, {P2M_SHARED, true},  {P2M_MMIO, true}};
    struct p2m_entry entry, old;

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        assert_int_equal(p2m_prepare(d, GFN(5), 0, P2M_ANY), 0);
        p2m_set(d, GFN(5), 0, (mfn_t){FAKE_DEVICE_MFN}, types[i].type);
        assert_int_equal(d->p2m.page_count[types[i].type], 1);
        entry = p2m_get(d, GFN(5));
        assert_int_equal(entry.type, types[i].type);
        assert_int_equal(entry.mfn.v, FAKE_DEVICE_MFN);
        assert_int_equal(entry.is_writable, types[i].is_writable);
        old = p2m_set(d, GFN(5), 0, MFN_NONE, P2M_NONE);
        assert_int_equal(old.type, types[i].type);
        assert_int_equal(d->p2m.page_count[types[i].type], 0);
    }
    entry = p2m_get(d, GFN(5));
    assert_int_equal(entry.type, P2M_NONE);
}

static void test_addresses_beyond_48_bits(UNUSED void **state)
{
    struct p2m_entry entry;

    assert_int_equal(p2m_prepare(d, GFN(UINT64_C(1) << 36), 0, P2M_ANY), -EINVAL);
    assert_int_equal(p2m_prepare(d, GFN_NONE, 0, P2M_ANY), -EINVAL);
    entry = p2m_get(d, GFN(UINT64_C(1) << 36 | 5));
    assert_int_equal(entry.type, P2M_NONE);
    assert_int_equal(p2m_prepare(d, GFN((UINT64_C(1) << 36) - 1), 0, P2M_ANY), 0);
}

static void test_a_page_goes_out_of_a_large_leaf(UNUSED void **state)
{
    mfn_t mfn = add(d, 1024, ORDER_CHUNK);
    struct p2m_entry entry;

    entry = p2m_get(d, GFN(1024 + 17));
    assert_int_equal(entry.level, PT_LEVEL_2M);
    assert_int_equal(entry.mfn.v, mfn.v + 17);
    remove_page(1024 + 17);
    entry = p2m_get(d, GFN(1024 + 17));
    assert_int_equal(entry.type, P2M_NONE);
    entry = p2m_get(d, GFN(1024 + 18));
    assert_int_equal(entry.mfn.v, mfn.v + 18);
    assert_int_equal(entry.level, PT_LEVEL_4K);
    assert_int_equal(d->p2m.page_count[P2M_RAM], CHUNK_FRAMES - 1);
    assert_int_equal(p2m_prepare(d, GFN(1024), ORDER_CHUNK, P2M_ANY), -EEXIST);
}

static void test_only_removing_raises_the_generation(UNUSED void **state)
{
    uint64_t generation = atomic_load(&d->p2m.generation);
    mfn_t mfn = add(d, 3, 0);

    assert_int_equal(atomic_load(&d->p2m.generation), generation);
    p2m_set(d, GFN(3), 0, mfn, P2M_RAM_RO);
    assert_int_equal(atomic_load(&d->p2m.generation), generation + 1);
    p2m_set(d, GFN(3), 0, mfn, P2M_RAM);
    assert_int_equal(atomic_load(&d->p2m.generation), generation + 1);
    remove_page(3);
    assert_int_equal(atomic_load(&d->p2m.generation), generation + 2);
}

static void test_a_removed_frame_waits_for_every_cpu(UNUSED void **state)
{
    struct frame_counts counts;
    uint64_t generation;
    mfn_t mfn = add(d, 7, 0);
    uint8_t value = 0x42;

    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        fake_on_cpu(cpu);
        fake_load(d->vcpu[cpu]);
        assert_int_equal(fake_guest_access(GFN(7), true, &value), 0);
    }
    fake_on_cpu(2);
    remove_page(7);
    generation = atomic_load(&d->p2m.generation);
    assert_true((atomic_load(&cpus[0].pending) & CPU_PENDING_TLB) != 0);
    assert_true((atomic_load(&cpus[1].pending) & CPU_PENDING_TLB) != 0);
    assert_false(p2m_flush_done(d, generation));
    assert_int_equal(d->quarantine_pages, 1);
    assert_int_equal(d->tot_pages, 0);
    /* Nobody else gets it while CPU 1 may still write to it. */
    fake_on_cpu(0);
    assert_int_equal(fake_guest_access(GFN(7), false, &value), -EFAULT);
    fake_on_cpu(1);
    assert_int_equal(fake_guest_access_inside(GFN(7), true, &value), 0);
    poll_quarantine(d);
    assert_int_equal(d->quarantine_pages, 1);
    frame_counts(&counts);
    assert_int_equal(counts.quarantine, 1);
    /* CPU 1 comes out and enters again: it has flushed. */
    p2m_enter(d->vcpu[1]);
    assert_true(p2m_flush_done(d, generation));
    poll_quarantine(d);
    assert_int_equal(d->quarantine_pages, 0);
    assert_null(frame_owner(mfn));
    assert_int_equal(fake_tlb_violations, 0);
}

static void test_a_cpu_that_loads_another_domain_counts_as_flushed(UNUSED void **state)
{
    fake_on_cpu(0);
    fake_load(d->vcpu[0]);
    add(d, 7, 0);
    read_page(7);
    fake_on_cpu(1);
    remove_page(7);
    assert_false(p2m_flush_done(d, atomic_load(&d->p2m.generation)));
    fake_on_cpu(0);
    fake_load(other->vcpu[0]);
    assert_true(p2m_flush_done(d, atomic_load(&d->p2m.generation)));
    /* And it flushes before it runs the domain again. */
    fake_load(d->vcpu[0]);
    assert_int_equal(fake_guest_access(GFN(7), false, &(uint8_t){0}), -EFAULT);
}

static void test_a_removed_chunk_waits_too(UNUSED void **state)
{
    struct p2m_entry old;
    mfn_t mfn = add(d, 2048, ORDER_CHUNK);

    fake_load(d->vcpu[0]);
    read_page(2048 + 9);
    old = p2m_set(d, GFN(2048), ORDER_CHUNK, MFN_NONE, P2M_NONE);
    assert_int_equal(old.mfn.v, mfn.v);
    frame_release(d, old.mfn, ORDER_CHUNK);
    assert_int_equal(d->quarantine_pages, CHUNK_FRAMES);
    assert_int_equal(chunk_of(mfn)->state, CHUNK_QUARANTINED);
    p2m_enter(d->vcpu[0]);
    poll_quarantine(d);
    assert_int_equal(d->quarantine_pages, 0);
    assert_int_equal(chunk_of(mfn)->state, CHUNK_FREE);
}

static bool window_shows(mfn_t mfn)
{
    for (unsigned slot = 0; slot < WINDOW_USES; slot++)
        if ((this_cpu()->window->used & 1u << slot) != 0 &&
            mfn_equal(this_cpu()->window->tag[slot], mfn))
            return true;
    return false;
}

static void test_the_window_lets_go_of_what_is_removed(UNUSED void **state)
{
    mfn_t mine = add(d, 3, 0), stays = add(d, 4, 0), others = add(d, 5, 0);

    fake_load(d->vcpu[0]);
    p2m_enter(d->vcpu[0]);
    window_map(WINDOW_ARG0, mine);
    window_map(WINDOW_ELEM0, stays);
    remove_page(3);
    assert_true(window_shows(mine)); /* it may be in use until the next entry */
    p2m_enter(d->vcpu[0]);
    assert_false(window_shows(mine));
    assert_true(window_shows(stays));
    window_map(WINDOW_ARG0, others);
    fake_on_cpu(1);
    remove_page(5);
    fake_on_cpu(0);
    p2m_enter(d->vcpu[0]);
    assert_false(window_shows(others));
    window_map(WINDOW_ARG0, stays);
    fake_load(other->vcpu[0]);
    p2m_enter(other->vcpu[0]);
    assert_false(window_shows(stays));
    fake_load(d->vcpu[0]);
    p2m_enter(d->vcpu[0]);
    assert_true(window_shows(stays));
    fake_load(NULL);
    remove_page(4);
    fake_load(d->vcpu[0]);
    p2m_enter(d->vcpu[0]);
    assert_false(window_shows(stays));
}

/* A xorshift generator: the same on every run. */
static uint64_t next_random(void)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

/* CPUs run two domains whose pages come and go at random. */
static void run_randomly(unsigned steps)
{
    struct domain *domains[] = {d, other};
    uint8_t value = 1;

    for (unsigned step = 0; step < steps; step++) {
        struct domain *of = domains[next_random() % 2];
        gfn_t gfn = GFN(next_random() % 24);
        struct p2m_entry entry;
        mfn_t mfn;

        fake_on_cpu((uint32_t)(next_random() % cpu_count));
        switch (next_random() % 8) {
        case 0:
            entry = p2m_get(of, gfn);
            if (entry.type == P2M_RAM) {
                entry = p2m_set(of, gfn, 0, MFN_NONE, P2M_NONE);
                frame_release(of, entry.mfn, 0);
            }
            break;
        case 1:
            entry = p2m_get(of, gfn);
            if (entry.type == P2M_NONE && p2m_prepare(of, gfn, 0, P2M_ANY) == 0 &&
                frame_alloc(of, 0, &mfn) == 0)
                p2m_set(of, gfn, 0, mfn, P2M_RAM);
            break;
        case 2:
            fake_load(next_random() % 4 != 0 ? of->vcpu[this_cpu()->id] : NULL);
            break;
        case 3:
            frame_scrub_step();
            poll_quarantine(of);
            break;
        default:
            if (this_cpu()->current == NULL)
                break;
            /* In the middle of its time, unless it was told to come out. */
            if (atomic_exchange(&this_cpu()->cpu->pending, 0) != 0 || next_random() % 4 == 0)
                (void)!fake_guest_access(gfn, true, &value);
            else if (atomic_load(&this_cpu()->cpu->loaded_gen) != 0)
                (void)!fake_guest_access_inside(gfn, true, &value);
            break;
        }
    }
}

static void test_no_stale_access_reaches_a_frame_of_others(UNUSED void **state)
{
    run_randomly(60000);
    assert_int_equal(fake_tlb_violations, 0);
}

static void test_the_test_sees_a_lost_flush(UNUSED void **state)
{
    fake_tlb_ignores_flushes = true;
    run_randomly(60000);
    assert_int_not_equal(fake_tlb_violations, 0);
}

static void test_a_frame_is_referenced_through_the_p2m(UNUSED void **state)
{
    mfn_t mfn = add(d, 3, 0), found;

    assert_int_equal(p2m_get_frame(d, GFN(3), true, &found), 0);
    assert_int_equal(found.v, mfn.v);
    frame_put(found, true);
    p2m_set(d, GFN(3), 0, mfn, P2M_RAM_RO);
    assert_int_equal(p2m_get_frame(d, GFN(3), true, &found), -EINVAL);
    assert_int_equal(p2m_get_frame(d, GFN(3), false, &found), 0);
    frame_put(found, false);
    assert_int_equal(p2m_get_frame(d, GFN(4), false, &found), -EINVAL);
    assert_int_equal(p2m_prepare(d, GFN(4), 0, P2M_ANY), 0);
    p2m_set(d, GFN(4), 0, (mfn_t){FAKE_DEVICE_MFN}, P2M_MMIO);
    assert_int_equal(p2m_get_frame(d, GFN(4), false, &found), -EINVAL);
}

static void test_tables_are_charged_and_limited(UNUSED void **state)
{
    uint64_t charged = d->hyp_pages;

    assert_int_equal(p2m_prepare(d, GFN(0x12345), 0, P2M_ANY), 0);
    assert_int_equal(d->hyp_pages, charged + 3);
    d->hyp_limit = d->hyp_pages + 1;
    assert_int_equal(p2m_prepare(d, GFN(UINT64_C(1) << 30), 0, P2M_ANY), -ENOMEM);
    assert_int_equal(d->hyp_pages, charged + 4);
}

static void test_destruction_gives_all_back(UNUSED void **state)
{
    struct frame_counts after;
    mfn_t foreign;

    fake_domain_destroy(d);
    fake_idle();
    frame_counts(&before);
    d = fake_domain_create(PAGES, HYP_PAGES);
    for (uint64_t gfn = 0; gfn < 1400; gfn += 2)
        add(d, gfn, 0);
    add(d, 2048, ORDER_CHUNK);
    add(other, 1, 0);
    assert_int_equal(p2m_get_frame(other, GFN(1), true, &foreign), 0);
    assert_int_equal(p2m_prepare(d, GFN(1), 0, P2M_ANY), 0);
    p2m_set(d, GFN(1), 0, foreign, P2M_FOREIGN);
    fake_domain_destroy(d);
    fake_idle();
    frame_counts(&after);
    assert_int_equal(after.free_clean + 1, before.free_clean);
    assert_int_equal(after.heap_used, before.heap_used + 3); /* the tables of the other's page */
    d = fake_domain_create(PAGES, HYP_PAGES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_types_and_rights),
        TEST(test_addresses_beyond_48_bits),
        TEST(test_a_page_goes_out_of_a_large_leaf),
        TEST(test_only_removing_raises_the_generation),
        TEST(test_a_removed_frame_waits_for_every_cpu),
        TEST(test_a_cpu_that_loads_another_domain_counts_as_flushed),
        TEST(test_a_removed_chunk_waits_too),
        TEST(test_the_window_lets_go_of_what_is_removed),
        TEST(test_no_stale_access_reaches_a_frame_of_others),
        TEST(test_the_test_sees_a_lost_flush),
        TEST(test_a_frame_is_referenced_through_the_p2m),
        TEST(test_tables_are_charged_and_limited),
        TEST(test_destruction_gives_all_back),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
