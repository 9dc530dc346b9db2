/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest may put into CR0, CR4, CR8 and EFER, and the operand of an intercepted MOV to a
 * control register. */
#ifndef ATOLL_X86_CR_H
#define ATOLL_X86_CR_H

#include "arch/x86/virt.h"

/* CR4 bits that a guest may set, from what CPUID shows it. */
uint64_t cr4_allowed(void);
/* 0 if CR0, CR4 and EFER make a state that a vCPU can be in; -EINVAL. */
int cr_check_state(uint64_t cr0, uint64_t cr4, uint64_t efer) MUST_CHECK;
/* 0 if a guest in the state (CR0, CR4, EFER) may write VALUE to CR4, or to EFER; -EINVAL: #GP. */
int cr4_check_write(uint64_t cr0, uint64_t cr4, uint64_t efer, uint64_t value) MUST_CHECK;
int efer_check_write(uint64_t cr0, uint64_t efer, uint64_t value) MUST_CHECK;
/* Fills cr.value and length of a VM_EXIT_CR_WRITE from the instruction's bytes at RIP. If they are
 * not a MOV to that register any more, length stays 0. */
void cr_decode(struct vcpu *v, struct vm_exit *exit);
/* The same from BYTES (COUNT of them). is_long: 64-bit code. */
void cr_decode_bytes(const uint8_t *bytes, size_t count, bool is_long,
                     const struct guest_regs *regs, struct vm_exit *exit);

#endif
