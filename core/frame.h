/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames and chunks (design decision 4). Machine memory is managed in chunks of 2 MiB: a chunk is
 * free, hypervisor heap (mapped for good), one large guest page, or split into 512 frames with an
 * entry each. A frame has one owner, a type and counts. A frame is handed out again only when no
 * TLB can hold it (decision 16): what leaves a p2m goes through the domain's quarantine. Freed
 * frames are scrubbed before they are handed out.
 */
#ifndef ATOLL_CORE_FRAME_H
#define ATOLL_CORE_FRAME_H

#include "core/types.h"

struct domain;

/* Brings the chunk and frame tables up over the machine's RAM (called once, before anything else
 * here). add: a range of usable RAM, page aligned. reserve_for: frames in use from the start
 * (modules) that belong to OWNER's memory. */
struct boot_info;
void frame_boot(const struct boot_info *bi);

/* One frame / one chunk (2 MiB) / 512 chunks in a row (1 GiB) of clean guest memory for D, charged
 * to it (tot_pages) against its max_pages. Each starts with the reference "allocated". -ENOMEM:
 * none left, or over the limit. order: 0, 9 or 18. */
int frame_alloc(struct domain *d, unsigned order, mfn_t *mfn) MUST_CHECK;
/* The owner lets go of a frame that no p2m holds any more: drops "allocated"; the frame is free
 * when the last reference is gone AND the quarantine has passed. order as at the allocation or
 * less. */
void frame_release(struct domain *d, mfn_t mfn, unsigned order);
/* One clean unmapped frame for the hypervisor's private use (vCPU private page, VMCB), charged to D
 * (hypervisor pages). */
int frame_alloc_private(struct domain *d, mfn_t *mfn) MUST_CHECK;
void frame_free_private(struct domain *d, mfn_t mfn);

/* Takes a reference on a frame of OWNER's RAM, and a writable one if is_write. -EINVAL: not such a
 * frame, or count at its limit. put drops it. */
int frame_get(mfn_t mfn, const struct domain *owner, bool is_write) MUST_CHECK;
void frame_put(mfn_t mfn, bool is_write);
/* The domain that owns MFN (RAM), or NULL. */
struct domain *frame_owner(mfn_t mfn);
bool frame_is_ram(mfn_t mfn);

/* Scrubs at most one step (64 KiB) of dirty free memory; true if there is more to do. Idle CPUs
 * call it. */
bool frame_scrub_step(void);
/* Frees what D's quarantine holds and every CPU has passed. Cheap when there is nothing. */
void frame_quarantine_poll(struct domain *d);

/* Counts, in pages of 4 KiB. */
struct frame_counts {
    uint64_t total; /* RAM that the hypervisor manages */
    uint64_t free_clean, free_dirty;
    uint64_t heap; /* chunks that are heap */
    uint64_t heap_used;
    uint64_t quarantine;
};
void frame_counts(struct frame_counts *counts);
/* Bounds of machine memory: one above the highest mfn of RAM. */
uint64_t frame_max_mfn(void);

#endif
