/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The window: pages of this CPU's private region through which it sees frames that are not mapped
 * (design decision 3). Each slot's tag in struct percpu says which frame it maps. Slots belong to
 * uses: the walk's levels first, then one slot for each use. No locks: nobody else sees them.
 */
#include "arch/x86/host_pt.h"
#include "arch/x86/layout.h"
#include "arch/x86/percpu.h"
#include "core/gfn_cache.h"

_Static_assert(WALK_LEVELS + WINDOW_USES <= WINDOW_SLOT_COUNT, "every use has a slot");

static void *map_slot(unsigned slot, mfn_t mfn)
{
    struct percpu *percpu = this_cpu();
    unsigned offset = PRIVATE_WINDOW + slot * PAGE_SIZE;

    if (!mfn_equal(percpu->window_tag[slot], mfn)) {
        host_private_map(offset, mfn);
        percpu->window_tag[slot] = mfn;
        percpu->window_page[slot] = (void *)(PRIVATE_VA + offset);
        percpu->window_used |= 1u << slot;
        percpu->window_fills++;
    }
    return percpu->window_page[slot];
}

void *window_map(enum window_use use, mfn_t mfn)
{
    return map_slot(WALK_LEVELS + (unsigned)use, mfn);
}

void *window_map_walk(unsigned level, mfn_t mfn)
{
    gfn_cache_forget_walk(&this_cpu()->gfn_cache, level);
    return map_slot(level, mfn);
}

static void empty_slot(unsigned slot)
{
    struct percpu *percpu = this_cpu();

    host_private_map(PRIVATE_WINDOW + slot * PAGE_SIZE, MFN_NONE);
    percpu->window_tag[slot] = MFN_NONE;
    percpu->window_used &= ~(1u << slot);
}

void window_unmap(enum window_use use)
{
    window_unmap_slots(1u << (WALK_LEVELS + (unsigned)use));
}

void window_unmap_slots(uint32_t mask)
{
    for (mask &= this_cpu()->window_used; mask != 0; mask &= mask - 1)
        empty_slot((unsigned)__builtin_ctz(mask));
}

void window_empty(void)
{
    struct percpu *percpu = this_cpu();

    gfn_cache_forget(&percpu->gfn_cache);
    window_unmap_slots(percpu->window_used);
    percpu->window_stale = 0;
    percpu->own_raises = 0;
}
