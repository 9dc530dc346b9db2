/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registered areas. The frames are referenced, not immovable: the guest may balloon one or put
 * another in its place, and the old one lives until the area is dropped. The owner of the struct
 * area has the lock for it.
 */
#include "core/area.h"

#include "core/domain.h"
#include "core/frame.h"
#include "core/guest_mem.h"
#include "core/p2m.h"
#include "lib/errno.h"

#define POLL_FRAMES 16u

/* Maps the frames in NEW, which are referenced, and makes it *AREA; undone on failure. */
static int map(struct area *area, struct area *new, uint64_t offset)
{
    void *base;
    int error = host_map_area(new->frame, new->frame_count, &base);

    if (error != 0) {
        for (uint32_t i = 0; i < new->frame_count; i++)
            frame_put(new->frame[i], true);
        return error;
    }
    new->address = (char *)base + offset;
    *area = *new;
    return 0;
}

int area_register_gfn(struct area *area, struct domain *d, gfn_t gfn, uint32_t offset,
                      uint32_t size)
{
    struct area new = {.frame_count = 1, .gfn = {gfn, GFN_NONE}};
    int error;

    if (size > PAGE_SIZE || offset > PAGE_SIZE - size)
        return -EINVAL;
    area_poll();
    error = p2m_get_frame(d, gfn, true, &new.frame[0]);
    return error != 0 ? error : map(area, &new, offset);
}

int area_register_gva(struct area *area, uint64_t gva, uint32_t size)
{
    uint64_t offset = gva & (PAGE_SIZE - 1);
    uint32_t count = offset + size > PAGE_SIZE ? 2 : 1;
    struct area new = {.frame_count = 0, .gfn = {GFN_NONE, GFN_NONE}};

    area_poll();
    for (uint32_t i = 0; i < count; i++) {
        gpa_t gpa;
        int error = guest_translate((gva_t){gva - offset + i * PAGE_SIZE}, PT_WRITE, &gpa);

        if (error == 0)
            error = p2m_get_frame(current_domain(), gfn_of(gpa), true, &new.frame[i]);
        if (error != 0) {
            if (i == 1)
                frame_put(new.frame[0], true);
            return -EFAULT;
        }
        new.gfn[i] = gfn_of(gpa);
        new.frame_count++;
    }
    return map(area, &new, offset);
}

void area_drop(struct area *area)
{
    if (area->address == NULL)
        return;
    host_unmap_area((void *)((uint64_t)area->address & ~(uint64_t)(PAGE_SIZE - 1)),
                    area->frame_count);
    *area = (struct area){.address = NULL};
    area_poll();
}

void area_poll(void)
{
    mfn_t frames[POLL_FRAMES];
    unsigned count = host_reclaim_area(frames, POLL_FRAMES);

    for (unsigned i = 0; i < count; i++)
        frame_put(frames[i], true);
}
