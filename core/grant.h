/* SPDX-License-Identifier: BSD-2-Clause */
/* Grant tables, version 1 (grant_table.h): frames of the table, maptrack, map, unmap, copy.
 * Statuses are GNTST_*. */
#pragma once

#include "arch/x86/lock.h"
#include "core/types.h"

struct domain;
struct gnttab_copy;
struct gnttab_map_grant_ref;
struct gnttab_unmap_grant_ref;

#define GRANT_FRAMES_MAX    64u
#define GRANT_REFS_IN_FRAME 512u /* PAGE_SIZE / sizeof(struct grant_entry_v1) */

/* Our count of the uses of an entry of the granter, under its lock; rebuilt by who maps again.
 * While there is a use, frame is what the entry named at the first one. */
struct grant_active {
    mfn_t frame;
    uint16_t domid; /* who uses it */
    uint16_t readers, writers;
};

/* A frame of the table and, behind it, what is counted of its entries. */
struct grant_page {
    uint64_t entry[GRANT_REFS_IN_FRAME]; /* the guest may map it: record of its memory */
    struct grant_active active[GRANT_REFS_IN_FRAME];
};
#define GRANT_PAGE_PAGES ((unsigned)(sizeof(struct grant_page) / PAGE_SIZE))
_Static_assert(sizeof(struct grant_page) % PAGE_SIZE == 0, "whole pages");

/* One heap page: what belongs to each frame of the table. Those below frame_count stay as long as
 * the domain. */
struct grant_slots {
    struct grant_page *frame[GRANT_FRAMES_MAX];
    gfn_t gfn[GRANT_FRAMES_MAX]; /* where each sits in the guest; GFN_NONE */
};

/* A mapping that a domain holds of another's frame; its index is the handle. Under the mapper's
 * lock. Rebuilt. */
struct maptrack {
    struct domain *granter; /* a reference of ours; NULL: free */
    mfn_t frame;            /* with a reference, writable unless GNTMAP_readonly */
    uint64_t where; /* gfn; while flushing: the p2m generation to wait for; free: the next */
    uint32_t ref;
    uint32_t flags; /* GNTMAP_* of what is mapped still, MAPTRACK_FLUSHING */
};
#define MAPTRACK_FLUSHING  (1u << 31) /* out of the p2m, but a TLB may hold it */
#define MAPTRACK_IN_PAGE   (PAGE_SIZE / sizeof(struct maptrack))
#define MAPTRACK_PAGES_MAX (PAGE_SIZE / sizeof(void *))
#define MAPTRACK_NONE      UINT32_MAX

struct grant_table {
    struct lock lock;
    struct grant_slots *slots;
    uint32_t frame_count;
    uint32_t frame_limit; /* createdomain's max_grant_frames */
    uint32_t maptrack_limit;
    struct maptrack **maptrack; /* page of pointers to pages; NULL until the first map */
    uint32_t maptrack_count;    /* handles are below */
    uint32_t maptrack_free;     /* first of the free list, MAPTRACK_NONE: empty */
};

/* ---- the table ---- */

/* Frame 0 is ready afterwards. -ENOMEM: grant_free() gives back what there is. */
int grant_init(struct domain *d, uint32_t max_frames, uint32_t max_maptrack) MUST_CHECK;
/* The last reference on D goes: frees its table. */
void grant_free(struct domain *d);
/* The table's frame INDEX, growing it if allowed; with IS_HELD with a reference (frame_hold()), so
 * that it outlives D. -EINVAL: past its limit; -ENOMEM: some may have been added; -ESRCH: D is
 * dying. */
int grant_frame(struct domain *d, uint64_t index, bool is_held, mfn_t *mfn) MUST_CHECK;

/* ---- uses of entries ---- */

/* Takes the entry REF of GRANTER into use by domain USER: counts it, and marks it read or written
 * for the granter to see. Needs the granter's lock and its p2m's; as long as both are held, the
 * frame stays where it is. */
int16_t grant_begin(struct domain *granter, uint32_t ref, uint16_t user, bool is_write,
                    mfn_t *mfn) MUST_CHECK;
/* Ends that use. Needs the granter's lock. */
void grant_end(struct domain *granter, uint32_t ref, bool is_write);
/* The same with a reference on the frame, which keeps it. Both take the locks. */
int16_t grant_use_begin(struct domain *granter, uint32_t ref, uint16_t user, bool is_write,
                        mfn_t *mfn) MUST_CHECK;
void grant_use_end(struct domain *granter, uint32_t ref, bool is_write, mfn_t mfn);

/* ---- operations of D, which is the caller ---- */

/* Leaves its status in OP, as does grant_unmap(). */
void grant_map(struct domain *d, struct gnttab_map_grant_ref *op);
/* Takes what OP names out of D's memory, if it is there still, and then, unless *IS_WAITING, frees
 * the handle when nothing of it is mapped any more. A CPU that may still hold a translation sets
 * *IS_WAITING instead: to be called again. */
void grant_unmap(struct domain *d, struct gnttab_unmap_grant_ref *op, bool *is_waiting);
/* OTHERS: the domains of the last source and of the last destination that were not the caller's,
 * referenced, or NULL. They are kept for a list; grant_copy_end() follows its last element. */
int16_t grant_copy(struct domain **others, struct domain *caller,
                   const struct gnttab_copy *op) MUST_CHECK;
void grant_copy_end(struct domain *const *others);
/* Drops every mapping that D holds of others. No vCPU of D runs and its p2m is gone. */
void grant_drop_maps(struct domain *d);
