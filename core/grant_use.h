/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses of granted frames: by mappings that last and by copies that do not. Statuses are GNTST_*. */
#ifndef ATOLL_CORE_GRANT_USE_H
#define ATOLL_CORE_GRANT_USE_H

#include "core/types.h"

struct domain;

/* Takes into use the entry REF of GRANTER for domain USER: marks it read or written for the granter
 * to see, counts it, takes a reference on the frame. Takes the granter's lock. */
int16_t grant_use_begin(struct domain *granter, uint32_t ref, uint16_t user, bool is_write,
                        mfn_t *mfn) MUST_CHECK;
/* Ends that use; the reference on MFN is dropped. GRANTER may have lost its table. */
void grant_use_end(struct domain *granter, uint32_t ref, bool is_write, mfn_t mfn);
/* Drops every mapping that D holds. No vCPU of D runs and its p2m is gone. */
void grant_drop_maps(struct domain *d);

#endif
