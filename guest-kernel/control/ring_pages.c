/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the handles of mapped ring pages. */
#include "guest-kernel/control/ring_pages.h"

#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"

int ring_pages_map(struct ring_pages *pages, domid_t domid, const grant_ref_t *refs,
                   unsigned int count)
{
    for (pages->count = 0; pages->count < count; pages->count++) {
        struct gnttab_map_grant_ref op = {.host_addr = (pages->gfn + pages->count) << PAGE_SHIFT,
                                          .flags = GNTMAP_host_map,
                                          .ref = refs[pages->count],
                                          .dom = domid};

        if (hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1) != 0 ||
            op.status != GNTST_okay)
            return -EIO;
        pages->handles[pages->count] = op.handle;
    }
    return 0;
}

void ring_pages_unmap(struct ring_pages *pages)
{
    for (unsigned int i = 0; i < pages->count; i++) {
        struct gnttab_unmap_grant_ref op = {.host_addr = (pages->gfn + i) << PAGE_SHIFT,
                                            .handle = pages->handles[i]};

        if (hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1) != 0 ||
            op.status != GNTST_okay)
            guest_panic("ring page %u cannot be unmapped: status %d", i, op.status);
    }
    pages->count = 0;
}

void *ring_pages_address(const struct ring_pages *pages)
{
    return phys_to_virt(pages->gfn << PAGE_SHIFT);
}
