/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own memory: zeroed pages, mapped for good, charged to a domain (hyp_pages
 * against hyp_limit), NULL: to nobody. There is nothing smaller than a page. */
#ifndef ATOLL_CORE_HEAP_H
#define ATOLL_CORE_HEAP_H

#include "core/types.h"

struct domain;

/* COUNT contiguous zeroed pages (COUNT at most 512); NULL: no memory or over D's limit. */
void *heap_alloc(struct domain *d, unsigned count) MUST_CHECK;
void heap_free(struct domain *d, void *pages, unsigned count);
/* Same with the limit raised never: true if D could be charged COUNT more pages. */
bool heap_can_charge(const struct domain *d, unsigned count);
mfn_t heap_mfn(const void *page);
void *heap_page(mfn_t mfn);

#endif
