/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own memory: zeroed pages, mapped for good, charged to a domain (hyp_pages
 * against hyp_limit), NULL: to nobody. There is nothing smaller than a page. */
#ifndef ATOLL_CORE_HEAP_H
#define ATOLL_CORE_HEAP_H

#include "core/types.h"

struct domain;

/* COUNT contiguous zeroed pages (COUNT at most 512); NULL: no memory or over D's limit. May be
 * called with any lock up to LOCK_SCHED held. */
void *heap_alloc(struct domain *d, unsigned count) MUST_CHECK;
void heap_free(struct domain *d, void *pages, unsigned count);
/* True if D could be charged COUNT more pages. */
bool heap_can_charge(const struct domain *d, unsigned count);
/* Charges D for COUNT pages that do not come from here. -ENOMEM: over its limit. */
int heap_charge(struct domain *d, unsigned count) MUST_CHECK;
void heap_uncharge(struct domain *d, unsigned count);
mfn_t heap_mfn(const void *page);
void *heap_page(mfn_t mfn);

/* At boot: the COUNT pages from FIRST on, mapped already, are the first of the heap. */
void heap_boot(mfn_t first, uint64_t count);
/* Gives one heap chunk that is wholly free back to the frames, or clears one freed page; true if
 * there may be more to do. Idle CPUs call it by frame_scrub_step(). */
bool heap_idle_step(void);
uint64_t heap_used_pages(void);
uint64_t heap_chunk_pages(void); /* in heap chunks that can be given back */

#endif
