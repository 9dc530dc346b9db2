/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest sees of CPUID. */
#ifndef ATOLL_X86_CPUID_H
#define ATOLL_X86_CPUID_H

#include "arch/x86/virt.h"
#include "lib/insn.h"

/* Features that other parts ask about: word in the table below << 8 | bit. */
#define CPUID_FEATURE(word, bit) ((word) << 8 | (bit))
enum cpuid_word { CPUID_1_ECX, CPUID_1_EDX, CPUID_7_EBX, CPUID_7_ECX, CPUID_EXT1_EDX };
enum cpuid_feature {
    CPUID_PCID = CPUID_FEATURE(CPUID_1_ECX, 17),
    CPUID_XSAVE = CPUID_FEATURE(CPUID_1_ECX, 26),
    CPUID_FSGSBASE = CPUID_FEATURE(CPUID_7_EBX, 0),
    CPUID_SMEP = CPUID_FEATURE(CPUID_7_EBX, 7),
    CPUID_SMAP = CPUID_FEATURE(CPUID_7_EBX, 20),
    CPUID_UMIP = CPUID_FEATURE(CPUID_7_ECX, 2),
    CPUID_PKU = CPUID_FEATURE(CPUID_7_ECX, 3),
    CPUID_RDTSCP = CPUID_FEATURE(CPUID_EXT1_EDX, 27),
};

/* Builds the tables from the host's CPUID, once, after xstate_boot(). */
void cpuid_boot(struct cpuid_regs (*host)(uint32_t leaf, uint32_t subleaf));
bool cpuid_guest_has(enum cpuid_feature feature);
/* The host's vendor is Intel. */
bool cpuid_is_intel(void);
/* Bits of a physical address. */
unsigned cpuid_paddr_bits(void);
/* Executes CPUID for the loaded vCPU V, with its registers GPR. */
void cpuid_guest(struct vcpu *v, uint64_t *gpr);

#endif
