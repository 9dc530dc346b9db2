/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical interrupts as the control domain sees them (design decision 7; physdev.h). A pirq names
 * a mapped source of one domain, a GSI or an entry of a function's MSI-X table; an event channel
 * bound to it is raised with evtchn_raise_pirq(). arch/x86/irq.c implements this.
 */
#pragma once

#include "core/types.h"

struct domain;

#define PIRQ_ANY UINT32_MAX

/* In place of a GSI: PIRQ_MSIX, the entry in bits 26 to 16, bus and function in 15 to 0. */
#define PIRQ_MSIX         (UINT32_C(1) << 31)
#define PIRQ_MSIX_ENTRIES 2048

/* Gives D a pirq for GSI: *PIRQ if free, or any for PIRQ_ANY; the same GSI again gives the same
 * pirq. An MSI-X entry is sent from then on. -EINVAL: no such GSI or entry; -EBUSY: the pirq is
 * taken, or another domain has the GSI; -ENOSPC: no pirq or vector left. */
int pirq_map(struct domain *d, uint32_t gsi, uint32_t *pirq) MUST_CHECK;
/* Lets the source of PIRQ of D interrupt: an event channel is bound to it, or D has handled a level
 * interrupt; or masks it. An edge of MSI-X is never masked. -EINVAL: not mapped. May be called with
 * D's evtchn lock held. */
int pirq_mask(const struct domain *d, uint32_t pirq, bool is_masked) MUST_CHECK;
