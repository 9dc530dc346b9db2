/* SPDX-License-Identifier: BSD-2-Clause */
/* Grants: the entry's protocol, mappings and what waits for TLBs, copies, what outlives whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/frame.h"
#include "core/grant.h"
#include "core/physmap.h"
#include "lib/errno.h"
#include "pv-abi/grant_table.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define PAGES     64u
#define HYP_PAGES 128u
#define REF       9u
#define GFN       ((gfn_t){0x100}) /* a frame of the granter's RAM */
#define AT        ((gfn_t){0x500}) /* where the mapper maps; nothing is there */
#define OWN       ((gfn_t){0x300}) /* a frame of the mapper's RAM */

static struct domain *granter, *mapper;
static struct frame_counts before;

static int setup(UNUSED void **state)
{
    fake_on_cpu(0);
    fake_idle();
    frame_counts(&before);
    fake_tlb_violations = 0;
    granter = fake_domain_create(PAGES, HYP_PAGES);
    mapper = fake_domain_create(PAGES, HYP_PAGES);
    if (!granter || !mapper)
        return -1;
    fake_load(mapper->vcpu[0]);
    mapper->is_direct_mapped = true;
    return physmap_populate(granter, GFN, 0) || physmap_populate(mapper, OWN, 0);
}

static void destroy(struct domain **d)
{
    if (*d)
        fake_domain_destroy(*d);
    *d = NULL;
}

static void destroy_both(void)
{
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        fake_on_cpu(cpu);
        fake_load(NULL);
    }
    fake_on_cpu(0);
    destroy(&mapper);
    destroy(&granter);
}

static int teardown(UNUSED void **state)
{
    frame_fail_after(0);
    destroy_both();
    return 0;
}

static struct grant_entry_v1 *entry_of(uint32_t ref)
{
    return (struct grant_entry_v1 *)&granter->grants.slots->frame[0]->entry[ref];
}

static void grant_to(struct domain *d, uint32_t ref, uint16_t flags)
{
    *entry_of(ref) = (struct grant_entry_v1){
        .flags = (uint16_t)(GTF_permit_access | flags), .domid = d->id, .frame = (uint32_t)GFN.v};
}

static int16_t map(uint32_t ref, uint32_t flags, uint32_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = gpa_of(AT).v, .flags = flags, .ref = ref, .dom = granter->id};

    grant_map(mapper, &op);
    *handle = op.handle;
    return op.status;
}

/* Whether the mapping is gone for good. */
static bool unmap(uint32_t handle)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = gpa_of(AT).v, .handle = handle};
    bool is_waiting = false;

    grant_unmap(mapper, &op, &is_waiting);
    assert_int_equal(op.status, GNTST_okay);
    return !is_waiting;
}

/* The status of what never has to wait. */
static int16_t unmap_at(struct domain *d, uint32_t handle, uint64_t host_addr, uint64_t dev_addr)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = host_addr, .dev_bus_addr = dev_addr, .handle = handle};
    bool is_waiting = false;

    grant_unmap(d, &op, &is_waiting);
    assert_false(is_waiting);
    return op.status;
}

/* The mapper's CPU enters its guest, which flushes what it must. */
static void enter(void)
{
    p2m_enter(this_cpu()->current);
}

static mfn_t granted_frame(void)
{
    struct p2m_entry entry;

    entry = p2m_get(granter, GFN);
    return entry.mfn;
}

static void test_a_mapping_shows_the_frame_and_marks_the_entry(UNUSED void **state)
{
    uint8_t value = 0x5a;
    uint32_t handle;

    grant_to(mapper, REF, 0);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_okay);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(fake_guest_access(AT, true, &value), 0);
    assert_int_equal(*fake_frame(granted_frame()), 0x5a);
    assert_false(unmap(handle));
    enter();
    assert_true(unmap(handle));
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access);
    assert_int_equal(fake_guest_access(AT, false, &value), -EFAULT);
}

static void test_a_readonly_mapping(UNUSED void **state)
{
    uint8_t value = 1;
    uint32_t handle;

    grant_to(mapper, REF, GTF_readonly);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_general_error);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(map(REF, GNTMAP_host_map | GNTMAP_readonly, &handle), GNTST_okay);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access | GTF_readonly | GTF_reading);
    assert_int_equal(fake_guest_access(AT, false, &value), 0);
    assert_int_equal(fake_guest_access(AT, true, &value), -EFAULT);
}

static void test_entries_that_cannot_be_used(UNUSED void **state)
{
    uint32_t handle;

    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_general_error);
    assert_int_equal(map(GRANT_REFS_IN_FRAME, GNTMAP_host_map, &handle), GNTST_bad_gntref);
    grant_to(granter, REF, 0);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_general_error);
    grant_to(mapper, REF, 0);
    entry_of(REF)->frame = 0x12345;
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_bad_page);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access);
    atomic_store(&granter->state, DOMAIN_DYING);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_bad_domain);
    atomic_store(&granter->state, DOMAIN_ALIVE);
}

static void test_two_uses_of_one_entry(UNUSED void **state)
{
    uint32_t first, second;

    grant_to(mapper, REF, 0);
    assert_int_equal(map(REF, GNTMAP_device_map, &first), GNTST_okay);
    assert_int_equal(map(REF, GNTMAP_device_map | GNTMAP_readonly, &second), GNTST_okay);
    assert_int_not_equal(first, second);
    assert_int_equal(unmap_at(mapper, first, 0, paddr_of(granted_frame()).v), GNTST_okay);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access | GTF_reading);
    assert_int_equal(unmap_at(mapper, second, 0, paddr_of(granted_frame()).v), GNTST_okay);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access);
}

static void test_unmaps_that_cannot_be(UNUSED void **state)
{
    uint32_t handle;

    grant_to(mapper, REF, 0);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_okay);
    assert_int_equal(unmap_at(mapper, handle + 1, gpa_of(AT).v, 0), GNTST_bad_handle);
    assert_int_equal(unmap_at(mapper, UINT32_MAX, gpa_of(AT).v, 0), GNTST_bad_handle);
    assert_int_equal(unmap_at(mapper, handle, gpa_of(OWN).v, 0), GNTST_general_error);
    assert_int_equal(unmap_at(granter, handle, gpa_of(AT).v, 0), GNTST_bad_handle);
}

/* Another vCPU is in the guest with the translation in its TLB. The frame must not go before it has
 * left. */
static void test_an_unmap_waits_for_the_other_cpu(UNUSED void **state)
{
    uint32_t handle;
    uint8_t value;

    grant_to(mapper, REF, 0);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_okay);
    fake_on_cpu(1);
    fake_load(mapper->vcpu[0]);
    assert_int_equal(fake_guest_access(AT, false, &value), 0);
    fake_on_cpu(0);
    assert_false(unmap(handle));
    enter();
    assert_false(unmap(handle));
    assert_int_equal(physmap_release_ram(granter, GFN, 0), 0);
    fake_idle();
    fake_on_cpu(1);
    assert_int_equal(fake_guest_access_inside(AT, false, &value), 0);
    enter();
    fake_on_cpu(0);
    assert_true(unmap(handle));
    assert_int_equal(fake_tlb_violations, 0);
}

/* A frame in use is what its entry stands for until the last use ends, whatever the granter does.
 */
static void test_a_frame_that_the_granter_gives_back(UNUSED void **state)
{
    mfn_t frame = granted_frame();
    uint32_t handle;
    uint8_t value = 7;

    grant_to(mapper, REF, 0);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_okay);
    assert_int_equal(physmap_release_ram(granter, GFN, 0), 0);
    fake_idle();
    assert_int_equal(fake_guest_access(AT, true, &value), 0);
    assert_int_equal(*fake_frame(frame), 7);
    assert_int_equal(physmap_populate(granter, GFN, 0), 0);
    assert_int_equal(map(REF, GNTMAP_device_map, &handle), GNTST_bad_page);
    assert_int_equal(fake_tlb_violations, 0);
}

static void assert_all_is_back(void)
{
    struct frame_counts after;

    destroy_both();
    fake_idle();
    frame_counts(&after);
    assert_int_equal(after.heap_used, before.heap_used);
    assert_int_equal(after.free_clean + after.free_dirty, before.free_clean + before.free_dirty);
}

static void test_a_mapping_outlives_its_granter(UNUSED void **state)
{
    uint32_t handle;
    uint8_t value = 3;

    grant_to(mapper, REF, 0);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_okay);
    destroy(&granter);
    fake_idle();
    assert_int_equal(fake_guest_access(AT, true, &value), 0);
    assert_int_equal(fake_tlb_violations, 0);
    assert_false(unmap(handle));
    enter();
    assert_true(unmap(handle));
    assert_all_is_back();
}

static void test_a_dead_mapper_lets_go(UNUSED void **state)
{
    uint32_t handle;

    grant_to(mapper, REF, 0);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_okay);
    fake_load(NULL);
    destroy(&mapper);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access);
    assert_all_is_back();
}

/* For each allocation that can fail: nothing is left of the attempt. */
static void test_a_map_without_memory(UNUSED void **state)
{
    int16_t status = GNTST_general_error;
    uint32_t handle, failures = 0;

    grant_to(mapper, REF, 0);
    for (uint32_t n = 1; status != GNTST_okay; n++) {
        uint32_t refs, writable;

        frame_fail_after(n);
        status = map(REF, GNTMAP_host_map, &handle);
        frame_fail_after(0);
        if (status == GNTST_okay)
            break;
        failures++;
        assert_int_equal(entry_of(REF)->flags, GTF_permit_access);
        fake_frame_refs(granted_frame(), &refs, &writable);
        assert_int_equal(refs, 1);
        assert_int_equal(writable, 0);
    }
    assert_true(failures > 0);
    assert_all_is_back();
}

static void test_handles_end(UNUSED void **state)
{
    uint32_t handle, count = 0;

    grant_to(mapper, REF, 0);
    while (map(REF, GNTMAP_device_map, &handle) == GNTST_okay)
        count++;
    assert_int_equal(count, mapper->grants.maptrack_limit * MAPTRACK_IN_PAGE);
    assert_int_equal(map(REF, GNTMAP_device_map, &handle), GNTST_no_device_space);
    assert_int_equal(unmap_at(mapper, 5, 0, paddr_of(granted_frame()).v), GNTST_okay);
    assert_int_equal(map(REF, GNTMAP_device_map, &handle), GNTST_okay);
    assert_int_equal(handle, 5);
}

/* ---- copies: from the granter's frame to the mapper's own ---- */

static struct gnttab_copy copy_of(uint16_t from, uint16_t to, uint16_t len)
{
    struct gnttab_copy op = {.len = len, .flags = GNTCOPY_source_gref};

    op.source.u.ref = REF;
    op.source.domid = granter->id;
    op.source.offset = from;
    op.dest.u.gmfn = OWN.v;
    op.dest.domid = DOMID_SELF;
    op.dest.offset = to;
    return op;
}

static int16_t do_copy(const struct gnttab_copy *op)
{
    struct domain *others[2] = {NULL, NULL};
    int16_t status = grant_copy(others, mapper, op);

    grant_copy_end(others);
    return status;
}

static void test_a_copy_copies_what_it_says(UNUSED void **state)
{
    struct gnttab_copy op = copy_of(10, 20, 4);
    struct p2m_entry own;

    grant_to(mapper, REF, GTF_readonly);
    own = p2m_get(mapper, OWN);
    memcpy(fake_frame(granted_frame()) + 9, "abcdef", 6);
    assert_int_equal(do_copy(&op), GNTST_okay);
    assert_memory_equal(fake_frame(own.mfn) + 19, "\0bcde\0", 6);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access | GTF_readonly);
}

static void test_copies_that_cannot_be(UNUSED void **state)
{
    static const struct {
        uint16_t from, to, len;
        int16_t status;
    } cases[] = {
        {0, 0, PAGE_SIZE, GNTST_okay},
        {PAGE_SIZE, 0, 0, GNTST_okay},
        {1, 0, PAGE_SIZE, GNTST_bad_copy_arg},
        {0, 1, PAGE_SIZE, GNTST_bad_copy_arg},
        {0, 0, PAGE_SIZE + 1, GNTST_bad_copy_arg},
        {UINT16_MAX, 0, 1, GNTST_bad_copy_arg},
        {0, UINT16_MAX, UINT16_MAX, GNTST_bad_copy_arg},
    };
    struct gnttab_copy op;

    grant_to(mapper, REF, 0);
    for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
        op = copy_of(cases[i].from, cases[i].to, cases[i].len);
        assert_int_equal(do_copy(&op), cases[i].status);
    }
    op = copy_of(0, 0, 1);
    op.flags = 0;
    assert_int_equal(do_copy(&op), GNTST_permission_denied);
    op = copy_of(0, 0, 1);
    op.source.domid = DOMID_FIRST_RESERVED - 1;
    assert_int_equal(do_copy(&op), GNTST_bad_domain);
    op = copy_of(0, 0, 1);
    op.dest.u.gmfn = AT.v;
    assert_int_equal(do_copy(&op), GNTST_bad_page);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access);
    assert_all_is_back();
}

/* An entry that is mapped stands for the frame that the mapping has, and keeps its marks. */
static void test_copies_from_a_mapped_page(UNUSED void **state)
{
    struct gnttab_copy op = copy_of(0, 0, 1);
    uint32_t handle, refs, writable;

    grant_to(mapper, REF, 0);
    assert_int_equal(map(REF, GNTMAP_host_map, &handle), GNTST_okay);
    entry_of(REF)->frame = 0x12345;
    *fake_frame(granted_frame()) = 0x7e;
    assert_int_equal(do_copy(&op), GNTST_okay);
    assert_int_equal(*fake_frame(p2m_get(mapper, OWN).mfn), 0x7e);
    assert_int_equal(entry_of(REF)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    fake_frame_refs(granted_frame(), &refs, &writable);
    assert_int_equal(refs, 2);
    assert_int_equal(physmap_release_ram(granter, GFN, 0), 0);
    assert_int_equal(do_copy(&op), GNTST_bad_page);
}

static void test_a_table_grows_to_its_limit(UNUSED void **state)
{
    mfn_t mfn;

    assert_int_equal(grant_frame(granter, granter->grants.frame_limit, false, &mfn), -EINVAL);
    assert_int_equal(grant_frame(granter, UINT64_MAX, false, &mfn), -EINVAL);
    frame_fail_after(1);
    assert_int_equal(grant_frame(granter, 1, false, &mfn), -ENOMEM);
    assert_int_equal(granter->grants.frame_count, 1);
    assert_int_equal(grant_frame(granter, granter->grants.frame_limit - 1, false, &mfn), 0);
    assert_int_equal(granter->grants.frame_count, granter->grants.frame_limit);
    assert_all_is_back();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mapping_shows_the_frame_and_marks_the_entry),
        TEST(a_readonly_mapping),
        TEST(entries_that_cannot_be_used),
        TEST(two_uses_of_one_entry),
        TEST(unmaps_that_cannot_be),
        TEST(an_unmap_waits_for_the_other_cpu),
        TEST(a_frame_that_the_granter_gives_back),
        TEST(a_mapping_outlives_its_granter),
        TEST(a_dead_mapper_lets_go),
        TEST(a_map_without_memory),
        TEST(handles_end),
        TEST(a_copy_copies_what_it_says),
        TEST(copies_that_cannot_be),
        TEST(copies_from_a_mapped_page),
        TEST(a_table_grows_to_its_limit),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
