/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the model-specific registers of a guest: those that are neither the processor's own (svm.c)
 * nor the local APIC's. A register that is not in the table is #GP, as kernels expect. */
#include "arch/x86/msr.h"

#include "arch/x86/cpu_bits.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "lib/insn.h"
#include "arch/x86/percpu.h"
#include "core/domain.h"
#include "core/guest_mem.h"
#include "lib/errno.h"

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

static int read_tsc(struct vcpu *v, uint64_t *value)
{
    *value = tsc_read() + v->arch.tsc_offset;
    return 0;
}

static int write_tsc(struct vcpu *v, uint64_t value)
{
    v->arch.tsc_offset = value - tsc_read();
    virt->set_reg(v, VM_TSC_OFFSET, v->arch.tsc_offset);
    vcpu_update_time(v);
    return 0;
}

static int read_apic_base(struct vcpu *v, uint64_t *value)
{
    *value = v->arch.vlapic.base_msr;
    return 0;
}

static int read_deadline(struct vcpu *v, uint64_t *value)
{
    *value = vlapic_read_deadline(v);
    return 0;
}

static int write_deadline(struct vcpu *v, uint64_t value)
{
    vlapic_write_deadline(v, value);
    return 0;
}

static int read_pat(struct vcpu *v, uint64_t *value)
{
    *value = v->arch.pat;
    return 0;
}

static int write_pat(struct vcpu *v, uint64_t value)
{
    if (!msr_is_valid_pat(value))
        return -EINVAL;
    v->arch.pat = value;
    virt->set_reg(v, VM_PAT, value);
    return 0;
}

static int read_mtrr_def(struct vcpu *v, uint64_t *value)
{
    *value = v->arch.msr_mtrr_def;
    return 0;
}

static int write_mtrr_def(struct vcpu *v, uint64_t value)
{
    if (!msr_is_valid_mtrr_def(value))
        return -EINVAL;
    v->arch.msr_mtrr_def = value;
    return 0;
}

static int read_efer(struct vcpu *v, uint64_t *value)
{
    *value = virt->get_reg(v, VM_EFER);
    return 0;
}

static int write_efer(struct vcpu *v, uint64_t value)
{
    uint64_t efer = virt->get_reg(v, VM_EFER);

    if (efer_check_write(virt->get_reg(v, VM_CR0), efer, value) != 0)
        return -EINVAL;
    virt->set_reg(v, VM_EFER, (value & ~EFER_LMA) | (efer & EFER_LMA));
    return 0;
}

static int read_tsc_aux(struct vcpu *v, uint64_t *value)
{
    *value = v->arch.tsc_aux;
    return cpuid_guest_has(CPUID_RDTSCP) ? 0 : -EINVAL;
}

static int write_tsc_aux(struct vcpu *v, uint64_t value)
{
    if (!cpuid_guest_has(CPUID_RDTSCP) || value > UINT32_MAX)
        return -EINVAL;
    v->arch.tsc_aux = value;
    wrmsr(MSR_TSC_AUX, value);
    return 0;
}

/* The hypercall page (<xen/arch-x86/cpuid.h>): VALUE is its address, the low bits the number of the
 * page, of which there is one. */
static int write_hypercall(struct vcpu *v, uint64_t value)
{
    uint8_t stub[HYPERCALL_STUB_SIZE];
    struct guest_paging paging = {.cpl = 0};

    if (value % PAGE_SIZE != 0)
        return -EINVAL;
    for (uint32_t i = 0; i < HYPERCALL_STUBS; i++) {
        virt->hypercall_stub(stub, i);
        if (guest_phys_write(v->domain, (gpa_t){value + i * sizeof(stub)}, stub, sizeof(stub)) != 0)
            return -EINVAL;
    }
    virt->get_paging(v, &paging);
    domain_set_32bit(v->domain, !paging.is_long);
    return 0;
}

/* read NULL: reads as the constant. write NULL: ignored, or #GP. */
static const struct msr_row {
    uint32_t first, last;
    int (*read)(struct vcpu *v, uint64_t *value);
    int (*write)(struct vcpu *v, uint64_t value);
    uint32_t constant;
    bool ignores_writes;
} rows[] = {
    {MSR_TSC, MSR_TSC, read_tsc, write_tsc, 0, false},
    {MSR_EFER, MSR_EFER, read_efer, write_efer, 0, false},
    {MSR_APIC_BASE, MSR_APIC_BASE, read_apic_base, vlapic_write_base, 0, false},
    {MSR_PAT, MSR_PAT, read_pat, write_pat, 0, false},
    {MSR_TSC_AUX, MSR_TSC_AUX, read_tsc_aux, write_tsc_aux, 0, false},
    {MSR_HYPERCALL, MSR_HYPERCALL, NULL, write_hypercall, 0, false},
    {MSR_MTRR_CAP, MSR_MTRR_CAP, NULL, NULL, MTRR_CAP_VALUE, false},
    {MSR_MTRR_DEF_TYPE, MSR_MTRR_DEF_TYPE, read_mtrr_def, write_mtrr_def, 0, false},
    /* There are no ranges, but kernels read them without looking. */
    {MSR_MTRR_VAR_FIRST, MSR_MTRR_VAR_LAST, NULL, NULL, 0, false},
    {MSR_MTRR_FIX64K, MSR_MTRR_FIX64K, NULL, NULL, 0, false},
    {MSR_MTRR_FIX16K_80, MSR_MTRR_FIX16K_A0, NULL, NULL, 0, false},
    {MSR_MTRR_FIX4K, MSR_MTRR_FIX4K_END, NULL, NULL, 0, false},
    {MSR_MCG_CAP, MSR_MCG_CAP, NULL, NULL, 0, false},
    {MSR_MCG_STATUS, MSR_MCG_STATUS, NULL, NULL, 0, true},
    {MSR_DEBUGCTL, MSR_DEBUGCTL, NULL, NULL, 0, true},
    {MSR_PATCH_LEVEL, MSR_PATCH_LEVEL, NULL, NULL, 0, true},
    /* No performance counters; chipset and workaround bits that kernels look at. */
    {MSR_K7_EVNTSEL0, MSR_K7_PERFCTR3, NULL, NULL, 0, true},
    {MSR_SYSCFG, MSR_SYSCFG, NULL, NULL, 0, true},
    {MSR_HWCR, MSR_HWCR, NULL, NULL, 0, true},
    {MSR_NB_CFG, MSR_NB_CFG, NULL, NULL, 0, true},
    {MSR_INT_PENDING, MSR_INT_PENDING, NULL, NULL, 0, true},
    {MSR_FP_CFG, MSR_FP_CFG, NULL, NULL, 0, true},
    {MSR_DE_CFG, MSR_DE_CFG, NULL, NULL, 0, true},
};

static const struct msr_row *find(uint32_t msr)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (msr >= rows[i].first && msr <= rows[i].last)
            return &rows[i];
    return NULL;
}

int msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    const struct msr_row *row;

    if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
        return vlapic_msr_read(v, msr - MSR_X2APIC_FIRST, value);
    if (msr == MSR_TSC_DEADLINE)
        return read_deadline(v, value);
    row = find(msr);
    if (row == NULL) {
        *value = MISC_ENABLE_VALUE;
        return msr == MSR_MISC_ENABLE && cpuid_is_intel() ? 0 : -EINVAL;
    }
    if (row->read != NULL)
        return row->read(v, value);
    *value = row->constant;
    return 0;
}

int msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
    const struct msr_row *row;

    if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
        return vlapic_msr_write(v, msr - MSR_X2APIC_FIRST, value);
    if (msr == MSR_TSC_DEADLINE)
        return write_deadline(v, value);
    row = find(msr);
    if (row == NULL)
        return -EINVAL;
    if (row->write != NULL)
        return row->write(v, value);
    return row->ignores_writes ? 0 : -EINVAL;
}
