/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns a vCPU's external form (design decision 17): Xen's HVM context records, of a vCPU that runs
 * nowhere. */
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "arch/x86/vcpu_page.h"
#include "arch/x86/virt.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"

#define XSAVE_RECORD_HEAD offsetof(struct hvm_hw_cpu_xsave, save_area)
_Static_assert(sizeof(((struct hvm_hw_cpu *)0)->fpu_regs) == XSAVE_LEGACY, "an FXSAVE image");

static uint64_t xsave_bv(const struct vcpu_private *p)
{
    uint64_t bv;

    memcpy(&bv, p->xsave + XSAVE_BV, sizeof(bv));
    return bv;
}

static void set_xsave_bv(struct vcpu_private *p, uint64_t bv)
{
    memcpy(p->xsave + XSAVE_BV, &bv, sizeof(bv));
}

static void get_cpu(struct vcpu *v, struct hvm_hw_cpu *r)
{
    const struct vcpu_private *p = vcpu_private_other();

    memset(r, 0, sizeof(*r));
    virt->get_state(r);
    memcpy(r->fpu_regs, p->xsave, XSAVE_LEGACY);
    r->flags = XEN_X86_FPU_INITIALISED;
    r->dr0 = p->dr[0];
    r->dr1 = p->dr[1];
    r->dr2 = p->dr[2];
    r->dr3 = p->dr[3];
    r->msr_tsc_aux = v->arch.tsc_aux;
    r->tsc = tsc_read() + v->arch.tsc_offset;
}

/* The first vCPU's TSC is the domain's: the others' offsets follow it, or they would not agree. */
static void set_tsc(struct vcpu *v, uint64_t tsc)
{
    struct domain *d = v->domain;
    uint64_t offset = tsc - tsc_read();

    if (v->id != 0)
        return;
    for (uint32_t i = 0; i < d->vcpu_max; i++) {
        if (d->vcpu[i] == NULL)
            continue;
        d->vcpu[i]->arch.tsc_offset = offset;
        vcpu_update_time(d->vcpu[i]);
    }
}

static int set_cpu(struct vcpu *v, const struct hvm_hw_cpu *r)
{
    struct vcpu_private *p = vcpu_private_other();
    int rc;

    if (r->msr_tsc_aux > UINT32_MAX)
        return -EINVAL;
    rc = virt->set_state(r);
    if (rc != 0)
        return rc;
    if (r->flags & XEN_X86_FPU_INITIALISED) {
        memcpy(p->xsave, r->fpu_regs, XSAVE_LEGACY);
        set_xsave_bv(p, xsave_bv(p) | XCR0_X87 | XCR0_SSE);
        xstate_sanitise(p);
    } else {
        xstate_reset(p);
    }
    p->dr[0] = r->dr0;
    p->dr[1] = r->dr1;
    p->dr[2] = r->dr2;
    p->dr[3] = r->dr3;
    v->arch.tsc_aux = r->msr_tsc_aux;
    virt->flush(v);
    set_tsc(v, r->tsc);
    return 0;
}

/* Which components a guest may have is the host's affair; what it has enabled is in the record. */
static void get_xsave(struct hvm_hw_cpu_xsave *r)
{
    const struct vcpu_private *p = vcpu_private_other();

    memset(r, 0, XSAVE_RECORD_HEAD);
    r->xfeature_mask = xstate_mask();
    r->xcr0 = p->xcr0;
    r->xcr0_accum = xstate_mask();
    memcpy(&r->save_area, p->xsave, xstate_size(xstate_mask()));
}

static int set_xsave(const struct hvm_hw_cpu_xsave *r, size_t size)
{
    struct vcpu_private *p = vcpu_private_other();
    uint64_t bv = r->save_area.xsave_hdr.xstate_bv;

    if (!xstate_is_valid_xcr0(r->xcr0) || (bv & ~xstate_mask()) ||
        r->save_area.xsave_hdr.xcomp_bv != 0 || size - XSAVE_RECORD_HEAD < xstate_size(bv) ||
        size - XSAVE_RECORD_HEAD > VCPU_XSAVE_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < ARRAY_SIZE(r->save_area.xsave_hdr.reserved); i++)
        if (r->save_area.xsave_hdr.reserved[i] != 0)
            return -EINVAL;
    xstate_reset(p);
    memcpy(p->xsave, &r->save_area, size - XSAVE_RECORD_HEAD);
    xstate_sanitise(p);
    p->xcr0 = r->xcr0;
    return 0;
}

static void get_mtrr(const struct vcpu *v, struct hvm_hw_mtrr *r)
{
    memset(r, 0, sizeof(*r));
    r->msr_pat_cr = v->arch.pat;
    r->msr_mtrr_cap = MTRR_CAP_VALUE;
    r->msr_mtrr_def_type = v->arch.msr_mtrr_def;
}

/* There are no ranges: a record that has some is another machine's. */
static int set_mtrr(struct vcpu *v, const struct hvm_hw_mtrr *r)
{
    if (!msr_is_valid_pat(r->msr_pat_cr) || !msr_is_valid_mtrr_def(r->msr_mtrr_def_type))
        return -EINVAL;
    v->arch.pat = r->msr_pat_cr;
    v->arch.msr_mtrr_def = r->msr_mtrr_def_type;
    return 0;
}

size_t arch_hvm_record_size(uint16_t type)
{
    switch (type) {
    case HVM_SAVE_CODE_CPU:
        return sizeof(struct hvm_hw_cpu);
    case HVM_SAVE_CODE_LAPIC:
        return sizeof(struct hvm_hw_lapic);
    case HVM_SAVE_CODE_LAPIC_REGS:
        return sizeof(struct hvm_hw_lapic_regs);
    case HVM_SAVE_CODE_MTRR:
        return sizeof(struct hvm_hw_mtrr);
    case CPU_XSAVE_CODE:
        return XSAVE_RECORD_HEAD + xstate_size(xstate_mask());
    case HVM_SAVE_CODE_TSC_ADJUST:
        return sizeof(struct hvm_tsc_adjust);
    default:
        return 0;
    }
}

int arch_get_hvm_record(struct vcpu *v, uint16_t type, void *record, size_t size)
{
    size_t needed = arch_hvm_record_size(type);

    if (needed == 0 || size < needed)
        return -EINVAL;
    vcpu_page_map(v);
    switch (type) {
    case HVM_SAVE_CODE_CPU:
        get_cpu(v, record);
        break;
    case HVM_SAVE_CODE_LAPIC:
        vlapic_get_record(v, record);
        break;
    case HVM_SAVE_CODE_LAPIC_REGS:
        vlapic_get_regs(v, record);
        break;
    case HVM_SAVE_CODE_MTRR:
        get_mtrr(v, record);
        break;
    case CPU_XSAVE_CODE:
        get_xsave(record);
        break;
    default:
        memset(record, 0, needed); /* TSC_ADJUST: guests do not have the register */
        break;
    }
    vcpu_page_unmap();
    return 0;
}

int arch_set_hvm_record(struct vcpu *v, uint16_t type, const void *record, size_t size)
{
    const struct hvm_tsc_adjust *adjust = record;
    size_t needed =
        type == CPU_XSAVE_CODE ? sizeof(struct hvm_hw_cpu_xsave) : arch_hvm_record_size(type);
    int rc;

    if (needed == 0 || size < needed)
        return -EINVAL;
    vcpu_page_map(v);
    switch (type) {
    case HVM_SAVE_CODE_CPU:
        rc = set_cpu(v, record);
        break;
    case HVM_SAVE_CODE_LAPIC:
        rc = vlapic_set_record(v, record);
        break;
    case HVM_SAVE_CODE_LAPIC_REGS:
        rc = vlapic_set_regs(v, record);
        break;
    case HVM_SAVE_CODE_MTRR:
        rc = set_mtrr(v, record);
        break;
    case CPU_XSAVE_CODE:
        rc = set_xsave(record, size);
        break;
    default:
        rc = adjust->tsc_adjust == 0 ? 0 : -EINVAL;
        break;
    }
    vcpu_page_unmap();
    return rc;
}
