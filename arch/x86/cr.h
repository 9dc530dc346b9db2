/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest may put into CR0, CR4, CR8 and EFER, and the operand of an intercepted MOV to a
 * control register. */
#ifndef ATOLL_X86_CR_H
#define ATOLL_X86_CR_H

#include "arch/x86/virt.h"

/* 0 if CR0, CR4 and EFER make a state that a vCPU can be in; -EINVAL. */
int cr_check_state(uint64_t cr0, uint64_t cr4, uint64_t efer) MUST_CHECK;
/* What a write of VALUE to WHICH (VM_CR0, VM_CR4, VM_EFER) makes of *PAGING. -EINVAL: #GP. */
int cr_after_write(struct guest_paging *paging, enum vm_reg which, uint64_t value) MUST_CHECK;
/* The loaded vCPU's write. -EINVAL: #GP. */
int cr_write(enum vm_reg which, uint64_t value) MUST_CHECK;
/* Fills cr.value and length of a VM_EXIT_CR_WRITE from the instruction's bytes at RIP. If they are
 * neither a MOV to that register nor LMSW of a register, length stays 0. */
void cr_decode(struct vm_exit *exit);
/* The same from BYTES (COUNT of them). is_long: 64-bit code. */
void cr_decode_bytes(const uint8_t *bytes, size_t count, const struct guest_paging *paging,
                     const struct guest_regs *regs, struct vm_exit *exit);

#endif
