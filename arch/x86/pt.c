/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page-table walker (design decision 5). Nested and host tables have one shape and differ in
 * the bits that a format describes; guests' tables, which are only read, have several shapes. It
 * takes no lock: whoever owns the tables has one. A table is complete before the one store that
 * links it, so that a walker on another CPU sees either the old translation or the new one.
 */
#include "arch/x86/pt.h"

#include "arch/x86/lock.h"
#include "arch/x86/virt.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"

/* APM Vol. 2 5.3.3 and 5.4.1: bits of long-mode and PAE entries. */
#define ENTRY_PRESENT  (UINT64_C(1) << 0)
#define ENTRY_WRITE    (UINT64_C(1) << 1)
#define ENTRY_USER     (UINT64_C(1) << 2)
#define ENTRY_PWT      (UINT64_C(1) << 3)
#define ENTRY_PCD      (UINT64_C(1) << 4)
#define ENTRY_ACCESSED (UINT64_C(1) << 5)
#define ENTRY_DIRTY    (UINT64_C(1) << 6)
#define ENTRY_LARGE    (UINT64_C(1) << 7)
#define ENTRY_NX       (UINT64_C(1) << 63)
#define ENTRY_ADDRESS  UINT64_C(0x000ffffffffff000)
/* Bits 52 to 58 belong to software in both vendors' formats. */
#define SOFT_SHIFT 52u
#define SOFT_MASK  UINT64_C(0x7f)
/* PSE-36 (APM Vol. 2 5.2.3): bits 20..13 of a 4 MiB entry are address bits 39..32. */
#define PSE_HIGH_SHIFT 13u
#define PSE_HIGH_MASK  UINT64_C(0xff)
#define PAE_ROOT_MASK  UINT64_C(0xffffffe0) /* APM Vol. 2 5.2.2: CR3 bits 31..5 */

#define ADDRESS_END (UINT64_C(1) << 48)

struct pt_format {
    uint64_t leaf;  /* bits of every leaf that the walker writes */
    uint64_t table; /* bits of every entry for a table that it writes */
};

#define TABLE_BITS (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED)
#define LEAF_BITS  (ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_DIRTY)

const struct pt_format pt_format_host = {LEAF_BITS, TABLE_BITS};
/* Nested accesses are user accesses (APM Vol. 2 15.25.5). */
const struct pt_format pt_format_npt = {LEAF_BITS | ENTRY_USER, TABLE_BITS | ENTRY_USER};

/* What decode_rights() and encode() rely on. */
_Static_assert(PT_WRITE == ENTRY_WRITE && PT_UNCACHED == ENTRY_PCD, "the same places");
_Static_assert(PT_USER == ENTRY_USER << 1 && PT_UNCACHED == ENTRY_PWT << 1,
               "one place to the left");
_Static_assert((uint64_t)PT_EXEC << 61 == ENTRY_NX, "61 places to the right");

/* What RIGHTS, the entries on the way ANDed with their NX turned, allow, and the leaf's own PCD. */
static inline unsigned decode_rights(uint64_t rights, uint64_t leaf)
{
    return PT_READ | (unsigned)(rights & ENTRY_WRITE) | (unsigned)(rights & ENTRY_USER) << 1 |
           (unsigned)(rights >> 61 & PT_EXEC) | (unsigned)(leaf & ENTRY_PCD);
}
/* An entry of LEVEL that is a leaf or not present. */
static inline struct pt_leaf decode(uint64_t entry, uint64_t rights, unsigned level)
{
    uint64_t in_page = (UINT64_C(1) << (PAGE_SHIFT + pt_order(level))) - 1;

    return (struct pt_leaf){
        .base = {entry & ENTRY_ADDRESS & ~in_page},
        .level = level,
        .rights = (entry & ENTRY_PRESENT) != 0 ? decode_rights(rights, entry) : 0,
        .soft = (unsigned)(entry >> SOFT_SHIFT & SOFT_MASK),
    };
}

static inline uint64_t encode(const struct pt_format *format, const struct pt_leaf *leaf)
{
    unsigned rights = leaf->rights;

    if (rights == 0)
        return 0;
    /* PCD and PWT select entry 3 of the PAT, uncached in its reset value (APM Vol. 2 7.8). */
    return leaf->base.v | (uint64_t)leaf->soft << SOFT_SHIFT | format->leaf |
           (leaf->level != 0 ? ENTRY_LARGE : 0) | (rights & (PT_WRITE | PT_UNCACHED)) |
           (rights & (PT_USER | PT_UNCACHED)) >> 1 | (uint64_t)(~rights & PT_EXEC) << 61;
}

static inline bool is_table(uint64_t entry, unsigned level)
{
    return level != 0 && (entry & (ENTRY_PRESENT | ENTRY_LARGE)) == ENTRY_PRESENT;
}

/* The table that ENTRY names. */
static inline uint64_t *table_of(const struct pt *pt, uint64_t entry)
{
    return (uint64_t *)(pt->direct + (entry & ENTRY_ADDRESS));
}

/* An entry on the way to an address. */
struct place {
    uint64_t *slot;
    uint64_t entry;  /* what it was when it was read */
    uint64_t rights; /* it and those before it, ANDed, with their NX turned */
    unsigned level;
};

/* The entry for ADDRESS at LEVEL, or above it the last one before tables end. */
static inline struct place find(const struct pt *pt, uint64_t address, unsigned level)
{
    struct place place = {.entry = paddr_of(pt->root).v, .rights = UINT64_MAX, .level = PT_LEVELS};

#pragma GCC unroll 4
    do {
        place.level--;
        place.slot = table_of(pt, place.entry) + pt_index(address, place.level);
        place.entry = READ_ONCE(*place.slot);
        place.rights &= place.entry ^ ENTRY_NX;
    } while (place.level != level && is_table(place.entry, place.level));
    return place;
}

int pt_lookup(const struct pt *pt, uint64_t address, struct pt_leaf *leaf)
{
    struct place place = find(pt, address, 0);

    *leaf = decode(place.entry, place.rights, place.level);
    return leaf->rights != 0 ? 0 : -ENOENT;
}

uint64_t *pt_slot(const struct pt *pt, uint64_t address)
{
    return find(pt, address, 0).slot;
}

/* Fills a table of LEVEL - 1 with the pieces of ENTRY, a leaf of LEVEL. */
static void fill_pieces(uint64_t *table, uint64_t entry, unsigned level)
{
    uint64_t step = UINT64_C(1) << (PAGE_SHIFT + pt_order(level - 1));

    if (level - 1 == 0)
        entry &= ~ENTRY_LARGE;
    for (unsigned i = 0; i < PT_ENTRIES; i++)
        WRITE_ONCE(table[i], entry + i * step);
}

/* -EEXIST if TABLE holds anything. */
static int check_empty(const uint64_t *table)
{
    for (unsigned i = 0; i < PT_ENTRIES; i++)
        if (READ_ONCE(table[i]) != 0)
            return -EEXIST;
    return 0;
}

int pt_prepare(struct pt *pt, uint64_t address, unsigned level)
{
    struct place place = find(pt, address, level);

    if (is_table(place.entry, level))
        return check_empty(table_of(pt, place.entry));
    for (; place.level > level; place.level--) {
        uint64_t *table;
        mfn_t fresh;
        int error = pt->alloc(pt->context, &fresh);

        if (error != 0)
            return error;
        table = table_of(pt, paddr_of(fresh).v);
        if ((place.entry & ENTRY_PRESENT) != 0)
            fill_pieces(table, place.entry, place.level);
        atomic_thread_fence(memory_order_release);
        WRITE_ONCE(*place.slot, paddr_of(fresh).v | pt->format->table);
        place.slot = table + pt_index(address, place.level - 1);
        place.entry = *place.slot;
    }
    return 0;
}

struct pt_leaf pt_commit(struct pt *pt, uint64_t address, const struct pt_leaf *leaf,
                         uint32_t softs)
{
    struct place place = find(pt, address, leaf->level);

    if (place.level != leaf->level) {
        /* Nothing there and nothing to be there: only a removal gets by without preparing. */
        place.entry = 0;
    } else if (is_table(place.entry, place.level)) {
        if (leaf->rights != 0)
            fill_pieces(table_of(pt, place.entry), encode(pt->format, leaf), place.level);
        place.entry = 0;
    } else if ((softs >> (place.entry >> SOFT_SHIFT & SOFT_MASK) & 1) != 0) {
        atomic_thread_fence(memory_order_release);
        WRITE_ONCE(*place.slot, encode(pt->format, leaf));
    }
    return decode(place.entry, place.entry ^ ENTRY_NX, leaf->level);
}

static void destroy_table(struct pt *pt, mfn_t table, unsigned level,
                          void (*release)(void *context, mfn_t table))
{
    const uint64_t *entries = table_of(pt, paddr_of(table).v);

    for (unsigned i = 0; level != 0 && i < PT_ENTRIES; i++)
        if (is_table(entries[i], level))
            destroy_table(pt, mfn_of((paddr_t){entries[i] & ENTRY_ADDRESS}), level - 1, release);
    release(pt->context, table);
}

void pt_destroy(struct pt *pt, void (*release)(void *context, mfn_t table))
{
    destroy_table(pt, pt->root, PT_LEVELS - 1, release);
    pt->root = MFN_NONE;
}

bool pt_visit(const struct pt *pt, uint64_t *cursor, int budget,
              void (*visit)(void *argument, uint64_t address, const struct pt_leaf *leaf),
              void *argument)
{
    while (*cursor < ADDRESS_END) {
        struct place place = find(pt, *cursor, 0);
        uint64_t size = UINT64_C(1) << (PAGE_SHIFT + pt_order(place.level));

        /* One for the table, so that empty ones count as well. */
        if (budget-- <= 0)
            return false;
        do {
            uint64_t entry = READ_ONCE(*place.slot++);

            if ((entry & ENTRY_PRESENT) != 0) {
                struct pt_leaf leaf = decode(entry, entry ^ ENTRY_NX, place.level);

                if (is_table(entry, place.level))
                    break;
                budget--;
                visit(argument, *cursor, &leaf);
            }
            *cursor = (*cursor & ~(size - 1)) + size;
        } while (((uintptr_t)place.slot & (PAGE_SIZE - 1)) != 0);
    }
    return true;
}

/* How a guest's tables lie. */
struct shape {
    uint64_t root;       /* guest-physical */
    unsigned levels;     /* of tables */
    unsigned index_bits; /* address bits that each level resolves; 10: entries of 4 bytes */
    unsigned large;      /* bit N: an entry of level N may be a leaf */
    uint64_t top_rights; /* rights that the top level does not limit */
};

static ALWAYS_INLINE int walk_guest(struct shape shape, pt_map *map, uint64_t address,
                                    struct pt_walk *walk)
{
    uint64_t rights = UINT64_MAX, table = shape.root, entry, in_page;
    unsigned level = shape.levels;

    do {
        const char *page = (const char *)map((gfn_t){table >> PAGE_SHIFT}, --level);
        unsigned shift = PAGE_SHIFT + level * shape.index_bits;
        uint64_t index = address >> shift & ((1u << shape.index_bits) - 1);

        if (unlikely(page == NULL))
            return -EFAULT;
        page += table & (PAGE_SIZE - 1);
        in_page = (UINT64_C(1) << shift) - 1;
        walk->slot[level] = (const uint64_t *)page + index;
        entry = shape.index_bits == 10 ? READ_ONCE(((const uint32_t *)page)[index])
                                       : READ_ONCE(*walk->slot[level]);
        walk->entry[level] = entry;
        if (unlikely((entry & ENTRY_PRESENT) == 0))
            return -ENOENT;
        rights &= (entry ^ ENTRY_NX) | shape.top_rights;
        shape.top_rights = 0;
        table = entry & ENTRY_ADDRESS;
    } while (level != 0 && ((entry & ENTRY_LARGE) == 0 || (shape.large >> level & 1) == 0));
    walk->rights = decode_rights(rights, entry);
    walk->gpa = (table & ~in_page) | (address & in_page);
    if (shape.index_bits == 10 && level != 0)
        walk->gpa |= (entry >> PSE_HIGH_SHIFT & PSE_HIGH_MASK) << 32;
    for (; level != 0; level--) {
        walk->slot[level - 1] = walk->slot[level];
        walk->entry[level - 1] = walk->entry[level];
    }
    return 0;
}

int pt_walk_guest(const struct guest_paging *paging, pt_map *map, uint64_t address,
                  struct pt_walk *walk)
{
    struct shape shape = {
        .levels = 2, .index_bits = 10, .large = (paging->cr4 & CR4_PSE) != 0 ? 2 : 0};

    shape.root = paging->cr3 & ENTRY_ADDRESS;
    if (likely((paging->efer & EFER_LMA) != 0))
        return walk_guest(
            (struct shape){shape.root, 4, 9, 1u << PT_LEVEL_2M | 1u << PT_LEVEL_1G, 0}, map,
            address, walk);
    if ((paging->cr4 & CR4_PAE) != 0)
        shape = (struct shape){paging->cr3 & PAE_ROOT_MASK, 3, 9, 1u << PT_LEVEL_2M,
                               ENTRY_WRITE | ENTRY_USER};
    return walk_guest(shape, map, address, walk);
}
