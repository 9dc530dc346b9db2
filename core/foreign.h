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

/* Makes the queue if there is none; before the first foreign mapping. -ENOMEM. Needs D's lock. */
int foreign_init(struct domain *d) MUST_CHECK;
/* True when there is room for one more. Drops what may be dropped. Needs D's lock. */
bool foreign_can_put(struct domain *d) MUST_CHECK;
/* MFN has left D's p2m: its reference is dropped when D's present generation is flushed. There is
 * room (foreign_can_put() said so under the lock that is still held). */
void foreign_put(struct domain *d, mfn_t mfn, bool is_writable);
/* Drops what may be dropped. Takes D's lock; cheap when there is nothing. */
void foreign_poll(struct domain *d);
/* Drops everything: no CPU runs D any more. */
void foreign_destroy(struct domain *d);

#endif
