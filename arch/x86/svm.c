/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns AMD-V on each CPU and the control block of each vCPU: switching it on, running, injecting,
 * registers (APM Vol. 2 chapter 15). A guest's translations are flushed by giving its vCPU a new
 * ASID; what one CPU's ASIDs mean is bounded by a generation (design decision 16).
 */
#include "arch/x86/svm.h"

#include "arch/x86/cpu_bits.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "lib/insn.h"
#include "arch/x86/percpu.h"
#include "arch/x86/vcpu_page.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/xen.h"

#define CPUID_EXT_FEATURES 0x80000001u
#define CPUID_EXT_ECX_SVM  (1u << 2) /* APM Vol. 3 E.4.2 */
#define CPUID_SVM          0x8000000au
#define VM_CR_SVMDIS       (UINT64_C(1) << 4) /* APM Vol. 2 15.30.1 */

/* Permission maps, shared by all vCPUs, set: exit. APM Vol. 2 15.10.1: a bit for each of 65,536
 * ports and 3 more; 15.11: two bits for each MSR, 2 KiB for each of the ranges 0, C000_0000,
 * C001_0000. */
#define IOPM_PAGES  3u
#define MSRPM_PAGES 2u
static uint8_t *iopm, *msrpm;

struct svm_features svm_features;

/* A generation rises when a CPU's ASIDs have run out and all are flushed. It is different on each
 * CPU, and never 0: a vCPU whose generation is this CPU's has an ASID that nobody else has here. */
#define ASID_GEN_FIRST(cpu) ((uint64_t)(cpu) << 48 | 1)

void svm_save_host(uint64_t host_vmcb);

/* MSRs that VMRUN, VMLOAD and VMSAVE switch, so that a guest may have them to itself. */
static const uint32_t direct_msrs[] = {
    MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_STAR,    MSR_LSTAR,
    MSR_CSTAR,       MSR_SFMASK,       MSR_FS_BASE,      MSR_GS_BASE, MSR_KERNEL_GS_BASE,
};

static int make_permission_maps(void)
{
    iopm = heap_alloc(NULL, IOPM_PAGES + MSRPM_PAGES);
    if (iopm == NULL)
        return -ENOMEM;
    msrpm = iopm + IOPM_PAGES * PAGE_SIZE;
    memset(iopm, 0xff, (IOPM_PAGES + MSRPM_PAGES) * PAGE_SIZE);
    for (size_t i = 0; i < ARRAY_SIZE(direct_msrs); i++) {
        uint32_t msr = direct_msrs[i];
        uint32_t bit = (msr & 0x1fff) * 2 + (msr >= 0xc0000000 ? 2048 * 8 : 0);

        msrpm[bit / 8] &= (uint8_t) ~(3u << (bit % 8));
    }
    return 0;
}

static int find_features(void)
{
    struct cpuid_regs r;

    if (cpuid(0x80000000, 0).eax < CPUID_SVM ||
        !(cpuid(CPUID_EXT_FEATURES, 0).ecx & CPUID_EXT_ECX_SVM)) {
        log_line(LOG_ERROR, "svm: the processor has no AMD-V");
        return -ENODEV;
    }
    r = cpuid(CPUID_SVM, 0);
    if (!(r.edx & SVM_FEATURE_NP)) {
        log_line(LOG_ERROR, "svm: the processor has no nested paging");
        return -ENODEV;
    }
    svm_features.has_next_rip = (r.edx & SVM_FEATURE_NRIPS) != 0;
    svm_features.has_decode_assist = (r.edx & SVM_FEATURE_DECODE_ASSIST) != 0;
    svm_features.asid_count = r.ebx;
    return 0;
}

static int svm_cpu_init(void)
{
    struct percpu *self = this_cpu();
    uint8_t *pages;

    if (self->id == 0) {
        if (find_features() != 0 || xstate_boot() != 0 || make_permission_maps() != 0)
            return -ENODEV;
        cpuid_boot(cpuid);
        vcpu_boot();
    }
    if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS) {
        log_line(LOG_ERROR, "svm: the firmware has disabled AMD-V");
        return -ENODEV;
    }
    pages = heap_alloc(NULL, 2);
    if (pages == NULL)
        return -ENODEV;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, paddr_of(heap_mfn(pages)).v);
    self->host_state = paddr_of(heap_mfn(pages + PAGE_SIZE)).v;
    svm_save_host(self->host_state);
    self->asid_gen = ASID_GEN_FIRST(self->id);
    self->asid_next = 1;
    return 0;
}

/* What exits. CR3 is the guest's own with nested paging, as are TS and MP of CR0. The rest of CR0
 * and CR4 are not: a guest could set what it must not see, and some processors let a combination
 * through that VMRUN refuses. CR8 is not, because the task priority belongs to the vLAPIC. */
static void set_controls(struct vmcb_control *c)
{
    c->intercept_cr = INTERCEPT_CR_WRITE(4) | INTERCEPT_CR_WRITE(8);
    c->intercept[0] = INTERCEPT1_INTR | INTERCEPT1_NMI | INTERCEPT1_SMI | INTERCEPT1_INIT |
                      INTERCEPT1_CR0_SEL | INTERCEPT1_RDPMC | INTERCEPT1_CPUID | INTERCEPT1_INVD |
                      INTERCEPT1_HLT | INTERCEPT1_INVLPGA | INTERCEPT1_IOIO | INTERCEPT1_MSR |
                      INTERCEPT1_FERR | INTERCEPT1_SHUTDOWN;
    c->intercept[1] = INTERCEPT2_VMRUN | INTERCEPT2_VMMCALL | INTERCEPT2_VMLOAD |
                      INTERCEPT2_VMSAVE | INTERCEPT2_STGI | INTERCEPT2_CLGI | INTERCEPT2_SKINIT |
                      INTERCEPT2_WBINVD | INTERCEPT2_MONITOR | INTERCEPT2_MWAIT | INTERCEPT2_XSETBV;
    c->iopm = paddr_of(heap_mfn(iopm)).v;
    c->msrpm = paddr_of(heap_mfn(msrpm)).v;
    c->v_intr = V_INTR_MASKING;
    c->np_enable = 1;
}

static void svm_vcpu_init(struct vcpu *v)
{
    struct vmcb *vmcb = svm_vmcb_other();

    memset(vmcb, 0, sizeof(*vmcb));
    set_controls(&vmcb->control);
    svm_reset_state(&vmcb->save, &vcpu_private_other()->regs);
    v->arch.asid_gen = 0;
    v->arch.is_in_nmi = false;
    v->arch.nmi_iret_rip = 0;
}

static void svm_load(struct vcpu *v)
{
    struct vmcb *vmcb = svm_vmcb();

    vcpu_private()->control = paddr_of(v->arch.control_frame).v;
    vcpu_private()->host = this_cpu()->host_state;
    vmcb->control.nested_cr3 = paddr_of(v->domain->p2m.pt.root).v;
    vmcb->control.tsc_offset = v->arch.tsc_offset;
    vmcb->save.pat = v->arch.pat;
}

static void svm_flush(struct vcpu *v)
{
    v->arch.asid_gen = 0;
}

/* Gives V an ASID of this CPU that no other vCPU has had since the last flush of all. */
static void take_asid(struct vcpu *v, struct vmcb *vmcb)
{
    struct percpu *self = this_cpu();

    if (self->asid_next >= svm_features.asid_count) {
        self->asid_gen++;
        self->asid_next = 1;
        vmcb->control.tlb_control = TLB_CONTROL_ALL;
    }
    v->arch.asid_gen = self->asid_gen;
    vmcb->control.asid = self->asid_next++;
    v->counters.flushes++;
}

static NOINLINE void enter_with_new_asid(struct vcpu *v, struct vmcb *vmcb)
{
    take_asid(v, vmcb);
    svm_enter();
    vmcb->control.tlb_control = TLB_CONTROL_NONE;
}

/* An exit in the middle of an event's delivery: the event is queued again (APM Vol. 2 15.7.2). A
 * software interrupt, INT3 or INTO is not, because RIP still points at the instruction. */
static NOINLINE void requeue_event(struct vmcb *vmcb)
{
    uint64_t event = vmcb->control.exit_int_info;
    uint64_t type = event & EVENT_TYPE_MASK, vector = event & EVENT_VECTOR_MASK;

    if (type == EVENT_TYPE_SOFT ||
        (type == EVENT_TYPE_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF)))
        return;
    vmcb->control.event_inject = event;
}

static void close_window(struct vmcb_control *c)
{
    c->v_intr &= ~(V_INTR_IRQ | V_INTR_PRIO_HIGH | V_INTR_IGNORE_TPR);
    c->intercept[0] &= ~INTERCEPT1_VINTR;
}

static void svm_finish(struct vcpu *v, struct vm_exit *exit)
{
    struct vmcb *vmcb = svm_vmcb();

    if (exit->kind == VM_EXIT_WINDOW) {
        close_window(&vmcb->control);
    } else if (exit->kind == VM_EXIT_CR_WRITE && exit->length == 0) {
        cr_decode(v, exit);
    } else if ((uint32_t)vmcb->control.exit_code == SVM_EXIT_IRET) {
        /* The exit comes before the IRET of an NMI's handler executes. */
        v->arch.nmi_iret_rip = vmcb->save.rip;
        vmcb->control.intercept[0] &= ~INTERCEPT1_IRET;
    }
}

static struct vm_exit *svm_run(struct vcpu *v)
{
    struct vmcb *vmcb = svm_vmcb();
    struct guest_regs *regs = &vcpu_private()->regs;
    struct vm_exit *exit;

    if (vmcb->save.rip != regs->rip)
        vmcb->control.interrupt_shadow = 0;
    vmcb->save.rip = regs->rip;
    vmcb->save.rsp = regs->gpr[REG_RSP];
    vmcb->save.rax = regs->gpr[REG_RAX];
    vmcb->save.rflags = regs->rflags;

    if (unlikely(v->arch.asid_gen != this_cpu()->asid_gen))
        enter_with_new_asid(v, vmcb);
    else
        svm_enter();

    /* Read again, so that nothing has to be kept in registers over the guest. */
    v = this_cpu()->current;
    exit = &v->arch.history[v->arch.history_next++ % VCPU_EXIT_HISTORY];
    regs->rip = exit->rip = vmcb->save.rip;
    regs->gpr[REG_RSP] = vmcb->save.rsp;
    regs->gpr[REG_RAX] = vmcb->save.rax;
    regs->rflags = vmcb->save.rflags;
    if (unlikely(vmcb->control.exit_int_info & EVENT_VALID))
        requeue_event(vmcb);
    return svm_exit_decode(vmcb, regs, exit);
}

static void svm_inject(struct vcpu *v, const struct vm_event *event)
{
    struct vmcb_control *c = &svm_vmcb()->control;
    uint64_t word = EVENT_VALID | event->vector;

    switch (event->type) {
    case VM_EVENT_INTERRUPT:
        word |= EVENT_TYPE_INTR;
        break;
    case VM_EVENT_EXCEPTION:
        word |= EVENT_TYPE_EXCEPTION;
        break;
    case VM_EVENT_NMI:
        word |= EVENT_TYPE_NMI;
        v->arch.is_in_nmi = true;
        c->intercept[0] |= INTERCEPT1_IRET;
        break;
    }
    if (event->has_error)
        word |= EVENT_HAS_ERROR | (uint64_t)event->error << EVENT_ERROR_SHIFT;
    c->event_inject = word;
    v->counters.injections++;
}

/* An instruction that was emulated has left its shadow behind: RIP tells. */
static bool has_shadow(const struct vmcb *vmcb)
{
    return (vmcb->control.interrupt_shadow & INTERRUPT_SHADOW) &&
           vmcb->save.rip == vcpu_private()->regs.rip;
}

/* The handler of an NMI has ended when the guest is seen elsewhere than at its IRET. */
static bool is_in_nmi(struct vcpu *v)
{
    if (v->arch.nmi_iret_rip != 0 && v->arch.nmi_iret_rip != vcpu_private()->regs.rip) {
        v->arch.nmi_iret_rip = 0;
        v->arch.is_in_nmi = false;
    }
    return v->arch.is_in_nmi;
}

static bool svm_can_take(struct vcpu *v, bool is_nmi)
{
    const struct vmcb *vmcb = svm_vmcb();

    if ((vmcb->control.event_inject & EVENT_VALID) || has_shadow(vmcb))
        return false;
    return is_nmi ? !is_in_nmi(v) : vcpu_private()->regs.rflags & RFLAGS_IF;
}

/* A virtual interrupt that is never taken, because its intercept comes first: exits as soon as the
 * guest could take one. */
static void svm_open_window(void)
{
    struct vmcb_control *c = &svm_vmcb()->control;

    c->v_intr |= V_INTR_IRQ | V_INTR_PRIO_HIGH | V_INTR_IGNORE_TPR;
    c->intercept[0] |= INTERCEPT1_VINTR;
}

static unsigned svm_get_mode(void)
{
    const struct vmcb_save *save = &svm_vmcb()->save;

    return save->cpl |
           ((save->efer & EFER_LMA) && (save->cs.attributes & SEGMENT_LONG) ? VM_MODE_LONG : 0);
}

static NOINLINE bool read_paging(struct guest_paging *paging)
{
    const struct vmcb_save *save = &svm_vmcb()->save;
    unsigned mode = svm_get_mode();

    paging->cr0 = save->cr0;
    paging->cr3 = save->cr3;
    paging->cr4 = save->cr4;
    paging->efer = save->efer & ~EFER_SVME;
    paging->rflags = vcpu_private()->regs.rflags;
    paging->cpl = mode & VM_MODE_CPL;
    paging->is_long = mode & VM_MODE_LONG;
    return false;
}

static bool svm_get_paging(UNUSED struct vcpu *v, struct guest_paging *paging)
{
    const struct vmcb_save *save = &svm_vmcb()->save;
    bool is_long = save->cs.attributes & SEGMENT_LONG;

    /* Without EFER.LMA the bit of CS does not count. */
    if (unlikely(((paging->cr0 ^ save->cr0) | (paging->cr3 ^ save->cr3) |
                  (paging->cr4 ^ save->cr4) | ((paging->efer ^ save->efer) & ~EFER_SVME) |
                  ((paging->rflags ^ vcpu_private()->regs.rflags) & RFLAGS_AC)) != 0) ||
        paging->cpl != save->cpl || (paging->is_long != is_long && (save->efer & EFER_LMA)))
        return read_paging(paging);
    return true;
}

/* Where the 64-bit registers of enum vm_reg lie in a control block; 0: not there. */
static const uint16_t reg_offset[VM_REGS] = {
    [VM_CR0] = offsetof(struct vmcb, save.cr0),
    [VM_CR2] = offsetof(struct vmcb, save.cr2),
    [VM_CR3] = offsetof(struct vmcb, save.cr3),
    [VM_CR4] = offsetof(struct vmcb, save.cr4),
    [VM_EFER] = offsetof(struct vmcb, save.efer),
    [VM_PAT] = offsetof(struct vmcb, save.pat),
    [VM_DR6] = offsetof(struct vmcb, save.dr6),
    [VM_DR7] = offsetof(struct vmcb, save.dr7),
    [VM_CS_BASE] = offsetof(struct vmcb, save.cs.base),
    [VM_TSC_OFFSET] = offsetof(struct vmcb, control.tsc_offset),
    [VM_FS_BASE] = offsetof(struct vmcb, save.fs.base),
    [VM_GS_BASE] = offsetof(struct vmcb, save.gs.base),
    [VM_KERNEL_GS] = offsetof(struct vmcb, save.kernel_gs_base),
    [VM_STAR] = offsetof(struct vmcb, save.star),
    [VM_LSTAR] = offsetof(struct vmcb, save.lstar),
    [VM_CSTAR] = offsetof(struct vmcb, save.cstar),
    [VM_SFMASK] = offsetof(struct vmcb, save.sfmask),
    [VM_SYSENTER_CS] = offsetof(struct vmcb, save.sysenter_cs),
    [VM_SYSENTER_ESP] = offsetof(struct vmcb, save.sysenter_esp),
    [VM_SYSENTER_EIP] = offsetof(struct vmcb, save.sysenter_eip),
};

static uint64_t *reg_in_vmcb(unsigned which)
{
    BUG_ON(which >= VM_REGS || reg_offset[which] == 0);
    return (uint64_t *)((uint8_t *)svm_vmcb() + reg_offset[which]);
}

static uint64_t svm_get_reg(UNUSED struct vcpu *v, unsigned which)
{
    if (which == VM_EFER)
        return svm_vmcb()->save.efer & ~EFER_SVME;
    return *reg_in_vmcb(which);
}

static void svm_set_reg(struct vcpu *v, unsigned which, uint64_t value)
{
    struct vmcb_control *c = &svm_vmcb()->control;

    switch (which) {
    case VM_CR8:
        c->v_intr = (c->v_intr & ~V_INTR_TPR_MASK) | value;
        return;
    case VM_EFER:
        value |= EFER_SVME;
        break;
    default:
        break;
    }
    *reg_in_vmcb(which) = value;
    if (which == VM_CR0 || which == VM_CR3 || which == VM_CR4 || which == VM_EFER ||
        which == VM_PAT)
        svm_flush(v);
}

/* mov $number, %eax; vmmcall; ret. The slot of iret, which only PV guests have, is UD2. */
static void svm_hypercall_stub(uint8_t *stub, uint32_t number)
{
    static const uint8_t call[] = {0xb8, 0, 0, 0, 0, 0x0f, 0x01, 0xd9, 0xc3};
    static const uint8_t undefined[] = {0x0f, 0x0b};

    memset(stub, 0xcc, HYPERCALL_STUB_SIZE);
    if (number == __HYPERVISOR_iret) {
        memcpy(stub, undefined, sizeof(undefined));
        return;
    }
    memcpy(stub, call, sizeof(call));
    memcpy(stub + 1, &number, sizeof(number));
}

const struct virt_ops svm_ops = {
    .name = "AMD-V",
    .cpu_init = svm_cpu_init,
    .vcpu_init = svm_vcpu_init,
    .load = svm_load,
    .run = svm_run,
    .finish = svm_finish,
    .inject = svm_inject,
    .can_take = svm_can_take,
    .open_window = svm_open_window,
    .get_mode = svm_get_mode,
    .get_paging = svm_get_paging,
    .get_reg = svm_get_reg,
    .set_reg = svm_set_reg,
    .get_state = svm_get_state,
    .set_state = svm_set_state,
    .flush = svm_flush,
    .hypercall_stub = svm_hypercall_stub,
};
