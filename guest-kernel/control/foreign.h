/* SPDX-License-Identifier: BSD-2-Clause */
/* Access to the memory of other domains through windows of the control domain's guest-physical
 * addresses, above all its RAM. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/xen.h"

/* How many pages may be mapped for long at once. */
#define FOREIGN_PAGES_MAX 128u

/* Finds the addresses. -ENOMEM. */
int MUST_CHECK foreign_init(void);

/* Copies `size` bytes to guest-physical address `gpa` of a domain, which has memory there. Nothing
 * stays mapped. Returns a negative errno of the mapping. */
int MUST_CHECK foreign_write(domid_t domid, uint64_t gpa, const void *bytes, size_t size);

/* Writes into the first frame of the domain's grant table, from byte 0 on. */
int MUST_CHECK foreign_write_grants(domid_t domid, const void *bytes, size_t size);

/* Maps a page at place `index` (below FOREIGN_PAGES_MAX) until foreign_unmap_page(). */
int MUST_CHECK foreign_map_page(domid_t domid, uint64_t gfn, unsigned int index, void **page);
void foreign_unmap_page(unsigned int index);
