/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The area region: frames that guests registered, mapped until they are dropped. The entries of its
 * page tables are the allocator: 0 is a free slot, a present entry one in use. A dropped slot's
 * entry is not present but still names the frame and the next dropped slot, until every CPU has
 * flushed; so dropping needs no memory and cannot fail. area_lock protects all of it.
 */
#include "arch/x86/host_pt.h"

#include "arch/x86/layout.h"
#include "arch/x86/lock.h"
#include "core/log.h"
#include "lib/errno.h"

#define TABLE_SLOTS   512u
#define TABLES        ((unsigned)(AREA_VA_SIZE / PAGE_SIZE / TABLE_SLOTS))
#define ENTRY_PRESENT UINT64_C(1)
#define ENTRY_RW      UINT64_C(0x8000000000000063) /* NX D A W P: APM Vol. 2 5.4.1 */
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)
/* In an entry that is not present: bits 11..1 and 56..52 hold the number of the next slot. */
#define LINK_LOW_BITS   11u
#define LINK_LOW_SHIFT  1u
#define LINK_HIGH_SHIFT 52u

static struct lock area_lock = LOCK_INIT(LOCK_AREA);
static uint64_t *tables[TABLES];
static uint32_t table_count;
static uint32_t next_slot; /* where the search for a free slot begins */

/* Slots dropped together wait for one generation: those in `closed` for theirs, while new ones
 * gather in `open`. */
static struct batch {
    uint32_t first, count;
    uint64_t generation;
} open, closed;

static uint64_t *entry_of(uint32_t slot)
{
    return &tables[slot / TABLE_SLOTS][slot % TABLE_SLOTS];
}

/* First of COUNT free slots side by side, or UINT32_MAX. */
static uint32_t find_slots(unsigned count)
{
    uint32_t slots = table_count * TABLE_SLOTS;

    for (uint32_t tried = 0, run = 0; tried < slots + count; tried++) {
        uint32_t slot = (next_slot + tried) % slots;

        if (slot == 0)
            run = 0;
        run = *entry_of(slot) == 0 ? run + 1 : 0;
        if (run == count) {
            next_slot = slot + 1;
            return slot + 1 - count;
        }
    }
    return UINT32_MAX;
}

/* Adds another page table to the region. */
static int grow(void)
{
    uint64_t address = AREA_VA + (uint64_t)table_count * TABLE_SLOTS * PAGE_SIZE;
    int error;

    if (table_count == TABLES)
        return -ENOMEM;
    error = pt_prepare(&host_pt, address, PT_LEVEL_4K);
    if (error != 0)
        return error;
    tables[table_count++] = pt_slot(&host_pt, address);
    return 0;
}

int host_map_area(const mfn_t *frames, unsigned count, void **address)
{
    uint32_t slot;

    lock_take(&area_lock);
    slot = table_count == 0 ? UINT32_MAX : find_slots(count);
    if (slot == UINT32_MAX) {
        int error = grow();

        if (error != 0) {
            lock_drop(&area_lock);
            return error;
        }
        slot = (table_count - 1) * TABLE_SLOTS;
        next_slot = slot + count;
    }
    for (unsigned i = 0; i < count; i++)
        WRITE_ONCE(*entry_of(slot + i), paddr_of(frames[i]).v | ENTRY_RW);
    lock_drop(&area_lock);
    *address = (void *)(AREA_VA + (uint64_t)slot * PAGE_SIZE);
    return 0;
}

void host_unmap_area(void *address, unsigned count)
{
    uint32_t first = (uint32_t)(((uint64_t)address - AREA_VA) >> PAGE_SHIFT);

    lock_take(&area_lock);
    for (uint32_t slot = first; slot < first + count; slot++) {
        uint64_t *entry = entry_of(slot);

        BUG_ON((*entry & ENTRY_PRESENT) == 0);
        WRITE_ONCE(*entry, (*entry & ENTRY_ADDRESS) |
                               (open.first & ((1u << LINK_LOW_BITS) - 1)) << LINK_LOW_SHIFT |
                               (uint64_t)(open.first >> LINK_LOW_BITS) << LINK_HIGH_SHIFT);
        open.first = slot;
        open.count++;
    }
    open.generation = host_generation_raise();
    lock_drop(&area_lock);
}

unsigned host_reclaim_area(mfn_t *frames, unsigned max)
{
    unsigned count = 0;

    if (READ_ONCE(closed.count) == 0 && READ_ONCE(open.count) == 0)
        return 0;
    lock_take(&area_lock);
    while (count < max) {
        uint64_t *entry, value;

        if (closed.count == 0) {
            closed = open;
            open.count = 0;
        }
        if (closed.count == 0 || !host_flush_done(closed.generation))
            break;
        entry = entry_of(closed.first);
        value = *entry;
        frames[count++] = mfn_of((paddr_t){value & ENTRY_ADDRESS});
        closed.first = (uint32_t)(value >> LINK_LOW_SHIFT & ((1u << LINK_LOW_BITS) - 1)) |
                       (uint32_t)(value >> LINK_HIGH_SHIFT << LINK_LOW_BITS);
        closed.count--;
        WRITE_ONCE(*entry, 0);
    }
    lock_drop(&area_lock);
    return count;
}
