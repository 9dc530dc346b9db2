/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes to a domain's memory that hypercalls ask for: what is put at a guest frame, what happens
 * to what was there. The domain's lock makes check and commit one step; it is held by the caller
 * where said.
 */
#pragma once

#include "core/p2m.h"
#include "core/types.h"

struct domain;

/* Check: one frame may be put at GFN of D, in place of nothing, of a RAM frame (which D loses) or
 * of a shared page. -EINVAL: not a gfn; -EBUSY: something is mapped there that has to be unmapped
 * its own way; -ENOMEM; -ESRCH: D is dying. Needs D's lock. */
int physmap_prepare(struct domain *d, gfn_t gfn) MUST_CHECK;
/* Commit: puts MFN there, and lets go of what was there. Needs D's lock, held since
 * physmap_prepare(). */
void physmap_commit(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type);
/* Takes what is at GFN of D away: RAM goes back, a foreign frame is let go, a shared page is
 * unmapped. -ENOENT: nothing there; -EBUSY: a grant, or device memory. -ENOMEM: no memory to split
 * a larger page. -EAGAIN: too many foreign frames wait for the TLBs. Takes D's lock. */
int physmap_remove(struct domain *d, gfn_t gfn) MUST_CHECK;
/* Gives one extent of RAM, 2^ORDER frames, back (decrease_reservation). -EINVAL: it is not all RAM
 * of D; -ENOMEM. Takes D's lock. */
int physmap_release_ram(struct domain *d, gfn_t gfn, unsigned order) MUST_CHECK;
/* Puts new RAM, 2^ORDER frames, at GFN of D. -EINVAL, -EBUSY, -ENOMEM. Takes D's lock. */
int physmap_populate(struct domain *d, gfn_t gfn, unsigned order) MUST_CHECK;
/* Maps (or, without IS_ADD, unmaps) COUNT frames of device memory, from MFN on, at GFN of D: all or
 * nothing. -EINVAL: no such frames, or not what is mapped there; -EPERM: RAM, or registers that the
 * hypervisor keeps; -EBUSY: something else is there; -ENOMEM. Takes D's lock. */
int physmap_map_device(struct domain *d, gfn_t gfn, mfn_t mfn, uint32_t count,
                       bool is_add) MUST_CHECK;

/* XENMEM_add_to_physmap of one frame: which one, SPACE (XENMAPSPACE_* or the one below) and INDEX
 * say; OTHER is the other domain where they speak of one, NULL: none. Errors of physmap_prepare();
 * -EINVAL: no such thing; others of grant_frame(). Takes D's lock. */
int physmap_add(struct domain *d, unsigned space, uint64_t index, struct domain *other,
                gfn_t gfn) MUST_CHECK;
#define PHYSMAP_OTHERS_GRANTS UINT32_MAX /* frame INDEX of OTHER's grant table */
/* Lets go of foreign frames that no TLB holds any more. Takes D's lock. */
void physmap_poll(struct domain *d);
