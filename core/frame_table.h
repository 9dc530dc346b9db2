/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame and chunk tables as the files that own memory see them (chunk.c, frame.c, frame_boot.c,
 * heap.c, quarantine.c). A frame entry is one 64-bit word. An entry of type RAM or RELEASED changes
 * by compare-and-swap, without a lock; all other types, chunk descriptors, lists and what domains
 * are charged are under frame_lock.
 */
#pragma once

#include "arch/x86/lock.h"
#include "arch/x86/pt.h"
#include "core/frame.h"
#include "core/types.h"

/* References: bits 19..0; writable ones among them: bits 39..20; owner's domid: bits 55..40. */
#define FRAME_REF          UINT64_C(1)
#define FRAME_REF_MASK     UINT64_C(0xfffff)
#define FRAME_WRITE_REF    (UINT64_C(1) << 20)
#define FRAME_COUNTS_MASK  ((UINT64_C(1) << 40) - 1)
#define FRAME_OWNER_SHIFT  40u
#define FRAME_OWNER_MASK   UINT64_C(0xffff)
#define FRAME_TYPE_SHIFT   56u
#define FRAME_TYPE_MASK    UINT64_C(0xf)
#define FRAME_OWNER_ORPHAN 0xffffu /* the hypervisor; or the owner is gone, others hold it */

enum frame_type {
    FRAME_NONE,        /* not RAM, or inside a chunk that is one unit */
    FRAME_FREE,        /* bits 15..0: next of the chunk's list, bit 16: clean */
    FRAME_HELD,        /* taken off a list for scrubbing, or a boot module without an owner */
    FRAME_RAM,         /* a domain's; counts include "allocated" */
    FRAME_RELEASED,    /* the owner let go, references of others keep it; RAM is still charged,
                          unless orphaned */
    FRAME_QUARANTINED, /* waits for the owner's p2m generation; bits 35..0: next mfn + 1 */
    FRAME_PRIVATE,     /* the hypervisor's, unmapped */
    FRAME_HEAP,        /* a heap page in use; counts include "allocated" */
    FRAME_HOST,        /* RAM that is the hypervisor's or the firmware's for good */
};
#define FRAME_FREE_NEXT_MASK UINT64_C(0xffff)
#define FRAME_FREE_CLEAN     (UINT64_C(1) << 16)
#define FRAME_LINK_MASK      ((UINT64_C(1) << 36) - 1)
#define CHUNK_NO_FRAME       0xffffu

enum chunk_state {
    CHUNK_NONE,        /* no RAM */
    CHUNK_FREE,        /* all of it free, and clean or dirty as one: its frames have no entries */
    CHUNK_SPLIT,       /* the frame entries say what each frame is */
    CHUNK_HEAP,        /* the same, mapped for good */
    CHUNK_LARGE,       /* one domain's, as one unit: the frame entries say nothing */
    CHUNK_HELD,        /* a HEAP one on its way to FREE */
    CHUNK_QUARANTINED, /* a LARGE one that waits for the owner's p2m generation, linked by the entry
                          of its first frame */
    CHUNK_STATES,
};
/* Chunks with free frames: by state, and whether all of these are clean. */
enum chunk_list {
    LIST_NONE,
    LIST_SPLIT,
    LIST_SPLIT_DIRTY,
    LIST_HEAP,
    LIST_HEAP_DIRTY,
    LIST_FREE,
    LIST_FREE_DIRTY,
    CHUNK_LISTS,
};
#define CHUNK_INDEX_NONE UINT32_MAX

struct chunk {
    uint32_t next, previous; /* on its list */
    uint8_t state;           /* enum chunk_state */
    uint8_t list;            /* enum chunk_list */
    uint16_t owner;          /* LARGE */
    uint16_t head[2];        /* free frames: [0] dirty, [1] clean; CHUNK_NO_FRAME: none */
    uint16_t count[2];
    uint16_t spare[6];
};
_Static_assert(sizeof(struct chunk) == 32, "128 chunks in a page of the table");

extern struct lock frame_lock;
extern struct frame_counts chunk_totals; /* of these, what is not computed: total, tables,
                                            quarantine, heap */

static inline _Atomic uint64_t *frame_entry(mfn_t mfn)
{
    return (_Atomic uint64_t *)FRAME_TABLE_VA + mfn.v;
}
static inline struct chunk *chunk_at(uint32_t index)
{
    return (struct chunk *)CHUNK_TABLE_VA + index;
}
static inline uint32_t chunk_index_of(mfn_t mfn)
{
    return (uint32_t)(mfn.v / CHUNK_FRAMES);
}
static inline struct chunk *chunk_of(mfn_t mfn)
{
    return chunk_at(chunk_index_of(mfn));
}
static inline mfn_t chunk_mfn(uint32_t index)
{
    return (mfn_t){(uint64_t)index * CHUNK_FRAMES};
}
static inline enum frame_type frame_type_of(uint64_t entry)
{
    return (enum frame_type)(entry >> FRAME_TYPE_SHIFT & FRAME_TYPE_MASK);
}
static inline uint16_t frame_owner_of(uint64_t entry)
{
    return (uint16_t)(entry >> FRAME_OWNER_SHIFT & FRAME_OWNER_MASK);
}
static inline uint64_t frame_make(enum frame_type type, uint16_t owner, uint64_t low)
{
    return (uint64_t)type << FRAME_TYPE_SHIFT | (uint64_t)owner << FRAME_OWNER_SHIFT | low;
}
/* For an entry that nobody else may change. */
static inline uint64_t frame_read(mfn_t mfn)
{
    return atomic_load_explicit(frame_entry(mfn), memory_order_relaxed);
}
static inline void frame_write(mfn_t mfn, uint64_t entry)
{
    atomic_store_explicit(frame_entry(mfn), entry, memory_order_relaxed);
}

/* All of these with frame_lock held. */

/* Frames that are free in all chunks of a state: [0] dirty, [1] clean. */
extern uint64_t chunk_free_frames[CHUNK_STATES][2];
/* First chunk of LIST. CHUNK_INDEX_NONE: there is none. */
uint32_t chunk_first(enum chunk_list list);
/* The same, or of the list of dirty ones behind it. */
uint32_t chunk_any(enum chunk_list list);
/* Frees a frame of a SPLIT or HEAP chunk; a SPLIT chunk that is all free becomes a FREE one. */
void chunk_push_frame(mfn_t mfn, bool is_clean);
/* Takes a free frame out of a SPLIT or HEAP chunk that has one, a clean one if it can. Its entry
 * becomes HELD. */
mfn_t chunk_pop_frame(uint32_t index, bool *is_clean);
/* Makes a FREE chunk a SPLIT or HEAP one, all its frames free. */
void chunk_open(uint32_t index, enum chunk_state state);
/* Gives a chunk of any state another one, in which none of its frames is free. */
void chunk_close(uint32_t index, enum chunk_state state);
/* Makes a closed chunk FREE, and dirty. */
void chunk_free(uint32_t index);

/* OWNER lets go of a frame of its, whose type is WAS: RELEASED. True if nobody else holds it. */
bool frame_let_go(mfn_t mfn, enum frame_type was, uint16_t owner);
/* Puts what nobody refers to into D's quarantine, or frees it if no TLB can hold it; not charged
 * any more. The chunk is a LARGE one. */
void quarantine_frame(struct domain *d, mfn_t mfn);
void quarantine_chunk(struct domain *d, uint32_t index);
/* Frees part of what D's quarantine holds and every CPU has passed. */
void quarantine_poll(struct domain *d);

/* Without a lock held. */

/* Zeroes the 4096 bytes at PAGE. */
void page_clear(void *page);
/* Clears COUNT frames that no list has. */
void frame_clear(mfn_t first, uint32_t count);
/* Clears up to 64 KiB of free frames; true if there are more. */
bool chunk_scrub_step(void);
