/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the host CPU's control bits: what the hypervisor itself runs with (design decision 13). */
#include "arch/x86/trap.h"
#include "lib/cpu_bits.h"
#include "lib/insn.h"

#define CR0_WANTED (CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)

/* APM Vol. 3 E.3.6 and E.3.2 */
#define FEATURE7_SMEP  (1u << 7)  /* EBX */
#define FEATURE7_SMAP  (1u << 20) /* EBX */
#define FEATURE7_UMIP  (1u << 2)  /* ECX */
#define FEATURE1_XSAVE (1u << 26) /* ECX */

void cpu_init_features(void)
{
    uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    struct cpuid_regs basic = cpuid(1, 0);
    struct cpuid_regs extended = {0, 0, 0, 0};

    if (cpuid(0, 0).eax >= 7)
        extended = cpuid(7, 0);
    if (extended.ebx & FEATURE7_SMEP)
        cr4 |= CR4_SMEP;
    if (extended.ebx & FEATURE7_SMAP)
        cr4 |= CR4_SMAP;
    if (extended.ecx & FEATURE7_UMIP)
        cr4 |= CR4_UMIP;
    if (basic.ecx & FEATURE1_XSAVE)
        cr4 |= CR4_OSXSAVE;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE | EFER_SCE);
    wrmsr(MSR_PAT, PAT_RESET);
    write_cr0(CR0_WANTED);
    write_cr4(cr4);
}
