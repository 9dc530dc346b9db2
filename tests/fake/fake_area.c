/* SPDX-License-Identifier: BSD-2-Clause */
/* The area region of the fake architecture: a table of slots in place of page tables. */
#include "tests/fake/fake_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arch/x86/host_pt.h"
#include "core/frame.h"
#include "lib/errno.h"

static struct {
    mfn_t frame;
    enum { AREA_FREE, AREA_USED, AREA_DROPPED } state;
    uint64_t generation;
} area[FAKE_AREA_SLOTS];

int host_map_area(const mfn_t *frames, unsigned count, void **address)
{
    unsigned run = 0, slot;

    if (frame_should_fail())
        return -ENOMEM;
    for (slot = 0; slot < FAKE_AREA_SLOTS && run < count; slot++)
        run = area[slot].state == AREA_FREE ? run + 1 : 0;
    if (run < count)
        return -ENOMEM;
    slot -= count;
    *address = fake_areas + slot * (size_t)PAGE_SIZE;
    for (unsigned i = 0; i < count; i++) {
        area[slot + i].frame = frames[i];
        area[slot + i].state = AREA_USED;
        fake_map(fake_areas + (slot + i) * (size_t)PAGE_SIZE, PAGE_SIZE, paddr_of(frames[i]).v,
                 PROT_READ | PROT_WRITE);
    }
    return 0;
}

void host_unmap_area(void *address, unsigned count)
{
    size_t slot = (size_t)((char *)address - fake_areas) / PAGE_SIZE;
    uint64_t generation = host_generation_raise();

    mprotect(address, count * (size_t)PAGE_SIZE, PROT_NONE);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(area[slot + i].state, AREA_USED);
        area[slot + i].state = AREA_DROPPED;
        area[slot + i].generation = generation;
    }
}

unsigned host_reclaim_area(mfn_t *frames, unsigned max)
{
    unsigned count = 0;

    for (unsigned slot = 0; slot < FAKE_AREA_SLOTS && count < max; slot++) {
        if (area[slot].state == AREA_DROPPED && host_flush_done(area[slot].generation)) {
            area[slot].state = AREA_FREE;
            frames[count++] = area[slot].frame;
        }
    }
    return count;
}
