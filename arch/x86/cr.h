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
/* What a write of VALUE makes of CR0: bits 31:0 that are not defined are ignored (APM Vol.
 * 2 3.1.1). */
uint64_t cr0_written(uint64_t value);
/* 0 if a guest in the state PAGING (CR0, CR4, EFER, code size) may write VALUE to CR0; -EINVAL:
 * #GP. */
int cr0_check_write(const struct guest_paging *paging, uint64_t value) MUST_CHECK;
/* 0 if a guest in the state (CR0, CR4, EFER) may write VALUE to CR4, or to EFER; -EINVAL: #GP. */
int cr4_check_write(uint64_t cr0, uint64_t cr4, uint64_t efer, uint64_t value) MUST_CHECK;
int efer_check_write(uint64_t cr0, uint64_t efer, uint64_t value) MUST_CHECK;
/* Fills cr.value and length of a VM_EXIT_CR_WRITE from the instruction's bytes at RIP. If they are
 * neither a MOV to that register nor LMSW of a register, length stays 0. */
void cr_decode(struct vm_exit *exit);
/* The same from BYTES (COUNT of them). is_long: 64-bit code. */
void cr_decode_bytes(const uint8_t *bytes, size_t count, const struct guest_paging *paging,
                     const struct guest_regs *regs, struct vm_exit *exit);

#endif
