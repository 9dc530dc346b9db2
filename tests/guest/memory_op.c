/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_op: what a guest may do to its own memory, and what it may not do to another's. A domain 0
 * that is not translated, as the one of Xen's that this runs beside, gives -EACCES before the
 * privilege is looked at.
 */
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "pv-abi/memory.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"
#include "tests/guest/pointers.h"

#define NO_DOMAIN     0x7abcu
#define UNKNOWN       63
#define EXTENTS       8
#define EXTENTS_ORDER 3
#define PATTERN       0x5a
#define LARGE_ORDER   9
#define HUGE_GFN      (1ull << 40)

static int64_t op(unsigned int command, void *arg)
{
    return hypercall_memory_op(command, arg);
}

static int64_t pages_of(unsigned int command, domid_t domid)
{
    struct xen_memory_domain arg = {.domid = domid};

    return op(command, &arg);
}

static int64_t reserve(unsigned int command, domid_t domid, const uint64_t *gfns, uint64_t count,
                       unsigned int order)
{
    struct xen_memory_reservation arg = {.extent_start = (uintptr_t)gfns,
                                         .nr_extents = count,
                                         .extent_order = order,
                                         .domid = domid};

    return op(command, &arg);
}

static void sizes(void)
{
    int64_t current = pages_of(XENMEM_current_reservation, DOMID_SELF);

    check_true("memory_op/current_reservation", current > (int64_t)pages_total());
    check_true("memory_op/maximum_reservation",
               pages_of(XENMEM_maximum_reservation, DOMID_SELF) >= current);
    check_true("memory_op/maximum_gpfn", pages_of(XENMEM_maximum_gpfn, DOMID_SELF) > 0);
    check("memory_op/current_reservation of domain 0", pages_of(XENMEM_current_reservation, 0),
          -XEN_EPERM);
    check("memory_op/maximum_reservation of domain 0", pages_of(XENMEM_maximum_reservation, 0),
          -XEN_EPERM);
    check_no_domain("memory_op/current_reservation of no domain",
                    pages_of(XENMEM_current_reservation, NO_DOMAIN));
    check("memory_op/unknown", pages_of(UNKNOWN, DOMID_SELF), -XEN_ENOSYS);
}

static void ballooning(void)
{
    uint64_t gfns[EXTENTS];
    uint8_t *pages = pages_alloc(EXTENTS, EXTENTS);
    int64_t before = pages_of(XENMEM_current_reservation, DOMID_SELF);
    bool is_own = true;

    memset(pages, PATTERN, EXTENTS * PAGE_SIZE);
    for (unsigned int i = 0; i < EXTENTS; i++)
        gfns[i] = virt_to_gfn(pages) + i;
    check("memory_op/decrease_reservation",
          reserve(XENMEM_decrease_reservation, DOMID_SELF, gfns, EXTENTS, 0), EXTENTS);
    check("memory_op/decrease_reservation gives pages back",
          before - pages_of(XENMEM_current_reservation, DOMID_SELF), EXTENTS);
    check("memory_op/decrease_reservation of what is gone",
          reserve(XENMEM_decrease_reservation, DOMID_SELF, gfns, EXTENTS, 0), 0);
    check("memory_op/populate_physmap",
          reserve(XENMEM_populate_physmap, DOMID_SELF, gfns, EXTENTS, 0), EXTENTS);
    check("memory_op/populate_physmap takes pages",
          before - pages_of(XENMEM_current_reservation, DOMID_SELF), 0);
    for (unsigned int i = 0; i < EXTENTS * PAGE_SIZE; i++)
        is_own = is_own && (pages[i] == 0 || pages[i] == PATTERN);
    check_true("memory_op/populate_physmap shows nothing of others", is_own);
    pages[0] = PATTERN;
    check("memory_op/a populated page holds what is written", pages[0], PATTERN);
    pages_free(pages, EXTENTS);
}

/* These return how many extents were done: an error before the first one is 0, or the error. */
static void reservation_errors(void)
{
    void *page = page_alloc();
    uint64_t gfn = virt_to_gfn(page);
    uint64_t far = HUGE_GFN;

    check_either("memory_op/decrease_reservation in domain 0",
                 reserve(XENMEM_decrease_reservation, 0, &gfn, 1, 0), 0, -XEN_EPERM);
    check_either("memory_op/decrease_reservation in no domain",
                 reserve(XENMEM_decrease_reservation, NO_DOMAIN, &gfn, 1, 0), 0, -XEN_EPERM);
    check_either("memory_op/populate_physmap in domain 0",
                 reserve(XENMEM_populate_physmap, 0, &gfn, 1, 0), 0, -XEN_EPERM);
    check("memory_op/decrease_reservation of nothing",
          reserve(XENMEM_decrease_reservation, DOMID_SELF, &gfn, 0, 0), 0);
    check("memory_op/decrease_reservation of an address without memory",
          reserve(XENMEM_decrease_reservation, DOMID_SELF, &far, 1, 0), 0);
    check(
        "memory_op/decrease_reservation with a bad list",
        reserve(XENMEM_decrease_reservation, DOMID_SELF, (void *)(uintptr_t)UNMAPPED_ADDRESS, 1, 0),
        0);
    check("memory_op/populate_physmap with a bad list",
          reserve(XENMEM_populate_physmap, DOMID_SELF, (void *)(uintptr_t)UNMAPPED_ADDRESS, 1, 0),
          0);
    check("memory_op/populate_physmap of an order too large",
          reserve(XENMEM_populate_physmap, DOMID_SELF, &gfn, 1, 60), 0);
    page_free(page);
}

/* An extent of a few pages, each of which came alone, is more than the first of them. */
static void small_extent(void)
{
    uint64_t gfns[EXTENTS];
    uint8_t *pages = pages_alloc(EXTENTS, EXTENTS);
    int64_t before = pages_of(XENMEM_current_reservation, DOMID_SELF);

    for (unsigned int i = 0; i < EXTENTS; i++)
        gfns[i] = virt_to_gfn(pages) + i;
    check("memory_op/decrease_reservation page by page",
          reserve(XENMEM_decrease_reservation, DOMID_SELF, gfns, EXTENTS, 0), EXTENTS);
    check("memory_op/populate_physmap page by page",
          reserve(XENMEM_populate_physmap, DOMID_SELF, gfns, EXTENTS, 0), EXTENTS);
    check("memory_op/decrease_reservation of some pages at once",
          reserve(XENMEM_decrease_reservation, DOMID_SELF, gfns, 1, EXTENTS_ORDER), 1);
    check("memory_op/decrease_reservation gives all of them back",
          before - pages_of(XENMEM_current_reservation, DOMID_SELF), EXTENTS);
    check("memory_op/decrease_reservation leaves none of them there",
          reserve(XENMEM_decrease_reservation, DOMID_SELF, gfns, EXTENTS, 0), 0);
    for (unsigned int i = 1; i < EXTENTS; i++)
        check("memory_op/populate_physmap where one was",
              reserve(XENMEM_populate_physmap, DOMID_SELF, &gfns[i], 1, 0), 1);
    check("memory_op/populate_physmap where the first was",
          reserve(XENMEM_populate_physmap, DOMID_SELF, gfns, 1, 0), 1);
    pages_free(pages, EXTENTS);
}

/* One 2 MiB extent goes page by page and comes back whole, as a balloon driver that has a large
 * hole would ask. */
static void large_extent(void)
{
    size_t count = (size_t)1 << LARGE_ORDER;
    uint8_t *pages = pages_alloc(count, count);
    uint64_t gfn;

    if (!pages) {
        check_skip("memory_op/decrease_reservation of 2 MiB", "no such memory");
        return;
    }
    gfn = virt_to_gfn(pages);
    check("memory_op/decrease_reservation of 2 MiB",
          reserve(XENMEM_decrease_reservation, DOMID_SELF, &gfn, 1, LARGE_ORDER), 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t one = gfn + i;

        if (reserve(XENMEM_populate_physmap, DOMID_SELF, &one, 1, 0) != 1)
            guest_panic("frame %lx does not come back", one);
    }
    pages[0] = pages[count * PAGE_SIZE - 1] = PATTERN;
    check("memory_op/2 MiB back page by page", pages[0], PATTERN);
    pages_free(pages, count);
}

static void memory_map(void)
{
    static struct hvm_memmap_table_entry room[64];
    struct xen_memory_map map = {.nr_entries = ARRAY_COUNT(room), .buffer = (uintptr_t)room};

    check("memory_op/memory_map", op(XENMEM_memory_map, &map), 0);
    check_true("memory_op/memory_map has entries",
               map.nr_entries > 0 && map.nr_entries <= ARRAY_COUNT(room));
    map = (struct xen_memory_map){.nr_entries = ARRAY_COUNT(room), .buffer = UNMAPPED_ADDRESS};
    check("memory_op/memory_map with a bad buffer", op(XENMEM_memory_map, &map), -XEN_EFAULT);
    check_either("memory_op/machine_memory_map", op(XENMEM_machine_memory_map, &map), -XEN_ENOSYS,
                 -XEN_EPERM);
}

static void pointers(void)
{
    static const struct xen_memory_domain domain = {.domid = DOMID_SELF};
    static const struct xen_add_to_physmap physmap = {
        .domid = DOMID_SELF, .space = UNKNOWN, .gpfn = 1};
    static const struct compat_xen_add_to_physmap compat_physmap = {
        .domid = DOMID_SELF, .space = UNKNOWN, .gpfn = 1};
    static struct pointer_call calls[] = {
        {"memory_op/current_reservation",
         __HYPERVISOR_memory_op,
         {XENMEM_current_reservation},
         1,
         &domain,
         sizeof(domain),
         0},
        {"memory_op/add_to_physmap",
         __HYPERVISOR_memory_op,
         {XENMEM_add_to_physmap},
         1,
         &physmap,
         sizeof(physmap),
         -XEN_EINVAL},
    };
    static const struct pointer_call compat_call = {"memory_op/add_to_physmap",
                                                    __HYPERVISOR_memory_op,
                                                    {XENMEM_add_to_physmap},
                                                    1,
                                                    &compat_physmap,
                                                    sizeof(compat_physmap),
                                                    -XEN_EINVAL};

    calls[0].want = pages_of(XENMEM_current_reservation, DOMID_SELF);
    for (unsigned int i = 0; i < ARRAY_COUNT(calls); i++)
        check_pointers(&calls[i]);
    check_compat(&calls[0]);
    check_compat(&compat_call);
}

/* The 32-bit structure and its list of 32-bit frame numbers, both below 4 GiB. */
static void compat_ballooning(void)
{
    struct compat_xen_memory_reservation *arg = low_alloc(sizeof(*arg));
    uint32_t *list = crossing_buffer(EXTENTS * sizeof(*list));
    uint8_t *pages = pages_alloc(EXTENTS, 1);
    uint32_t first = (uint32_t)virt_to_gfn(pages);

    for (unsigned int i = 0; i < EXTENTS; i++)
        list[i] = first + i;
    *arg = (struct compat_xen_memory_reservation){
        .extent_start = low_address(list), .nr_extents = EXTENTS, .domid = DOMID_SELF};
    check("memory_op/decrease_reservation/32-bit",
          hypercall_compat(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, low_address(arg), 0,
                           0, 0),
          EXTENTS);
    check("memory_op/populate_physmap/32-bit",
          hypercall_compat(__HYPERVISOR_memory_op, XENMEM_populate_physmap, low_address(arg), 0, 0,
                           0),
          EXTENTS);
    pages[0] = PATTERN;
    check("memory_op/a page populated by 32-bit code", pages[0], PATTERN);
    arg->extent_start = UNMAPPED_ADDRESS;
    check("memory_op/decrease_reservation/32-bit with a bad list",
          hypercall_compat(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, low_address(arg), 0,
                           0, 0),
          0);
    pages_free(pages, EXTENTS);
}

void test_cases(void)
{
    sizes();
    ballooning();
    reservation_errors();
    small_extent();
    large_extent();
    memory_map();
    pointers();
    compat_ballooning();
}
