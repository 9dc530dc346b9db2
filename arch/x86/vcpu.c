/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns a vCPU's private pages and its switch: which vCPU's state is in this CPU. The pages are
 * mapped on the CPU that has the vCPU loaded, and for a moment where somebody looks at one that
 * runs nowhere (vcpu_private_other()). */
#include "arch/x86/host_pt.h"
#include "arch/x86/layout.h"
#include "arch/x86/emulate.h"
#include "arch/x86/percpu.h"
#include "arch/x86/virt.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "core/frame.h"
#include "core/guest_mem.h"
#include "lib/string.h"
#include "lib/cpu_bits.h"
#include "lib/insn.h"

#define CPUID_EXT_FIRST     0x80000000u
#define CPUID_EXT8          0x80000008u
#define CPUID_EXT8_EBX_IBPB (1u << 12) /* APM Vol. 3 E.4.7 */

const struct virt_ops *virt;

static bool has_predictor_barrier;

void vcpu_boot(void)
{
    has_predictor_barrier = cpuid(CPUID_EXT_FIRST, 0).eax >= CPUID_EXT8 &&
                            (cpuid(CPUID_EXT8, 0).ebx & CPUID_EXT8_EBX_IBPB);
}

static inline void map(uint32_t where, mfn_t page, mfn_t control)
{
    host_private_map(where, page);
    host_private_map(where + PAGE_SIZE, control);
}

void vcpu_pages_map(const struct vcpu *v)
{
    map(PRIVATE_VCPU2, v->arch.private_frame, v->arch.control_frame);
}

void vcpu_pages_unmap(void)
{
    map(PRIVATE_VCPU2, MFN_NONE, MFN_NONE);
}

void arch_vcpu_reset(struct vcpu *v, int vector)
{
    vcpu_pages_map(v);
    virt->vcpu_init(v, vector);
    xstate_reset(vcpu_private_other());
    vcpu_pages_unmap();
    vlapic_reset(v);
}

int arch_vcpu_init(struct vcpu *v)
{
    struct arch_vcpu *arch = &v->arch;
    int rc = frame_alloc_private(v->domain, &arch->private_frame);

    if (rc != 0)
        return rc;
    rc = frame_alloc_private(v->domain, &arch->control_frame);
    if (rc != 0)
        goto free_private;
    rc = window_init(&v->window, v->domain, arch->private_frame, arch->control_frame);
    if (rc != 0)
        goto free_control;
    arch->tsc_offset = v->domain->vcpu[0] == NULL ? 0 : v->domain->vcpu[0]->arch.tsc_offset;
    arch->msr_mtrr_def = MTRR_DEF_TYPE_RESET;
    arch->pat = PAT_RESET;
    vlapic_init(v);
    arch_vcpu_reset(v, -1);
    return 0;
free_control:
    frame_free_private(v->domain, arch->control_frame);
free_private:
    frame_free_private(v->domain, arch->private_frame);
    return rc;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    timer_cancel(&v->arch.vlapic.timer);
    window_destroy(&v->window, v->domain);
    frame_free_private(v->domain, v->arch.control_frame);
    frame_free_private(v->domain, v->arch.private_frame);
}

static inline void load(struct percpu *self, struct vcpu *v)
{
    const struct vcpu_private *p = vcpu_private();

    write_dr0(p->dr[0]);
    write_dr1(p->dr[1]);
    write_dr2(p->dr[2]);
    write_dr3(p->dr[3]);
    xstate_load(p);
    /* Writing an MSR is dear, and often it is there already. */
    if (self->tsc_aux != v->arch.tsc_aux) {
        wrmsr(MSR_TSC_AUX, v->arch.tsc_aux);
        self->tsc_aux = v->arch.tsc_aux;
    }
    if (has_predictor_barrier && self->predicted != v->domain->id)
        wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
    self->predicted = v->domain->id;
}

static inline void save(void)
{
    struct vcpu_private *p = vcpu_private();

    xstate_save(p);
    p->dr[0] = read_dr0();
    p->dr[1] = read_dr1();
    p->dr[2] = read_dr2();
    p->dr[3] = read_dr3();
}

void arch_vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
    struct percpu *self = this_cpu();

    if (prev != NULL)
        save();
    if (next != NULL) {
        window_switch(&next->window);
        load(self, next);
    } else {
        window_switch(&self->idle_window);
    }
}

void guest_code_fetch(struct guest_code *code)
{
    uint64_t rip = vcpu_private()->regs.rip;
    size_t in_page = PAGE_SIZE - (rip & (PAGE_SIZE - 1));

    *code = (struct guest_code){.paging.cpl = PAGING_UNKNOWN};
    virt->get_paging(&code->paging);
    if (!code->paging.is_long)
        rip = (uint32_t)(rip + virt->get_reg(VM_CS_BASE));
    /* The next page counts only if it is there: the instruction may end before it. */
    if (guest_copy_in(code->bytes, (gva_t){rip}, sizeof(code->bytes)) == 0)
        code->count = sizeof(code->bytes);
    else if (in_page < sizeof(code->bytes) &&
             guest_copy_in(code->bytes, (gva_t){rip}, in_page) == 0)
        code->count = in_page;
}
