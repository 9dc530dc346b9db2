/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start of memory management, on the boot CPU alone: the frame and chunk tables are carved out
 * of the machine's free RAM, mapped and filled from boot_info's map. A large page of the frame
 * table describes exactly one GiB, a small one of the chunk table 128 chunks.
 */
#include "boot/boot_info.h"
#include "core/frame_table.h"
#include "core/log.h"

#define RANGES_MAX   (BOOT_MEM_MAX + 16)
#define GIB_CHUNKS   512u
#define TABLE_CHUNKS ((uint32_t)(PAGE_SIZE / sizeof(struct chunk))) /* in a page of the table */
#define BYTES_MAX    (HOST_MFN_MAX << PAGE_SHIFT)

static struct boot_mem ranges[RANGES_MAX];
static uint32_t range_count;
/* The chunk that 4 KiB table pages come from. */
static uint64_t small_next, small_end;

uint64_t frame_max_mfn;

static void add_range(uint64_t base, uint64_t size, uint32_t type)
{
    if (size == 0)
        return;
    if (range_count == RANGES_MAX)
        panic("the memory map is too fragmented");
    ranges[range_count++] = (struct boot_mem){base, size, type, 0};
}

static void copy_map(const struct boot_info *bi)
{
    for (uint32_t i = 0; i < bi->mem_count; i++) {
        const struct boot_mem *mem = &bi->mem[i];
        uint64_t base = mem->base, end = mem->base + mem->size;

        if (mem->type == BOOT_MEM_RESERVED || base >= BYTES_MAX)
            continue;
        /* Frame 0 stays unused: a stray null pointer of a device or a guest names it. */
        if (base == 0)
            base = PAGE_SIZE;
        if (end > BYTES_MAX)
            end = BYTES_MAX;
        if (base >= end)
            continue;
        add_range(base, end - base, mem->type == BOOT_MEM_BOOT ? BOOT_MEM_FREE : mem->type);
        if (end >> PAGE_SHIFT > frame_max_mfn)
            frame_max_mfn = end >> PAGE_SHIFT;
        chunk_totals.total += (end - base) >> PAGE_SHIFT;
    }
}

/* 2 MiB of free RAM for the tables, the highest there is, which is the least wanted. */
static uint64_t take_chunk(void)
{
    struct boot_mem *best = NULL;
    uint64_t best_base = 0, end;

    for (uint32_t i = 0; i < range_count; i++) {
        uint64_t top = (ranges[i].base + ranges[i].size) & ~(CHUNK_SIZE - 1);

        if (ranges[i].type == BOOT_MEM_FREE && top >= ranges[i].base + CHUNK_SIZE &&
            top - CHUNK_SIZE >= best_base) {
            best = &ranges[i];
            best_base = top - CHUNK_SIZE;
        }
    }
    if (best == NULL)
        panic("no memory for the frame table");
    end = best->base + best->size;
    best->size = best_base - best->base;
    add_range(best_base, CHUNK_SIZE, BOOT_MEM_IMAGE);
    add_range(best_base + CHUNK_SIZE, end - best_base - CHUNK_SIZE, BOOT_MEM_FREE);
    return best_base;
}

static void map_page(void *at)
{
    if (small_next == small_end) {
        small_next = take_chunk();
        small_end = small_next + CHUNK_SIZE;
    }
    host_map_ram(at, (paddr_t){small_next}, PT_LEVEL_4K);
    page_clear(at);
    small_next += PAGE_SIZE;
    chunk_totals.tables++;
}

static void map_large(char *at)
{
    host_map_ram(at, (paddr_t){take_chunk()}, PT_LEVEL_2M);
    for (uint64_t done = 0; done < CHUNK_SIZE; done += PAGE_SIZE)
        page_clear(at + done);
    chunk_totals.tables += CHUNK_FRAMES;
}

/* True if any RAM lies in FIRST .. FIRST + COUNT chunks. */
static bool has_ram(uint64_t first, uint64_t count)
{
    for (uint32_t i = 0; i < range_count; i++)
        if (ranges[i].base < (first + count) << CHUNK_SHIFT &&
            ranges[i].base + ranges[i].size > first << CHUNK_SHIFT)
            return true;
    return false;
}

static void map_tables(void)
{
    uint64_t end = (frame_max_mfn + CHUNK_FRAMES - 1) / CHUNK_FRAMES;

    for (uint64_t index = 0; index < end; index += TABLE_CHUNKS)
        if (has_ram(index, TABLE_CHUNKS))
            map_page(chunk_at((uint32_t)index));
    for (uint64_t index = 0; index < end; index += GIB_CHUNKS)
        if (has_ram(index, GIB_CHUNKS))
            map_large((char *)frame_entry(chunk_mfn((uint32_t)index)));
}

static void fill_frame(mfn_t mfn, uint32_t type)
{
    if (chunk_of(mfn)->state == CHUNK_NONE)
        chunk_close(chunk_index_of(mfn), CHUNK_SPLIT);
    if (type == BOOT_MEM_FREE)
        chunk_push_frame(mfn, false);
    else
        frame_write(mfn, frame_make(type == BOOT_MEM_MODULE ? FRAME_HELD : FRAME_HOST, 0, 0));
}

static void fill_range(const struct boot_mem *range)
{
    uint64_t end = (range->base + range->size) >> PAGE_SHIFT;

    for (uint64_t mfn = range->base >> PAGE_SHIFT; mfn < end;) {
        if (range->type == BOOT_MEM_FREE && mfn % CHUNK_FRAMES == 0 && end - mfn >= CHUNK_FRAMES) {
            chunk_free((uint32_t)(mfn / CHUNK_FRAMES));
            mfn += CHUNK_FRAMES;
        } else {
            fill_frame((mfn_t){mfn}, range->type);
            mfn++;
        }
    }
}

void frame_boot(const struct boot_info *bi)
{
    copy_map(bi);
    map_tables();
    for (uint32_t i = 0; i < range_count; i++)
        fill_range(&ranges[i]);
    /* What the last table chunk did not need. */
    for (; small_next < small_end; small_next += PAGE_SIZE)
        fill_frame(mfn_of((paddr_t){small_next}), BOOT_MEM_FREE);
    host_early_end();
    chunk_totals.tables += bi->image_size >> PAGE_SHIFT;
    log_line(LOG_NOTICE, "memory: %llu MiB, frame and chunk tables %llu KiB",
             (unsigned long long)(chunk_totals.total >> (20 - PAGE_SHIFT)),
             (unsigned long long)((chunk_totals.tables << PAGE_SHIFT) - bi->image_size) >> 10);
}

void frame_counts(struct frame_counts *counts)
{
    lock_take(&frame_lock);
    *counts = chunk_totals;
    counts->free_clean = chunk_free_frames[CHUNK_FREE][1] + chunk_free_frames[CHUNK_SPLIT][1];
    counts->free_dirty = chunk_free_frames[CHUNK_FREE][0] + chunk_free_frames[CHUNK_SPLIT][0];
    counts->heap_used =
        counts->heap - chunk_free_frames[CHUNK_HEAP][1] - chunk_free_frames[CHUNK_HEAP][0];
    lock_drop(&frame_lock);
}
