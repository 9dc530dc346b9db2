/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory map of boot_info while it is made: sorted, page aligned ranges that do not overlap,
 * neighbours of one type merged. Where a firmware's ranges overlap, the type that allows least
 * wins.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"
#include "lib/compiler.h"

#define BOOT_PAGE_SIZE UINT64_C(4096)

/* Adds a range of any alignment: free memory shrinks to whole pages, every other type grows. A
 * range that is empty then is nothing. -ENOSPC: more than BOOT_MEM_MAX ranges; the map is then
 * unusable. */
int MUST_CHECK memmap_add(struct boot_info *info, uint64_t base, uint64_t size,
                          enum boot_mem_type type);

/* Bytes of all ranges of one type. */
uint64_t memmap_total(const struct boot_info *info, enum boot_mem_type type);

/* The highest free page that ends at or below `limit`, never page 0. 0: there is none. */
uint64_t memmap_find_page_below(const struct boot_info *info, uint64_t limit);
