/* SPDX-License-Identifier: BSD-2-Clause */
/* What memory.c asks of the page tables; the rest of their interface is in memory.h. */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

/* Maps guest-physical addresses from `start` to `end` in the direct map by 2 MiB pages, rounding
 * outwards. -XEN_ENOMEM: no page for a table. */
int MUST_CHECK direct_map_extend(uint64_t start, uint64_t end);

/* Maps the image by 2 MiB pages, all of it writable and executable: for guests that measure, for
 * the hypervisor's page walks are shorter then. -XEN_EINVAL: the image does not lie at a multiple
 * of 2 MiB (link it with guest_load_paddr). */
int MUST_CHECK pagetable_map_image_large(void);

/* The page tables that a starting vcpu loads: the image, the direct map, and the first 512 GiB of
 * the direct map at their own addresses too. */
uint64_t pagetable_start_root(void);

/* The root that every vcpu runs on. */
uint64_t pagetable_root(void);
