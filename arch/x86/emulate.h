/* SPDX-License-Identifier: BSD-2-Clause */
/* What exit.c has done in a guest's stead: control registers (cr.c), MSRs (msr.c), ports (port.c),
 * the local APIC's page (lapic_page.c). */
#pragma once

#include "arch/x86/virt.h"

/* The code at which the loaded vCPU stands. */
struct guest_code {
    uint8_t bytes[15]; /* no instruction is longer */
    size_t count;      /* how many of them could be read */
    struct guest_paging paging;
};
void guest_code_fetch(struct guest_code *code);

/* 0 if CR0, CR4 and EFER make a state that a vCPU can be in; -EINVAL. */
int cr_check_state(uint64_t cr0, uint64_t cr4, uint64_t efer) MUST_CHECK;
/* What a write of VALUE to WHICH (VM_CR0, VM_CR4, VM_EFER) makes of *PAGING. -EINVAL: #GP. */
int cr_after_write(struct guest_paging *paging, enum vm_reg which, uint64_t value) MUST_CHECK;
/* The loaded vCPU's write. -EINVAL: #GP. */
int cr_write(enum vm_reg which, uint64_t value) MUST_CHECK;
/* Fills cr.value and length of a VM_EXIT_CR_WRITE from CODE and REGS. If that is neither a MOV to
 * the register nor LMSW of a register, length stays 0. */
void cr_decode(const struct guest_code *code, const struct guest_regs *regs, struct vm_exit *exit);

/* RDMSR and WRMSR of the loaded vCPU. -EINVAL: #GP. */
int msr_read(struct vcpu *v, uint32_t msr, uint64_t *value) MUST_CHECK;
int msr_write(struct vcpu *v, uint32_t msr, uint64_t value) MUST_CHECK;
/* MTRRdefType after reset. */
#define MTRR_DEF_TYPE_RESET UINT64_C(0x806) /* enabled, write-back: SDM Vol. 3A 12.11.2.1 */
#define MTRR_CAP_VALUE      UINT64_C(0x400) /* write combining; no fixed, no variable ranges */
bool msr_is_valid_mtrr_def(uint64_t value);
bool msr_is_valid_pat(uint64_t value);

/* IN and OUT of SIZE bytes (1, 2, 4) by D. A port that nothing answers at reads as ones and drops
 * what is written. */
uint32_t port_read(const struct domain *d, uint16_t port, unsigned size);
void port_write(struct domain *d, uint16_t port, unsigned size, uint32_t value);

/* What an instruction does with its memory operand, named by its opcode (APM Vol. 3 appendix A). */
struct lapic_access {
    enum {
        LAPIC_EXCHANGE = 0x87,
        LAPIC_STORE = 0x89,
        LAPIC_LOAD = 0x8b,
        LAPIC_STORE_IMMEDIATE = 0xc7
    } kind;
    uint8_t gpr;
    uint8_t length;
    uint32_t immediate;
};
/* Decodes MOV r32,m32; MOV m32,r32; MOV m32,imm32 and XCHG r32,m32 with any addressing form of
 * 32-bit and 64-bit code. -EINVAL: anything else, or CODE ends before the instruction does. */
int lapic_page_decode(const struct guest_code *code, struct lapic_access *access) MUST_CHECK;
/* The loaded vCPU's access to GPA in the page. Crashes the domain, with the bytes in its record,
 * when the instruction is none of the four. */
void lapic_page_access(struct vcpu *v, gpa_t gpa);
