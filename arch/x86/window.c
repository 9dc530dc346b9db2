/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The window: pages of this CPU's private region through which it sees frames that are not mapped
 * (design decision 3). A slot is a use's; a tag in struct window says which frame it maps. What a
 * vCPU's window shows is unmapped while another runs. No locks: nobody else sees them.
 */
#include "arch/x86/host_pt.h"
#include "arch/x86/layout.h"
#include "arch/x86/percpu.h"
#include "core/domain.h"

_Static_assert(WINDOW_VA == PRIVATE_VA + PRIVATE_WINDOW, "layout.h");
_Static_assert(WINDOW_USES <= WINDOW_SLOT_COUNT, "every use has a slot");

void *window_map(enum window_use use, mfn_t mfn)
{
    struct window *w = this_cpu()->window;

    if (!(w->used >> use & 1) || !mfn_equal(w->tag[use], mfn)) {
        host_private_map(PRIVATE_WINDOW + use * PAGE_SIZE, mfn);
        w->tag[use] = mfn;
        w->used |= 1u << use;
        if (this_cpu()->current != NULL)
            this_cpu()->current->counters.window_fills++;
        pins_forget(w, use);
    }
    return window_at(use);
}

void window_unmap(enum window_use use)
{
    window_unmap_slots(1u << use);
}

void window_unmap_slots(uint32_t mask)
{
    struct window *w = this_cpu()->window;

    mask &= w->used;
    w->used &= ~mask;
    for (; mask != 0; mask &= mask - 1) {
        unsigned slot = (unsigned)__builtin_ctz(mask);

        host_private_map(PRIVATE_WINDOW + slot * PAGE_SIZE, MFN_NONE);
        w->tag[slot] = MFN_NONE;
        pins_forget(w, slot);
    }
}

void window_empty(void)
{
    window_unmap_slots(UINT32_MAX);
    this_cpu()->window->stale = 0;
}

static inline uint64_t *entry_of(unsigned slot)
{
    return (uint64_t *)(PRIVATE_VA + PRIVATE_PT) + (PRIVATE_WINDOW >> PAGE_SHIFT) + slot;
}

void window_hide(void)
{
    struct window *w = this_cpu()->window;

    if (unlikely(w->stale != 0)) {
        window_unmap_slots(w->stale);
        w->stale = 0;
    }
    for (uint32_t mask = w->used; mask != 0; mask &= mask - 1) {
        unsigned slot = (unsigned)__builtin_ctz(mask);

        WRITE_ONCE(*entry_of(slot), 0);
        invlpg(WINDOW_VA + slot * PAGE_SIZE);
    }
    this_cpu()->window = &this_cpu()->idle_window;
}

void window_show(struct window *w)
{
    this_cpu()->window = w;
    for (uint32_t mask = w->used; mask != 0; mask &= mask - 1) {
        unsigned slot = (unsigned)__builtin_ctz(mask);

        WRITE_ONCE(*entry_of(slot), paddr_of(w->tag[slot]).v | HOST_PAGE_RW);
    }
}
