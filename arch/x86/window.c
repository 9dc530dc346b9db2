/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The window: pages through which a CPU sees frames that are not mapped (design decision 3). A slot
 * is a use's; a tag in struct window says which frame it maps. Each vCPU brings the page table of
 * its window along: what it shows cannot be seen while another is loaded. No locks: nobody else
 * sees them.
 */
#include "arch/x86/host_pt.h"
#include "arch/x86/layout.h"
#include "core/domain.h"
#include "core/heap.h"
#include "lib/errno.h"

_Static_assert(WINDOW_VA == LOADED_VA + LOADED_WINDOW, "layout.h");
_Static_assert(WINDOW_USES <= WINDOW_SLOT_COUNT, "every use has a slot");

/* Gives SLOT of the window that is seen an entry. */
static void set(struct window *w, unsigned slot, uint64_t entry)
{
    WRITE_ONCE(w->table[(LOADED_WINDOW >> PAGE_SHIFT) + slot], entry);
    if (w->used >> slot & 1)
        invlpg(WINDOW_VA + slot * PAGE_SIZE);
    pins_forget(w, slot);
}

void *window_map(enum window_use use, mfn_t mfn)
{
    struct window *w = this_cpu()->window;

    if (!(w->used >> use & 1) || !mfn_equal(w->tag[use], mfn)) {
        set(w, use, paddr_of(mfn).v | HOST_PAGE_RW);
        w->tag[use] = mfn;
        w->used |= 1u << use;
        if (this_cpu()->current != NULL)
            this_cpu()->current->counters.window_fills++;
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

    w->stale &= ~mask;
    for (mask &= w->used; mask != 0; mask &= mask - 1) {
        unsigned slot = (unsigned)__builtin_ctz(mask);

        set(w, slot, 0);
        w->tag[slot] = MFN_NONE;
        w->used &= ~(1u << slot);
    }
}

int window_init(struct window *w, struct domain *d, mfn_t page, mfn_t control)
{
    w->table = heap_alloc(d, 1);
    if (w->table == NULL)
        return -ENOMEM;
    w->entry = paddr_of(heap_mfn(w->table)).v | HOST_PAGE_RW;
    w->table[LOADED_VCPU >> PAGE_SHIFT] = paddr_of(page).v | HOST_PAGE_RW;
    w->table[LOADED_CONTROL >> PAGE_SHIFT] = paddr_of(control).v | HOST_PAGE_RW;
    return 0;
}

void window_destroy(struct window *w, struct domain *d)
{
    heap_free(d, w->table, 1);
}

/* Flushes all that this CPU's TLB has of the host, rather than each page by an INVLPG. */
void window_switch(struct window *w)
{
    uint64_t *directory = (uint64_t *)(PRIVATE_VA + PRIVATE_DIRECTORY);

    WRITE_ONCE(directory[pt_index(LOADED_VA, 1)], w->entry);
    write_cr3(read_cr3());
    this_cpu()->window = w;
    this_cpu()->pins_checked = 0;
}
