/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine memory of the fake architecture. The heap map, the window's slots and registered areas
 * are mappings of one memory file, so that an address that should not be mapped faults; every
 * guest's TLB keeps its entries until it is told to flush; stores to page tables are recorded.
 */
#pragma once

#include "core/types.h"

struct domain;
struct vcpu;

#define FAKE_CHUNKS 24u /* 48 MiB of RAM, but for a hole in chunk 0 */
/* Where the image lies, and the frame of device memory that is no RAM. */
#define FAKE_IMAGE_CHUNK 1u
#define FAKE_DEVICE_MFN  0xa0u
#define FAKE_KEPT_MFN    0xa8u /* of a device that the hypervisor keeps */

/* Brings memory up by frame_boot(), once for a program, with COUNT CPUs. A cmocka group setup. */
int fake_memory_setup(void **state);
#define FAKE_VCPUS 4u
/* A domain with FAKE_VCPUS vCPUs, with limits of PAGES and HYP_PAGES; undone by
 * fake_domain_destroy(), which runs all steps of destruction. */
struct domain *fake_domain_create(uint64_t pages, uint64_t hyp_pages);
void fake_domain_destroy(struct domain *d);
/* The bytes of a frame, whatever maps it. */
uint8_t *fake_frame(mfn_t mfn);
/* References on MFN, "allocated" included, and the writable ones among them. */
void fake_frame_refs(mfn_t mfn, uint32_t *refs, uint32_t *writable);
/* Maps SIZE bytes of RAM at OFFSET to the address AT (NULL: anywhere). */
void *fake_map(void *at, size_t size, uint64_t offset, int protection);
/* Where registered areas are seen. */
#define FAKE_AREA_SLOTS 64u
extern char *fake_areas;
/* Every CPU flushes its own TLB of the host's mappings. */
void fake_host_flush_all(void);
/* This one does. */
void fake_host_flush(void);
/* The Nth allocation of frames or heap pages from here on fails, once. 0: none. */
void frame_fail_after(uint32_t n);
/* Scrubs and gives back until there is nothing more to do. */
void fake_idle(void);

/* ---- guests ---- */

/* This CPU switches to V (NULL: none), as core/sched.c does it. */
void fake_load(struct vcpu *v);
/* The loaded vCPU enters and reads, or writes, a byte at GFN by this CPU's TLB, which keeps what
 * the nested tables said first. -EFAULT: a nested page fault. The frame found must still be the
 * domain's or wait in quarantine: the test fails if it is free or another's. */
int fake_guest_access(gfn_t gfn, bool is_write, uint8_t *value);
/* The same without p2m_enter(): the guest was in the middle of its time. */
int fake_guest_access_inside(gfn_t gfn, bool is_write, uint8_t *value);
/* V is loaded on this CPU: it gets another address space number if it was elsewhere before. */
void fake_tlb_load(struct vcpu *v);
/* What virt->flush() does. */
void fake_tlb_flush(struct vcpu *v);
/* While it is set, flushes are lost: to see that a test would notice. */
extern bool fake_tlb_ignores_flushes;
/* Accesses by a translation whose frame was not the domain's any more. */
extern _Atomic unsigned fake_tlb_violations;

/* ---- stores and loads that the hypervisor does with WRITE_ONCE and READ_ONCE ---- */

struct fake_store {
    volatile void *address;
    size_t size;
    uint64_t before;
};
#define FAKE_HISTORY_MAX 8192u
extern struct fake_store fake_history[FAKE_HISTORY_MAX];
extern unsigned fake_history_count;
extern bool fake_history_is_on;
/* Takes the newest store back. */
void fake_history_undo(void);
/* Called before each READ_ONCE, NULL: nothing. */
extern void (*fake_on_load)(const volatile void *address);
