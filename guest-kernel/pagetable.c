/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the page tables after entry.asm has built the first ones: the only code that writes an
 * entry. Tables are pages of the allocator and are never given back.
 */
#include "guest-kernel/pagetable.h"

#include <stdbool.h>
#include <stddef.h>

#include "guest-kernel/memory.h"
#include "lib/insn.h"
#include "pv-abi/errno.h"

/* Bits of an entry (APM Vol. 2, 5.4.1). */
#define PTE_LARGE   (1ull << 7)
#define PTE_ADDRESS 0x000ffffffffff000ull
/* Upper levels allow everything; the last one decides. User tables only in the lower half. */
#define PTE_TABLE (MAP_PRESENT | MAP_WRITE)

#define TABLE_ENTRIES    512
#define LEVEL_PAGE       1
#define LEVEL_LARGE      2
#define LEVEL_ROOT       4
#define LARGE_PAGE_SIZE  0x200000ull
#define LOWER_HALF_END   0x0000800000000000ull
#define DEVICE_WINDOW    0xffffc00000000000ull
#define HIGHEST_HOLE_BIT 45
#define KERNEL_ROOT_PAGE 1
#define SPARES_MAX       256

/* entry.asm lays these pages out. */
extern uint64_t boot_tables[][TABLE_ENTRIES];
extern const uint8_t image_start[], image_end[];

static uint64_t device_next = DEVICE_WINDOW;
static uint64_t hole_next, hole_mapped;
/* Frames of the hole that were given back; what does not fit is not used again. */
static uint64_t spares[SPARES_MAX];
static unsigned int spare_count;

uint64_t pagetable_start_root(void)
{
    return virt_to_phys(boot_tables[0]);
}

uint64_t pagetable_root(void)
{
    return virt_to_phys(boot_tables[KERNEL_ROOT_PAGE]);
}

/* The entry for `vaddr` at `level`; missing tables are made if `table_bits` is not 0. NULL: there
 * is no table, or no memory for one. */
static uint64_t *entry_for(uint64_t vaddr, unsigned int level, uint64_t table_bits)
{
    uint64_t *table = boot_tables[KERNEL_ROOT_PAGE];

    for (unsigned int at = LEVEL_ROOT;; at--) {
        uint64_t *entry = &table[vaddr >> (PAGE_SHIFT + 9 * (at - 1)) & (TABLE_ENTRIES - 1)];

        if (at == level)
            return entry;
        if (!(*entry & MAP_PRESENT)) {
            void *page = table_bits ? page_alloc() : NULL;

            if (!page)
                return NULL;
            *entry = virt_to_phys(page) | table_bits;
        }
        table = phys_to_virt(*entry & PTE_ADDRESS);
    }
}

int map_page(uint64_t vaddr, uint64_t paddr, uint64_t flags)
{
    if (vaddr >= LOWER_HALF_END || ((vaddr | paddr) & ~PAGE_MASK) != 0)
        return -XEN_EINVAL;
    uint64_t *entry = entry_for(vaddr, LEVEL_PAGE, PTE_TABLE | MAP_USER);
    if (!entry)
        return -XEN_ENOMEM;
    *entry = paddr | flags;
    invlpg(vaddr);
    return 0;
}

void unmap_page(uint64_t vaddr)
{
    uint64_t *entry = entry_for(vaddr, LEVEL_PAGE, 0);

    if (entry)
        *entry = 0;
    invlpg(vaddr);
}

int direct_map_extend(uint64_t start, uint64_t end)
{
    for (start &= ~(LARGE_PAGE_SIZE - 1); start < end; start += LARGE_PAGE_SIZE) {
        uint64_t *entry = entry_for(DIRECT_MAP + start, LEVEL_LARGE, PTE_TABLE);

        if (!entry)
            return -XEN_ENOMEM;
        *entry = start | MAP_PRESENT | MAP_WRITE | PTE_LARGE | MAP_NX;
    }
    return 0;
}

int pagetable_map_image_large(void)
{
    uint64_t paddr = virt_to_phys(image_start);
    uint64_t size = (uint64_t)(image_end - image_start);

    if ((paddr & (LARGE_PAGE_SIZE - 1)) != 0)
        return -XEN_EINVAL;
    for (uint64_t at = 0; at < size; at += LARGE_PAGE_SIZE) {
        uint64_t *entry = entry_for(IMAGE_VADDR + at, LEVEL_LARGE, 0);

        *entry = (paddr + at) | MAP_PRESENT | MAP_WRITE | PTE_LARGE;
    }
    write_cr3(read_cr3());
    return 0;
}

void *map_device(uint64_t paddr, size_t size)
{
    uint64_t first = paddr & PAGE_MASK;
    uint64_t start = device_next;

    for (uint64_t at = first; at < paddr + size; at += PAGE_SIZE) {
        uint64_t *entry = entry_for(device_next, LEVEL_PAGE, PTE_TABLE);

        if (!entry)
            return NULL;
        *entry = at | MAP_PRESENT | MAP_WRITE | MAP_UNCACHED | MAP_NX;
        device_next += PAGE_SIZE;
    }
    return (void *)(uintptr_t)(start + (paddr - first));
}

/* The hole begins in the middle of the physical address space that CPUID 0x80000008 gives: above
 * RAM, and far from where firmware puts devices. */
static uint64_t hole_start(void)
{
    uint32_t bits = cpuid(0x80000008, 0).eax & 0xff;

    return 1ull << (bits - 1 < HIGHEST_HOLE_BIT ? bits - 1 : HIGHEST_HOLE_BIT);
}

uint64_t gfn_hole_alloc(size_t count)
{
    if (count == 1 && spare_count != 0)
        return spares[--spare_count];
    if (!hole_next)
        hole_next = hole_mapped = hole_start();
    uint64_t start = hole_next;
    uint64_t end = start + count * PAGE_SIZE;

    if (end > hole_mapped) {
        if (direct_map_extend(hole_mapped, end) != 0)
            return 0;
        hole_mapped = (end + LARGE_PAGE_SIZE - 1) & ~(LARGE_PAGE_SIZE - 1);
    }
    hole_next = end;
    return start >> PAGE_SHIFT;
}

void gfn_hole_free(uint64_t gfn)
{
    if (spare_count < SPARES_MAX)
        spares[spare_count++] = gfn;
}
