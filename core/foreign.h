/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * References on other domains' frames that a domain mapped (XENMAPSPACE_gmfn_foreign) and has
 * unmapped: each is dropped once no CPU can hold the translation (design decision 16). A page of
 * the domain's, under its lock.
 */
#ifndef ATOLL_CORE_FOREIGN_H
#define ATOLL_CORE_FOREIGN_H

#include "core/types.h"

struct domain;
struct foreign_queue;

/* A frame of another domain's grant table, mapped by XENMEM_acquire_resource. In struct domain. */
struct foreign_resource {
    gfn_t gfn;
    struct domain *owner; /* a reference of ours; NULL: free */
};
#define FOREIGN_RESOURCES 16u

/* Makes the queue if there is none; before the first foreign mapping. -ENOMEM. Needs D's lock. */
int foreign_init(struct domain *d) MUST_CHECK;
/* True when there is room for one more. Drops what may be dropped. Needs D's lock. */
bool foreign_can_put(struct domain *d) MUST_CHECK;
/* MFN has left D's p2m: its reference is dropped when D's present generation is flushed. There is
 * room (foreign_can_put() said so under the lock that is still held). */
void foreign_put(struct domain *d, mfn_t mfn, bool is_writable);
/* Maps frame INDEX of OWNER's grant table at GFN of D. Errors of physmap_prepare() and
 * grant_resource_get(), -ENOSPC: too many such maps. Takes D's lock. */
int foreign_add_resource(struct domain *d, struct domain *owner, uint32_t index,
                         gfn_t gfn) MUST_CHECK;
/* The note of the one at GFN, NULL: none. Needs D's lock, as does letting go of it. */
struct domain **foreign_resource(struct domain *d, gfn_t gfn);
void foreign_put_resource(struct domain *d, struct domain **owner);
/* Drops what may be dropped. Takes D's lock; cheap when there is nothing. */
void foreign_poll(struct domain *d);
/* Drops everything: no CPU runs D any more. */
void foreign_destroy(struct domain *d);

#endif
