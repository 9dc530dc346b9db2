/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: the one walker (design decision 5), the host's own tables and the per-CPU window
 * onto guest frames. A change has two phases: prepare may fail, commit cannot.
 */
#pragma once

#include "core/types.h"

struct guest_paging; /* virt.h */

/* Access rights of a mapping, common to all formats. */
#define PT_READ      (1u << 0)
#define PT_WRITE     (1u << 1)
#define PT_EXEC      (1u << 2)
#define PT_USER      (1u << 3) /* reachable from user level (NPT: always set) */
#define PT_UNCACHED  (1u << 4)
#define PT_REGISTERS (PT_READ | PT_WRITE | PT_UNCACHED) /* of a device */

#define PT_LEVEL_4K 0u
#define PT_LEVEL_2M 1u
#define PT_LEVEL_1G 2u

/* Entries of a table in the 64-bit formats. */
#define PT_ENTRIES 512u
/* Order of the page that a leaf of LEVEL maps: it has 1 << order frames. */
static inline unsigned pt_order(unsigned level)
{
    return 9 * level;
}
/* Which entry of a table of LEVEL leads to ADDRESS, in the 64-bit formats. */
static inline unsigned pt_index(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (PAGE_SHIFT + pt_order(level))) & (PT_ENTRIES - 1);
}

/* What the entries of nested tables and of the host's own have set (NPT and long-mode tables: APM
 * Vol. 2 5.3). */
struct pt_format;
extern const struct pt_format pt_format_npt;
extern const struct pt_format pt_format_host;

/* What a look-up finds. */
struct pt_leaf {
    paddr_t base;    /* of the page that holds the address, aligned to its size */
    unsigned level;  /* PT_LEVEL_*: its size */
    unsigned rights; /* PT_* */
    unsigned soft;   /* 7 bits that belong to the caller */
};

/* Nested or host tables: PT_LEVELS levels of 64-bit entries. */
#define PT_LEVELS 4u
struct pt {
    const struct pt_format *format;
    int (*alloc)(void *context, mfn_t *table); /* yields a zeroed page for a table */
    void *context;
    mfn_t root;
    uint64_t direct; /* where machine address 0 is seen: all tables are seen there */
};

/* Finds the leaf for ADDRESS: 0, or -ENOENT if nothing is mapped there (LEVEL is then that of the
 * entry that is not present, RIGHTS 0). RIGHTS are what all entries on the way allow. */
int pt_lookup(const struct pt *pt, uint64_t address, struct pt_leaf *leaf) MUST_CHECK;
/* Makes every table exist that a leaf of LEVEL at ADDRESS needs, splitting larger leaves. Changes
 * no translation. alloc()'s error; what was made until then stays. -EEXIST: smaller leaves are in
 * its place. */
int pt_prepare(struct pt *pt, uint64_t address, unsigned level) MUST_CHECK;
/* Writes LEAF (RIGHTS 0: none) at ADDRESS, if the old leaf's SOFT is one of those in the mask SOFTS
 * (none: 0); tables are there after pt_prepare. Returns the old leaf (RIGHTS 0: none). The new
 * entry appears in one store; where an empty table is in its place, that table's entries become its
 * pieces. */
struct pt_leaf pt_commit(struct pt *pt, uint64_t address, const struct pt_leaf *leaf,
                         uint32_t softs);
#define PT_SOFTS_ANY UINT32_MAX
/* The entry of level 0 for ADDRESS; it exists after pt_prepare. */
uint64_t *pt_slot(const struct pt *pt, uint64_t address);
/* Gives every table below the root and the root to release(). */
void pt_destroy(struct pt *pt, void (*release)(void *context, mfn_t table));
/* Calls visit() for every leaf in address order from *CURSOR on; returns true when the end is
 * reached, false when BUDGET leaves and tables are passed, after the last leaf of a table. visit()
 * may change the leaf that it is called for. Not for addresses of the upper half as they stand:
 * the walker sees 48 bits. */
bool pt_visit(const struct pt *pt, uint64_t *cursor, int budget,
              void (*visit)(void *argument, uint64_t address, const struct pt_leaf *leaf),
              void *argument);

/* A walk of a guest's own tables (long mode, PAE, 32-bit): where it led, and the entries that it
 * read by their level, where each lies and what it held. Below a large leaf its entry is repeated.
 * In 32-bit tables slots mean nothing. */
struct pt_walk {
    uint64_t gpa;
    unsigned rights; /* PT_*: what all entries on the way allow */
    const uint64_t *slot[PT_LEVELS];
    uint64_t entry[PT_LEVELS];
};
/* Where the table page TABLE is seen, valid until the next call for the same LEVEL; NULL: there is
 * no such page. */
typedef uint64_t *pt_map(gfn_t table, unsigned level);
/* Walks the tables that PAGING says for ADDRESS, whose upper bits are a sign or none. -ENOENT:
 * nothing is mapped there. -EFAULT: map() has no such table. */
int pt_walk_guest(const struct guest_paging *paging, pt_map *map, uint64_t address,
                  struct pt_walk *walk) MUST_CHECK;

/* ---- the window: this CPU's view of frames that are not mapped (design decision 3) ---- */

/* Each use has slots of its own, so that a map of one use never disturbs another's. A pointer is
 * valid until the next map of the same use, a window_unmap(), or the next guest
 * entry. What a window remembers is in struct window (percpu.h). */
enum window_use {
    WINDOW_WALK0,                   /* a guest's page tables, by level */
    WINDOW_ARG0 = WINDOW_WALK0 + 4, /* the page(s) of a hypercall's argument */
    WINDOW_ARG1,
    WINDOW_ELEM0, /* the page(s) of an array element */
    WINDOW_ELEM1,
    WINDOW_DATA0, /* anything short: grant copy source */
    WINDOW_DATA1, /* grant copy destination */
    WINDOW_SCRUB,
    WINDOW_USES,
};
/* Maps frame MFN, readable and writable, and returns its 4096 bytes. Keeps what is mapped already.
 */
void *window_map(enum window_use use, mfn_t mfn);
/* Unmaps the slot of USE: after a look at a frame of a domain that is not loaded here. */
void window_unmap(enum window_use use);
/* Unmaps the slots in MASK. */
void window_unmap_slots(uint32_t mask);
/* A window's page table, and what it maps for good: the pages of the vCPU whose it is. -ENOMEM. */
struct window;
struct domain;
int window_init(struct window *window, struct domain *d, mfn_t page, mfn_t control) MUST_CHECK;
void window_destroy(struct window *window, struct domain *d);
/* The window is WINDOW from here on. What it remembers is seen again, nothing of the other one is.
 */
void window_switch(struct window *window);
/* Where the slot of USE is seen. */
#ifdef ATOLL_HOST_TEST
char *window_at(enum window_use use);
#else
#define WINDOW_VA UINT64_C(0xffffffffc0210000)
static inline char *window_at(enum window_use use)
{
    return (char *)(WINDOW_VA + use * PAGE_SIZE);
}
#endif

/* ---- the host's own tables ---- */

/* Tables of core/frame.c: an entry for each frame and each chunk, up to HOST_MFN_MAX. Readable
 * everywhere: zero where nothing is mapped. */
#ifdef ATOLL_HOST_TEST
extern uint64_t fake_frame_table, fake_chunk_table, fake_heap_map;
#define FRAME_TABLE_VA fake_frame_table
#define CHUNK_TABLE_VA fake_chunk_table
#define HEAP_MAP_BASE  fake_heap_map
#else
#define FRAME_TABLE_VA UINT64_C(0xffffc00000000000)
#define CHUNK_TABLE_VA UINT64_C(0xffffc80000000000)
/* Machine memory in the heap map, present only for chunks that core/heap.c mapped. */
#define HEAP_MAP_BASE  UINT64_C(0xffff800000000000)
#endif
#define HOST_MFN_MAX (UINT64_C(1) << 34) /* 64 TiB: what the heap map can reach */
/* Maps PAGE (or 2 MiB at PAGE, by LEVEL) at ADDRESS, writable, not executable: in one of the two
 * tables, at boot, or a chunk at HEAP_MAP_BASE + its paddr. One caller at a time: core/heap.c sees
 * to it, here and below. */
void host_map_ram(const void *address, paddr_t page, unsigned level);
/* At boot: the early table pages end; what is left of them is the first of the heap, from which the
 * host's tables come then. */
void host_early_end(void);
/* Takes a chunk out of the heap map and makes all CPUs flush: the chunk must stay unused until
 * host_flush_done(the returned generation). */
uint64_t host_unmap_chunk(paddr_t chunk);
/* Maps COUNT frames (1 or 2) side by side, writable, in the area region until host_unmap_area().
 * -ENOMEM. */
int host_map_area(const mfn_t *frames, unsigned count, void **address) MUST_CHECK;
void host_unmap_area(void *address, unsigned count);
/* Gives back up to MAX frames of areas that were unmapped and that no TLB holds any more; returns
 * how many. Their addresses may be used again. */
unsigned host_reclaim_area(mfn_t *frames, unsigned max);
/* Calls VISIT for every mapping that all CPUs share; the walker sees 48 bits of an address. */
void host_visit(void (*visit)(void *argument, uint64_t address, const struct pt_leaf *leaf),
                void *argument);
/* True for such an address in the area region. */
bool host_is_area(uint64_t address);
/* True when every CPU has flushed its own TLB since GENERATION of the host's tables. */
bool host_flush_done(uint64_t generation);
