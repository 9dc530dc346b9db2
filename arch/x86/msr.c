/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the model-specific registers of a guest: those that are neither the processor's own (svm.c)
 * nor the local APIC's. A register that is not in the table is #GP, as kernels expect. */
#include "arch/x86/emulate.h"

#include "arch/x86/cpuid.h"
#include "core/domain.h"
#include "core/guest_mem.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/insn.h"

#define MSR_HYPERCALL     0x40000000u /* CPUID 0x40000002 EBX says so */
#define MTRR_DEF_KNOWN    UINT64_C(0xcff)
#define MISC_ENABLE_VALUE UINT64_C(1) /* fast strings, SDM Vol. 4 table 2-2 */
#define HYPERCALL_STUBS   (PAGE_SIZE / HYPERCALL_STUB_SIZE)

static bool is_memory_type(uint64_t type)
{
    return type <= 1 || (type >= 4 && type <= 6); /* UC WC WT WP WB */
}

bool msr_is_valid_mtrr_def(uint64_t value)
{
    return (value & ~MTRR_DEF_KNOWN) == 0 && is_memory_type(value & 0xff);
}

bool msr_is_valid_pat(uint64_t value)
{
    for (unsigned shift = 0; shift < 64; shift += 8) {
        uint64_t type = value >> shift & 0xff;

        if (!is_memory_type(type) && type != 7) /* UC- */
            return false;
    }
    return true;
}

/* The hypercall page (<xen/arch-x86/cpuid.h>): VALUE is its address, the low bits the number of the
 * page, of which there is one. */
static int write_hypercall(struct vcpu *v, uint64_t value)
{
    uint8_t stub[HYPERCALL_STUB_SIZE];

    if (value % PAGE_SIZE != 0)
        return -EINVAL;
    for (uint32_t i = 0; i < HYPERCALL_STUBS; i++) {
        virt->hypercall_stub(stub, i);
        if (guest_phys_write(v->domain, (gpa_t){value + i * sizeof(stub)}, stub, sizeof(stub)) != 0)
            return -EINVAL;
    }
    domain_set_32bit(v->domain, !(virt->get_mode() & VM_MODE_LONG));
    return 0;
}

/* Registers that read as 0. */
static const struct {
    uint32_t first, last;
    bool takes_writes; /* and forgets them; else #GP */
} zeros[] = {
    {MSR_HYPERCALL, MSR_HYPERCALL, false},
    /* There are no ranges, but kernels read them without looking. */
    {MSR_MTRR_VAR_FIRST, MSR_MTRR_VAR_LAST, false},
    {MSR_MTRR_FIX64K, MSR_MTRR_FIX64K, false},
    {MSR_MTRR_FIX16K_80, MSR_MTRR_FIX16K_A0, false},
    {MSR_MTRR_FIX4K, MSR_MTRR_FIX4K_END, false},
    {MSR_MCG_CAP, MSR_MCG_CAP, false},
    {MSR_MCG_STATUS, MSR_MCG_STATUS, true},
    {MSR_DEBUGCTL, MSR_DEBUGCTL, true},
    {MSR_PATCH_LEVEL, MSR_PATCH_LEVEL, true},
    /* No performance counters; chipset and workaround bits that kernels look at. */
    {MSR_K7_EVNTSEL0, MSR_K7_PERFCTR3, true},
    {MSR_SYSCFG, MSR_SYSCFG, true},
    {MSR_HWCR, MSR_HWCR, true},
    {MSR_NB_CFG, MSR_NB_CFG, true},
    {MSR_INT_PENDING, MSR_INT_PENDING, true},
    {MSR_FP_CFG, MSR_FP_CFG, true},
    {MSR_DE_CFG, MSR_DE_CFG, true},
};

static int access_zero(uint32_t msr, bool is_write)
{
    for (size_t i = 0; i < ARRAY_SIZE(zeros); i++)
        if (msr >= zeros[i].first && msr <= zeros[i].last)
            return is_write && !zeros[i].takes_writes ? -EINVAL : 0;
    return -EINVAL;
}

int msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
        return vlapic_msr_read(v, msr - MSR_X2APIC_FIRST, value);
    switch (msr) {
    case MSR_TSC_DEADLINE:
        *value = vlapic_read_deadline(v);
        return 0;
    case MSR_TSC:
        *value = tsc_read() + v->arch.tsc_offset;
        return 0;
    case MSR_TSC_AUX:
        *value = v->arch.tsc_aux;
        return cpuid_guest_has(CPUID_RDTSCP) ? 0 : -EINVAL;
    case MSR_EFER:
        *value = virt->get_reg(VM_EFER);
        return 0;
    case MSR_APIC_BASE:
        *value = v->arch.vlapic.base_msr;
        return 0;
    case MSR_PAT:
        *value = v->arch.pat;
        return 0;
    case MSR_MTRR_CAP:
        *value = MTRR_CAP_VALUE;
        return 0;
    case MSR_MTRR_DEF_TYPE:
        *value = v->arch.msr_mtrr_def;
        return 0;
    case MSR_MISC_ENABLE:
        *value = MISC_ENABLE_VALUE;
        return cpuid_is_intel() ? 0 : -EINVAL;
    default:
        *value = 0;
        return access_zero(msr, false);
    }
}

int msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
    if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
        return vlapic_msr_write(v, msr - MSR_X2APIC_FIRST, value);
    switch (msr) {
    case MSR_TSC_DEADLINE:
        vlapic_write_deadline(v, value);
        return 0;
    case MSR_TSC:
        v->arch.tsc_offset = value - tsc_read();
        virt->load(v);
        vcpu_update_time(v);
        return 0;
    case MSR_TSC_AUX:
        if (!cpuid_guest_has(CPUID_RDTSCP) || value > UINT32_MAX)
            return -EINVAL;
        v->arch.tsc_aux = this_cpu()->tsc_aux = value;
        wrmsr(MSR_TSC_AUX, value);
        return 0;
    case MSR_EFER:
        return cr_write(VM_EFER, value);
    case MSR_APIC_BASE:
        return vlapic_write_base(v, value);
    case MSR_PAT:
        if (!msr_is_valid_pat(value))
            return -EINVAL;
        v->arch.pat = value;
        virt->load(v);
        virt->flush(v);
        return 0;
    case MSR_MTRR_DEF_TYPE:
        if (!msr_is_valid_mtrr_def(value))
            return -EINVAL;
        v->arch.msr_mtrr_def = value;
        return 0;
    case MSR_HYPERCALL:
        return write_hypercall(v, value);
    default:
        return access_zero(msr, true);
    }
}
