/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this CPU knows of the loaded domain's guest frames: results of p2m look-ups, and which guest
 * frames its walk slots show. Valid as long as the window's contents. Each tag carries the epoch in
 * which it was made, so that forgetting all of it is one addition.
 */
#ifndef ATOLL_CORE_GFN_CACHE_H
#define ATOLL_CORE_GFN_CACHE_H

#include "arch/x86/percpu.h"

/* Bit 0 of a tag: may be written; bits 36..1: guest frame; above: epoch. */
#define GFN_EPOCH_STEP (UINT64_C(1) << 37)
#define GFN_SPREAD     13u                 /* odd: as many places as the cache has */
#define GFN_EPOCHS     (UINT64_C(1) << 27) /* numbers of epochs that tags tell apart */

static inline uint64_t gfn_cache_tag(const struct gfn_cache *cache, gfn_t gfn, bool is_writable)
{
    return cache->epoch | gfn.v << 1 | (is_writable ? 1 : 0);
}

/* Guests that are alike use the same frame numbers: the epoch keeps them apart. */
static inline unsigned gfn_cache_slot(const struct gfn_cache *cache, gfn_t gfn)
{
    return (unsigned)(gfn.v ^ gfn.v >> 5 ^ cache->spread) % GFN_CACHE_SIZE;
}

/* Makes COUNT, the number of an epoch, the present one. */
static inline void gfn_cache_set_epoch(struct gfn_cache *cache, uint64_t count)
{
    cache->epoch = count * GFN_EPOCH_STEP;
    cache->spread = count * GFN_SPREAD;
    cache->verified = 0;
}

/* Forgets everything. An epoch that comes again could revive old tags: they are cleared. */
static inline void gfn_cache_forget(struct gfn_cache *cache)
{
    cache->epochs++;
    gfn_cache_set_epoch(cache, cache->epochs);
    if (unlikely(cache->epoch == 0)) {
        *cache = (struct gfn_cache){.epochs = cache->epochs + 1};
        gfn_cache_set_epoch(cache, cache->epochs);
    }
}

/* What is known now is what was known in epoch COUNT, if its tags are still told from others':
 * about frames, not about the slots, which show others since. */
static inline void gfn_cache_come_back(struct gfn_cache *cache, uint64_t count)
{
    if (count / GFN_EPOCHS == cache->epochs / GFN_EPOCHS) {
        gfn_cache_set_epoch(cache, count);
        for (unsigned level = 0; level < WALK_LEVELS; level++)
            cache->walk[level].tag = 0;
        for (unsigned i = 0; i < GFN_CACHE_PINS; i++)
            cache->pin[i].epoch = 0;
    }
}

/* The walk slot of LEVEL gets another frame. */
static inline void gfn_cache_forget_walk(struct gfn_cache *cache, unsigned level)
{
    cache->walk[level].tag = 0;
    cache->verified = 0;
    for (unsigned i = 0; i < GFN_CACHE_PINS; i++)
        cache->pin[i].epoch = 0;
}

/* GFN shows another frame, or none. */
static inline void gfn_cache_forget_one(struct gfn_cache *cache, gfn_t gfn)
{
    unsigned slot = gfn_cache_slot(cache, gfn);

    if ((cache->entry[slot].tag | 1) == gfn_cache_tag(cache, gfn, true))
        cache->entry[slot].tag = 0;
    for (unsigned level = 0; level < WALK_LEVELS; level++)
        if (cache->walk[level].tag == gfn_cache_tag(cache, gfn, false))
            gfn_cache_forget_walk(cache, level);
}

/* The guest has run: what its own tables said may have changed. */
static inline void gfn_cache_begin_exit(struct gfn_cache *cache)
{
    cache->verified = 0;
}

#endif
