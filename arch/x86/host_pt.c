/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's own page tables: one shared upper half, whose top-level entries all exist from the
 * start so that the roots never diverge, and for each CPU a root with a private region. The shared
 * part changes at boot on the boot CPU, and later by host_map_chunk() (whose caller is alone in it)
 * and in the area region (host_area.c). No page is global: loading CR3 flushes everything.
 */
#include "arch/x86/host_pt.h"

#include "lib/insn.h"
#include "arch/x86/layout.h"
#include "arch/x86/percpu.h"
#include "boot/boot_info.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/string.h"

#define TABLE_ENTRY  UINT64_C(0x23) /* present, writable, accessed: APM Vol. 2 5.3.3 */
#define SHARED_FIRST 256u           /* top-level entries of the upper half */
#define PRIVATE_SLOT 511u           /* the top-level entry of PRIVATE_VA and IMAGE_VA */
#define PRIVATE_PDPT 511u           /* entries of its table */
#define IMAGE_PDPT   510u
#define PAGE_RO      UINT64_C(0x8000000000000061)
#define TABLE_REACH  (UINT64_C(1) << 30) /* what a table of 2 MiB pages maps */

/* arch/x86/atoll.lds */
extern char image_start[], text_end[], rodata_end[], image_end[];

bool lock_knows_cpu;

static int alloc_table(void *context, mfn_t *table);
/* Seen through the identity map until host_pt_boot() is done. */
struct pt host_pt = {.format = &pt_format_host, .alloc = alloc_table};

/* What is left of the image's chunk: the pages that tables take before there is a heap. */
static uint64_t early_first, early_next, early_end;
static uint64_t image_base;
static bool heap_is_up;
static uint64_t device_next = DEVICE_VA;
static paddr_t boot_root;
static _Atomic uint64_t generation = 1;

void *host_table(mfn_t table)
{
    return (void *)(paddr_of(table).v + host_pt.direct);
}

int host_table_alloc(mfn_t *table)
{
    void *page;

    if (!heap_is_up) {
        if (early_next == early_end)
            return -ENOMEM;
        *table = mfn_of((paddr_t){early_next});
        early_next += PAGE_SIZE;
        memset(host_table(*table), 0, PAGE_SIZE);
        return 0;
    }
    page = heap_alloc(NULL, 1);
    if (page == NULL)
        return -ENOMEM;
    *table = heap_mfn(page);
    return 0;
}

static int alloc_table(void *context, mfn_t *table)
{
    ASSERT(context == NULL);
    return host_table_alloc(table);
}

/* A table at boot, where there is no going on without. */
static mfn_t boot_table(void)
{
    mfn_t table;

    if (host_table_alloc(&table) != 0)
        panic("no room for page tables in the image's 2 MiB");
    return table;
}

static void map_page(uint64_t address, uint64_t paddr, unsigned level, unsigned rights)
{
    struct pt_leaf leaf = {.base = {paddr}, .level = level, .rights = rights};

    if (pt_prepare(&host_pt, address, level) != 0)
        panic("no memory for the host's page tables");
    pt_commit(&host_pt, address, &leaf);
}

/* Everything is readable through the frame and chunk tables: where there is no RAM they show zeroes
 * by tables that all holes share. TABLE becomes one whose every entry is ENTRY. */
static mfn_t filled_table(uint64_t entry)
{
    mfn_t table = boot_table();
    uint64_t *entries = host_table(table);

    for (unsigned i = 0; i < PT_ENTRIES; i++)
        entries[i] = entry;
    return table;
}

static uint64_t hole_entry[3]; /* for a page, a level-0 and a level-1 table of holes */

static void make_holes(void)
{
    uint64_t *top = host_table(host_pt.root);

    hole_entry[0] = paddr_of(boot_table()).v | PAGE_RO;
    hole_entry[1] = paddr_of(filled_table(hole_entry[0])).v | TABLE_ENTRY;
    hole_entry[2] = paddr_of(filled_table(hole_entry[1])).v | TABLE_ENTRY;
    top[pt_index(FRAME_TABLE_VA, 3)] = paddr_of(filled_table(hole_entry[2])).v | TABLE_ENTRY;
    top[pt_index(CHUNK_TABLE_VA, 3)] = paddr_of(filled_table(hole_entry[2])).v | TABLE_ENTRY;
}

void host_map_table(const void *address, paddr_t page, unsigned level)
{
    uint64_t at = (uint64_t)address;
    uint64_t *entries = host_table(host_pt.root);

    for (unsigned here = 3; here > level; here--) {
        uint64_t *entry = &entries[pt_index(at, here)];

        if (here < 3 && *entry == hole_entry[here])
            *entry = paddr_of(filled_table(hole_entry[here - 1])).v | TABLE_ENTRY;
        entries = host_table(mfn_of((paddr_t){*entry & ~(uint64_t)(PAGE_SIZE - 1)}));
    }
    entries[pt_index(at, level)] =
        page.v | HOST_PAGE_RW | (level == PT_LEVEL_4K ? 0 : UINT64_C(0x80));
    write_cr3(read_cr3());
}

static void map_image(const struct boot_info *bi)
{
    for (uint64_t va = IMAGE_VA; va < (uint64_t)image_end; va += PAGE_SIZE) {
        unsigned rights = PT_READ | PT_WRITE;

        if (va < (uint64_t)text_end)
            rights = PT_READ | PT_EXEC;
        else if (va < (uint64_t)rodata_end)
            rights = PT_READ;
        map_page(va, bi->image_paddr + (va - IMAGE_VA), PT_LEVEL_4K, rights);
    }
    /* Every early page, those that are tables by now included. */
    for (uint64_t paddr = early_first; paddr < early_end; paddr += PAGE_SIZE)
        map_page(HEAP_MAP_BASE + paddr, paddr, PT_LEVEL_4K, PT_READ | PT_WRITE);
}

/* Gives a table to every top-level entry that may ever be used, and all tables to the heap map, so
 * that mapping a chunk needs no memory. */
static void fill_top(const struct boot_info *bi)
{
    uint64_t *top = host_table(host_pt.root);
    uint64_t one[] = {AREA_VA, DEVICE_VA};

    for (unsigned i = 0; i < ARRAY_SIZE(one); i++)
        top[pt_index(one[i], 3)] = paddr_of(boot_table()).v | TABLE_ENTRY;
    for (unsigned i = 0; i < bi->mem_count; i++) {
        const struct boot_mem *mem = &bi->mem[i];

        if (mem->type == BOOT_MEM_RESERVED || mem->size == 0)
            continue;
        for (uint64_t at = mem->base & ~(TABLE_REACH - 1);
             at < mem->base + mem->size && at < HOST_MFN_MAX << PAGE_SHIFT; at += TABLE_REACH) {
            int error = pt_prepare(&host_pt, HEAP_MAP_BASE + at, PT_LEVEL_2M);

            if (error != 0 && error != -EEXIST) /* the image's small pages are there */
                panic("no room for page tables in the image's 2 MiB");
        }
    }
}

void host_pt_boot(const struct boot_info *bi)
{
    uint64_t used = ((uint64_t)image_end - IMAGE_VA + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);

    image_base = bi->image_paddr;
    early_first = early_next = bi->image_paddr + used;
    early_end = bi->image_paddr + bi->image_size;
    host_pt.root = boot_table();
    map_image(bi);
    fill_top(bi);
    make_holes();
    if (host_pt_cpu(0, &boot_root) != 0)
        panic("no room for the boot CPU's tables in the image's 2 MiB");
    host_pt.direct = HEAP_MAP_BASE;
    write_cr3(boot_root.v);
    lock_knows_cpu = true;
}

void host_early_end(mfn_t *first, uint64_t *count)
{
    *first = mfn_of((paddr_t){early_next});
    *count = (early_end - early_next) >> PAGE_SHIFT;
    early_next = early_end;
    heap_is_up = true;
}

paddr_t host_paddr(const void *address)
{
    uint64_t va = (uint64_t)address;

    return (paddr_t){va >= IMAGE_VA ? va - IMAGE_VA + image_base : va - HEAP_MAP_BASE};
}

/* The pages of a private region: offset and count. */
static const struct {
    unsigned offset, pages;
} private_pages[] = {
    {PRIVATE_PERCPU, sizeof(struct percpu) / PAGE_SIZE + 1},
    {PRIVATE_STACK, (PRIVATE_STACK_TOP - PRIVATE_STACK) / PAGE_SIZE},
    {PRIVATE_IST_DF, 1},
    {PRIVATE_IST_NMI, 1},
    {PRIVATE_IST_MC, 1},
};

static int fill_private(uint64_t *entries)
{
    for (unsigned i = 0; i < ARRAY_SIZE(private_pages); i++) {
        for (unsigned page = 0; page < private_pages[i].pages; page++) {
            mfn_t mfn;
            int error = host_table_alloc(&mfn);

            if (error != 0)
                return error;
            entries[(private_pages[i].offset >> PAGE_SHIFT) + page] =
                paddr_of(mfn).v | HOST_PAGE_RW;
        }
    }
    return 0;
}

int host_pt_cpu(uint32_t cpu, paddr_t *root)
{
    enum { ROOT, PDPT, PD, PT, TABLES };
    mfn_t table[TABLES];
    uint64_t *entries[TABLES];
    const uint64_t *shared = host_table(host_pt.root);
    const uint64_t *shared_pdpt;
    struct percpu *percpu;

    if (cpu == 0 && boot_root.v != 0) {
        *root = boot_root;
        return 0;
    }
    for (unsigned i = 0; i < TABLES; i++) {
        int error = host_table_alloc(&table[i]);

        if (error != 0)
            return error; /* a CPU that cannot start stops the machine: nothing to give back */
        entries[i] = host_table(table[i]);
    }
    if (fill_private(entries[PT]) != 0)
        return -ENOMEM;
    shared_pdpt = host_table(mfn_of((paddr_t){shared[PRIVATE_SLOT] & ~(uint64_t)(PAGE_SIZE - 1)}));
    entries[PT][PRIVATE_PT >> PAGE_SHIFT] = paddr_of(table[PT]).v | HOST_PAGE_RW;
    entries[PD][0] = paddr_of(table[PT]).v | TABLE_ENTRY;
    entries[PDPT][PRIVATE_PDPT] = paddr_of(table[PD]).v | TABLE_ENTRY;
    entries[PDPT][IMAGE_PDPT] = shared_pdpt[IMAGE_PDPT];
    memcpy(entries[ROOT], shared, PAGE_SIZE);
    entries[ROOT][PRIVATE_SLOT] = paddr_of(table[PDPT]).v | TABLE_ENTRY;

    percpu = host_table(mfn_of((paddr_t){entries[PT][0] & UINT64_C(0x000ffffffffff000)}));
    percpu->window = &this_cpu()->idle_window;
    percpu->id = cpu;
    percpu->cpu = &cpus[cpu];
    cpus[cpu].id = cpu;
    atomic_store(&cpus[cpu].host_gen, atomic_load(&generation));
    *root = paddr_of(table[ROOT]);
    return 0;
}

paddr_t host_startup_root(paddr_t page)
{
    mfn_t root = boot_table();
    struct pt startup = host_pt;
    struct pt_leaf leaf = {
        .base = page, .level = PT_LEVEL_4K, .rights = PT_READ | PT_WRITE | PT_EXEC};

    startup.root = root;
    memcpy(host_table(root), host_table(host_pt.root), PAGE_SIZE);
    if (paddr_of(root).v >> 32 != 0 || pt_prepare(&startup, page.v, PT_LEVEL_4K) != 0)
        panic("no memory below 4 GiB for the start-up tables");
    pt_commit(&startup, page.v, &leaf);
    return paddr_of(root);
}

static void *map_for_good(paddr_t paddr, size_t size, unsigned rights)
{
    uint64_t offset = paddr.v & (PAGE_SIZE - 1);
    uint64_t start = device_next;

    for (uint64_t at = paddr.v - offset; at < paddr.v + size; at += PAGE_SIZE) {
        map_page(device_next, at, PT_LEVEL_4K, rights);
        device_next += PAGE_SIZE;
    }
    return (void *)(start + offset);
}

void *host_map_device(paddr_t paddr, size_t size)
{
    return map_for_good(paddr, size, PT_READ | PT_WRITE | PT_UNCACHED);
}

const void *host_map_ram_ro(paddr_t paddr, size_t size)
{
    return map_for_good(paddr, size, PT_READ);
}

void *host_map_trampoline(paddr_t page)
{
    return map_for_good(page, PAGE_SIZE, PT_READ | PT_WRITE);
}

void host_map_chunk(paddr_t chunk)
{
    struct pt_leaf leaf = {.base = chunk, .level = PT_LEVEL_2M, .rights = PT_READ | PT_WRITE};

    pt_commit(&host_pt, HEAP_MAP_BASE + chunk.v, &leaf);
}

uint64_t host_unmap_chunk(paddr_t chunk)
{
    struct pt_leaf none = {.level = PT_LEVEL_2M};

    pt_commit(&host_pt, HEAP_MAP_BASE + chunk.v, &none);
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
