/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames and chunks (design decision 4). Machine memory is managed in chunks of 2 MiB: a chunk is
 * free, hypervisor heap (mapped for good), one large guest page, or split into 512 frames with an
 * entry each. A frame has one owner, a type and counts. A frame is handed out again only when no
 * TLB can hold it (decision 16): what leaves a p2m goes through the domain's quarantine. Freed
 * frames are scrubbed before they are handed out.
 */
#pragma once

#include "core/types.h"

struct domain;

/* Inside struct domain, under the frame lock; all zero at first. Frames that left the p2m wait for
 * a generation that every CPU has reached: those in `closed` for theirs, while new ones gather in
 * `open`. */
struct frame_quarantine {
    struct frame_batch {
        uint64_t generation;
        uint64_t first; /* mfn + 1, of a frame or of a chunk's first; 0: none. Linked through the
                           frame entries. */
    } open, closed;
    struct domain *next; /* of the list of domains that have something here */
    bool is_listed;
    uint32_t destroy_cursor; /* of frame_destroy_step() */
};

/* Brings the chunk and frame tables up over the machine's RAM; once, after host_pt_boot(). BI has
 * been copied: what it lay in becomes free. Modules wait for frame_assign_boot(). */
struct boot_info;
void frame_boot(const struct boot_info *bi);
/* Gives D the COUNT frames of a boot module, charged to it. */
void frame_assign_boot(struct domain *d, mfn_t first, uint64_t count);

/* One frame or one chunk (2 MiB; order 0 or 9) of clean guest memory for D, charged to it
 * (tot_pages) against its max_pages. Each starts with the reference "allocated". -ENOMEM: none
 * left, over the limit, or D is dying. */
int frame_alloc(struct domain *d, unsigned order, mfn_t *mfn) MUST_CHECK;
/* CHUNKS chunks in a row below 4 GiB, as frame_alloc(). At boot, for a direct-mapped domain. */
int frame_alloc_contiguous(struct domain *d, uint64_t chunks, mfn_t *mfn) MUST_CHECK;
/* The owner lets go of a frame that no p2m holds any more: drops "allocated"; the frame is free
 * when the last reference is gone AND the quarantine has passed. order as at the allocation or
 * less. It is charged until the last reference is gone. */
void frame_release(struct domain *d, mfn_t mfn, unsigned order);
/* One clean unmapped frame for the hypervisor's private use (vCPU private page, VMCB, a CPU's own),
 * charged to D (hypervisor pages) if not NULL. free: no CPU maps it any more. */
int frame_alloc_private(struct domain *d, mfn_t *mfn) MUST_CHECK;
void frame_free_private(struct domain *d, mfn_t mfn);

/* Takes a reference on a frame of OWNER's RAM, and a writable one if is_write. -EINVAL: not such a
 * frame, or count at its limit. put drops it, once no TLB holds what the reference was for. */
int frame_get(mfn_t mfn, const struct domain *owner, bool is_write) MUST_CHECK;
void frame_put(mfn_t mfn, bool is_write);
/* Takes a writable reference on a page of the heap that the caller knows to be in use: it is free
 * when its user has given it back and the reference is put. */
void frame_hold(mfn_t mfn);
/* The domain that owns MFN (RAM), or NULL. It may die unless the caller knows otherwise. */
struct domain *frame_owner(mfn_t mfn);
/* True for RAM of any kind, the hypervisor's own included. */
bool frame_is_ram(mfn_t mfn);

/* Does at most one step (64 KiB) of scrubbing and looks at a quarantine; true if there is more to
 * scrub. Idle CPUs call it. */
bool frame_scrub_step(void);
/* One step of giving back all that a dying domain, whose p2m is gone, still owns. 1: call again,
 * 0: done, nothing refers to D any more. Frames that others hold stay until they let go. */
int frame_destroy_step(struct domain *d) MUST_CHECK;

/* Counts, in pages of 4 KiB. */
struct frame_counts {
    uint64_t total; /* RAM that the hypervisor manages */
    uint64_t free_clean, free_dirty;
    uint64_t quarantine;
    uint64_t heap; /* the hypervisor's own pages, free ones among them included */
    uint64_t heap_used;
    uint64_t tables; /* image, frame and chunk tables */
};
void frame_counts(struct frame_counts *counts);
/* One above the highest mfn of RAM. */
extern uint64_t frame_max_mfn;

/* Fault injection in unit tests: an allocation of frames or heap pages asks whether it is to fail.
 */
#ifdef ATOLL_HOST_TEST
bool frame_should_fail(void);
#else
static inline bool frame_should_fail(void)
{
    return false;
}
#endif
