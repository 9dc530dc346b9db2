/* SPDX-License-Identifier: BSD-2-Clause */
/* Gathers from the CPU what check_cpu judges. */
#include "boot/check.h"

#include "lib/cpu_bits.h"
#include "lib/insn.h"

/* AMD64 APM Vol. 3, appendix E.4, and Vol. 2, section 15.30.1. */
#define MAX_EXTENDED_LEAF 0x80000000u
#define EXTENDED_LEAF     0x80000001u
#define SVM_LEAF          0x8000000au
#define EXTENDED_ECX_SVM  (1u << 2)

void check_gather_cpu(struct check_cpu *cpu)
{
    *cpu = (struct check_cpu){.max_extended_leaf = cpuid(MAX_EXTENDED_LEAF, 0).eax};
    if (cpu->max_extended_leaf >= EXTENDED_LEAF) {
        struct cpuid_regs regs = cpuid(EXTENDED_LEAF, 0);

        cpu->extended_ecx = regs.ecx;
        cpu->extended_edx = regs.edx;
    }
    if (cpu->max_extended_leaf >= SVM_LEAF && (cpu->extended_ecx & EXTENDED_ECX_SVM) != 0) {
        cpu->svm_edx = cpuid(SVM_LEAF, 0).edx;
        cpu->vm_cr = rdmsr(MSR_VM_CR);
    }
}
