/* SPDX-License-Identifier: BSD-2-Clause */
/* Grant tables, version 1 (grant_table.h): frames of the table, maptrack, map, unmap, copy. */
#ifndef ATOLL_CORE_GRANT_H
#define ATOLL_CORE_GRANT_H

#include "arch/x86/lock.h"
#include "core/types.h"

struct domain;

#define GRANT_FRAMES_MAX 64u
struct maptrack;
struct grant_active;
/* One heap page: what belongs to each frame of the table. */
struct grant_slots {
    void *frame[GRANT_FRAMES_MAX];                 /* heap pages that the guest may map */
    gfn_t gfn[GRANT_FRAMES_MAX];                   /* where each sits in the guest; GFN_NONE */
    struct grant_active *active[GRANT_FRAMES_MAX]; /* pages: our count of uses per entry */
};

struct grant_table {
    struct lock lock;
    struct grant_slots *slots;
    uint32_t frame_count;
    uint32_t frame_limit; /* createdomain's max_grant_frames */
    uint32_t maptrack_limit;
    struct maptrack **maptrack; /* page of pointers to pages */
    uint32_t maptrack_count;
    uint32_t maptrack_free;
};

int grant_init(struct domain *d, uint32_t max_frames, uint32_t max_maptrack) MUST_CHECK;
/* Drops every mapping that D holds of others (its p2m is gone), then the table. A frame of D that
 * others still map stays until they unmap. */
void grant_destroy(struct domain *d);
/* The table's frame INDEX, growing it if allowed, for XENMAPSPACE_grant_table. -EINVAL, -ENOMEM */
int grant_frame(struct domain *d, uint32_t index, mfn_t *mfn) MUST_CHECK;
/* Writes a v1 entry of a domain under construction (console and store grants 0 and 1). */
void grant_seed(struct domain *d, uint32_t ref, uint16_t to, gfn_t gfn);

#endif
