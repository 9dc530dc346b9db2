/* SPDX-License-Identifier: BSD-2-Clause */
/* The mapping of a front end's ring pages. They lie at frames of the control domain's where nothing
 * else is, from mapping to unmapping. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/xen.h"

#define RING_PAGES_MAX 4u

struct ring_pages {
    uint64_t gfn;       /* the first of as many frames as may be mapped; the owner sets it */
    unsigned int count; /* that are mapped */
    grant_handle_t handles[RING_PAGES_MAX];
};

/* Maps `count` pages of a domain's behind one another. -EIO: one cannot be mapped; unmap what is.
 */
int MUST_CHECK ring_pages_map(struct ring_pages *pages, domid_t domid, const grant_ref_t *refs,
                              unsigned int count);

/* Unmaps what is mapped. */
void ring_pages_unmap(struct ring_pages *pages);

/* Where the pages are. */
void *ring_pages_address(const struct ring_pages *pages);
