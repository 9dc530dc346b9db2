/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registered areas. The frames are referenced, not immovable: the guest may balloon one or put
 * another in its place, and the old one lives until the area is dropped. The owner of the struct
 * area has the lock for it.
 */
#include "core/area.h"

#include "core/domain.h"
#include "core/guest_mem.h"
#include "lib/errno.h"

#define POLL_FRAMES 16u

static uint64_t offset_of(uint64_t address)
{
    return address & (PAGE_SIZE - 1);
}

/* Makes the area of FRAMES, which are referenced; undone on failure. */
static int map(struct area *area, const mfn_t *frames, uint64_t offset, uint32_t size)
{
    unsigned count = pages_of(offset + size);
    void *base;
    int error = host_map_area(frames, count, &base);

    for (unsigned i = 0; error != 0 && i < count; i++)
        frame_put(frames[i], true);
    if (error == 0)
        *area = (struct area){(char *)base + offset, size};
    return error;
}

int area_register_gfn(struct area *area, struct domain *d, gfn_t gfn, uint32_t offset,
                      uint32_t size)
{
    mfn_t frame;
    int error;

    area_poll();
    error = p2m_get_frame(d, gfn, true, &frame);
    return error != 0 ? error : map(area, &frame, offset, size);
}

int area_register_gva(struct area *area, uint64_t gva, uint32_t size)
{
    unsigned count = pages_of(offset_of(gva) + size);
    mfn_t frames[2];

    area_poll();
    for (unsigned i = 0; i < count; i++) {
        gpa_t gpa;
        int error = guest_translate((gva_t){gva - offset_of(gva) + i * PAGE_SIZE}, PT_WRITE, &gpa);

        if (error == 0)
            error = p2m_get_frame(current_domain(), gfn_of(gpa), true, &frames[i]);
        if (error != 0) {
            if (i == 1)
                frame_put(frames[0], true);
            return -EFAULT;
        }
    }
    return map(area, frames, offset_of(gva), size);
}

void area_drop(struct area *area)
{
    uint64_t offset = offset_of((uint64_t)area->address);

    if (area->address == NULL)
        return;
    host_unmap_area((char *)area->address - offset, pages_of(offset + area->size));
    area->address = NULL;
    area_poll();
}

void area_poll(void)
{
    mfn_t frames[POLL_FRAMES];
    unsigned count = host_reclaim_area(frames, POLL_FRAMES);

    for (unsigned i = 0; i < count; i++)
        frame_put(frames[i], true);
}
