/* SPDX-License-Identifier: BSD-2-Clause */
/* Grant tables, version 1 (grant_table.h): frames of the table, maptrack, map, unmap, copy. */
#ifndef ATOLL_CORE_GRANT_H
#define ATOLL_CORE_GRANT_H

#include "arch/x86/lock.h"
#include "core/types.h"

struct domain;

#define GRANT_FRAMES_MAX     64u
#define GRANT_FRAMES_DEFAULT 64u
#define GRANT_REFS_IN_FRAME  512u /* PAGE_SIZE / sizeof(struct grant_entry_v1) */

/* Our count of the uses of an entry of the granter, under its lock; rebuilt by who maps again.
 * While there is a use, frame is what the entry named at the first one. */
struct grant_active {
    mfn_t frame;
    uint16_t domid; /* who uses it */
    uint16_t readers, writers;
};
#define GRANT_ACTIVE_PAGES 2u /* for the entries of one frame */
_Static_assert(sizeof(struct grant_active) * GRANT_REFS_IN_FRAME == GRANT_ACTIVE_PAGES * PAGE_SIZE,
               "whole pages");

/* One heap page: what belongs to each frame of the table. */
struct grant_slots {
    void *frame[GRANT_FRAMES_MAX]; /* heap pages that the guest may map: record of its memory */
    gfn_t gfn[GRANT_FRAMES_MAX];   /* where each sits in the guest; GFN_NONE */
    struct grant_active *active[GRANT_FRAMES_MAX];
};

/* A mapping that a domain holds of another's frame; its index is the handle. Under the mapper's
 * lock. Rebuilt. */
struct maptrack {
    struct domain *granter; /* a reference of ours; NULL: free */
    mfn_t frame;            /* with a reference, writable unless MAPTRACK_READONLY */
    uint64_t where; /* gfn; while flushing: the p2m generation to wait for; free: the next */
    uint32_t ref;
    uint32_t flags; /* MAPTRACK_* */
};
#define MAPTRACK_HOST       (1u << 0)
#define MAPTRACK_DEVICE     (1u << 1)
#define MAPTRACK_READONLY   (1u << 2)
#define MAPTRACK_FLUSHING   (1u << 3) /* out of the p2m, but a TLB may hold it */
#define MAPTRACK_BUSY       (1u << 4) /* being mapped */
#define MAPTRACK_IN_PAGE    (PAGE_SIZE / sizeof(struct maptrack))
#define MAPTRACK_PAGES_MAX  (PAGE_SIZE / sizeof(void *))
#define MAPTRACK_PAGES_AUTO 64u /* createdomain's default */
#define MAPTRACK_NONE       UINT32_MAX

struct grant_table {
    struct lock lock;
    struct grant_slots *slots;
    bool is_dead; /* nothing can be used any more */
    uint32_t frame_count;
    uint32_t frame_limit; /* createdomain's max_grant_frames */
    uint32_t maptrack_limit;
    struct maptrack **maptrack; /* page of pointers to pages; NULL until the first map */
    uint32_t maptrack_count;    /* handles are below */
    uint32_t maptrack_free;     /* first of the free list, MAPTRACK_NONE: empty */
};

/* Frame 0 is ready afterwards. -ENOMEM */
int grant_init(struct domain *d, uint32_t max_frames, uint32_t max_maptrack) MUST_CHECK;
/* Drops every mapping that D holds of others (its p2m is gone), then the table. A frame of D that
 * others still map stays until they unmap. */
void grant_destroy(struct domain *d);
/* The table's frame INDEX, growing it if allowed; with IS_HELD with a reference (frame_hold()), so
 * that it outlives D. -EINVAL, -ENOMEM; -ESRCH: D is dying. */
int grant_frame(struct domain *d, uint64_t index, bool is_held, mfn_t *mfn) MUST_CHECK;
/* Grows the table to COUNT frames. -EINVAL: past its limit; -ENOMEM: some may have been added. */
int grant_grow(struct domain *d, uint32_t count) MUST_CHECK;
/* Writes a v1 entry of a domain under construction (console and store grants 0 and 1). */
void grant_seed(struct domain *d, uint32_t ref, uint16_t to, gfn_t gfn);

#endif
