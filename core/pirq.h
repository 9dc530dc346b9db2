/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts as the control domain sees them (design decision 7; physdev.h). A pirq names
 * a mapped GSI of one domain; an event channel bound to it is raised with
 * evtchn_raise_pirq(). arch/x86/irq.c implements this.
 */
#ifndef ATOLL_CORE_PIRQ_H
#define ATOLL_CORE_PIRQ_H

#include "core/types.h"

struct domain;

#define PIRQ_ANY UINT32_MAX

/* Gives D a pirq for GSI: *PIRQ if free, or any for PIRQ_ANY; the same GSI again gives the same
 * pirq. -EINVAL: no such GSI; -EBUSY: the pirq is taken, or another domain has the GSI; -ENOSPC: no
 * pirq or vector left. */
int pirq_map_gsi(struct domain *d, uint32_t gsi, uint32_t *pirq) MUST_CHECK;
/* An event channel is bound to PIRQ of D: unmasks the source. -EINVAL: not mapped; -EEXIST: bound.
 * Called with D's evtchn lock held. unbind masks it again. */
int pirq_bind(struct domain *d, uint32_t pirq) MUST_CHECK;
void pirq_unbind(struct domain *d, uint32_t pirq);
/* D has handled a level interrupt: it may come again. -EINVAL: not mapped. */
int pirq_eoi(struct domain *d, uint32_t pirq) MUST_CHECK;

#endif
