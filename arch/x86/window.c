/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The window: pages of this CPU's private region through which it sees frames that are not mapped
 * (design decision 3). Each slot's tag in struct percpu says which frame it maps. A slot is a
 * use's. No locks: nobody else sees them.
 */
#include "arch/x86/host_pt.h"
#include "arch/x86/layout.h"
#include "arch/x86/percpu.h"
#include "core/domain.h"

_Static_assert(WINDOW_USES <= WINDOW_SLOT_COUNT, "every use has a slot");

void *window_map(enum window_use use, mfn_t mfn)
{
    struct percpu *percpu = this_cpu();
    unsigned offset = PRIVATE_WINDOW + use * PAGE_SIZE;

    if (!mfn_equal(percpu->window_tag[use], mfn)) {
        host_private_map(offset, mfn);
        percpu->window_tag[use] = mfn;
        percpu->window_page[use] = (void *)(PRIVATE_VA + offset);
        percpu->window_used |= 1u << use;
        if (percpu->current != NULL)
            percpu->current->counters.window_fills++;
        if (use < WINDOW_ARG0)
            pins_forget(percpu);
    }
    return percpu->window_page[use];
}

void window_unmap(enum window_use use)
{
    window_unmap_slots(1u << use);
}

void window_unmap_slots(uint32_t mask)
{
    struct percpu *percpu = this_cpu();

    mask &= percpu->window_used;
    if (mask & ((1u << WINDOW_ARG0) - 1))
        pins_forget(percpu);
    for (; mask != 0; mask &= mask - 1) {
        unsigned slot = (unsigned)__builtin_ctz(mask);

        host_private_map(PRIVATE_WINDOW + slot * PAGE_SIZE, MFN_NONE);
        percpu->window_tag[slot] = MFN_NONE;
        percpu->window_used &= ~(1u << slot);
    }
}

void window_empty(void)
{
    window_unmap_slots(UINT32_MAX);
    this_cpu()->window_stale = 0;
}
