/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory. A guest-virtual address is translated by the guest's own tables at every use, with
 * the rights that its kernel has: CR0.WP, SMAP with RFLAGS.AC (Xen honours a guest's SMAP in
 * hypercall buffers, and Linux sets AC around the calls that point to user memory), NX for fetches.
 * Accessed and dirty bits of the guest's tables are not set. Guest frames are looked up in a cache
 * of this CPU's that lives as long as the window's contents: until the p2m generation rises or
 * another domain is loaded.
 */
#include "core/guest_mem.h"

#include "arch/x86/percpu.h"
#include "arch/x86/virt.h"
#include "core/domain.h"
#include "core/gfn_cache.h"
#include "core/p2m.h"
#include "lib/errno.h"
#include "lib/string.h"

/* APM Vol. 2 3.1 and 3.1.7 */
#define CR0_WP     (UINT64_C(1) << 16)
#define CR0_PG     (UINT64_C(1) << 31)
#define CR4_PSE    (UINT64_C(1) << 4)
#define CR4_PAE    (UINT64_C(1) << 5)
#define CR4_SMAP   (UINT64_C(1) << 21)
#define EFER_LMA   (UINT64_C(1) << 10)
#define RFLAGS_AC  (UINT64_C(1) << 18)
#define CPL_USER   3u
#define ROOT_MASK  UINT64_C(0x000ffffffffff000)
#define PAE_OFFSET UINT64_C(0xfe0) /* APM Vol. 2 5.2.2: CR3 bits 11..5 */

/* One walk of the loaded vCPU's tables. */
struct walk {
    struct guest_paging paging;
    struct pt pt;
    unsigned index_bits; /* address bits that each level resolves */
};

/* The loaded domain's frame at GFN, into its place in the cache. */
static int fill_cache(gfn_t gfn, bool is_write, mfn_t *mfn)
{
    struct gfn_cache *cache = &this_cpu()->gfn_cache;
    struct p2m_entry entry;

    p2m_get_loaded(gfn, &entry);
    if (entry.type != P2M_RAM && entry.type != P2M_SHARED && (entry.type != P2M_RAM_RO || is_write))
        return -EFAULT;
    *mfn = cache->entry[gfn_cache_slot(cache, gfn)].mfn = entry.mfn;
    cache->entry[gfn_cache_slot(cache, gfn)].tag = gfn_cache_tag(cache, gfn, entry.is_writable);
    return 0;
}

static inline int find_frame(gfn_t gfn, bool is_write, mfn_t *mfn)
{
    const struct gfn_cache *cache = &this_cpu()->gfn_cache;
    unsigned slot = gfn_cache_slot(cache, gfn);

    if (unlikely((cache->entry[slot].tag | !is_write) != gfn_cache_tag(cache, gfn, true)))
        return fill_cache(gfn, is_write, mfn);
    *mfn = cache->entry[slot].mfn;
    return 0;
}

/* A guest's table: what the walker takes for a machine frame is a guest frame. */
static uint64_t *map_guest_table(UNUSED void *context, mfn_t table, unsigned level)
{
    struct gfn_cache *cache = &this_cpu()->gfn_cache;
    gfn_t gfn = {table.v};
    mfn_t mfn;

    if (cache->walk[level].tag == gfn_cache_tag(cache, gfn, false))
        return cache->walk[level].page;
    if (find_frame(gfn, false, &mfn) != 0)
        return NULL;
    cache->walk[level].page = window_map_walk(level, mfn);
    cache->walk[level].tag = gfn_cache_tag(cache, gfn, false);
    return cache->walk[level].page;
}

/* Guest tables are never changed: no allocation. */
static const struct pt_ops guest_pt_ops = {.map = map_guest_table};

/* The formats of a guest that is not in long mode. */
static void begin_legacy_walk(struct walk *walk)
{
    const struct guest_paging *paging = &walk->paging;

    walk->pt.root.v = (uint32_t)paging->cr3 >> PAGE_SHIFT;
    if ((paging->cr4 & CR4_PAE) != 0) {
        walk->pt.format = &pt_format_guest_pae;
        walk->pt.root_offset = (uint32_t)(paging->cr3 & PAE_OFFSET);
        return;
    }
    walk->pt.format = (paging->cr4 & CR4_PSE) != 0 ? &pt_format_guest32 : &pt_format_guest32_small;
    walk->index_bits = 10;
}

static inline void begin_walk(struct walk *walk)
{
    struct guest_paging *paging = &walk->paging;

    virt->get_paging(this_cpu()->current, paging);
    walk->pt.format = &pt_format_guest64;
    walk->pt.ops = &guest_pt_ops;
    walk->pt.context = NULL;
    walk->pt.root_offset = 0;
    walk->pt.root.v = (paging->cr3 & ROOT_MASK) >> PAGE_SHIFT;
    walk->index_bits = 9;
    if (unlikely((paging->efer & EFER_LMA) == 0))
        begin_legacy_walk(walk);
}

static inline bool is_allowed(const struct guest_paging *paging, unsigned rights, unsigned access)
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

/* The leaf for GVA, if ACCESS is allowed, and in *PATH, if it is not NULL, what a walk in long mode
 * read. */
static inline int translate(const struct walk *walk, uint64_t gva, unsigned access,
                            struct pt_leaf *leaf, struct pt_path *path)
{
    int error;

    if ((walk->paging.cr0 & CR0_PG) == 0) {
        *leaf = (struct pt_leaf){.base = {(uint32_t)gva & ~(uint64_t)(PAGE_SIZE - 1)}};
        return 0;
    }
    if (!walk->paging.is_long)
        gva = (uint32_t)gva;
    else if ((uint64_t)((int64_t)(gva << 16) >> 16) != gva)
        return -EFAULT;
    error = path != NULL && walk->pt.format == &pt_format_guest64
                ? pt_lookup_path(&walk->pt, gva, leaf, path)
                : pt_lookup(&walk->pt, gva, leaf);
    return error == 0 && is_allowed(&walk->paging, leaf->rights, access) ? 0 : -EFAULT;
}

/* Address bits that LEAF of WALK leaves alone. */
static inline uint64_t leaf_mask(const struct walk *walk, const struct pt_leaf *leaf)
{
    return (UINT64_C(1) << (PAGE_SHIFT + leaf->level * walk->index_bits)) - 1;
}

int guest_translate(gva_t gva, unsigned access, gpa_t *gpa)
{
    struct walk walk;
    struct pt_leaf leaf;
    int error;

    begin_walk(&walk);
    error = translate(&walk, gva.v, access, &leaf, NULL);
    if (error == 0)
        gpa->v = leaf.base.v | (gva.v & leaf_mask(&walk, &leaf));
    return error;
}

/* True if the walk that PIN remembers would go the same way with the guest as it is. */
static inline bool still_holds(const struct gfn_cache_pin *pin)
{
    const struct guest_paging *was = &pin->paging;
    struct guest_paging is;

    virt->get_paging(this_cpu()->current, &is);
    if (((is.cr0 ^ was->cr0) | (is.cr3 ^ was->cr3) | (is.cr4 ^ was->cr4) | (is.efer ^ was->efer) |
         ((is.rflags ^ was->rflags) & RFLAGS_AC)) != 0 ||
        is.cpl != was->cpl || is.is_long != was->is_long)
        return false;
#pragma GCC unroll 4
    for (unsigned i = 0; i < PT_PATH_MAX; i++)
        if (READ_ONCE(*pin->path.slot[i]) != pin->path.entry[i])
            return false;
    return true;
}

/* Translates GVA by a walk, which PIN remembers if it can be looked at again. */
static __attribute__((noinline)) int walk_for_pin(struct gfn_cache_pin *pin, uint64_t gva,
                                                  unsigned access, gpa_t *gpa)
{
    struct walk walk;
    struct pt_leaf leaf;
    uint64_t mask;
    int error;

    pin->epoch = 0;
    begin_walk(&walk);
    error = translate(&walk, gva, access, &leaf, &pin->path);
    if (error != 0)
        return error;
    mask = leaf_mask(&walk, &leaf);
    gpa->v = leaf.base.v | (gva & mask);
    if (unlikely(!walk.paging.is_long))
        return 0;
    pin->paging = walk.paging;
    pin->mask = ~mask;
    pin->from = gva & ~mask;
    pin->to = leaf.base.v;
    pin->access = access | (leaf.rights & (PT_READ | PT_WRITE));
    pin->epoch = this_cpu()->gfn_cache.epoch;
    return 0;
}

/* Translates GVA for SLOT: as before in this exit, as before if nothing that it depends on has
 * changed, or by a walk. */
static inline int translate_for_pin(enum guest_pin_slot slot, uint64_t gva, unsigned access,
                                    gpa_t *gpa)
{
    struct gfn_cache *cache = &this_cpu()->gfn_cache;
    struct gfn_cache_pin *pin = &cache->pin[slot];
    int error;

    if (likely(pin->epoch == cache->epoch && (gva & pin->mask) == pin->from &&
               (pin->access & access) != 0 &&
               ((cache->verified >> slot & 1) != 0 || still_holds(pin)))) {
        gpa->v = pin->to | (gva & ~pin->mask);
    } else {
        error = walk_for_pin(pin, gva, access, gpa);
        if (error != 0)
            return error;
    }
    cache->verified |= 1u << slot;
    return 0;
}

static int pin_page(enum guest_pin_slot slot, unsigned which, uint64_t gva, unsigned access,
                    void **part)
{
    static const enum window_use first_use[] = {
        [PIN_ARG] = WINDOW_ARG0, [PIN_ELEM] = WINDOW_ELEM0, [PIN_DATA] = WINDOW_DATA0};
    const struct percpu *percpu = this_cpu();
    enum window_use use = first_use[slot] + which;
    gpa_t gpa;
    mfn_t mfn;
    int error = translate_for_pin(slot, gva, access, &gpa);

    if (likely(error == 0))
        error = find_frame(gfn_of(gpa), access == PT_WRITE, &mfn);
    if (unlikely(error != 0))
        return error;
    /* window_map() without the call when the slot shows the frame already. */
    if (likely(mfn_equal(percpu->window_tag[WALK_LEVELS + use], mfn)))
        *part = (char *)percpu->window_page[WALK_LEVELS + use] + (gpa.v & (PAGE_SIZE - 1));
    else
        *part = (char *)window_map(use, mfn) + (gpa.v & (PAGE_SIZE - 1));
    return 0;
}

int guest_pin(enum guest_pin_slot slot, gva_t gva, size_t size, bool is_write,
              struct guest_pin *pin)
{
    unsigned access = is_write ? PT_WRITE : PT_READ;
    size_t room = PAGE_SIZE - (gva.v & (PAGE_SIZE - 1));
    int error;

    pin->part_size[0] = (uint32_t)size;
    pin->part_size[1] = 0;
    if (likely(size <= room))
        return pin_page(slot, 0, gva.v, access, &pin->part[0]);
    pin->part_size[0] = (uint32_t)room;
    pin->part_size[1] = (uint32_t)(size - room);
    error = pin_page(slot, 0, gva.v, access, &pin->part[0]);
    return error != 0 ? error : pin_page(slot, 1, gva.v + room, access, &pin->part[1]);
}

void guest_pin_read(const struct guest_pin *pin, void *to, size_t offset, size_t size)
{
    size_t first = offset < pin->part_size[0] ? pin->part_size[0] - offset : 0;

    if (likely(size <= first)) {
        memcpy(to, (const char *)pin->part[0] + offset, size);
        return;
    }
    if (first != 0)
        memcpy(to, (const char *)pin->part[0] + offset, first);
    memcpy((char *)to + first, (const char *)pin->part[1] + (offset + first - pin->part_size[0]),
           size - first);
}

void guest_pin_write(const struct guest_pin *pin, size_t offset, const void *from, size_t size)
{
    size_t first = offset < pin->part_size[0] ? pin->part_size[0] - offset : 0;

    if (likely(size <= first)) {
        memcpy((char *)pin->part[0] + offset, from, size);
        return;
    }
    if (first != 0)
        memcpy((char *)pin->part[0] + offset, from, first);
    memcpy((char *)pin->part[1] + (offset + first - pin->part_size[0]), (const char *)from + first,
           size - first);
}

int guest_copy_in(void *to, gva_t from, size_t size)
{
    for (size_t done = 0, part; done < size; done += part) {
        struct guest_pin pin;
        int error;

        part = size - done < PAGE_SIZE ? size - done : PAGE_SIZE;
        error = guest_pin(PIN_DATA, (gva_t){from.v + done}, part, false, &pin);
        if (error != 0)
            return error;
        guest_pin_read(&pin, (char *)to + done, 0, part);
    }
    return 0;
}

int guest_copy_out(gva_t to, const void *from, size_t size)
{
    for (size_t done = 0, part; done < size; done += part) {
        struct guest_pin pin;
        int error;

        part = size - done < PAGE_SIZE ? size - done : PAGE_SIZE;
        error = guest_pin(PIN_DATA, (gva_t){to.v + done}, part, true, &pin);
        if (error != 0)
            return error;
        guest_pin_write(&pin, 0, (const char *)from + done, part);
    }
    return 0;
}

/* D's frame at GPA, mapped; NULL: no RAM there, or not for writing. The p2m lock keeps it where it
 * is until unmap_phys(), which empties the slot, as the frame need not be the loaded domain's. */
static char *map_phys(struct domain *d, gpa_t gpa, bool is_write)
{
    struct p2m_entry entry;

    lock_take(&d->p2m.lock);
    p2m_get_locked(d, gfn_of(gpa), &entry);
    if (entry.type == P2M_RAM || (entry.type == P2M_RAM_RO && !is_write))
        return (char *)window_map(WINDOW_DATA0, entry.mfn) + (gpa.v & (PAGE_SIZE - 1));
    lock_drop(&d->p2m.lock);
    return NULL;
}

static void unmap_phys(struct domain *d)
{
    window_unmap(WINDOW_DATA0);
    lock_drop(&d->p2m.lock);
}

/* How much of SIZE bytes lies in the page of GPA. */
static size_t in_page(gpa_t gpa, size_t size)
{
    size_t room = PAGE_SIZE - (gpa.v & (PAGE_SIZE - 1));

    return size < room ? size : room;
}

int guest_phys_read(struct domain *d, gpa_t from, void *to, size_t size)
{
    for (size_t done = 0, part; done < size; done += part) {
        gpa_t at = {from.v + done};
        const char *page = map_phys(d, at, false);

        if (page == NULL)
            return -EFAULT;
        part = in_page(at, size - done);
        memcpy((char *)to + done, page, part);
        unmap_phys(d);
    }
    return 0;
}

int guest_phys_write(struct domain *d, gpa_t to, const void *from, size_t size)
{
    for (size_t done = 0, part; done < size; done += part) {
        gpa_t at = {to.v + done};
        char *page = map_phys(d, at, true);

        if (page == NULL)
            return -EFAULT;
        part = in_page(at, size - done);
        memcpy(page, (const char *)from + done, part);
        unmap_phys(d);
    }
    return 0;
}
