/* SPDX-License-Identifier: BSD-2-Clause */
/* The page form of a guest's local APIC: plain 32-bit loads and stores only (docs/architecture.md).
 */
#ifndef ATOLL_X86_LAPIC_PAGE_H
#define ATOLL_X86_LAPIC_PAGE_H

#include "arch/x86/virt.h"

/* What an instruction does with its memory operand. */
struct lapic_access {
    enum { LAPIC_LOAD, LAPIC_STORE, LAPIC_STORE_IMMEDIATE, LAPIC_EXCHANGE } kind;
    uint8_t gpr;
    uint8_t length;
    uint32_t immediate;
};

/* Decodes MOV r32,m32; MOV m32,r32; MOV m32,imm32; XCHG r32,m32 with any addressing form of 32-bit
 * and 64-bit code. -EINVAL: anything else, or BYTES end before the instruction does. */
int lapic_page_decode(const uint8_t *bytes, size_t count, bool is_long,
                      struct lapic_access *access) MUST_CHECK;
/* The loaded vCPU's access to GPA in the page. Crashes the domain, with the bytes in its record,
 * when the instruction is none of the four. */
void lapic_page_access(struct vcpu *v, gpa_t gpa);

#endif
