/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest sees of CPUID. */
#pragma once

#include "arch/x86/virt.h"
#include "lib/insn.h"

/* Features that other parts ask about: leaf << 7 | register (EAX, EBX, ECX, EDX) << 5 | bit. */
enum cpuid_feature {
    CPUID_PCID = 1 << 7 | 2 << 5 | 17,
    CPUID_XSAVE = 1 << 7 | 2 << 5 | 26,
    CPUID_FSGSBASE = 7 << 7 | 1 << 5 | 0,
    CPUID_SMEP = 7 << 7 | 1 << 5 | 7,
    CPUID_SMAP = 7 << 7 | 1 << 5 | 20,
    CPUID_UMIP = 7 << 7 | 2 << 5 | 2,
    CPUID_PKU = 7 << 7 | 2 << 5 | 3,
    CPUID_RDTSCP = 0xf << 7 | 3 << 5 | 27, /* 8000_0001 */
};

/* Builds the tables from the host's CPUID, once, after xstate_boot(). */
void cpuid_boot(struct cpuid_regs (*host)(uint32_t leaf, uint32_t subleaf));
bool cpuid_guest_has(enum cpuid_feature feature);
/* The host's vendor is Intel. */
bool cpuid_is_intel(void);
/* Executes CPUID for the loaded vCPU V, with its registers GPR. */
void cpuid_guest(struct vcpu *v, uint64_t *gpr);
