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
#include "arch/x86/percpu.h"
#include "core/log.h"
#include "lib/errno.h"

#define TABLES        ((unsigned)(AREA_VA_SIZE / PAGE_SIZE / PT_ENTRIES))
#define ENTRY_PRESENT UINT64_C(1)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)
/* An entry that is not present: the next slot from bit 1 on, the frame from bit 24 on. */
#define NEXT_SHIFT  1u
#define NEXT_MASK   UINT64_C(0xffff)
#define FRAME_SHIFT 24u
_Static_assert(AREA_VA_SIZE / PAGE_SIZE - 1 <= NEXT_MASK, "a slot's number fits");
_Static_assert(HOST_MFN_MAX <= UINT64_C(1) << (64 - FRAME_SHIFT), "a frame's number fits");

static struct lock area_lock = LOCK_INIT(LOCK_AREA);
static uint64_t *tables[TABLES];
static uint32_t table_count;
static uint32_t next_slot; /* where the search for a free slot begins */

/* Dropped slots for which a CPU that runs guests makes all others flush; an idle one does it for
 * fewer. A guest that registers areas all the time costs the others little. */
#define BATCH 64u

/* Slots dropped together wait for one generation: those in `closed` for theirs, while new ones
 * gather in `open`. */
static struct batch {
    uint32_t first, count;
    uint64_t generation;
} open, closed;

static uint64_t *entry_of(uint32_t slot)
{
    return &tables[slot / PT_ENTRIES][slot % PT_ENTRIES];
}

/* First of COUNT free slots side by side; if there are none, in another page table of the region.
 */
static int find_slots(unsigned count, uint32_t *first)
{
    uint32_t slots = table_count * PT_ENTRIES;
    uint64_t address = AREA_VA + (uint64_t)slots * PAGE_SIZE;
    int error;

    for (uint32_t tried = 0, run = 0; slots != 0 && tried < slots + count; tried++) {
        uint32_t slot = (next_slot + tried) % slots;

        run = *entry_of(slot) != 0 ? 0 : slot == 0 ? 1 : run + 1;
        *first = slot + 1 - count;
        if (run == count)
            return 0;
    }
    error = table_count == TABLES ? -ENOMEM : pt_prepare(&host_pt, address, PT_LEVEL_4K);
    if (error == 0)
        tables[table_count++] = pt_slot(&host_pt, address);
    *first = slots;
    return error;
}

int host_map_area(const mfn_t *frames, unsigned count, void **address)
{
    uint32_t first;
    int error;

    lock_take(&area_lock);
    error = find_slots(count, &first);
    for (unsigned i = 0; error == 0 && i < count; i++)
        WRITE_ONCE(*entry_of(first + i), paddr_of(frames[i]).v | HOST_PAGE_RW);
    next_slot = first + count;
    lock_drop(&area_lock);
    *address = (void *)(AREA_VA + (uint64_t)first * PAGE_SIZE);
    return error;
}

void host_unmap_area(void *address, unsigned count)
{
    uint32_t first = (uint32_t)(((uint64_t)address - AREA_VA) >> PAGE_SHIFT);

    lock_take(&area_lock);
    for (uint32_t slot = first; slot < first + count; slot++) {
        uint64_t *entry = entry_of(slot);

        BUG_ON((*entry & ENTRY_PRESENT) == 0);
        WRITE_ONCE(*entry, mfn_of((paddr_t){*entry & ENTRY_ADDRESS}).v << FRAME_SHIFT |
                               (uint64_t)open.first << NEXT_SHIFT);
        open.first = slot;
        open.count++;
    }
    lock_drop(&area_lock);
}

unsigned host_reclaim_area(mfn_t *frames, unsigned max)
{
    unsigned count = 0, wanted = this_cpu()->current == NULL ? 1 : BATCH;

    if (READ_ONCE(closed.count) == 0 && READ_ONCE(open.count) == 0)
        return 0;
    lock_take(&area_lock);
    while (count < max) {
        uint64_t *entry, value;

        if (closed.count == 0 && open.count >= wanted) {
            closed = open;
            open.count = 0;
            closed.generation = host_generation_raise();
        }
        if (closed.count == 0 || !host_flush_done(closed.generation))
            break;
        entry = entry_of(closed.first);
        value = *entry;
        frames[count++].v = value >> FRAME_SHIFT;
        closed.first = (uint32_t)(value >> NEXT_SHIFT & NEXT_MASK);
        closed.count--;
        WRITE_ONCE(*entry, 0);
    }
    lock_drop(&area_lock);
    return count;
}
