/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest-physical memory: the direct map, the page allocator, and mappings beside the direct map.
 * Every function may be called with interrupts on or off; none may be called from two vcpus at once
 * (the first vcpu owns memory).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096u
#define PAGE_MASK  (~(uint64_t)(PAGE_SIZE - 1))

/* Guest-physical address N is at DIRECT_MAP + N, writable and not executable: the first 4 GiB, RAM
 * above, and what gfn_hole_alloc() gave. */
#define DIRECT_MAP UINT64_C(0xffff800000000000)
/* Where the image is linked; it lies in the direct map as well. */
#define IMAGE_VADDR UINT64_C(0xffffffff80000000)

static inline void *phys_to_virt(uint64_t paddr)
{
    return (void *)(uintptr_t)(DIRECT_MAP + paddr);
}

/* The guest-physical address of an object in the image or in the direct map. */
uint64_t virt_to_phys(const void *object);

/* The guest frame number of an object in the image or in the direct map. */
static inline uint64_t virt_to_gfn(const void *object)
{
    return virt_to_phys(object) >> PAGE_SHIFT;
}

/* Allocates `count` pages that are contiguous in guest-physical memory, the first of them at a
 * multiple of `align` pages (a power of two). Not cleared. NULL: none left. */
void *pages_alloc(size_t count, size_t align) MUST_CHECK;

/* One cleared page, or NULL. */
void *page_alloc(void) MUST_CHECK;

/* Gives pages back. */
void pages_free(void *pages, size_t count);
void page_free(void *page);

/* Pages managed by the allocator, and how many of them are free. */
size_t pages_total(void);
size_t pages_free_count(void);

/* Gives `count` pages at `paddr` (RAM, mapped in the direct map) to the allocator, for RAM that the
 * memory map did not show: what XENMEM_populate_physmap added. They must lie between the lowest and
 * the highest address of the memory map's RAM. */
void pages_add(uint64_t paddr, size_t count);

/* Page-table bits for map_page(). */
#define MAP_PRESENT (UINT64_C(1) << 0)
#define MAP_WRITE   (UINT64_C(1) << 1)
#define MAP_USER    (UINT64_C(1) << 2)
#define MAP_UNCACHED                                                                               \
    (UINT64_C(3) << 3) /* PWT and PCD: strong uncached with the PAT's reset value */
#define MAP_NX (UINT64_C(1) << 63)

/* Maps the page at `paddr` at virtual address `vaddr` of the lower half (both page-aligned) with
 * the bits given; an old mapping there is replaced. -ENOMEM: no page for a table; -EINVAL: not such
 * an address. */
int MUST_CHECK map_page(uint64_t vaddr, uint64_t paddr, uint64_t flags);
void unmap_page(uint64_t vaddr);

/* Maps `size` bytes of device memory at `paddr`, uncached, not executable. The mapping stays. NULL:
 * no page for a table. */
void *map_device(uint64_t paddr, size_t size) MUST_CHECK;

/* Finds a range of guest-physical addresses with nothing in it (neither RAM nor anything else of
 * the memory map), `count` frames long, for grant frames and mappings of foreign frames. The direct
 * map covers it, and it stays the caller's. Returns the first frame, or 0: no page for a table. */
uint64_t gfn_hole_alloc(size_t count);

/* Gives one frame of the hole back; nothing is mapped there any more. */
void gfn_hole_free(uint64_t gfn);

/* The address of a RAM page below 1 MiB that nothing occupies, for code that starts in real mode; 0
 * if there is none. Always the same page. */
uint64_t memory_low_page(void);

/* Called by start.c, in this order: the first says where the image lies, the second reads the
 * memory map. */
void memory_set_image(uint64_t image_paddr);
void memory_init(void);
