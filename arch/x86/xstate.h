/* SPDX-License-Identifier: BSD-2-Clause */
/* The extended state that vCPUs have: which XSAVE components, and their switch. */
#ifndef ATOLL_X86_XSTATE_H
#define ATOLL_X86_XSTATE_H

#include "arch/x86/virt.h"

/* Settles, once, which components are switched: those that the host has, that this tree knows and
 * that fit into struct vcpu_private. -ENODEV, with a line in the log: the host has no XSAVE. */
int xstate_boot(void) MUST_CHECK;
uint64_t xstate_mask(void);
/* Bytes of a standard area with the components MASK; 0 unless XCR0 could be MASK. */
uint32_t xstate_size(uint64_t mask);
bool xstate_is_valid_xcr0(uint64_t value);
/* The state after INIT, into a private page. */
void xstate_reset(struct vcpu_private *p);
/* The loaded vCPU's state into the CPU, and out of it with the XCR0 that the guest has set. */
void xstate_load(const struct vcpu_private *p);
void xstate_save(struct vcpu_private *p);

#endif
