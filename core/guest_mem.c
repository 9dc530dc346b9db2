/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory. A guest-virtual address is translated by the guest's own tables at every use, with
 * the rights that its kernel has: CR0.WP, SMAP with RFLAGS.AC (Xen honours a guest's SMAP in
 * hypercall buffers, and Linux sets AC around the calls that point to user memory), NX for fetches.
 * Accessed and dirty bits of the guest's tables are not set. Guest frames are looked up in a cache
 * of the vCPU's that lives as long as the window's contents: until the p2m generation rises.
 */
#include "core/guest_mem.h"

#include "core/domain.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/string.h"

#define CPL_USER 3u

static uint64_t *map_table(gfn_t table, unsigned level)
{
    mfn_t mfn;

    return p2m_find_loaded(table, false, &mfn) == 0 ? window_map(WINDOW_WALK0 + level, mfn) : NULL;
}

static bool is_allowed(const struct guest_paging *paging, unsigned rights, unsigned access)
{
    if ((access & PT_EXEC) != 0 && (rights & PT_EXEC) == 0)
        return false;
    if (paging->cpl == CPL_USER)
        return (rights & PT_USER) != 0 && ((access & PT_WRITE) == 0 || (rights & PT_WRITE) != 0);
    if ((access & PT_WRITE) != 0 && (rights & PT_WRITE) == 0 && (paging->cr0 & CR0_WP) != 0)
        return false;
    return (rights & PT_USER) == 0 || (access & PT_EXEC) != 0 || (paging->cr4 & CR4_SMAP) == 0 ||
           (paging->rflags & RFLAGS_AC) != 0;
}

/* Brings this CPU's copy of the loaded vCPU's paging registers up to date. */
static inline void look_at_paging(struct percpu *percpu)
{
    if (unlikely(!virt->get_paging(&percpu->window->paging)))
        pins_forget(percpu->window, WINDOW_WALK0);
    percpu->pins_checked |= PINS_PAGING;
}

static int translate(gva_t gva, unsigned access, struct pt_walk *walk)
{
    const struct guest_paging *paging = &this_cpu()->window->paging;
    uint64_t address = paging->is_long ? gva.v : (uint32_t)gva.v;

    if ((paging->cr0 & CR0_PG) == 0) {
        walk->gpa = address;
        return 0;
    }
    if ((uint64_t)((int64_t)(address << 16) >> 16) != address ||
        pt_walk_guest(paging, map_table, address, walk) != 0 ||
        !is_allowed(paging, walk->rights, access))
        return -EFAULT;
    return 0;
}

int guest_translate(gva_t gva, unsigned access, gpa_t *gpa)
{
    struct pt_walk walk;
    int error;

    look_at_paging(this_cpu());
    error = translate(gva, access, &walk);
    if (error == 0)
        gpa->v = walk.gpa;
    return error;
}

/* Pins a page by a walk, which its slot remembers if it can be looked at again. */
static NOINLINE int pin_by_walk(enum window_use use, gva_t gva, unsigned access, void **part)
{
    struct percpu *percpu = this_cpu();
    struct window_pin *pin = &percpu->window->pin[use - WINDOW_ARG0];
    mfn_t mfn;
    int error;

    pin->access = 0;
    error = translate(gva, access, &pin->walk);
    if (error == 0)
        error = p2m_find_loaded((gfn_t){pin->walk.gpa >> PAGE_SHIFT}, access == PT_WRITE, &mfn);
    if (error != 0)
        return error;
    *part = (char *)window_map(use, mfn) + (gva.v & (PAGE_SIZE - 1));
    if (percpu->window->paging.is_long) {
        pin->page = gva.v >> PAGE_SHIFT;
        pin->access = access | PT_READ;
        percpu->pins_checked |= 1u << use;
    }
    return 0;
}

/* True if the walk that PIN remembers would go the same way with the guest's tables as they are. */
static inline bool still_holds(const struct window_pin *pin)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < PT_LEVELS; i++)
        if (READ_ONCE(*pin->walk.slot[i]) != pin->walk.entry[i])
            return false;
    return true;
}

/* Pins a page as before in this exit, as before if nothing that it depends on has changed, or by a
 * walk. */
static inline int pin_page(struct percpu *percpu, enum window_use use, gva_t gva, unsigned access,
                           void **part)
{
    const struct window_pin *pin = &percpu->window->pin[use - WINDOW_ARG0];

    if (unlikely(pin->page != gva.v >> PAGE_SHIFT || (pin->access & access) == 0 ||
                 ((percpu->pins_checked >> use & 1) == 0 && !still_holds(pin))))
        return pin_by_walk(use, gva, access, part);
    percpu->pins_checked |= 1u << use;
    *part = window_at(use) + (gva.v & (PAGE_SIZE - 1));
    return 0;
}

/* A range on two pages. */
static NOINLINE int pin_two(enum window_use use, gva_t gva, size_t size, bool is_write,
                            struct guest_pin *pin)
{
    size_t room = PAGE_SIZE - (gva.v & (PAGE_SIZE - 1));
    struct guest_pin second;
    int error = guest_pin(use, gva, room, is_write, pin);

    if (error == 0)
        error = guest_pin(use + 1, (gva_t){gva.v + room}, size - room, is_write, &second);
    if (error == 0) {
        pin->part[1] = second.part[0];
        pin->part_size[1] = second.part_size[0];
    }
    return error;
}

int guest_pin(enum window_use use, gva_t gva, size_t size, bool is_write, struct guest_pin *pin)
{
    struct percpu *percpu = this_cpu();

    if (unlikely(size > PAGE_SIZE - (gva.v & (PAGE_SIZE - 1))))
        return pin_two(use, gva, size, is_write, pin);
    if ((percpu->pins_checked & PINS_PAGING) == 0)
        look_at_paging(percpu);
    pin->part_size[0] = (uint32_t)size;
    pin->part_size[1] = 0;
    return pin_page(percpu, use, gva, is_write ? PT_WRITE : PT_READ, &pin->part[0]);
}

int guest_copy_in(void *to, gva_t from, size_t size)
{
    struct guest_pin pin;
    int error = guest_pin(WINDOW_DATA0, from, size, false, &pin);

    if (error == 0)
        guest_pin_get(&pin, to);
    return error;
}

int guest_phys_write(struct domain *d, gpa_t to, const void *from, size_t size)
{
    int error = 0;

    /* The p2m lock keeps each frame where it is. It need not be the loaded domain's. */
    lock_take(&d->p2m.lock);
    for (size_t done = 0; error == 0 && done < size;) {
        gpa_t at = {to.v + done};
        size_t offset = at.v & (PAGE_SIZE - 1), part = PAGE_SIZE - offset;
        struct p2m_entry entry;

        if (part > size - done)
            part = size - done;
        p2m_look(d, gfn_of(at), &entry);
        if (entry.type == P2M_RAM)
            memcpy((char *)window_map(WINDOW_DATA0, entry.mfn) + offset, (const char *)from + done,
                   part);
        else
            error = -EFAULT;
        done += part;
    }
    window_unmap(WINDOW_DATA0);
    lock_drop(&d->p2m.lock);
    return error;
}
