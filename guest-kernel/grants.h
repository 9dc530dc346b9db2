/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grants, version 1, both sides: giving other domains access to own pages, and mapping or copying
 * pages that they gave. First vcpu only. Functions return 0, a negative XEN_E number, or where it
 * is said a GNTST_ status (negative as well).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/xen.h"

/* References below this one are the console's and the store's (GNTTAB_NR_RESERVED_ENTRIES). */
#define GRANT_FIRST_FREE 8

/* Gives `domid` access to the frame `gfn`. Returns the reference, or -XEN_ENOSPC. */
int MUST_CHECK grant_access(domid_t domid, uint64_t gfn, bool is_readonly);

/* Takes the access back and frees the reference. -XEN_EBUSY: it is mapped by the other domain. */
int MUST_CHECK grant_end(grant_ref_t ref);

/* The table: entry N of version 1. */
struct grant_entry_v1 *grant_entry(grant_ref_t ref);
size_t grant_entry_count(void);

/* A mapping of another domain's page. */
struct grant_mapping {
    void *page;
    uint64_t gfn; /* where it is, from gfn_hole_alloc() */
    grant_handle_t handle;
};

/* Maps a granted page at a guest frame of the hole. Returns a GNTST_ status. */
int MUST_CHECK grant_map(domid_t domid, grant_ref_t ref, bool is_readonly,
                         struct grant_mapping *mapping);
int MUST_CHECK grant_unmap(struct grant_mapping *mapping);

/* Copies `size` bytes from a page that `domid` granted to `dst`, or from `src` to such a page; both
 * sides lie within one page. Returns a GNTST_ status. */
int MUST_CHECK grant_copy_from(void *dst, domid_t domid, grant_ref_t ref, uint16_t offset,
                               uint16_t size);
int MUST_CHECK grant_copy_to(domid_t domid, grant_ref_t ref, uint16_t offset, const void *src,
                             uint16_t size);

/* Maps the first grant frame; others follow when references run out. Called by start.c; -XEN_ENOSYS
 * and the like leave grants unusable. */
int MUST_CHECK grants_init(void);
