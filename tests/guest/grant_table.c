/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grant_table_op: the table, and mapping and copying with a page that the domain grants to itself,
 * for there is no second domain here.
 */
#include "guest-kernel/console.h"
#include "guest-kernel/grants.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "lib/compiler.h"
#include "lib/string.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"
#include "tests/guest/pointers.h"

#define NO_DOMAIN  0x7abcu
#define NO_REF     1000000u
#define FREE_REF   100u
#define NO_HANDLE  0xdeadu
#define UNKNOWN    99
#define PATTERN    0x3c
#define BATCH      3
#define MANY       700
#define MAX_FRAMES 64

static domid_t self;
static uint8_t *page;   /* the one that is granted */
static grant_ref_t ref; /* for writing too */
static uint64_t hole;   /* a guest frame to map at */

static int64_t op(unsigned int command, void *ops, unsigned int count)
{
    return hypercall_grant_table_op(command, ops, count);
}

static void queries(void)
{
    struct gnttab_query_size size = {.dom = DOMID_SELF};
    struct gnttab_get_version version = {.dom = DOMID_SELF};
    struct gnttab_set_version set = {.version = 1};

    check("grant_table_op/query_size", op(GNTTABOP_query_size, &size, 1), 0);
    check("grant_table_op/query_size status", size.status, GNTST_okay);
    check_true("grant_table_op/query_size frames", size.nr_frames >= 1);
    check("grant_table_op/query_size maximum", size.max_nr_frames, MAX_FRAMES);
    size.dom = 0;
    op(GNTTABOP_query_size, &size, 1);
    check("grant_table_op/query_size of domain 0", size.status, GNTST_permission_denied);
    size.dom = NO_DOMAIN;
    op(GNTTABOP_query_size, &size, 1);
    check_either("grant_table_op/query_size of no domain", size.status, GNTST_bad_domain,
                 GNTST_permission_denied);
    check("grant_table_op/get_version", op(GNTTABOP_get_version, &version, 1), 0);
    check("grant_table_op/get_version says 1", version.version, 1);
    version.dom = 0;
    check("grant_table_op/get_version of domain 0", op(GNTTABOP_get_version, &version, 1),
          -XEN_EPERM);
    version.dom = NO_DOMAIN;
    check_no_domain("grant_table_op/get_version of no domain",
                    op(GNTTABOP_get_version, &version, 1));
    check("grant_table_op/set_version 1", op(GNTTABOP_set_version, &set, 1), 0);
    set.version = 3;
    check("grant_table_op/set_version 3", op(GNTTABOP_set_version, &set, 1), -XEN_EINVAL);
    check("grant_table_op/unknown", op(UNKNOWN, &size, 1), -XEN_ENOSYS);
}

static void setup(void)
{
    uint64_t frames[MAX_FRAMES];
    struct gnttab_setup_table arg = {
        .dom = DOMID_SELF, .nr_frames = 2, .frame_list = (uintptr_t)frames};

    memset(frames, 0, sizeof(frames));
    check("grant_table_op/setup_table", op(GNTTABOP_setup_table, &arg, 1), 0);
    check("grant_table_op/setup_table status", arg.status, GNTST_okay);
    check_true("grant_table_op/setup_table tells where", frames[0] != 0 && frames[1] != 0);
    arg.nr_frames = MAX_FRAMES + 1;
    op(GNTTABOP_setup_table, &arg, 1);
    check("grant_table_op/setup_table of too many", arg.status, GNTST_general_error);
    arg = (struct gnttab_setup_table){.dom = 0, .nr_frames = 1, .frame_list = (uintptr_t)frames};
    op(GNTTABOP_setup_table, &arg, 1);
    check("grant_table_op/setup_table of domain 0", arg.status, GNTST_permission_denied);
    arg.dom = NO_DOMAIN;
    op(GNTTABOP_setup_table, &arg, 1);
    check_either("grant_table_op/setup_table of no domain", arg.status, GNTST_bad_domain,
                 GNTST_permission_denied);
}

static int map(domid_t domid, grant_ref_t from, uint32_t flags, uint64_t address,
               grant_handle_t *handle)
{
    struct gnttab_map_grant_ref arg = {
        .host_addr = address, .flags = flags, .ref = from, .dom = domid};

    if (op(GNTTABOP_map_grant_ref, &arg, 1) != 0)
        guest_panic("map_grant_ref does not return 0");
    *handle = arg.handle;
    return arg.status;
}

static int unmap(uint64_t address, grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref arg = {.host_addr = address, .handle = handle};

    if (op(GNTTABOP_unmap_grant_ref, &arg, 1) != 0)
        guest_panic("unmap_grant_ref does not return 0");
    return arg.status;
}

static uint16_t use_flags(int of)
{
    uint16_t flags = __atomic_load_n(&grant_entry((grant_ref_t)of)->flags, __ATOMIC_ACQUIRE);

    return flags & (GTF_reading | GTF_writing);
}

/* A domain that maps its own page may lose it where it was (Xen moves it), so the pages are used
 * for this only and looked at through the mapping only. */
static void mapping(void)
{
    volatile uint8_t *mapped = phys_to_virt(hole << PAGE_SHIFT);
    uint64_t address = hole << PAGE_SHIFT;
    uint8_t *own = page_alloc();
    int own_ref = grant_access(self, virt_to_gfn(own), false);
    grant_handle_t handle;

    own[0] = PATTERN;
    check("grant_table_op/map", map(self, (grant_ref_t)own_ref, GNTMAP_host_map, address, &handle),
          GNTST_okay);
    check("grant_table_op/the mapped page is the granted one", mapped[0], PATTERN);
    mapped[1] = PATTERN + 1;
    check("grant_table_op/the mapping may be written", mapped[1], PATTERN + 1);
    check("grant_table_op/the entry says reading and writing", use_flags(own_ref),
          GTF_reading | GTF_writing);
    check("grant_table_op/end while it is mapped", grant_end((grant_ref_t)own_ref), -XEN_EBUSY);
    check("grant_table_op/unmap with a bad address", unmap(address + PAGE_SIZE, handle),
          GNTST_general_error);
    check("grant_table_op/unmap", unmap(address, handle), GNTST_okay);
    check("grant_table_op/the entry is free of use", use_flags(own_ref), 0);
    check("grant_table_op/unmap twice", unmap(address, handle), GNTST_bad_handle);
    check("grant_table_op/unmap with a bad handle", unmap(address, NO_HANDLE), GNTST_bad_handle);
    check("grant_table_op/end after the unmap", grant_end((grant_ref_t)own_ref), 0);
}

static void readonly_mapping(void)
{
    volatile uint8_t *mapped = phys_to_virt(hole << PAGE_SHIFT);
    uint64_t address = hole << PAGE_SHIFT;
    uint8_t *own = page_alloc();
    int own_ref = grant_access(self, virt_to_gfn(own), true);
    grant_handle_t handle;

    own[0] = PATTERN;
    check("grant_table_op/map of a readonly reference for writing",
          map(self, (grant_ref_t)own_ref, GNTMAP_host_map, address, &handle), GNTST_general_error);
    check("grant_table_op/map of a readonly reference for reading",
          map(self, (grant_ref_t)own_ref, GNTMAP_host_map | GNTMAP_readonly, address, &handle),
          GNTST_okay);
    check("grant_table_op/a readonly mapping shows the page", mapped[0], PATTERN);
    check("grant_table_op/the entry says reading", use_flags(own_ref), GTF_reading);
    check("grant_table_op/unmap of a readonly mapping", unmap(address, handle), GNTST_okay);
    check("grant_table_op/end of a readonly reference", grant_end((grant_ref_t)own_ref), 0);
}

static void mapping_errors(void)
{
    uint64_t address = hole << PAGE_SHIFT;
    int other_ref = grant_access(0, virt_to_gfn(page), false);
    int hole_ref = grant_access(self, gfn_hole_alloc(1), false);
    grant_handle_t handle;

    check("grant_table_op/map of no domain", map(NO_DOMAIN, ref, GNTMAP_host_map, address, &handle),
          GNTST_bad_domain);
    check("grant_table_op/map of a reference past the end",
          map(self, NO_REF, GNTMAP_host_map, address, &handle), GNTST_bad_gntref);
    check("grant_table_op/map of a free reference",
          map(self, FREE_REF, GNTMAP_host_map, address, &handle), GNTST_general_error);
    check("grant_table_op/map of a reference for another",
          map(self, (grant_ref_t)other_ref, GNTMAP_host_map, address, &handle),
          GNTST_general_error);
    check("grant_table_op/map of a reference to no memory",
          map(self, (grant_ref_t)hole_ref, GNTMAP_host_map, address, &handle), GNTST_bad_page);
    check("grant_table_op/map to nowhere", map(self, ref, 0, address, &handle), GNTST_bad_gntref);
    check("grant_table_op/map of page-table kind",
          map(self, ref, GNTMAP_host_map | GNTMAP_contains_pte, address, &handle),
          GNTST_general_error);
    check("grant_table_op/map for a device", map(self, ref, GNTMAP_device_map, address, &handle),
          GNTST_general_error);
    check("grant_table_op/end of one never used", grant_end((grant_ref_t)other_ref), 0);
    check("grant_table_op/end of one without memory", grant_end((grant_ref_t)hole_ref), 0);
}

static struct gnttab_copy copy_of(uint64_t to_gfn, uint16_t from_offset, uint16_t to_offset,
                                  uint16_t size)
{
    return (struct gnttab_copy){
        .source = {.u.ref = ref, .domid = self, .offset = from_offset},
        .dest = {.u.gmfn = to_gfn, .domid = DOMID_SELF, .offset = to_offset},
        .len = size,
        .flags = GNTCOPY_source_gref,
    };
}

static int copy_status(struct gnttab_copy arg)
{
    if (op(GNTTABOP_copy, &arg, 1) != 0)
        guest_panic("copy does not return 0");
    return arg.status;
}

static void copying(uint8_t *other)
{
    uint64_t gfn = virt_to_gfn(other);
    struct gnttab_copy arg;

    memset(page, PATTERN, PAGE_SIZE);
    memset(other, 0, PAGE_SIZE);
    check("grant_table_op/copy from a reference", copy_status(copy_of(gfn, 0, 100, 200)),
          GNTST_okay);
    check_true("grant_table_op/copy writes what was asked",
               other[100] == PATTERN && other[299] == PATTERN);
    check_true("grant_table_op/copy writes no more", other[99] == 0 && other[300] == 0);
    arg = (struct gnttab_copy){
        .source = {.u.gmfn = gfn, .domid = DOMID_SELF, .offset = 96},
        .dest = {.u.ref = ref, .domid = self, .offset = 0},
        .len = 8,
        .flags = GNTCOPY_dest_gref,
    };
    check("grant_table_op/copy to a reference", copy_status(arg), GNTST_okay);
    check_true("grant_table_op/copy has arrived", page[3] == 0 && page[4] == PATTERN);
    check("grant_table_op/copy of a whole page", copy_status(copy_of(gfn, 0, 0, PAGE_SIZE)),
          GNTST_okay);
    check("grant_table_op/copy of nothing", copy_status(copy_of(gfn, 0, 0, 0)), GNTST_okay);
}

static void copy_errors(uint8_t *other)
{
    uint64_t gfn = virt_to_gfn(other);
    int readonly_ref = grant_access(self, virt_to_gfn(page), true);
    struct gnttab_copy arg = copy_of(gfn, 1, 0, PAGE_SIZE);

    check("grant_table_op/copy leaves the source page", copy_status(arg), GNTST_bad_copy_arg);
    check("grant_table_op/copy leaves the target page", copy_status(copy_of(gfn, 0, 1, PAGE_SIZE)),
          GNTST_bad_copy_arg);
    arg = copy_of(gfn, 0, 0, 8);
    arg.source.u.ref = NO_REF;
    check("grant_table_op/copy from a reference past the end", copy_status(arg), GNTST_bad_gntref);
    arg.source.u.ref = FREE_REF;
    check("grant_table_op/copy from a free reference", copy_status(arg), GNTST_general_error);
    arg = copy_of(gfn, 0, 0, 8);
    arg.source.domid = NO_DOMAIN;
    check("grant_table_op/copy from no domain", copy_status(arg), GNTST_bad_domain);
    arg = copy_of(gfn, 0, 0, 8);
    arg.dest.domid = 0;
    check("grant_table_op/copy to a frame of domain 0", copy_status(arg), GNTST_permission_denied);
    arg = copy_of(gfn_hole_alloc(1), 0, 0, 8);
    check("grant_table_op/copy to no memory", copy_status(arg), GNTST_bad_page);
    arg = (struct gnttab_copy){
        .source = {.u.gmfn = gfn, .domid = DOMID_SELF},
        .dest = {.u.ref = (grant_ref_t)readonly_ref, .domid = self},
        .len = 8,
        .flags = GNTCOPY_dest_gref,
    };
    check("grant_table_op/copy to a readonly reference", copy_status(arg), GNTST_general_error);
    check("grant_table_op/end after copies", grant_end((grant_ref_t)readonly_ref), 0);
}

/* More references than one frame of the table holds; the last one works as the first does. */
static void second_frame(uint8_t *other)
{
    static grant_ref_t refs[MANY];
    grant_ref_t saved = ref;
    unsigned int given = 0;

    while (given < MANY) {
        int next = grant_access(self, virt_to_gfn(page), false);

        if (next < 0)
            break;
        refs[given++] = (grant_ref_t)next;
    }
    check("grant_table_op/references of a second frame", given, MANY);
    page[0] = PATTERN + 1;
    ref = refs[given - 1];
    check("grant_table_op/copy by one of them", copy_status(copy_of(virt_to_gfn(other), 0, 0, 1)),
          GNTST_okay);
    check("grant_table_op/it has copied", other[0], PATTERN + 1);
    ref = saved;
    while (given > 0)
        given -= grant_end(refs[given - 1]) == 0;
}

static void batches(uint8_t *other)
{
    struct gnttab_copy ops[BATCH];

    for (unsigned int i = 0; i < BATCH; i++)
        ops[i] = copy_of(virt_to_gfn(other), 0, (uint16_t)(i * 16), 16);
    ops[1].source.u.ref = NO_REF;
    check("grant_table_op/a batch of copies", op(GNTTABOP_copy, ops, BATCH), 0);
    check("grant_table_op/the first of a batch", ops[0].status, GNTST_okay);
    check("grant_table_op/a bad one in a batch", ops[1].status, GNTST_bad_gntref);
    check("grant_table_op/the one after a bad one", ops[2].status, GNTST_okay);
    check("grant_table_op/an empty batch", op(GNTTABOP_copy, ops, 0), 0);
}

static void pointers(uint8_t *other)
{
    static struct gnttab_copy copy;
    static const struct gnttab_query_size size = {.dom = DOMID_SELF};
    static const struct pointer_call calls[] = {
        {"grant_table_op/copy",
         __HYPERVISOR_grant_table_op,
         {GNTTABOP_copy, 0, 1},
         1,
         &copy,
         sizeof(copy),
         0},
        {"grant_table_op/query_size",
         __HYPERVISOR_grant_table_op,
         {GNTTABOP_query_size, 0, 1},
         1,
         &size,
         sizeof(size),
         0},
    };
    struct compat_gnttab_copy compat = {
        .source = {.u.ref = ref, .domid = self},
        .dest = {.u.gmfn = (uint32_t)virt_to_gfn(other), .domid = DOMID_SELF},
        .len = 16,
        .flags = GNTCOPY_source_gref,
        .status = 1,
    };
    struct pointer_call compat_call = {"grant_table_op/copy",
                                       __HYPERVISOR_grant_table_op,
                                       {GNTTABOP_copy, 0, 1},
                                       1,
                                       &compat,
                                       sizeof(compat),
                                       0};
    const struct compat_gnttab_copy *copied;
    const struct gnttab_query_size *queried;

    copy = copy_of(virt_to_gfn(other), 0, 0, 16);
    for (unsigned int i = 0; i < ARRAY_COUNT(calls); i++)
        check_pointers(&calls[i]);
    check_readonly(&calls[1]);
    page[0] = PATTERN;
    other[0] = 0;
    copied = check_compat(&compat_call);
    check("grant_table_op/copy/32-bit status", copied->status, GNTST_okay);
    check("grant_table_op/copy/32-bit has copied", other[0], PATTERN);
    queried = check_compat(&calls[1]);
    check("grant_table_op/query_size/32-bit maximum", queried->max_nr_frames, MAX_FRAMES);
}

void test_cases(void)
{
    uint8_t *other = page_alloc();
    int granted;

    self = (domid_t)hypervisor_info.domid;
    page = page_alloc();
    hole = gfn_hole_alloc(1);
    if (!page || !other)
        guest_panic("no memory");
    granted = grant_access(self, virt_to_gfn(page), false);
    check_true("a reference", granted >= GRANT_FIRST_FREE);
    ref = (grant_ref_t)granted;
    queries();
    setup();
    copying(other);
    copy_errors(other);
    batches(other);
    second_frame(other);
    pointers(other);
    mapping_errors();
    mapping();
    readonly_mapping();
    check("grant_table_op/end", grant_end(ref), 0);
}
