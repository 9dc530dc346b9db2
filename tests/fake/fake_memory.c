/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine memory of the fake architecture: RAM, its maps, the host's generation. */
#define _GNU_SOURCE
#include "tests/fake/fake_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "arch/x86/host_pt.h"
#include "arch/x86/percpu.h"
#include "boot/boot_info.h"
#include "core/domain.h"
#include "core/frame_table.h"
#include "core/heap.h"
#include "lib/errno.h"
#include "pv-abi/domctl.h"
#include "tests/fake/fake_cpu.h"

#define RAM_SIZE    ((size_t)FAKE_CHUNKS << CHUNK_SHIFT)
#define EARLY_FIRST ((uint64_t)FAKE_IMAGE_CHUNK * CHUNK_FRAMES + 200) /* the image ends here */

uint64_t fake_frame_table, fake_chunk_table, fake_heap_map;
char *fake_areas;

static int ram_file;
static uint8_t *ram; /* all of it, for fake_frame() */
static char *windows;
static _Atomic uint64_t host_generation = 1;

void *fake_map(void *at, size_t size, uint64_t offset, int protection)
{
    void *result = mmap(at, size, protection, MAP_SHARED | (at != NULL ? MAP_FIXED : 0), ram_file,
                        (off_t)offset);

    assert_true(result != MAP_FAILED);
    return result;
}

static void *reserve(size_t size, int protection)
{
    void *result = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_true(result != MAP_FAILED);
    return result;
}

uint8_t *fake_frame(mfn_t mfn)
{
    return ram + paddr_of(mfn).v;
}

void fake_frame_refs(mfn_t mfn, uint32_t *refs, uint32_t *writable)
{
    uint64_t entry = atomic_load(frame_entry(mfn));
    bool is_large = chunk_of(mfn)->state == CHUNK_LARGE;

    *refs = is_large ? 1 : (uint32_t)(entry & FRAME_REF_MASK);
    *writable = is_large ? 0 : (uint32_t)((entry & FRAME_COUNTS_MASK) / FRAME_WRITE_REF);
}

static uint32_t fail_after;

void frame_fail_after(uint32_t n)
{
    fail_after = n;
}

bool frame_should_fail(void)
{
    return fail_after != 0 && fail_after-- == 1;
}

/* ---- the window ---- */

char *window_at(enum window_use use)
{
    return windows + (this_cpu()->id * WINDOW_USES + use) * (size_t)PAGE_SIZE;
}

void *window_map(enum window_use use, mfn_t mfn)
{
    struct window *w = this_cpu()->window;

    assert_true(mfn.v < FAKE_CHUNKS * CHUNK_FRAMES);
    if ((w->used >> use & 1) == 0 || !mfn_equal(w->tag[use], mfn)) {
        fake_map(window_at(use), PAGE_SIZE, paddr_of(mfn).v, PROT_READ | PROT_WRITE);
        w->tag[use] = mfn;
        w->used |= 1u << use;
        pins_forget(w, use);
    }
    return window_at(use);
}

void window_unmap(enum window_use use)
{
    window_unmap_slots(1u << use);
}

void window_unmap_slots(uint32_t mask)
{
    struct window *w = this_cpu()->window;

    w->stale &= ~mask;
    mask &= w->used;
    w->used &= ~mask;
    for (; mask != 0; mask &= mask - 1) {
        unsigned slot = (unsigned)__builtin_ctz(mask);

        mprotect(window_at(slot), PAGE_SIZE, PROT_NONE);
        w->tag[slot] = MFN_NONE;
        pins_forget(w, slot);
    }
}

/* A slot of another CPU is elsewhere, unlike the machine's: pins point to it. */
void window_switch(struct window *w)
{
    for (unsigned slot = 0; slot < WINDOW_USES; slot++)
        mprotect(window_at(slot), PAGE_SIZE, PROT_NONE);
    this_cpu()->window = w;
    pins_forget(w, WINDOW_WALK0);
    for (unsigned slot = 0; slot < WINDOW_USES; slot++)
        if ((w->used >> slot & 1) != 0)
            fake_map(window_at(slot), PAGE_SIZE, paddr_of(w->tag[slot]).v, PROT_READ | PROT_WRITE);
}

/* ---- the host's tables ---- */

/* The frame and chunk tables are there already. */
void host_map_ram(const void *address, paddr_t page, UNUSED unsigned level)
{
    if ((uint64_t)address == fake_heap_map + page.v)
        fake_map((char *)fake_heap_map + page.v, CHUNK_SIZE, page.v, PROT_READ | PROT_WRITE);
}

uint64_t host_unmap_chunk(paddr_t chunk)
{
    mprotect((char *)fake_heap_map + chunk.v, CHUNK_SIZE, PROT_NONE);
    return host_generation_raise();
}

uint64_t host_generation_raise(void)
{
    return atomic_fetch_add(&host_generation, 1) + 1;
}

bool host_flush_done(uint64_t generation)
{
    for (uint32_t i = 0; i < cpu_count; i++)
        if (atomic_load(&cpus[i].host_gen) < generation)
            return false;
    return true;
}

void fake_host_flush_all(void)
{
    for (uint32_t i = 0; i < cpu_count; i++)
        atomic_store(&cpus[i].host_gen, atomic_load(&host_generation));
}

void fake_host_flush(void)
{
    atomic_store(&this_cpu()->cpu->host_gen, atomic_load(&host_generation));
}

void host_early_end(void)
{
    uint64_t count = (FAKE_IMAGE_CHUNK + 1) * (uint64_t)CHUNK_FRAMES - EARLY_FIRST;
    mfn_t first = {EARLY_FIRST};

    fake_map((char *)fake_heap_map + paddr_of(first).v, count << PAGE_SHIFT, paddr_of(first).v,
             PROT_READ | PROT_WRITE);
    heap_boot(first, count);
}

/* ---- setting up ---- */

static void add_range(struct boot_info *bi, uint64_t first, uint64_t end, uint32_t type)
{
    bi->mem[bi->mem_count++] =
        (struct boot_mem){first << PAGE_SHIFT, (end - first) << PAGE_SHIFT, type, 0};
}

int fake_memory_setup(UNUSED void **state)
{
    static struct boot_info bi;
    uint64_t image = FAKE_IMAGE_CHUNK * (uint64_t)CHUNK_FRAMES;

    fake_cpus_init(4, 1);
    ram_file = memfd_create("ram", 0);
    assert_true(ram_file >= 0 && ftruncate(ram_file, (off_t)RAM_SIZE) == 0);
    ram = fake_map(NULL, RAM_SIZE, 0, PROT_READ | PROT_WRITE);
    /* Nothing of what is found in memory may be relied on. */
    memset(ram, 0xa5, RAM_SIZE);
    fake_heap_map = (uint64_t)reserve(RAM_SIZE, PROT_NONE);
    windows = reserve(CPU_MAX * WINDOW_USES * (size_t)PAGE_SIZE, PROT_NONE);
    fake_areas = reserve(FAKE_AREA_SLOTS * (size_t)PAGE_SIZE, PROT_NONE);
    fake_frame_table = (uint64_t)reserve(HOST_MFN_MAX * 8, PROT_READ | PROT_WRITE);
    fake_chunk_table = (uint64_t)reserve(HOST_MFN_MAX / CHUNK_FRAMES * sizeof(struct chunk),
                                         PROT_READ | PROT_WRITE);

    add_range(&bi, 0, FAKE_DEVICE_MFN, BOOT_MEM_FREE);
    add_range(&bi, 0x100, image, BOOT_MEM_FREE);
    add_range(&bi, image, image + CHUNK_FRAMES, BOOT_MEM_IMAGE);
    add_range(&bi, image + CHUNK_FRAMES, FAKE_CHUNKS * CHUNK_FRAMES, BOOT_MEM_FREE);
    bi.image_paddr = image << PAGE_SHIFT;
    bi.image_size = CHUNK_SIZE;
    frame_boot(&bi);
    sched_init();
    fake_idle();
    return 0;
}

void fake_idle(void)
{
    do
        fake_host_flush_all();
    while (frame_scrub_step());
}

struct domain *fake_domain_create(uint64_t pages, uint64_t hyp_pages)
{
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = FAKE_VCPUS,
        .max_evtchn_port = 1023,
        .max_grant_frames = 4,
        .max_maptrack_frames = 4,
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
    uint16_t domid = 0;
    struct domain *d;

    if (domain_create(&domid, &config, &d) != 0)
        return NULL;
    d->max_pages = pages;
    d->hyp_limit = hyp_pages;
    if (domain_set_max_vcpus(d, FAKE_VCPUS) != 0) {
        fake_domain_destroy(d);
        return NULL;
    }
    return d;
}

void fake_domain_destroy(struct domain *d)
{
    while (domain_destroy_step(d) != 0)
        fake_host_flush_all();
}
