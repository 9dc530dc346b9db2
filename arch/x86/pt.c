/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page-table walker (design decision 5). It knows formats only as constant descriptions and
 * tables only through struct pt_ops. It takes no lock: whoever owns the tables has one. A table is
 * complete before the one store that links it, so that a walker on another CPU sees either the old
 * translation or the new one.
 */
#include "arch/x86/pt.h"

#include "arch/x86/lock.h"
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

#define LEVELS_MAX 4u

struct pt_format {
    uint32_t levels;     /* of tables */
    uint32_t index_bits; /* address bits that each level resolves */
    uint32_t entry_size; /* bytes */
    uint32_t large_mask; /* bit N: an entry of level N may be a leaf */
    uint64_t address;    /* bits of an entry that hold an address */
    uint64_t inverted;   /* rights that a set bit takes away */
    uint64_t top_rights; /* rights that the top level does not limit */
    uint64_t leaf;       /* bits of every leaf that the walker writes */
    uint64_t table;      /* bits of every entry for a table that it writes */
};

#define TABLE_BITS (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED)
#define LEAF_BITS  (ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_DIRTY)

const struct pt_format pt_format_host = {
    .levels = 4,
    .index_bits = 9,
    .entry_size = 8,
    .large_mask = 1u << PT_LEVEL_4K | 1u << PT_LEVEL_2M | 1u << PT_LEVEL_1G,
    .address = ENTRY_ADDRESS,
    .inverted = ENTRY_NX,
    .leaf = LEAF_BITS,
    .table = TABLE_BITS,
};
/* Nested accesses are user accesses (APM Vol. 2 15.25.5). */
const struct pt_format pt_format_npt = {
    .levels = 4,
    .index_bits = 9,
    .entry_size = 8,
    .large_mask = 1u << PT_LEVEL_4K | 1u << PT_LEVEL_2M | 1u << PT_LEVEL_1G,
    .address = ENTRY_ADDRESS,
    .inverted = ENTRY_NX,
    .leaf = LEAF_BITS | ENTRY_USER,
    .table = TABLE_BITS | ENTRY_USER,
};
const struct pt_format pt_format_guest64 = {
    .levels = 4,
    .index_bits = 9,
    .entry_size = 8,
    .large_mask = 1u << PT_LEVEL_4K | 1u << PT_LEVEL_2M | 1u << PT_LEVEL_1G,
    .address = ENTRY_ADDRESS,
    .inverted = ENTRY_NX,
};
const struct pt_format pt_format_guest_pae = {
    .levels = 3,
    .index_bits = 9,
    .entry_size = 8,
    .large_mask = 1u << PT_LEVEL_4K | 1u << PT_LEVEL_2M,
    .address = ENTRY_ADDRESS,
    .inverted = ENTRY_NX,
    .top_rights = ENTRY_WRITE | ENTRY_USER,
};
const struct pt_format pt_format_guest32 = {
    .levels = 2,
    .index_bits = 10,
    .entry_size = 4,
    .large_mask = 1u << PT_LEVEL_4K | 1u << PT_LEVEL_2M,
    .address = UINT64_C(0xfffff000),
    .inverted = ENTRY_NX,
};
/* CR4.PSE clear: bit 7 of a directory entry means nothing. */
const struct pt_format pt_format_guest32_small = {
    .levels = 2,
    .index_bits = 10,
    .entry_size = 4,
    .large_mask = 1u << PT_LEVEL_4K,
    .address = UINT64_C(0xfffff000),
    .inverted = ENTRY_NX,
};

static inline unsigned level_shift(const struct pt_format *format, unsigned level)
{
    return PAGE_SHIFT + level * format->index_bits;
}

static inline unsigned level_index(const struct pt_format *format, uint64_t address, unsigned level)
{
    return (unsigned)(address >> level_shift(format, level)) & ((1u << format->index_bits) - 1);
}

static inline bool is_leaf(const struct pt_format *format, uint64_t entry, unsigned level)
{
    return level == 0 || ((entry & ENTRY_LARGE) != 0 && (format->large_mask >> level & 1) != 0);
}

static inline uint64_t leaf_base(const struct pt_format *format, uint64_t entry, unsigned level)
{
    uint64_t base = entry & format->address & ~((UINT64_C(1) << level_shift(format, level)) - 1);

    if (format->entry_size == 4 && level != 0)
        base |= (entry >> PSE_HIGH_SHIFT & PSE_HIGH_MASK) << 32;
    return base;
}

/* What RIGHTS, the rights bits of all entries on the way ANDed (inverted ones turned), allow, and
 * the leaf's own PCD. PT_WRITE and PT_UNCACHED have their entry bits' places. */
static inline unsigned decode_rights(uint64_t rights, uint64_t leaf)
{
    return PT_READ | (unsigned)(rights & ENTRY_WRITE) | (unsigned)(rights & ENTRY_USER) << 1 |
           (unsigned)(rights >> 63) << 2 | (unsigned)(leaf & ENTRY_PCD);
}
_Static_assert(PT_WRITE == ENTRY_WRITE, "the same place");
_Static_assert(PT_UNCACHED == ENTRY_PCD, "the same place");
_Static_assert(PT_USER == ENTRY_USER << 1, "moved by decode_rights()");

static inline void decode_leaf(const struct pt_format *format, uint64_t entry, unsigned level,
                               struct pt_leaf *leaf)
{
    leaf->base.v = leaf_base(format, entry, level);
    leaf->level = level;
    leaf->soft = (unsigned)(entry >> SOFT_SHIFT & SOFT_MASK);
    leaf->rights =
        (entry & ENTRY_PRESENT) != 0 ? decode_rights(entry ^ format->inverted, entry) : 0;
}

static inline uint64_t encode_leaf(const struct pt_format *format, const struct pt_leaf *leaf,
                                   unsigned level)
{
    uint64_t entry = leaf->base.v | (uint64_t)leaf->soft << SOFT_SHIFT;

    if (leaf->rights == 0)
        return leaf->soft != 0 ? entry : 0;
    entry |= format->leaf;
    if (level != 0)
        entry |= ENTRY_LARGE;
    if ((leaf->rights & PT_WRITE) != 0)
        entry |= ENTRY_WRITE;
    if ((leaf->rights & PT_EXEC) == 0)
        entry |= ENTRY_NX;
    if ((leaf->rights & PT_USER) != 0)
        entry |= ENTRY_USER;
    /* PCD and PWT select entry 3 of the PAT, uncached in its reset value (APM Vol. 2 7.8). */
    if ((leaf->rights & PT_UNCACHED) != 0)
        entry |= ENTRY_PCD | ENTRY_PWT;
    return entry;
}

static inline mfn_t entry_table(const struct pt_format *format, uint64_t entry)
{
    return (mfn_t){(entry & format->address) >> PAGE_SHIFT};
}

/* How a walk finds its tables. */
enum reach {
    REACH_DIRECT, /* through pt->direct */
    REACH_MAP,    /* through pt->ops->map() */
};

/* The table TABLE of LEVEL, or NULL. */
static inline uint64_t *table_at(const struct pt *pt, mfn_t table, unsigned level, enum reach reach)
{
    if (reach == REACH_DIRECT)
        return (uint64_t *)(pt->direct + paddr_of(table).v);
    return pt->ops->map(pt->context, table, level);
}

/* The same for tables that are changed. */
static inline uint64_t *table_of(const struct pt *pt, mfn_t table, unsigned level)
{
    return table_at(pt, table, level, pt->direct != 0 ? REACH_DIRECT : REACH_MAP);
}

struct look {
    const struct pt_format *format;
    enum reach reach;
};

/* pt_lookup() the way LOOK says, made anew for each constant that the compiler sees there. */
static inline __attribute__((always_inline)) int look_up(const struct pt *pt, struct look look,
                                                         uint64_t address, struct pt_leaf *leaf,
                                                         struct pt_path *path)
{
    const struct pt_format *format = look.format;
    uint64_t index_mask = (UINT64_C(1) << format->index_bits) - 1;
    uint64_t rights = UINT64_MAX, top_rights = format->top_rights, entry;
    size_t offset = pt->root_offset;
    mfn_t table = pt->root;

#pragma GCC unroll 4
    for (unsigned done = 0; done < format->levels; done++) {
        unsigned level = format->levels - 1 - done;
        const char *base = (const char *)table_at(pt, table, level, look.reach);

        if (unlikely(base == NULL))
            return -EFAULT;
        offset += (size_t)(address >> level_shift(format, level) & index_mask) * format->entry_size;
        if (format->entry_size == 4)
            entry = READ_ONCE(*(const uint32_t *)(base + offset));
        else
            entry = READ_ONCE(*(const uint64_t *)(base + offset));
        for (unsigned i = done; path != NULL && i < PT_PATH_MAX; i++) {
            path->slot[i] = (const uint64_t *)(base + offset);
            path->entry[i] = entry;
        }
        if (unlikely((entry & ENTRY_PRESENT) == 0)) {
            decode_leaf(format, entry, level, leaf);
            return -ENOENT;
        }
        rights &= (entry ^ format->inverted) | top_rights;
        if (is_leaf(format, entry, level)) {
            leaf->base.v = leaf_base(format, entry, level);
            leaf->level = level;
            leaf->rights = decode_rights(rights, entry);
            leaf->soft = (unsigned)(entry >> SOFT_SHIFT & SOFT_MASK);
            return 0;
        }
        table = entry_table(format, entry);
        top_rights = 0;
        offset = 0;
    }
    return -ENOENT; /* not reached: an entry of level 0 is a leaf */
}

static __attribute__((noinline)) int look_up_any(const struct pt *pt, uint64_t address,
                                                 struct pt_leaf *leaf)
{
    return look_up(pt, (struct look){pt->format, REACH_MAP}, address, leaf, NULL);
}

static __attribute__((noinline)) int look_up_npt(const struct pt *pt, uint64_t address,
                                                 struct pt_leaf *leaf)
{
    if (pt->direct == 0)
        return look_up_any(pt, address, leaf);
    return look_up(pt, (struct look){&pt_format_npt, REACH_DIRECT}, address, leaf, NULL);
}

int pt_lookup(const struct pt *pt, uint64_t address, struct pt_leaf *leaf)
{
    if (pt->format == &pt_format_npt)
        return look_up_npt(pt, address, leaf);
    return look_up_any(pt, address, leaf);
}

int pt_lookup_path(const struct pt *pt, uint64_t address, struct pt_leaf *leaf,
                   struct pt_path *path)
{
    return look_up(pt, (struct look){&pt_format_guest64, REACH_MAP}, address, leaf, path);
}

/* Fills the new table TABLE of LEVEL - 1 with the pieces of ENTRY, a leaf of LEVEL. */
static void fill_pieces(const struct pt *pt, uint64_t *table, uint64_t entry, unsigned level)
{
    uint64_t step = UINT64_C(1) << level_shift(pt->format, level - 1);

    if (level - 1 == 0)
        entry &= ~ENTRY_LARGE;
    for (unsigned i = 0; i < 1u << pt->format->index_bits; i++)
        WRITE_ONCE(table[i], entry + i * step);
}

/* An entry on the way to an address. Only for formats with 8-byte entries. */
struct place {
    uint64_t *slot;
    uint64_t entry; /* what it was when it was read */
    unsigned level;
};

static inline __attribute__((always_inline)) struct place find_in(const struct pt *pt,
                                                                  const struct pt_format *format,
                                                                  uint64_t address, unsigned level,
                                                                  enum reach reach)
{
    struct place place = {NULL, 0, 0};
    mfn_t table = pt->root;

#pragma GCC unroll 4
    for (unsigned done = 0; done < format->levels; done++) {
        place.level = format->levels - 1 - done;
        place.slot = table_at(pt, table, place.level, reach);
        place.slot += level_index(format, address, place.level);
        place.entry = READ_ONCE(*place.slot);
        if (place.level == level || (place.entry & ENTRY_PRESENT) == 0 ||
            is_leaf(format, place.entry, place.level))
            break;
        table = entry_table(format, place.entry);
    }
    return place;
}

/* The entry for ADDRESS at LEVEL, or above it the last one before tables end. */
static struct place find(const struct pt *pt, uint64_t address, unsigned level)
{
    return find_in(pt, pt->format, address, level, pt->direct != 0 ? REACH_DIRECT : REACH_MAP);
}

/* The table that an entry is in. */
static uint64_t *table_with(uint64_t *slot)
{
    return (uint64_t *)((uint64_t)slot & ~(uint64_t)(PAGE_SIZE - 1));
}

uint64_t *pt_table_of(const struct pt *pt, uint64_t address, unsigned level)
{
    return table_with(find(pt, address, level).slot);
}

/* -EEXIST if the table TABLE of LEVEL holds anything. */
static int check_empty(const struct pt *pt, mfn_t table, unsigned level)
{
    const uint64_t *entries = table_of(pt, table, level);

    for (unsigned i = 0; i < 1u << pt->format->index_bits; i++)
        if (READ_ONCE(entries[i]) != 0)
            return -EEXIST;
    return 0;
}

int pt_prepare(struct pt *pt, uint64_t address, unsigned level)
{
    struct place place = find(pt, address, level);
    uint64_t link = place.entry;
    mfn_t fresh[LEVELS_MAX];

    if (place.level == level) {
        if ((link & ENTRY_PRESENT) != 0 && !is_leaf(pt->format, link, level))
            return check_empty(pt, entry_table(pt->format, link), level - 1);
        return 0;
    }
    /* One new table for each level from LEVEL up to below the place; fresh[0] is the lowest. */
    for (unsigned count = 0; count < place.level - level; count++) {
        int error = pt->ops->alloc(pt->context, &fresh[count]);

        if (error != 0) {
            while (count != 0)
                pt->ops->free(pt->context, fresh[--count]);
            return error;
        }
    }
    /* Fill from the top down, none of it linked yet; then one store shows all. */
    for (unsigned below = place.level; below > level; below--) {
        uint64_t *entries = table_of(pt, fresh[below - 1 - level], below - 1);
        uint64_t *slot = entries + level_index(pt->format, address, below - 1);

        if ((link & ENTRY_PRESENT) != 0)
            fill_pieces(pt, entries, link, below);
        link = *slot;
        if (below - 1 > level)
            WRITE_ONCE(*slot, paddr_of(fresh[below - 2 - level]).v | pt->format->table);
    }
    atomic_thread_fence(memory_order_release);
    WRITE_ONCE(*place.slot, paddr_of(fresh[place.level - 1 - level]).v | pt->format->table);
    return 0;
}

static inline __attribute__((always_inline)) void
commit_in(struct pt *pt, const struct pt_format *format, uint64_t address,
          const struct pt_leaf *leaf, struct pt_leaf *old)
{
    struct place place =
        find_in(pt, format, address, leaf->level, pt->direct != 0 ? REACH_DIRECT : REACH_MAP);

    if (place.level != leaf->level) {
        /* Nothing there and nothing to be there: only a removal gets by without preparing. */
        place.entry = 0;
    } else if (place.level != 0 && (place.entry & ENTRY_PRESENT) != 0 &&
               !is_leaf(format, place.entry, place.level)) {
        mfn_t table = entry_table(format, place.entry);

        if (leaf->rights != 0)
            fill_pieces(pt, table_of(pt, table, place.level - 1),
                        encode_leaf(format, leaf, place.level), place.level);
        place.entry = 0;
    } else {
        atomic_thread_fence(memory_order_release);
        WRITE_ONCE(*place.slot, encode_leaf(format, leaf, place.level));
    }
    if (old != NULL)
        decode_leaf(format, place.entry, leaf->level, old);
}

void pt_commit(struct pt *pt, uint64_t address, const struct pt_leaf *leaf, struct pt_leaf *old)
{
    /* A page of a guest, mostly. */
    if (likely(pt->format == &pt_format_npt && pt->direct != 0 && leaf->level == 0))
        commit_in(pt, &pt_format_npt, address, leaf, old);
    else
        commit_in(pt, pt->format, address, leaf, old);
}

static void destroy_table(struct pt *pt, mfn_t table, uint64_t address, unsigned level,
                          void (*visit)(void *context, uint64_t address,
                                        const struct pt_leaf *leaf))
{
    for (unsigned i = 0; i < 1u << pt->format->index_bits; i++) {
        uint64_t here = address + ((uint64_t)i << level_shift(pt->format, level));
        uint64_t entry = table_of(pt, table, level)[i];

        if ((entry & ENTRY_PRESENT) == 0)
            continue;
        if (!is_leaf(pt->format, entry, level)) {
            destroy_table(pt, entry_table(pt->format, entry), here, level - 1, visit);
        } else if (visit != NULL) {
            struct pt_leaf leaf;

            decode_leaf(pt->format, entry, level, &leaf);
            visit(pt->context, here, &leaf);
        }
    }
    pt->ops->free(pt->context, table);
}

void pt_destroy(struct pt *pt,
                void (*visit)(void *context, uint64_t address, const struct pt_leaf *leaf))
{
    destroy_table(pt, pt->root, 0, pt->format->levels - 1, visit);
    pt->root = MFN_NONE;
}

bool pt_visit(const struct pt *pt, uint64_t *cursor, unsigned budget,
              void (*visit)(void *argument, uint64_t address, const struct pt_leaf *leaf),
              void *argument)
{
    const struct pt_format *format = pt->format;
    unsigned top = format->levels - 1;
    uint64_t end = UINT64_C(1) << level_shift(format, format->levels);

    while (*cursor < end) {
        struct place place = find(pt, *cursor, 0);
        unsigned at = place.level, index = level_index(format, *cursor, at);
        uint64_t entry, next;

        if (budget == 0)
            return false;
        /* One unit for each table looked at, so that empty ones count as well. */
        budget--;
        for (; index < 1u << format->index_bits; index++) {
            struct pt_leaf leaf;

            entry = READ_ONCE(table_with(place.slot)[index]);
            if ((entry & ENTRY_PRESENT) != 0 && !is_leaf(format, entry, at))
                break;
            if ((entry & ENTRY_PRESENT) != 0) {
                if (budget == 0)
                    return false;
                budget--;
                decode_leaf(format, entry, at, &leaf);
                visit(argument, *cursor, &leaf);
            }
            next = (*cursor >> level_shift(format, at)) + 1;
            *cursor = next << level_shift(format, at);
        }
        if (index == 1u << format->index_bits && at == top)
            break;
    }
    *cursor = end;
    return true;
}
