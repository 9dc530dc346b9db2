/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control domain does to others' memory, from dispatch to effect: foreign frames, grant
 * tables as resources, memory maps, lists of grants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/grant.h"
#include "core/heap.h"
#include "core/memory_map.h"
#include "lib/errno.h"
#include "pv-abi/grant_table.h"
#include "tests/fake/fake_caller.h"
#include "tests/fake/fake_memory.h"

static void test_foreign_frames_in_a_batch(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_add_to_physmap_batch batch = {.domid = DOMID_SELF,
                                             .space = XENMAPSPACE_gmfn_foreign,
                                             .size = 3,
                                             .u.foreign_domid = domid,
                                             .idxs = LIST,
                                             .gpfns = LIST2,
                                             .errs = LIST3};
    struct xen_remove_from_physmap remove = {.domid = DOMID_SELF};
    uint64_t *from = caller_memory(LIST), *to = caller_memory(LIST2);
    int32_t *errs = caller_memory(LIST3);

    from[0] = 3;
    from[1] = 999;
    from[2] = 4;
    for (uint64_t i = 0; i < 3; i++)
        to[i] = HOLE + i;
    assert_int_equal(caller_memory_op(XENMEM_add_to_physmap_batch, &batch, sizeof(batch)), 0);
    assert_int_equal(errs[0], 0);
    assert_int_equal(errs[1], -EINVAL);
    assert_int_equal(errs[2], 0);
    remove.gpfn = HOLE;
    assert_int_equal(caller_memory_op(XENMEM_remove_from_physmap, &remove, sizeof(remove)), 0);
    assert_int_equal(caller_memory_op(XENMEM_remove_from_physmap, &remove, sizeof(remove)),
                     -ENOENT);
    remove.gpfn = HOLE + 2;
    assert_int_equal(caller_memory_op(XENMEM_remove_from_physmap, &remove, sizeof(remove)), 0);
    batch.u.foreign_domid = 77;
    assert_int_equal(caller_memory_op(XENMEM_add_to_physmap_batch, &batch, sizeof(batch)), -ESRCH);
    batch.space = XENMAPSPACE_gmfn;
    assert_int_equal(caller_memory_op(XENMEM_add_to_physmap_batch, &batch, sizeof(batch)),
                     -EOPNOTSUPP);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, domid), 0);
    caller_assert_all_is_back();
}

static void test_a_grant_table_as_resource(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_mem_acquire_resource arg = {.domid = domid, .type = XENMEM_resource_grant_table};
    struct xen_remove_from_physmap remove = {.domid = DOMID_SELF, .gpfn = HOLE};
    struct domain *d = domain_get(domid);
    struct p2m_entry entry;

    assert_int_equal(caller_memory_op(XENMEM_acquire_resource, &arg, sizeof(arg)), 0);
    assert_int_equal(arg.nr_frames, 4);
    arg.nr_frames = 1;
    arg.frame_list = LIST;
    *(uint64_t *)caller_memory(LIST) = HOLE;
    assert_int_equal(caller_memory_op(XENMEM_acquire_resource, &arg, sizeof(arg)), 0);
    entry = p2m_get(control, (gfn_t){HOLE});
    assert_ptr_equal(heap_page(entry.mfn), d->grants.slots->frame[0]);
    domain_put(d);
    arg.frame = 4;
    *(uint64_t *)caller_memory(LIST) = HOLE + 1;
    assert_int_equal(caller_memory_op(XENMEM_acquire_resource, &arg, sizeof(arg)), -EINVAL);
    arg.type = XENMEM_resource_ioreq_server;
    assert_int_equal(caller_memory_op(XENMEM_acquire_resource, &arg, sizeof(arg)), -EOPNOTSUPP);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, domid), 0);
    assert_int_equal(caller_memory_op(XENMEM_remove_from_physmap, &remove, sizeof(remove)), 0);
    caller_assert_all_is_back();
}

static void test_a_memory_map_is_set_before_the_domain_runs(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_foreign_memory_map arg = {.domid = domid, .map = {.nr_entries = 1, .buffer = LIST}};

    *(struct memory_map_entry *)caller_memory(LIST) = (struct memory_map_entry){0, 0x10000, 1};
    assert_int_equal(caller_memory_op(XENMEM_set_memory_map, &arg, sizeof(arg)), 0);
    arg.map.nr_entries = MEMORY_MAP_ENTRIES + 1;
    assert_int_equal(caller_memory_op(XENMEM_set_memory_map, &arg, sizeof(arg)), -EINVAL);
    arg.map.nr_entries = 1;
    arg.map.buffer = WRONG;
    assert_int_equal(caller_memory_op(XENMEM_set_memory_map, &arg, sizeof(arg)), -EFAULT);
    arg.map.buffer = LIST;
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_unpausedomain, domid), 0);
    assert_int_equal(caller_memory_op(XENMEM_set_memory_map, &arg, sizeof(arg)), -EBUSY);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, domid), 0);
    caller_assert_all_is_back();
}

static int64_t map_device(uint64_t gfn, uint64_t mfn, uint64_t count, uint32_t add)
{
    struct xen_domctl op = {.u.memory_mapping = {gfn, mfn, count, add, 0}};

    return caller_domctl(&op, XEN_DOMCTL_memory_mapping, DOMAIN_CONTROL);
}

static void test_device_memory(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_domctl other = {.u.memory_mapping = {HOLE, FAKE_DEVICE_MFN, 1, 1, 0}};
    struct xen_remove_from_physmap remove = {.domid = DOMID_SELF, .gpfn = HOLE};
    struct p2m_entry entry;

    assert_int_equal(map_device(HOLE, FAKE_DEVICE_MFN, 2, DPCI_ADD_MAPPING), 0);
    entry = p2m_get(control, (gfn_t){HOLE + 1});
    assert_int_equal(entry.type, P2M_MMIO);
    assert_int_equal(entry.mfn.v, FAKE_DEVICE_MFN + 1);
    /* Again is no error; other frames in its place are. */
    assert_int_equal(map_device(HOLE, FAKE_DEVICE_MFN, 2, DPCI_ADD_MAPPING), 0);
    assert_int_equal(map_device(HOLE, FAKE_DEVICE_MFN + 1, 1, DPCI_ADD_MAPPING), -EBUSY);
    assert_int_equal(map_device(3, FAKE_DEVICE_MFN, 1, DPCI_ADD_MAPPING), -EBUSY);
    assert_int_equal(map_device(HOLE + 8, FAKE_DEVICE_MFN, 65, DPCI_ADD_MAPPING), -E2BIG);
    assert_int_equal(map_device(HOLE + 8, UINT64_MAX, 2, DPCI_ADD_MAPPING), -EINVAL);
    assert_int_equal(map_device(UINT64_MAX, FAKE_DEVICE_MFN, 1, DPCI_ADD_MAPPING), -EINVAL);
    /* All or nothing: the last frame is RAM, or the hypervisor's. */
    assert_int_equal(map_device(HOLE + 8, 3, 1, DPCI_ADD_MAPPING), -EPERM);
    assert_int_equal(map_device(HOLE + 8, FAKE_KEPT_MFN - 1, 2, DPCI_ADD_MAPPING), -EPERM);
    entry = p2m_get(control, (gfn_t){HOLE + 8});
    assert_int_equal(entry.type, P2M_NONE);
    assert_int_equal(caller_domctl(&other, XEN_DOMCTL_memory_mapping, domid), -EPERM);

    assert_int_equal(caller_memory_op(XENMEM_remove_from_physmap, &remove, sizeof(remove)), -EBUSY);
    assert_int_equal(map_device(HOLE, FAKE_DEVICE_MFN + 1, 1, DPCI_REMOVE_MAPPING), -EINVAL);
    assert_int_equal(map_device(HOLE, FAKE_DEVICE_MFN, 2, DPCI_REMOVE_MAPPING), 0);
    entry = p2m_get(control, (gfn_t){HOLE});
    assert_int_equal(entry.type, P2M_NONE);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, domid), 0);
    caller_assert_all_is_back();
}

/* ---- lists of grants: the guest grants its frame 3 to the control domain ---- */

static void test_grants_in_a_list(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct gnttab_map_grant_ref *map = caller_memory(LIST);
    struct gnttab_unmap_grant_ref *unmap = caller_memory(LIST2);
    struct domain *d = domain_get(domid);

    *(struct grant_entry_v1 *)&d->grants.slots->frame[0]->entry[1] =
        (struct grant_entry_v1){.flags = GTF_permit_access, .domid = DOMAIN_CONTROL, .frame = 3};
    domain_put(d);
    for (uint32_t i = 0; i < 3; i++)
        map[i] = (struct gnttab_map_grant_ref){.host_addr = (HOLE + i) << PAGE_SHIFT,
                                               .flags = GNTMAP_host_map,
                                               .ref = i == 1 ? 2 : 1,
                                               .dom = domid};
    assert_int_equal(caller_call(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, LIST, 3), 0);
    assert_int_equal(map[0].status, GNTST_okay);
    assert_int_equal(map[1].status, GNTST_general_error);
    assert_int_equal(map[2].status, GNTST_okay);
    assert_int_equal(map[0].dev_bus_addr, map[2].dev_bus_addr);
    for (uint32_t i = 0; i < 3; i++)
        unmap[i] = (struct gnttab_unmap_grant_ref){
            .host_addr = map[i].host_addr, .handle = i == 1 ? 1000 : map[i].handle, .status = 1};
    assert_int_equal(caller_call(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, LIST2, 3),
                     0);
    assert_int_equal(unmap[0].status, GNTST_okay);
    assert_int_equal(unmap[1].status, GNTST_bad_handle);
    assert_int_equal(unmap[2].status, GNTST_okay);
    assert_int_equal(caller_call(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, WRONG, 1),
                     -EFAULT);
    map[0].flags = GNTMAP_device_map;
    assert_int_equal(caller_call(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, LIST, 1), 0);
    assert_int_equal(map[0].status, GNTST_general_error);
    control->is_direct_mapped = true;
    map[0].flags = GNTMAP_device_map;
    assert_int_equal(caller_call(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, LIST, 1), 0);
    assert_int_equal(map[0].status, GNTST_okay);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, domid), 0);
}

/* Lets the control domain read, or write, frame 3 of a guest by reference 1. */
static struct grant_entry_v1 *grant_page_of(uint16_t domid, uint16_t flags)
{
    struct domain *d = domain_get(domid);
    struct grant_entry_v1 *entry = (struct grant_entry_v1 *)&d->grants.slots->frame[0]->entry[1];

    domain_put(d);
    *entry = (struct grant_entry_v1){
        .flags = GTF_permit_access | flags, .domid = DOMAIN_CONTROL, .frame = 3};
    return entry;
}

/* More copies than are read at once, between changing domains, some of which cannot be. */
static void test_copies_in_a_list(UNUSED void **state)
{
    uint16_t readable = caller_make_guest(), writable = caller_make_guest();
    const struct grant_entry_v1 *source = grant_page_of(readable, GTF_readonly);
    const struct grant_entry_v1 *dest = grant_page_of(writable, 0);
    const struct gnttab_copy_ptr own = {.u.gmfn = LIST3 >> PAGE_SHIFT, .domid = DOMID_SELF};
    const struct gnttab_copy_ptr from = {.u.ref = 1, .domid = readable, .offset = 8};
    const struct gnttab_copy_ptr to = {.u.ref = 1, .domid = writable};
    const struct gnttab_copy_ptr nobody = {.u.ref = 1, .domid = 77};
    const struct {
        struct gnttab_copy_ptr from, to;
        uint16_t flags;
        int16_t status;
    } cases[] = {
        {own, to, GNTCOPY_dest_gref, GNTST_okay},
        {own, from, GNTCOPY_dest_gref, GNTST_general_error},
        {from, to, GNTCOPY_source_gref | GNTCOPY_dest_gref, GNTST_okay},
        {nobody, to, GNTCOPY_source_gref | GNTCOPY_dest_gref, GNTST_bad_domain},
        {to, own, GNTCOPY_source_gref, GNTST_okay},
        {to, to, GNTCOPY_source_gref | GNTCOPY_dest_gref, GNTST_okay},
        {to, own, 0, GNTST_permission_denied},
    };
    struct gnttab_copy *copies = caller_memory(LIST);
    unsigned count = 3 * ARRAY_SIZE(cases);

    for (unsigned i = 0; i < count; i++) {
        unsigned from_case = i % ARRAY_SIZE(cases);

        copies[i] = (struct gnttab_copy){.source = cases[from_case].from,
                                         .dest = cases[from_case].to,
                                         .len = 4,
                                         .flags = cases[from_case].flags,
                                         .status = 1};
    }
    memcpy(caller_memory(LIST3), "own!", 4);
    assert_int_equal(caller_call(__HYPERVISOR_grant_table_op, GNTTABOP_copy, LIST, count), 0);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(copies[i].status, cases[i % ARRAY_SIZE(cases)].status);
    assert_memory_equal(caller_memory(LIST3), "\0\0\0\0", 4);
    assert_int_equal(source->flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(dest->flags, GTF_permit_access);
    assert_int_equal(this_cpu()->window->used & (3u << WINDOW_DATA0), 0);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, readable), 0);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, writable), 0);
    caller_assert_all_is_back();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, caller_setup, caller_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(foreign_frames_in_a_batch),
        TEST(a_grant_table_as_resource),
        TEST(a_memory_map_is_set_before_the_domain_runs),
        TEST(device_memory),
        TEST(grants_in_a_list),
        TEST(copies_in_a_list),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
