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

static struct lock area_lock = LOCK_INIT(LOCK_AREA);
static struct {
    mfn_t frame;
    enum { AREA_FREE, AREA_USED, AREA_DROPPED } state;
    uint64_t generation;
} area[FAKE_AREA_SLOTS];

/* COUNT slots in a row for FRAMES; FAKE_AREA_SLOTS: there are none. */
static unsigned take_slots(const mfn_t *frames, unsigned count)
{
    unsigned run = 0, slot;

    for (slot = 0; slot < FAKE_AREA_SLOTS && run < count; slot++)
        run = area[slot].state == AREA_FREE ? run + 1 : 0;
    if (run < count)
        return FAKE_AREA_SLOTS;
    slot -= count;
    for (unsigned i = 0; i < count; i++) {
        area[slot + i].frame = frames[i];
        area[slot + i].state = AREA_USED;
    }
    return slot;
}

int host_map_area(const mfn_t *frames, unsigned count, void **address)
{
    unsigned slot;

    if (frame_should_fail())
        return -ENOMEM;
    lock_take(&area_lock);
    slot = take_slots(frames, count);
    lock_drop(&area_lock);
    if (slot == FAKE_AREA_SLOTS)
        return -ENOMEM;
    *address = fake_areas + slot * (size_t)PAGE_SIZE;
    for (unsigned i = 0; i < count; i++)
        fake_map(fake_areas + (slot + i) * (size_t)PAGE_SIZE, PAGE_SIZE, paddr_of(frames[i]).v,
                 PROT_READ | PROT_WRITE);
    return 0;
}

void host_unmap_area(void *address, unsigned count)
{
    size_t slot = (size_t)((char *)address - fake_areas) / PAGE_SIZE;
    uint64_t generation = host_generation_raise();

    mprotect(address, count * (size_t)PAGE_SIZE, PROT_NONE);
    lock_take(&area_lock);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(area[slot + i].state, AREA_USED);
        area[slot + i].state = AREA_DROPPED;
        area[slot + i].generation = generation;
    }
    lock_drop(&area_lock);
}

unsigned host_reclaim_area(mfn_t *frames, unsigned max)
{
    unsigned count = 0;

    lock_take(&area_lock);
    for (unsigned slot = 0; slot < FAKE_AREA_SLOTS && count < max; slot++) {
        if (area[slot].state == AREA_DROPPED && host_flush_done(area[slot].generation)) {
            area[slot].state = AREA_FREE;
            frames[count++] = area[slot].frame;
        }
    }
    lock_drop(&area_lock);
    return count;
}
