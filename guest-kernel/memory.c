/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns which pages of RAM are free: a bitmap over the addresses from the lowest to the highest RAM
 * above 1 MiB, a set bit for each page that is not free. First fit, from the lowest address.
 */
#include "guest-kernel/memory.h"

#include <stdbool.h>

#include "guest-kernel/guest.h"
#include "guest-kernel/pagetable.h"
#include "guest-kernel/traps.h"
#include "lib/insn.h"
#include "lib/string.h"

#define LOW_MEMORY_END  0x100000u
#define FOUR_GIB        0x100000000ull
#define WORD_BITS       64u
#define FREE_PIECE_SIZE 0x200000ull

extern const uint8_t image_start[], image_end[], boot_stack_guard[];

static uint64_t image_address;

static uint64_t *used;      /* The bitmap, */
static size_t page_count;   /* its size in bits, */
static uint64_t first_gfn;  /* and the frame of bit 0. */
static size_t search_start; /* No free page is below this bit. */
static size_t managed, vacant;

struct span {
    uint64_t start;
    uint64_t end;
};

uint64_t virt_to_phys(const void *object)
{
    uint64_t vaddr = (uintptr_t)object;

    return vaddr >= IMAGE_VADDR ? vaddr - IMAGE_VADDR + image_address : vaddr - DIRECT_MAP;
}

void memory_set_image(uint64_t image_paddr)
{
    image_address = image_paddr;
}

size_t pages_total(void)
{
    return managed;
}

size_t pages_free_count(void)
{
    return vacant;
}

static bool is_used(size_t page)
{
    return (used[page / WORD_BITS] >> page % WORD_BITS & 1) != 0;
}

static void set_used(size_t page, size_t count)
{
    for (size_t end = page + count; page < end; page++)
        used[page / WORD_BITS] |= 1ull << page % WORD_BITS;
}

static void set_free(size_t page, size_t count)
{
    if (page < search_start)
        search_start = page;
    for (size_t end = page + count; page < end; page++)
        used[page / WORD_BITS] &= ~(1ull << page % WORD_BITS);
}

/* The first page at or after `page` that is free, or page_count. */
static size_t next_free(size_t page)
{
    while (page < page_count) {
        if (used[page / WORD_BITS] == ~0ull)
            page = (page / WORD_BITS + 1) * WORD_BITS;
        else if (is_used(page))
            page++;
        else
            return page;
    }
    return page_count;
}

/* How many pages from `page` on are free, `count` at most. */
static size_t free_run(size_t page, size_t count)
{
    size_t run = 0;

    while (run < count && page + run < page_count && !is_used(page + run))
        run++;
    return run;
}

void *pages_alloc(size_t count, size_t align)
{
    bool irqs = irq_save();
    size_t page = next_free(search_start);
    void *result = NULL;

    if (count == 1 && align == 1)
        search_start = page;
    while (page < page_count) {
        size_t aligned = ((first_gfn + page + align - 1) & ~(align - 1)) - first_gfn;
        size_t run = free_run(aligned, count);

        if (run == count) {
            set_used(aligned, count);
            vacant -= count;
            result = phys_to_virt((first_gfn + aligned) << PAGE_SHIFT);
            break;
        }
        page = next_free(aligned + run);
    }
    irq_restore(irqs);
    return result;
}

void *page_alloc(void)
{
    void *page = pages_alloc(1, 1);

    if (page)
        memset(page, 0, PAGE_SIZE);
    return page;
}

void pages_free(void *pages, size_t count)
{
    bool irqs = irq_save();
    size_t page = virt_to_gfn(pages) - first_gfn;

    for (size_t i = 0; i < count; i++) {
        if (page + i >= page_count || !is_used(page + i))
            guest_panic("page %p freed twice or never allocated", pages);
    }
    set_free(page, count);
    vacant += count;
    irq_restore(irqs);
}

void page_free(void *page)
{
    pages_free(page, 1);
}

void pages_add(uint64_t paddr, size_t count)
{
    managed += count;
    pages_free(phys_to_virt(paddr), count);
}

static uint64_t string_size(uint64_t paddr)
{
    return paddr ? strlen(phys_to_virt(paddr)) + 1 : 0;
}

/* The end of `span`, in whole pages, if it has anything in common with `at`, or else 0. */
static uint64_t overlap_end(struct span at, uint64_t start, uint64_t size)
{
    uint64_t end = (start + size + PAGE_SIZE - 1) & PAGE_MASK;

    start &= PAGE_MASK;
    return size != 0 && start < at.end && at.start < end ? end : 0;
}

/* The end of something that the builder put at `at`, or 0: the image, the start info and what it
 * points to. */
static uint64_t builder_end(struct span at)
{
    const struct hvm_start_info *info = guest_start_info();
    const struct hvm_modlist_entry *modules = phys_to_virt(info->modlist_paddr);
    uint64_t end = overlap_end(at, image_address, (uint64_t)(image_end - image_start));

    if (!end)
        end = overlap_end(at, virt_to_phys(info), sizeof(*info));
    if (!end)
        end = overlap_end(at, info->cmdline_paddr, string_size(info->cmdline_paddr));
    if (!end)
        end = overlap_end(at, info->modlist_paddr, info->nr_modules * sizeof(*modules));
    if (!end)
        end = overlap_end(at, info->memmap_paddr,
                          info->memmap_entries * sizeof(struct hvm_memmap_table_entry));
    for (uint32_t i = 0; i < info->nr_modules && !end; i++) {
        uint64_t line = modules[i].cmdline_paddr;

        end = overlap_end(at, modules[i].paddr, modules[i].size);
        if (!end)
            end = overlap_end(at, line, string_size(line));
    }
    return end;
}

/* RAM range `index` of the memory map in whole pages above 1 MiB; empty where it is no such RAM. */
static struct span ram_span(uint32_t index)
{
    const struct hvm_start_info *info = guest_start_info();
    const struct hvm_memmap_table_entry *map = phys_to_virt(info->memmap_paddr);
    struct span span = {0, 0};

    if (map[index].type != XEN_HVM_MEMMAP_TYPE_RAM)
        return span;
    span.start = (map[index].addr + PAGE_SIZE - 1) & PAGE_MASK;
    span.end = (map[index].addr + map[index].size) & PAGE_MASK;
    if (span.start < LOW_MEMORY_END)
        span.start = LOW_MEMORY_END;
    if (span.end < span.start)
        span.end = span.start;
    return span;
}

uint64_t memory_low_page(void)
{
    const struct hvm_start_info *info = guest_start_info();
    const struct hvm_memmap_table_entry *map = phys_to_virt(info->memmap_paddr);

    for (uint32_t i = 0; i < info->memmap_entries; i++) {
        uint64_t end = map[i].addr + map[i].size;

        if (map[i].type != XEN_HVM_MEMMAP_TYPE_RAM || map[i].addr >= LOW_MEMORY_END)
            continue;
        end = end < LOW_MEMORY_END ? end : LOW_MEMORY_END;
        for (uint64_t at = map[i].addr ? map[i].addr : PAGE_SIZE; at + PAGE_SIZE <= end;
             at += PAGE_SIZE) {
            if ((at & ~PAGE_MASK) == 0 && !builder_end((struct span){at, at + PAGE_SIZE}))
                return at;
        }
    }
    return 0;
}

/* Finds room for the bitmap in RAM below 4 GiB. */
static void place_bitmap(size_t size)
{
    uint32_t entries = guest_start_info()->memmap_entries;

    for (uint32_t i = 0; i < entries; i++) {
        struct span ram = ram_span(i);

        while (ram.start < ram.end && ram.end - ram.start >= size && ram.start + size <= FOUR_GIB) {
            uint64_t end = builder_end((struct span){ram.start, ram.start + size});

            if (!end) {
                used = phys_to_virt(ram.start);
                return;
            }
            ram.start = end;
        }
    }
    guest_panic("no room for the page bitmap of %zu bytes", size);
}

/* Frees every page of the RAM between `start` and `end` that nothing occupies; asks for large
 * pieces before it asks for pages. */
static void free_span(uint64_t start, uint64_t end)
{
    uint64_t bitmap = virt_to_phys(used);
    uint64_t piece = FREE_PIECE_SIZE;

    for (uint64_t at = start; at < end; at += piece) {
        piece = (at & (FREE_PIECE_SIZE - 1)) == 0 && end - at >= FREE_PIECE_SIZE ? FREE_PIECE_SIZE
                                                                                 : PAGE_SIZE;
        struct span span = {at, at + piece};
        bool is_occupied = builder_end(span) || overlap_end(span, bitmap, page_count / 8);

        if (is_occupied && piece != PAGE_SIZE) {
            piece = PAGE_SIZE;
            span.end = at + piece;
            is_occupied = builder_end(span) || overlap_end(span, bitmap, page_count / 8);
        }
        managed += piece / PAGE_SIZE;
        if (is_occupied)
            continue;
        set_free((at >> PAGE_SHIFT) - first_gfn, piece / PAGE_SIZE);
        vacant += piece / PAGE_SIZE;
    }
}

void memory_init(void)
{
    uint32_t entries = guest_start_info()->memmap_entries;
    uint64_t lowest = ~0ull, highest = 0;

    if (guest_start_info()->version < 1 || entries == 0)
        guest_panic("the start info has no memory map");
    unmap_page((uintptr_t)boot_stack_guard);
    for (uint32_t i = 0; i < entries; i++) {
        struct span ram = ram_span(i);

        if (ram.start < ram.end && ram.start < lowest)
            lowest = ram.start;
        if (ram.start < ram.end && ram.end > highest)
            highest = ram.end;
    }
    if (lowest >= highest)
        guest_panic("no RAM above 1 MiB");
    first_gfn = lowest >> PAGE_SHIFT;
    page_count = (highest - lowest) >> PAGE_SHIFT;
    page_count = (page_count + WORD_BITS - 1) / WORD_BITS * WORD_BITS;
    place_bitmap(page_count / 8);
    memset(used, 0xff, page_count / 8);
    search_start = page_count;

    /* RAM below 4 GiB is mapped; tables for the rest come out of it. */
    for (uint32_t i = 0; i < entries; i++) {
        struct span ram = ram_span(i);

        free_span(ram.start, ram.end < FOUR_GIB ? ram.end : FOUR_GIB);
    }
    for (uint32_t i = 0; i < entries; i++) {
        struct span ram = ram_span(i);

        if (ram.end <= FOUR_GIB)
            continue;
        ram.start = ram.start < FOUR_GIB ? FOUR_GIB : ram.start;
        if (direct_map_extend(ram.start, ram.end) != 0)
            guest_panic("no memory for the direct map");
        free_span(ram.start, ram.end);
    }
}
