/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_op on the guest-physical map: frames that move, the shared info page at another place,
 * lists of frames, and what only a control domain may do. A domain 0 that is not translated, as the
 * one of Xen's that this runs beside, gives -EACCES before the privilege is looked at.
 */
#include "guest-kernel/events.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "pv-abi/memory.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"

#define UNKNOWN 63
#define PATTERN 0x5a
#define BATCH   3

static int64_t op(unsigned int command, void *arg)
{
    return hypercall_memory_op(command, arg);
}

static int64_t add(unsigned int space, uint64_t idx, uint64_t gpfn)
{
    struct xen_add_to_physmap arg = {.domid = DOMID_SELF, .space = space, .idx = idx, .gpfn = gpfn};

    return op(XENMEM_add_to_physmap, &arg);
}

static void moving(void)
{
    uint64_t *page = page_alloc();
    uint64_t hole = gfn_hole_alloc(1);
    volatile uint64_t *moved = phys_to_virt(hole << PAGE_SHIFT);
    uint64_t gfn = virt_to_gfn(page);
    struct xen_remove_from_physmap remove = {.domid = DOMID_SELF, .gpfn = hole};

    *page = PATTERN;
    check("memory_op/add_to_physmap of a frame of its own", add(XENMAPSPACE_gmfn, gfn, hole), 0);
    check("memory_op/the frame is where it was put", (int64_t)*moved, PATTERN);
    check("memory_op/add_to_physmap leaves nothing behind", add(XENMAPSPACE_gmfn, gfn, hole),
          -XEN_EINVAL);
    check("memory_op/add_to_physmap back", add(XENMAPSPACE_gmfn, hole, gfn), 0);
    check("memory_op/the frame is back", (int64_t) * (volatile uint64_t *)page, PATTERN);
    check("memory_op/remove_from_physmap of nothing", op(XENMEM_remove_from_physmap, &remove),
          -XEN_ENOENT);
    remove.domid = 0;
    check_either("memory_op/remove_from_physmap in domain 0",
                 op(XENMEM_remove_from_physmap, &remove), -XEN_EPERM, -XEN_EACCES);
    check("memory_op/add_to_physmap of an unknown space", add(UNKNOWN, 0, hole), -XEN_EINVAL);
    check("memory_op/add_to_physmap of a shared info that is not there",
          add(XENMAPSPACE_shared_info, 1, hole), -XEN_EINVAL);
    check("memory_op/add_to_physmap of a foreign frame", add(XENMAPSPACE_gmfn_foreign, 0, hole),
          -XEN_ENOSYS);
    page_free(page);
}

/* Mapped again, the page is at the new place and gone from the old one, and events still work. */
static void shared_info_moves(void)
{
    struct xen_add_to_physmap arg = {.domid = 0, .space = XENMAPSPACE_shared_info};
    uint64_t hole = gfn_hole_alloc(1);
    uint64_t old = virt_to_gfn(shared_info);
    evtchn_port_t port = 0;

    check_either("memory_op/add_to_physmap in domain 0", op(XENMEM_add_to_physmap, &arg),
                 -XEN_EPERM, -XEN_EACCES);
    check("memory_op/add_to_physmap of shared_info again", add(XENMAPSPACE_shared_info, 0, hole),
          0);
    shared_info = phys_to_virt(hole << PAGE_SHIFT);
    check("memory_op/events work after the move", event_bind_ipi(0, NULL, NULL, &port), 0);
    event_send(port);
    check_true("memory_op/an event arrives at the new place", event_is_pending(port));
    event_close(port);
    check("memory_op/shared_info is gone from the old place",
          add(XENMAPSPACE_gmfn, old, gfn_hole_alloc(1)), -XEN_EINVAL);
}

/* Three frames move at once; the second one is not there and has its own error. */
static void batch(void)
{
    uint8_t *pages = pages_alloc(BATCH, 1);
    uint64_t gfn = virt_to_gfn(pages);
    uint64_t hole = gfn_hole_alloc(BATCH);
    uint64_t from[BATCH] = {gfn, gfn_hole_alloc(1), gfn + 2};
    uint64_t to[BATCH] = {hole, hole + 1, hole + 2};
    int32_t errors[BATCH] = {1, 1, 1};
    struct xen_add_to_physmap_batch arg = {.domid = DOMID_SELF,
                                           .space = XENMAPSPACE_gmfn,
                                           .size = BATCH,
                                           .idxs = (uintptr_t)from,
                                           .gpfns = (uintptr_t)to,
                                           .errs = (uintptr_t)errors};

    pages[2 * PAGE_SIZE] = PATTERN;
    check("memory_op/add_to_physmap_batch", op(XENMEM_add_to_physmap_batch, &arg), 0);
    check("memory_op/the first of a batch", errors[0], 0);
    check("memory_op/a bad one in a batch", errors[1], -XEN_EINVAL);
    check("memory_op/the one after a bad one", errors[2], 0);
    check("memory_op/a frame of the batch", *(uint8_t *)phys_to_virt((hole + 2) << PAGE_SHIFT),
          PATTERN);
    check("memory_op/the batch goes back", add(XENMAPSPACE_gmfn, hole, gfn), 0);
    check("memory_op/all of it", add(XENMAPSPACE_gmfn, hole + 2, gfn + 2), 0);
    from[0] = from[1]; /* Nothing moves. */
    arg.errs = UNMAPPED_ADDRESS;
    check("memory_op/add_to_physmap_batch with a bad list", op(XENMEM_add_to_physmap_batch, &arg),
          -XEN_EFAULT);
    arg = (struct xen_add_to_physmap_batch){.domid = DOMID_SELF, .space = XENMAPSPACE_gmfn};
    check("memory_op/add_to_physmap_batch of nothing", op(XENMEM_add_to_physmap_batch, &arg), 0);
    pages_free(pages, BATCH);
}

/* A frame taken out of the map is the domain's no more. */
static void removal(void)
{
    uint8_t *page = page_alloc();
    struct xen_remove_from_physmap remove = {.domid = DOMID_SELF, .gpfn = virt_to_gfn(page)};
    uint64_t gfn = remove.gpfn;
    struct xen_memory_reservation populate = {
        .extent_start = (uintptr_t)&gfn, .nr_extents = 1, .domid = DOMID_SELF};

    check("memory_op/remove_from_physmap", op(XENMEM_remove_from_physmap, &remove), 0);
    check("memory_op/remove_from_physmap twice", op(XENMEM_remove_from_physmap, &remove),
          -XEN_ENOENT);
    check("memory_op/another frame in its place", op(XENMEM_populate_physmap, &populate), 1);
    page[0] = PATTERN;
    check("memory_op/it can be used", *(volatile uint8_t *)page, PATTERN);
    page_free(page);
}

static void refusals(void)
{
    uint64_t frame = 0;
    int64_t result;
    int32_t error = 0;
    struct xen_mem_acquire_resource resource = {.domid = 0,
                                                .type = XENMEM_resource_grant_table,
                                                .nr_frames = 1,
                                                .frame_list = (uintptr_t)&frame};
    struct xen_foreign_memory_map map = {.domid = 0};
    struct xen_add_to_physmap_batch foreign = {.domid = DOMID_SELF,
                                               .space = XENMAPSPACE_gmfn_foreign,
                                               .size = 1,
                                               .u.foreign_domid = 0,
                                               .idxs = (uintptr_t)&frame,
                                               .gpfns = (uintptr_t)&frame,
                                               .errs = (uintptr_t)&error};

    check_either("memory_op/acquire_resource of domain 0", op(XENMEM_acquire_resource, &resource),
                 -XEN_EPERM, -XEN_EACCES);
    check("memory_op/set_memory_map of domain 0", op(XENMEM_set_memory_map, &map), -XEN_EPERM);
    result = op(XENMEM_add_to_physmap_batch, &foreign);
    check("memory_op/a frame of domain 0 in a batch", result != 0 ? result : error, -XEN_EPERM);
    check_true("memory_op/maximum_ram_page", op(XENMEM_maximum_ram_page, NULL) > 0);
}

void test_cases(void)
{
    moving();
    shared_info_moves();
    batch();
    removal();
    refusals();
}
