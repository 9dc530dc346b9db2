/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's own page tables: one shared upper half, whose top-level entries all exist from the
 * start so that the roots never diverge, and for each CPU a root with a private region. The shared
 * part changes at boot on the boot CPU, and later by core/heap.c (which is alone in it)
 * and in the area region (host_area.c). No page is global: loading CR3 flushes everything.
 */
#include "arch/x86/host_pt.h"

#include "arch/x86/layout.h"
#include "arch/x86/percpu.h"
#include "boot/boot_info.h"
#include "core/frame.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/insn.h"
#include "lib/string.h"

#define TABLE_ENTRY       UINT64_C(0x23)               /* A W P: APM Vol. 2 5.3.3 */
#define PAGE_RO           UINT64_C(0x8000000000000061) /* NX D A P */
#define ENTRY_LARGE       UINT64_C(0x80)
#define ENTRY_ADDRESS     UINT64_C(0x000ffffffffff000)
#define PRIVATE_SLOT      511u /* the top-level entry of PRIVATE_VA and IMAGE_VA */
#define ADDRESS_BITS      ((UINT64_C(1) << 48) - 1) /* what the walker sees of an address */
#define FRAME_ENTRY_SHIFT 3u                        /* core/frame_table.h */
#define VISIT_STEP        512
#define TABLE_REACH       (UINT64_C(1) << 30) /* what a table of 2 MiB pages maps */

/* arch/x86/atoll.lds */
extern char text_end[], rodata_end[], image_end[];

static int alloc_table(void *context, mfn_t *table);
/* Seen through the identity map until host_pt_boot() is done. */
struct pt host_pt = {.format = &pt_format_host, .alloc = alloc_table};

/* What is left of the image's chunk: the pages that tables take before there is a heap, which is up
 * when early_end is 0. */
static uint64_t early_next, early_end;
static uint64_t image_base;
static uint64_t device_next = DEVICE_VA;
static _Atomic uint64_t generation = 1;

/* The table that ENTRY names. */
static uint64_t *table_of(uint64_t entry)
{
    return (uint64_t *)(host_pt.direct + (entry & ENTRY_ADDRESS));
}

static int alloc_table(UNUSED void *context, mfn_t *table)
{
    if (early_end == 0)
        return heap_alloc_table(NULL, table);
    if (early_next == early_end)
        return -ENOMEM;
    memset(table_of(early_next), 0, PAGE_SIZE);
    *table = mfn_of((paddr_t){early_next});
    early_next += PAGE_SIZE;
    return 0;
}

static void check(int error)
{
    if (error != 0)
        panic("no memory for the hypervisor's page tables (%d)", error);
}

/* An entry for a new table, empty or with the contents of another. */
static uint64_t new_table(void)
{
    mfn_t table;

    check(alloc_table(NULL, &table));
    return paddr_of(table).v | TABLE_ENTRY;
}

static uint64_t copy_table(uint64_t entry)
{
    uint64_t copy = new_table();

    memcpy(table_of(copy), table_of(entry), PAGE_SIZE);
    return copy;
}

static void map(struct pt *pt, uint64_t address, const struct pt_leaf *leaf)
{
    check(pt_prepare(pt, address, leaf->level));
    pt_commit(pt, address, leaf, PT_SOFTS_ANY);
}

void host_map_ram(const void *address, paddr_t page, unsigned level)
{
    map(&host_pt, (uint64_t)address, &(struct pt_leaf){page, level, PT_READ | PT_WRITE, 0});
}

static void map_image(void)
{
    for (uint64_t va = IMAGE_VA; va < (uint64_t)image_end; va += PAGE_SIZE) {
        struct pt_leaf leaf = {{image_base + va - IMAGE_VA}, PT_LEVEL_4K, PT_READ, 0};

        if (va < (uint64_t)text_end)
            leaf.rights |= PT_EXEC;
        else if (va >= (uint64_t)rodata_end)
            leaf.rights |= PT_WRITE;
        map(&host_pt, va, &leaf);
    }
    /* Every early page, those that are tables by now included. */
    for (uint64_t paddr = image_base + (uint64_t)image_end - IMAGE_VA; paddr < early_end;
         paddr += PAGE_SIZE)
        host_map_ram((void *)(HEAP_MAP_BASE + paddr), (paddr_t){paddr}, PT_LEVEL_4K);
}

/* Gives a table to every top-level entry that may ever be used, and all tables to the heap map, so
 * that mapping a chunk needs no memory. */
static void fill_top(const struct boot_info *bi)
{
    const uint64_t one[] = {AREA_VA, DEVICE_VA, FRAME_TABLE_VA, CHUNK_TABLE_VA};

    for (unsigned i = 0; i < ARRAY_SIZE(one); i++)
        check(pt_prepare(&host_pt, one[i], PT_LEVEL_1G));
    for (unsigned i = 0; i < bi->mem_count; i++) {
        const struct boot_mem *mem = &bi->mem[i];

        if (mem->type == BOOT_MEM_RESERVED || mem->size == 0)
            continue;
        for (uint64_t at = mem->base & ~(TABLE_REACH - 1);
             at < mem->base + mem->size && at < HOST_MFN_MAX << PAGE_SHIFT; at += TABLE_REACH) {
            int error = pt_prepare(&host_pt, HEAP_MAP_BASE + at, PT_LEVEL_2M);

            check(error == -EEXIST ? 0 : error); /* the image's small pages */
        }
    }
}

/* Everything is readable through the frame and chunk tables: where there is no RAM they show zeroes
 * by tables that all holes share. HOLE[n] goes into every free entry of tables of level n, from
 * the table TABLE of LEVEL downwards. */
static void fill_holes(uint64_t *table, unsigned level, const uint64_t *hole)
{
    for (unsigned i = 0; i < PT_ENTRIES; i++) {
        if (table[i] == 0)
            table[i] = hole[level];
        else if (level != 0 && (table[i] & ENTRY_LARGE) == 0 && table[i] != hole[level])
            fill_holes(table_of(table[i]), level - 1, hole);
    }
}

static void close_holes(void)
{
    const uint64_t *top = table_of(paddr_of(host_pt.root).v);
    uint64_t hole[3] = {(new_table() & ENTRY_ADDRESS) | PAGE_RO};

    for (unsigned level = 1; level < ARRAY_SIZE(hole); level++) {
        hole[level] = new_table();
        fill_holes(table_of(hole[level]), level - 1, hole);
    }
    fill_holes(table_of(top[pt_index(FRAME_TABLE_VA, 3)]), 2, hole);
    fill_holes(table_of(top[pt_index(CHUNK_TABLE_VA, 3)]), 2, hole);
}

void host_pt_boot(const struct boot_info *bi)
{
    paddr_t root;

    image_base = bi->image_paddr;
    early_next = image_base + (uint64_t)image_end - IMAGE_VA;
    early_end = image_base + bi->image_size;
    host_pt.root = mfn_of((paddr_t){new_table()});
    map_image();
    fill_top(bi);
    root = host_pt_cpu(0);
    host_pt.direct = HEAP_MAP_BASE;
    write_cr3(root.v);
}

void host_early_end(void)
{
    uint64_t end = early_end;

    close_holes();
    early_end = 0;
    heap_boot(mfn_of((paddr_t){early_next}), (end - early_next) >> PAGE_SHIFT);
}

/* A page that is mapped nowhere else: the boot CPU's, from before there are frames, leaves the heap
 * map. */
static paddr_t private_page(void)
{
    const struct pt_leaf none = {.rights = 0};
    mfn_t page;

    if (early_end == 0) {
        check(frame_alloc_private(NULL, &page));
    } else {
        check(alloc_table(NULL, &page));
        pt_commit(&host_pt, HEAP_MAP_BASE + paddr_of(page).v, &none, PT_SOFTS_ANY);
    }
    return paddr_of(page);
}

paddr_t host_pt_cpu(uint32_t cpu)
{
    static const struct {
        unsigned offset, pages;
    } parts[] = {
        {PRIVATE_PERCPU, (sizeof(struct percpu) + PAGE_SIZE - 1) / PAGE_SIZE},
        {PRIVATE_STACK, (PRIVATE_STACK_TOP - PRIVATE_STACK) / PAGE_SIZE},
        {PRIVATE_IST_DF, 1},
        {PRIVATE_IST_NMI, 1},
        {PRIVATE_IST_MC, 1},
        {PRIVATE_IDLE, 1},
    };
    struct pt mine = host_pt;
    uint64_t *top, *entries, directory;

    mine.root = mfn_of((paddr_t){copy_table(paddr_of(host_pt.root).v)});
    top = table_of(paddr_of(mine.root).v);
    top[PRIVATE_SLOT] = copy_table(top[PRIVATE_SLOT]);
    check(pt_prepare(&mine, PRIVATE_VA, PT_LEVEL_4K));
    entries = pt_slot(&mine, PRIVATE_VA);
    directory = table_of(top[PRIVATE_SLOT])[pt_index(PRIVATE_VA, 2)];
    entries[PRIVATE_DIRECTORY >> PAGE_SHIFT] = (directory & ENTRY_ADDRESS) | HOST_PAGE_RW;
    for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
        for (unsigned page = 0; page < parts[i].pages; page++)
            entries[(parts[i].offset >> PAGE_SHIFT) + page] = private_page().v | HOST_PAGE_RW;
    table_of(directory)[pt_index(LOADED_VA, 1)] = entries[PRIVATE_IDLE >> PAGE_SHIFT];
    entries[PRIVATE_PT >> PAGE_SHIFT] = ((uint64_t)entries - host_pt.direct) | HOST_PAGE_RW;
    cpus[cpu].id = cpu;
    atomic_store(&cpus[cpu].host_gen, atomic_load(&generation));
    return paddr_of(mine.root);
}

paddr_t host_startup_root(paddr_t page)
{
    struct pt startup = host_pt;
    const struct pt_leaf leaf = {page, PT_LEVEL_4K, PT_READ | PT_WRITE | PT_EXEC, 0};

    startup.root = mfn_of((paddr_t){copy_table(paddr_of(host_pt.root).v)});
    if (paddr_of(startup.root).v >> 32 != 0)
        panic("no memory below 4 GiB for the start-up tables");
    map(&startup, page.v, &leaf);
    return paddr_of(startup.root);
}

void *host_map(paddr_t paddr, size_t size, unsigned rights)
{
    uint64_t offset = paddr.v & (PAGE_SIZE - 1), start = device_next;

    for (uint64_t at = paddr.v - offset; at < paddr.v + size; at += PAGE_SIZE) {
        map(&host_pt, device_next, &(struct pt_leaf){{at}, PT_LEVEL_4K, rights, 0});
        device_next += PAGE_SIZE;
    }
    return (void *)(start + offset);
}

uint64_t host_unmap_chunk(paddr_t chunk)
{
    struct pt_leaf none = {.level = PT_LEVEL_2M};

    pt_commit(&host_pt, HEAP_MAP_BASE + chunk.v, &none, PT_SOFTS_ANY);
    return host_generation_raise();
}

void host_flush(void)
{
    uint64_t reached = atomic_load(&generation);

    write_cr3(read_cr3());
    atomic_store(&this_cpu()->cpu->host_gen, reached);
}

uint64_t host_generation_raise(void)
{
    uint64_t raised = atomic_fetch_add(&generation, 1) + 1;

    host_flush();
    for (uint32_t i = 0; i < cpu_count; i++)
        if (&cpus[i] != this_cpu()->cpu)
            cpu_kick(&cpus[i], CPU_PENDING_HOST);
    return raised;
}

bool host_flush_done(uint64_t wanted)
{
    for (uint32_t i = 0; i < cpu_count; i++)
        if (atomic_load(&cpus[i].host_gen) < wanted)
            return false;
    return true;
}

bool host_is_area(uint64_t address)
{
    return address - (AREA_VA & ADDRESS_BITS) < AREA_VA_SIZE;
}

void host_visit(void (*visit)(void *argument, uint64_t address, const struct pt_leaf *leaf),
                void *argument)
{
    /* Behind the entries of real frames, the frame and chunk tables show the holes' page. */
    const uint64_t ranges[][2] = {
        {HEAP_MAP_BASE, FRAME_TABLE_VA},
        {FRAME_TABLE_VA, FRAME_TABLE_VA + (frame_max_mfn << FRAME_ENTRY_SHIFT)},
        {AREA_VA, UINT64_MAX},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
        uint64_t cursor = ranges[i][0] & ADDRESS_BITS;

        while (cursor < (ranges[i][1] & ADDRESS_BITS) &&
               !pt_visit(&host_pt, &cursor, VISIT_STEP, visit, argument))
            ;
    }
}
