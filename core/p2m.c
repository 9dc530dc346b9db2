/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-physical memory. A leaf's software bits hold its type. The nested tables are heap pages
 * charged to the domain; they are never taken away before the domain is, so that a nested walk on
 * another CPU never meets a page with another use. p2m_set() is the only function that changes a
 * translation.
 *
 * The generation (design decision 16): p2m_set() changes the entry, raises the generation and then
 * reads which CPUs have the domain loaded. A CPU notes the domain as loaded, and only then reads
 * the generation and uses translations. Both are sequentially consistent, so that either p2m_set()
 * sees the CPU, and waits for its flush, or the CPU sees the new generation and entry.
 * tests/models/tlb_generation.pml is the model.
 */
#include "core/p2m.h"

#include "core/domain.h"
#include "core/heap.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Four levels translate 48 bits (APM Vol. 2 15.25.3). */
#define GFN_END (UINT64_C(1) << (48 - PAGE_SHIFT))
/* Leaves and tables that one step of destruction looks at. */
#define DESTROY_BUDGET 512

/* What the guest may do with a frame of each type. */
static const unsigned type_rights[] = {
    [P2M_RAM] = PT_READ | PT_WRITE | PT_EXEC | PT_USER,
    [P2M_RAM_RO] = PT_READ | PT_EXEC | PT_USER,
    [P2M_GRANT] = PT_READ | PT_WRITE | PT_USER,
    [P2M_GRANT_RO] = PT_READ | PT_USER,
    [P2M_FOREIGN] = PT_READ | PT_WRITE | PT_USER,
    [P2M_SHARED] = PT_READ | PT_WRITE | PT_USER,
    [P2M_MMIO] = PT_READ | PT_WRITE | PT_USER | PT_UNCACHED,
};

static void free_table(void *context, mfn_t table)
{
    heap_free(context, heap_page(table), 1);
}

int p2m_init(struct domain *d)
{
    struct p2m *p2m = &d->p2m;

    lock_init(&p2m->lock, LOCK_P2M);
    p2m->pt = (struct pt){&pt_format_npt, heap_alloc_table, .context = d, .root = MFN_NONE,
                          .direct = HEAP_MAP_BASE};
    atomic_store(&p2m->generation, 1);
    p2m->gfn_end = GFN_END;
    return heap_alloc_table(d, &p2m->pt.root);
}

/* A leaf found at GFN, as the entry for exactly GFN. */
static void decode(const struct pt_leaf *leaf, gfn_t gfn, struct p2m_entry *entry)
{
    uint64_t in_leaf = gfn.v & ((UINT64_C(1) << pt_order(leaf->level)) - 1);

    entry->type = leaf->rights == 0 ? P2M_NONE : (enum p2m_type)leaf->soft;
    entry->mfn = leaf->rights == 0 ? MFN_NONE : mfn_add(mfn_of(leaf->base), in_leaf);
    entry->level = leaf->level;
    entry->is_writable = (leaf->rights & PT_WRITE) != 0;
}

void p2m_look(const struct domain *d, gfn_t gfn, struct p2m_entry *entry)
{
    struct pt_leaf leaf = {.rights = 0, .level = PT_LEVELS};

    if (gfn.v >= d->p2m.gfn_end || pt_lookup(&d->p2m.pt, gpa_of(gfn).v, &leaf) != 0)
        leaf.rights = 0;
    decode(&leaf, gfn, entry);
}

/* Bit 0: may be written; bit 1: set; above: GFN. */
static inline uint64_t known_tag(gfn_t gfn, bool is_writable)
{
    return gfn.v << 2 | 2 | is_writable;
}

/* Without the lock: tables stay as long as the domain, and an entry is one load. */
int p2m_find_loaded(gfn_t gfn, bool is_write, mfn_t *mfn)
{
    struct vcpu *v = this_cpu()->current;
    struct known_frame *known = &v->known[gfn.v % VCPU_KNOWN_FRAMES];

    if (unlikely((known->tag | !is_write) != known_tag(gfn, true))) {
        struct p2m_entry entry;

        p2m_look(v->domain, gfn, &entry);
        if (entry.type != P2M_RAM && entry.type != P2M_SHARED &&
            (entry.type != P2M_RAM_RO || is_write))
            return -EFAULT;
        *known = (struct known_frame){known_tag(gfn, entry.is_writable), entry.mfn};
    }
    *mfn = known->mfn;
    return 0;
}

struct p2m_entry p2m_get(struct domain *d, gfn_t gfn)
{
    struct p2m_entry entry;

    lock_take(&d->p2m.lock);
    p2m_look(d, gfn, &entry);
    lock_drop(&d->p2m.lock);
    return entry;
}

int p2m_find_ram(const struct domain *d, gfn_t gfn, bool is_write, mfn_t *mfn)
{
    struct p2m_entry entry;

    p2m_look(d, gfn, &entry);
    *mfn = entry.mfn;
    return entry.type == P2M_RAM || (entry.type == P2M_RAM_RO && !is_write) ? 0 : -EINVAL;
}

int p2m_get_frame(struct domain *d, gfn_t gfn, bool is_write, mfn_t *mfn)
{
    int error;

    lock_take(&d->p2m.lock);
    error = p2m_find_ram(d, gfn, is_write, mfn);
    if (!error)
        error = frame_get(*mfn, d, is_write);
    lock_drop(&d->p2m.lock);
    return error;
}

int p2m_prepare(struct domain *d, gfn_t gfn, unsigned order, uint32_t types)
{
    struct p2m_entry entry;
    int error = -EINVAL;

    lock_take(&d->p2m.lock);
    p2m_look(d, gfn, &entry);
    if ((types >> entry.type & 1) == 0)
        error = -EBUSY;
    else if (gfn.v < d->p2m.gfn_end)
        error =
            pt_order(entry.level) == order ? 0 : pt_prepare(&d->p2m.pt, gpa_of(gfn).v, order / 9);
    lock_drop(&d->p2m.lock);
    return error;
}

/* MFN is no more what GFN shows, and the generation rises: every CPU that may hold the translation
 * flushes before it enters a guest again. If the domain is the one loaded here, this CPU, which
 * does so in any case, knows what to forget, and which window slots to empty at the next entry: a
 * slot may be in use until then. */
static void removed(struct domain *d, gfn_t gfn, unsigned order, mfn_t mfn)
{
    struct window *window = this_cpu()->window;
    struct vcpu *v = this_cpu()->current;
    uint64_t pages = UINT64_C(1) << order;

    if (v != NULL && v->domain == d) {
        for (unsigned i = 0; i < VCPU_KNOWN_FRAMES && i < pages; i++)
            v->known[(gfn.v + i) % VCPU_KNOWN_FRAMES].tag = 0;
#pragma GCC unroll 16
        for (unsigned slot = 0; slot < WINDOW_USES; slot++)
            if (unlikely(window->tag[slot].v - mfn.v < pages)) {
                window->stale |= 1u << slot;
                pins_forget(window, slot);
            }
        /* Nothing of it is free before this CPU enters: a call that takes memory all the time, a
         * chunk of it by now, has to let it. */
        if (++v->own_raises % CHUNK_FRAMES == 0 || order != 0)
            cpu_look(CPU_PENDING_TLB);
    }
    atomic_fetch_add(&d->p2m.generation, 1);
    for (uint32_t i = 0; i < cpu_count; i++)
        if (&cpus[i] != this_cpu()->cpu && atomic_load(&cpus[i].loaded) == d)
            cpu_kick(&cpus[i], CPU_PENDING_TLB);
}

/* Puts LEAF at GFN in place of one of TYPES, and does what follows from that. Returns what was
 * there.
 */
static inline struct pt_leaf exchange(struct domain *d, gfn_t gfn, const struct pt_leaf *leaf,
                                      uint32_t types)
{
    struct p2m *p2m = &d->p2m;
    unsigned order = pt_order(leaf->level);
    struct pt_leaf before;

    lock_take(&p2m->lock);
    before = pt_commit(&p2m->pt, gpa_of(gfn).v, leaf, types);
    if ((types >> before.soft & 1) != 0) {
        p2m->page_count[leaf->soft] += UINT64_C(1) << order;
        p2m->page_count[before.soft] -= UINT64_C(1) << order;
        if (before.rights != 0 &&
            (leaf->base.v != before.base.v || (before.rights & ~leaf->rights) != 0))
            removed(d, gfn, order, mfn_of(before.base));
    }
    lock_drop(&p2m->lock);
    return before;
}

struct p2m_entry p2m_set(struct domain *d, gfn_t gfn, unsigned order, mfn_t mfn, enum p2m_type type)
{
    struct pt_leaf leaf = {.level = order / 9}, before;
    struct p2m_entry old;

    if (type != P2M_NONE) {
        leaf = (struct pt_leaf){paddr_of(mfn), order / 9, type_rights[type], type};
        if (gfn.v + (UINT64_C(1) << order) - 1 > d->p2m.max_gfn.v)
            d->p2m.max_gfn.v = gfn.v + (UINT64_C(1) << order) - 1;
    }
    before = exchange(d, gfn, &leaf, P2M_ANY);
    decode(&before, gfn, &old);
    return old;
}

int p2m_remove(struct domain *d, gfn_t gfn, unsigned order, uint32_t types, mfn_t *mfn)
{
    struct pt_leaf none = {.level = order / 9}, before = {.rights = 0};

    if (gfn.v < d->p2m.gfn_end)
        before = exchange(d, gfn, &none, types);
    *mfn = mfn_of(before.base);
    return (types >> before.soft & 1) != 0 ? 0 : -EBUSY;
}

bool p2m_flush_done(struct domain *d, uint64_t generation)
{
    for (uint32_t i = 0; i < cpu_count; i++)
        if (atomic_load(&cpus[i].loaded) == d && atomic_load(&cpus[i].loaded_gen) < generation)
            return false;
    return true;
}

/* The generation rose while V was loaded, or since then. */
static NOINLINE void catch_up(struct vcpu *v, uint64_t generation)
{
    /* If nobody else took anything away, it is forgotten already. */
    bool is_own = generation - v->arch.tlb_gen == v->own_raises;

    virt->flush(v);
    if (!is_own)
        memset(v->known, 0, sizeof(v->known));
    if (!is_own || v->window.stale)
        window_unmap_slots(is_own ? v->window.stale : UINT32_MAX);
    v->own_raises = 0;
    v->arch.tlb_gen = generation;
}

void p2m_enter(struct vcpu *v)
{
    uint64_t generation = atomic_load(&v->domain->p2m.generation);

    if (unlikely(v->arch.tlb_gen != generation))
        catch_up(v, generation);
    atomic_store(&this_cpu()->cpu->loaded_gen, generation);
}

/* What a leaf of a dead p2m leads to goes back. */
static void let_go(void *argument, uint64_t address, const struct pt_leaf *leaf)
{
    struct domain *d = argument;
    struct p2m_entry entry;

    decode(leaf, gfn_of((gpa_t){address}), &entry);
    if (entry.type == P2M_RAM || entry.type == P2M_RAM_RO) {
        frame_release(d, entry.mfn, pt_order(entry.level));
    } else if (entry.type == P2M_FOREIGN) {
        frame_put(entry.mfn, entry.is_writable);
    }
}

int p2m_destroy_step(struct domain *d)
{
    struct p2m *p2m = &d->p2m;

    lock_take(&p2m->lock);
    p2m->gfn_end = 0;
    lock_drop(&p2m->lock);
    if (mfn_equal(p2m->pt.root, MFN_NONE))
        return 0;
    /* Nobody runs D and nobody sees its tables any more: they are read, not changed. */
    if (!pt_visit(&p2m->pt, &p2m->destroy_cursor, DESTROY_BUDGET, let_go, d))
        return 1;
    pt_destroy(&p2m->pt, free_table);
    return 0;
}
