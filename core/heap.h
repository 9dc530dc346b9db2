/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own memory: zeroed pages, mapped for good, charged to a domain (hyp_pages
 * against hyp_limit), NULL: to nobody. There is nothing smaller than a page. */
#pragma once

#include "core/types.h"

struct domain;

/* COUNT contiguous zeroed pages (COUNT at most 512); NULL: no memory or over D's limit. May be
 * called with any lock up to LOCK_TIMER held. */
void *heap_alloc(struct domain *d, unsigned count) MUST_CHECK;
/* A page for a page table of D's: pt.alloc. -ENOMEM */
int heap_alloc_table(void *d, mfn_t *table) MUST_CHECK;
/* PAGES may be NULL: nothing. */
void heap_free(struct domain *d, void *pages, unsigned count);
/* True if D may be charged COUNT more pages. Needs frame_lock. */
bool heap_can_charge(const struct domain *d, unsigned count);
mfn_t heap_mfn(const void *page);
void *heap_page(mfn_t mfn);

/* At boot: the COUNT pages from FIRST on, mapped already, are the first of the heap. */
void heap_boot(mfn_t first, uint64_t count);
/* Gives one heap chunk that is wholly free back to the frames; true if it has to be called again
 * for that. Idle CPUs call it by frame_scrub_step(). */
bool heap_idle_step(void);
