/* SPDX-License-Identifier: BSD-2-Clause */
/* Building boot_info's memory map, one range at a time. */
#include "boot/memmap.h"

#include "lib/errno.h"
#include "lib/string.h"

/* Which of two types a page of both has. The order of the enumeration is what matters except for
 * BOOT_MEM_BOOT, which is a part of free memory and gives way to everything else. */
static unsigned int priority(uint32_t type)
{
    switch (type) {
    case BOOT_MEM_FREE:
        return 0;
    case BOOT_MEM_BOOT:
        return 1;
    default:
        return type;
    }
}

static uint64_t end_of(const struct boot_mem *mem)
{
    return mem->base + mem->size;
}

/* Puts a range in at `index` and moves the others up. */
static int insert(struct boot_info *info, uint32_t index, uint64_t base, uint64_t end,
                  enum boot_mem_type type)
{
    if (info->mem_count >= BOOT_MEM_MAX) {
        return -ENOSPC;
    }
    memmove(&info->mem[index + 1], &info->mem[index],
            (info->mem_count - index) * sizeof(info->mem[0]));
    info->mem[index] = (struct boot_mem){.base = base, .size = end - base, .type = type};
    info->mem_count++;
    return 0;
}

/* Cuts the range at `index` in two at `address`, which lies within it or at one of its ends. */
static int split(struct boot_info *info, uint32_t index, uint64_t address)
{
    struct boot_mem *mem = &info->mem[index];
    uint64_t end = end_of(mem);

    if (address == mem->base || address == end) {
        return 0;
    }
    mem->size = address - mem->base;
    return insert(info, index + 1, address, end, mem->type);
}

static void merge_neighbours(struct boot_info *info)
{
    uint32_t kept = 0;

    for (uint32_t i = 1; i < info->mem_count; i++) {
        struct boot_mem *last = &info->mem[kept];

        if (last->type == info->mem[i].type && end_of(last) == info->mem[i].base) {
            last->size += info->mem[i].size;
        } else {
            info->mem[++kept] = info->mem[i];
        }
    }
    if (info->mem_count != 0) {
        info->mem_count = kept + 1;
    }
}

/* Gives the part of the range at `index` that lies in base..end the type if it is stronger. */
static int overlay(struct boot_info *info, uint32_t index, uint64_t base, uint64_t end,
                   enum boot_mem_type type)
{
    int rc;

    if (priority(type) <= priority(info->mem[index].type)) {
        return 0;
    }
    if (end < end_of(&info->mem[index])) {
        rc = split(info, index, end);
        if (rc != 0) {
            return rc;
        }
    }
    if (base > info->mem[index].base) {
        rc = split(info, index, base);
        if (rc != 0) {
            return rc;
        }
        index++;
    }
    info->mem[index].type = type;
    return 0;
}

static int add_pages(struct boot_info *info, uint64_t base, uint64_t end, enum boot_mem_type type)
{
    uint64_t cursor = base;
    uint32_t i;
    int rc;

    for (i = 0; i < info->mem_count && cursor < end; i++) {
        uint64_t next = info->mem[i].base;

        if (end_of(&info->mem[i]) <= cursor) {
            continue;
        }
        if (next > cursor) {
            uint64_t gap_end = next < end ? next : end;

            rc = insert(info, i, cursor, gap_end, type);
            if (rc != 0) {
                return rc;
            }
            cursor = gap_end;
            continue;
        }
        next = end_of(&info->mem[i]);
        rc = overlay(info, i, cursor, end, type);
        if (rc != 0) {
            return rc;
        }
        cursor = next;
    }
    return cursor < end ? insert(info, i, cursor, end, type) : 0;
}

int memmap_add(struct boot_info *info, uint64_t base, uint64_t size, enum boot_mem_type type)
{
    const uint64_t mask = BOOT_PAGE_SIZE - 1;
    /* The last page of the address space is left out: its end has no 64-bit number. */
    const uint64_t last = ~mask;
    uint64_t end = size > last - (base < last ? base : last) ? last : base + size;
    int rc;

    if (base >= last || size == 0) {
        return 0;
    }
    if (type == BOOT_MEM_FREE) {
        base = (base + mask) & ~mask;
        end &= ~mask;
    } else {
        base &= ~mask;
        end = end > last - mask ? last : (end + mask) & ~mask;
    }
    if (base >= end) {
        return 0;
    }
    rc = add_pages(info, base, end, type);
    if (rc == 0) {
        merge_neighbours(info);
    }
    return rc;
}

uint64_t memmap_total(const struct boot_info *info, enum boot_mem_type type)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < info->mem_count; i++) {
        if (info->mem[i].type == type) {
            total += info->mem[i].size;
        }
    }
    return total;
}

uint64_t memmap_find_page_below(const struct boot_info *info, uint64_t limit)
{
    uint64_t found = 0;

    for (uint32_t i = 0; i < info->mem_count; i++) {
        const struct boot_mem *mem = &info->mem[i];
        uint64_t end = end_of(mem) < limit ? end_of(mem) : limit & ~(BOOT_PAGE_SIZE - 1);

        if (mem->type == BOOT_MEM_FREE && end >= BOOT_PAGE_SIZE &&
            end - BOOT_PAGE_SIZE >= mem->base && end - BOOT_PAGE_SIZE > found) {
            found = end - BOOT_PAGE_SIZE;
        }
    }
    return found;
}
