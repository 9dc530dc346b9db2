/* SPDX-License-Identifier: BSD-2-Clause */
/* The extended state that vCPUs have: which XSAVE components, and their switch. */
#pragma once

#include "arch/x86/virt.h"
#include "lib/insn.h"

/* Settles, once, which components are switched: those that the host has, that this tree knows and
 * that fit into struct vcpu_private. -ENODEV, with a line in the log: the host has no XSAVE. */
int xstate_boot(void) MUST_CHECK;
extern uint64_t xstate_components;
/* Bytes of a standard area with the components MASK; 0 unless XCR0 could be MASK. */
uint32_t xstate_size(uint64_t mask);
bool xstate_is_valid_xcr0(uint64_t value);
/* The state after INIT, into a private page. */
void xstate_reset(struct vcpu_private *p);
/* The loaded vCPU's state into the CPU, and out of it with the XCR0 that the guest has set. While
 * no vCPU is loaded XCR0 has all components. */
static inline void xstate_load(const struct vcpu_private *p)
{
    /* XRSTOR of some processors keeps the x87 unit's pointers unless an exception waits (APM Vol. 3
     * E.4.7, bit 2 of EBX): what the last vCPU executed is nothing for the next. */
    fpu_forget_pointers(&p->xsave.mxcsr);
    xrstor(&p->xsave, xstate_components);
    if (p->xcr0 != xstate_components)
        write_xcr0(p->xcr0);
}
static inline void xstate_save(struct vcpu_private *p)
{
    p->xcr0 = read_xcr0();
    if (p->xcr0 != xstate_components)
        write_xcr0(xstate_components);
    xsave(&p->xsave, UINT64_MAX); /* of XCR0's */
}
