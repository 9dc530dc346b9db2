/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the grant table: its mapped frames, the free references, and the grant hypercalls. */
#include "guest-kernel/grants.h"

#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "pv-abi/memory.h"

#define GRANT_FRAMES      4
#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define GRANT_ENTRIES     (GRANT_FRAMES * ENTRIES_PER_FRAME)

static struct grant_entry_v1 *table;
static uint64_t table_gfn;
static size_t entry_count;
/* Free references, linked by index; 0 ends the list. */
static uint16_t next_free[GRANT_ENTRIES];
static grant_ref_t first_free;

struct grant_entry_v1 *grant_entry(grant_ref_t ref)
{
    return ref < entry_count ? &table[ref] : NULL;
}

size_t grant_entry_count(void)
{
    return entry_count;
}

/* Maps the next frame of the table and frees its entries. */
static int grow(void)
{
    size_t frame = entry_count / ENTRIES_PER_FRAME;
    struct xen_add_to_physmap map = {.domid = DOMID_SELF,
                                     .space = XENMAPSPACE_grant_table,
                                     .idx = frame,
                                     .gpfn = table_gfn + frame};
    grant_ref_t first = (grant_ref_t)entry_count;
    int64_t err = -XEN_ENOSPC;

    if (frame < GRANT_FRAMES)
        err = hypercall_memory_op(XENMEM_add_to_physmap, &map);
    if (err)
        return (int)err;
    entry_count += ENTRIES_PER_FRAME;
    for (grant_ref_t ref = (grant_ref_t)entry_count - 1; ref >= first && ref >= GRANT_FIRST_FREE;
         ref--) {
        next_free[ref] = (uint16_t)first_free;
        first_free = ref;
    }
    return 0;
}

int grants_init(void)
{
    table_gfn = gfn_hole_alloc(GRANT_FRAMES);
    if (!table_gfn)
        return -XEN_ENOMEM;
    table = phys_to_virt(table_gfn << PAGE_SHIFT);
    return grow();
}

int grant_access(domid_t domid, uint64_t gfn, bool is_readonly)
{
    uint16_t flags = GTF_permit_access;

    if (first_free == 0 && grow() != 0)
        return -XEN_ENOSPC;
    grant_ref_t ref = first_free;
    first_free = next_free[ref];
    if (is_readonly)
        flags |= GTF_readonly;
    table[ref].domid = domid;
    table[ref].frame = (uint32_t)gfn;
    /* Domain and frame are there before the entry is valid (<xen/grant_table.h>). */
    __atomic_store_n(&table[ref].flags, flags, __ATOMIC_RELEASE);
    return (int)ref;
}

int grant_end(grant_ref_t ref)
{
    uint16_t flags = __atomic_load_n(&table[ref].flags, __ATOMIC_RELAXED);

    do {
        if (flags & (GTF_reading | GTF_writing))
            return -XEN_EBUSY;
    } while (!__atomic_compare_exchange_n(&table[ref].flags, &flags, 0, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));
    next_free[ref] = (uint16_t)first_free;
    first_free = ref;
    return 0;
}

int grant_map(domid_t domid, grant_ref_t ref, bool is_readonly, struct grant_mapping *mapping)
{
    uint64_t gfn = gfn_hole_alloc(1);
    struct gnttab_map_grant_ref op = {.host_addr = gfn << PAGE_SHIFT,
                                      .flags =
                                          GNTMAP_host_map | (is_readonly ? GNTMAP_readonly : 0),
                                      .ref = ref,
                                      .dom = domid};

    if (!gfn)
        return GNTST_no_space;
    if (hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1) != 0)
        op.status = GNTST_general_error;
    if (op.status != GNTST_okay) {
        gfn_hole_free(gfn);
        return op.status;
    }
    mapping->gfn = gfn;
    mapping->page = phys_to_virt(gfn << PAGE_SHIFT);
    mapping->handle = op.handle;
    return GNTST_okay;
}

int grant_unmap(struct grant_mapping *mapping)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = mapping->gfn << PAGE_SHIFT,
                                        .handle = mapping->handle};

    if (hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1) != 0)
        return GNTST_general_error;
    if (op.status == GNTST_okay)
        gfn_hole_free(mapping->gfn);
    return op.status;
}

static int copy(struct gnttab_copy *op)
{
    if (hypercall_grant_table_op(GNTTABOP_copy, op, 1) != 0)
        return GNTST_general_error;
    return op->status;
}

int grant_copy_from(void *dst, domid_t domid, grant_ref_t ref, uint16_t offset, uint16_t size)
{
    struct gnttab_copy op = {
        .source = {.u.ref = ref, .domid = domid, .offset = offset},
        .dest = {.u.gmfn = virt_to_gfn(dst),
                 .domid = DOMID_SELF,
                 .offset = (uint16_t)((uintptr_t)dst & (PAGE_SIZE - 1))},
        .len = size,
        .flags = GNTCOPY_source_gref,
    };

    return copy(&op);
}

int grant_copy_to(domid_t domid, grant_ref_t ref, uint16_t offset, const void *src, uint16_t size)
{
    struct gnttab_copy op = {
        .source = {.u.gmfn = virt_to_gfn(src),
                   .domid = DOMID_SELF,
                   .offset = (uint16_t)((uintptr_t)src & (PAGE_SIZE - 1))},
        .dest = {.u.ref = ref, .domid = domid, .offset = offset},
        .len = size,
        .flags = GNTCOPY_dest_gref,
    };

    return copy(&op);
}
