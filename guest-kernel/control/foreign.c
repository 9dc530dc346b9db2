/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the windows: one for copying, one page for each console and each store. */
#include "guest-kernel/control/foreign.h"

#include "guest-kernel/control/hv.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/string.h"

static uint64_t copy_gfn;
static uint64_t pages_gfn;

int foreign_init(void)
{
    copy_gfn = gfn_hole_alloc(HV_MAP_MAX);
    pages_gfn = gfn_hole_alloc(FOREIGN_PAGES_MAX);
    return copy_gfn == 0 || pages_gfn == 0 ? -ENOMEM : 0;
}

int foreign_write(domid_t domid, uint64_t gpa, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    uint8_t *window = phys_to_virt(copy_gfn << PAGE_SHIFT);

    while (size > 0) {
        size_t offset = gpa & (PAGE_SIZE - 1);
        size_t part = (size_t)HV_MAP_MAX * PAGE_SIZE - offset;
        size_t pages;
        int err;

        if (part > size)
            part = size;
        pages = (offset + part + PAGE_SIZE - 1) >> PAGE_SHIFT;
        err = hv_map_foreign(domid, gpa >> PAGE_SHIFT, pages, copy_gfn);
        if (err != 0)
            return err;
        memcpy(window + offset, from, part);
        hv_unmap(copy_gfn, pages);
        gpa += part;
        from += part;
        size -= part;
    }
    return 0;
}

int foreign_write_grants(domid_t domid, const void *bytes, size_t size)
{
    int err = hv_map_grant_table(domid, copy_gfn);

    if (err != 0)
        return err;
    memcpy(phys_to_virt(copy_gfn << PAGE_SHIFT), bytes, size);
    hv_unmap(copy_gfn, 1);
    return 0;
}

int foreign_map_page(domid_t domid, uint64_t gfn, unsigned int index, void **page)
{
    int err = hv_map_foreign(domid, gfn, 1, pages_gfn + index);

    if (err == 0)
        *page = phys_to_virt((pages_gfn + index) << PAGE_SHIFT);
    return err;
}

void foreign_unmap_page(unsigned int index)
{
    hv_unmap(pages_gfn + index, 1);
}
