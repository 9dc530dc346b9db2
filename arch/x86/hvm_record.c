/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns a vCPU's external form (design decision 17): Xen's HVM context records, of a vCPU that runs
 * nowhere. */
#include "arch/x86/emulate.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"

#define XSAVE_RECORD_HEAD offsetof(struct hvm_hw_cpu_xsave, save_area)
_Static_assert(sizeof(((struct hvm_hw_cpu *)0)->fpu_regs) == XSAVE_LEGACY, "an FXSAVE image");

static void get_cpu(struct vcpu *v, void *record)
{
    struct hvm_hw_cpu *r = record;

    virt->get_state(r);
    memcpy(r->fpu_regs, &vcpu_private_other()->xsave, XSAVE_LEGACY);
    r->flags = XEN_X86_FPU_INITIALISED;
    r->msr_tsc_aux = v->arch.tsc_aux;
    r->tsc = tsc_read() + v->arch.tsc_offset;
}

/* The first vCPU's TSC is the domain's: the others' offsets follow it, or they would not agree. */
static void set_tsc(struct domain *d, uint64_t tsc)
{
    uint64_t offset = tsc - tsc_read();

    for (uint32_t i = 0; i < d->vcpu_max; i++) {
        d->vcpu[i]->arch.tsc_offset = offset;
        virt->flush(d->vcpu[i]);
        vcpu_update_time(d->vcpu[i]);
    }
}

static int set_cpu(struct vcpu *v, const void *record, UNUSED size_t size)
{
    const struct hvm_hw_cpu *r = record;
    struct vcpu_private *p = vcpu_private_other();

    if (r->msr_tsc_aux > UINT32_MAX || virt->set_state(r) != 0)
        return -EINVAL;
    if (r->flags & XEN_X86_FPU_INITIALISED) {
        memcpy(&p->xsave, r->fpu_regs, XSAVE_LEGACY);
        p->xsave.components |= XCR0_X87 | XCR0_SSE;
        p->xsave.mxcsr &= MXCSR_KNOWN;
    } else {
        xstate_reset(p);
    }
    v->arch.tsc_aux = r->msr_tsc_aux;
    v->window.paging.cpl = PAGING_UNKNOWN;
    if (v->id == 0)
        set_tsc(v->domain, r->tsc);
    return 0;
}

/* Which components a guest may have is the host's affair; what it has enabled is in the record. */
static void get_xsave(UNUSED struct vcpu *v, void *record)
{
    const struct vcpu_private *p = vcpu_private_other();
    struct hvm_hw_cpu_xsave *r = record;

    r->xfeature_mask = r->xcr0_accum = xstate_components;
    r->xcr0 = p->xcr0;
    memcpy(&r->save_area, &p->xsave, xstate_size(xstate_components));
}

static int set_xsave(UNUSED struct vcpu *v, const void *record, size_t size)
{
    const struct hvm_hw_cpu_xsave *r = record;
    const struct hvm_hw_cpu_xsave_hdr *header = &r->save_area.xsave_hdr;
    struct vcpu_private *p = vcpu_private_other();
    uint64_t must_be_zero = (header->xstate_bv & ~xstate_components) | header->xcomp_bv;

    size -= XSAVE_RECORD_HEAD;
    for (unsigned i = 0; i < ARRAY_SIZE(header->reserved); i++)
        must_be_zero |= header->reserved[i];
    if (must_be_zero != 0 || !xstate_is_valid_xcr0(r->xcr0) ||
        size < xstate_size(header->xstate_bv) || size > sizeof(p->xsave))
        return -EINVAL;
    xstate_reset(p);
    memcpy(&p->xsave, &r->save_area, size);
    p->xsave.mxcsr &= MXCSR_KNOWN;
    p->xcr0 = r->xcr0;
    return 0;
}

static void get_mtrr(struct vcpu *v, void *record)
{
    struct hvm_hw_mtrr *r = record;

    r->msr_pat_cr = v->arch.pat;
    r->msr_mtrr_cap = MTRR_CAP_VALUE;
    r->msr_mtrr_def_type = v->arch.msr_mtrr_def;
}

/* There are no ranges: a record that has some is another machine's. */
static int set_mtrr(struct vcpu *v, const void *record, UNUSED size_t size)
{
    const struct hvm_hw_mtrr *r = record;

    if (!msr_is_valid_pat(r->msr_pat_cr) || !msr_is_valid_mtrr_def(r->msr_mtrr_def_type))
        return -EINVAL;
    v->arch.pat = r->msr_pat_cr;
    v->arch.msr_mtrr_def = r->msr_mtrr_def_type;
    return 0;
}

/* Guests do not have the register. */
static int set_tsc_adjust(UNUSED struct vcpu *v, const void *record, UNUSED size_t size)
{
    const struct hvm_tsc_adjust *adjust = record;

    return adjust->tsc_adjust == 0 ? 0 : -EINVAL;
}

/* get fills a record of zeros, NULL: with nothing; set gets one of at least `size` bytes. */
static const struct row {
    uint16_t type, size;
    void (*get)(struct vcpu *v, void *record);
    int (*set)(struct vcpu *v, const void *record, size_t size);
} rows[] = {
    {HVM_SAVE_CODE_CPU, sizeof(struct hvm_hw_cpu), get_cpu, set_cpu},
    {HVM_SAVE_CODE_LAPIC, sizeof(struct hvm_hw_lapic), vlapic_get_record, vlapic_set_record},
    {HVM_SAVE_CODE_LAPIC_REGS, sizeof(struct hvm_hw_lapic_regs), vlapic_get_regs, vlapic_set_regs},
    {HVM_SAVE_CODE_MTRR, sizeof(struct hvm_hw_mtrr), get_mtrr, set_mtrr},
    {CPU_XSAVE_CODE, sizeof(struct hvm_hw_cpu_xsave), get_xsave, set_xsave},
    {HVM_SAVE_CODE_TSC_ADJUST, sizeof(struct hvm_tsc_adjust), NULL, set_tsc_adjust},
    {0, 0, NULL, NULL}, /* of any other type */
};

static const struct row *find(uint16_t type)
{
    const struct row *row = rows;

    while (row->size != 0 && row->type != type)
        row++;
    return row;
}

size_t arch_hvm_record_size(uint16_t type)
{
    return type == CPU_XSAVE_CODE ? XSAVE_RECORD_HEAD + xstate_size(xstate_components)
                                  : find(type)->size;
}

void arch_get_hvm_record(struct vcpu *v, uint16_t type, void *record)
{
    const struct row *row = find(type);

    memset(record, 0, arch_hvm_record_size(type));
    vcpu_pages_map(v);
    if (row->get != NULL)
        row->get(v, record);
    vcpu_pages_unmap();
}

int arch_set_hvm_record(struct vcpu *v, uint16_t type, const void *record, size_t size)
{
    const struct row *row = find(type);
    int rc;

    if (row->set == NULL || size < row->size)
        return -EINVAL;
    vcpu_pages_map(v);
    rc = row->set(v, record, size);
    vcpu_pages_unmap();
    virt->flush(v);
    return rc;
}
