/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns AMD-V on each CPU and the control block of each vCPU: switching it on, running, injecting,
 * registers (APM Vol. 2 chapter 15). A guest's translations are flushed by giving its vCPU a new
 * ASID; what one CPU's ASIDs mean is bounded by a generation (design decision 16).
 */
#include "arch/x86/svm.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/emulate.h"
#include "arch/x86/percpu.h"
#include "arch/x86/apic_bits.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "pv-abi/xen.h"

#define CPUID_EXT_FEATURES 0x80000001u
#define CPUID_EXT_ECX_SVM  (1u << 2) /* APM Vol. 3 E.4.2 */
#define CPUID_SVM          0x8000000au
#define VM_CR_SVMDIS       (UINT64_C(1) << 4) /* APM Vol. 2 15.30.1 */
#define INSN_HLT           0xf4u              /* APM Vol. 3, HLT */

/* Permission maps, shared by all vCPUs, set: exit. APM Vol. 2 15.10.1: a bit for each of 65,536
 * ports and 3 more; 15.11: two bits for each MSR, 2 KiB for each of the ranges 0, C000_0000,
 * C001_0000. */
#define IOPM_PAGES  3u
#define MSRPM_PAGES 2u
static uint8_t *iopm, *msrpm;

bool svm_has_next_rip;
static uint32_t asid_count; /* ASIDs 0 to asid_count - 1; 0 is the host's */

/* A generation rises when a CPU's ASIDs have run out and all are flushed. It is different on each
 * CPU, and never 0: a vCPU whose generation is this CPU's has an ASID that nobody else has here. */
#define ASID_GEN_FIRST(cpu) ((uint64_t)(cpu) << 48 | 1)

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
    svm_has_next_rip = (r.edx & SVM_FEATURE_NRIPS) != 0;
    asid_count = r.ebx;
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
    write_xcr0(xstate_components);
    pages = heap_alloc(NULL, 2);
    if (pages == NULL)
        return -ENODEV;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, paddr_of(heap_mfn(pages)).v);
    self->host_state = paddr_of(heap_mfn(pages + PAGE_SIZE)).v;
    self->asid_gen = ASID_GEN_FIRST(self->id);
    self->asid_next = 1;
    return 0;
}

static void svm_vcpu_init(struct vcpu *v, int vector)
{
    struct vmcb *vmcb = svm_vmcb_other();
    struct vmcb_control *c = &vmcb->control;

    memset(vmcb, 0, sizeof(*vmcb));
    svm_exit_intercept(c);
    c->iopm = paddr_of(heap_mfn(iopm)).v;
    c->msrpm = paddr_of(heap_mfn(msrpm)).v;
    c->v_intr = V_INTR_MASKING;
    c->np_enable = 1;
    c->nested_cr3 = paddr_of(v->domain->p2m.pt.root).v;
    svm_reset_state(&vmcb->save, vcpu_private_other(), vector);
    vcpu_private_other()->control = paddr_of(v->arch.control_frame).v;
    v->window.paging.cpl = PAGING_UNKNOWN;
    v->arch.asid_gen = 0;
}

static void svm_load(struct vcpu *v)
{
    struct vmcb *vmcb = svm_vmcb();
    struct vmcb_control *c = &vmcb->control;

    vcpu_private()->host = this_cpu()->host_state;
    c->tsc_offset = v->arch.tsc_offset;
    c->v_intr = (c->v_intr & ~V_INTR_TPR_MASK) | v->arch.vlapic.reg[APIC_REG_TPR] >> 4;
    vmcb->save.pat = v->arch.pat;
}

static void svm_flush(struct vcpu *v)
{
    v->arch.asid_gen = 0;
}

/* Gives the loaded vCPU an ASID of this CPU that no other vCPU has had since the last flush of all,
 * and what else it has not brought here.
 */
static NOINLINE void take_asid(void)
{
    struct percpu *self = this_cpu();
    struct vcpu *v = self->current;
    struct vmcb_control *c = &svm_vmcb()->control;

    if (self->asid_next >= asid_count) {
        self->asid_gen++;
        self->asid_next = 1;
        c->tlb_control = TLB_CONTROL_ALL;
    }
    v->arch.asid_gen = self->asid_gen;
    c->asid = self->asid_next++;
    v->counters.flushes++;
    svm_load(v);
}

/* An instruction that was emulated has left its shadow behind: RIP tells. */
static bool has_shadow(const struct vmcb *vmcb)
{
    return (vmcb->control.interrupt_shadow & INTERRUPT_SHADOW) &&
           vmcb->save.rip == vcpu_private()->regs.rip;
}

/* IRET is intercepted while an NMI's handler runs (open_window() keeps an NMI waiting as well). */
static bool can_take(const struct vmcb *vmcb, uint32_t type)
{
    const struct vmcb_control *c = &vmcb->control;

    if ((c->event_inject & VM_EVENT_VALID) || has_shadow(vmcb))
        return false;
    return type == VM_EVENT_NMI ? !svm_intercepts(c, SVM_EXIT_IRET)
                                : !svm_has_interrupt(c) && vcpu_private()->regs.rflags & RFLAGS_IF;
}

/* An exit in the middle of an event's delivery: the event is queued again (APM Vol. 2 15.7.2). A
 * software interrupt, INT3 or INTO is not, because RIP still points at the instruction; nor is what
 * QEMU calls an exception and is a virtual interrupt, because V_IRQ is still set. */
static NOINLINE void requeue_event(struct vmcb_control *c)
{
    uint32_t type = c->exit_event & VM_EVENT_TYPE, vector = c->exit_event & VM_EVENT_VECTOR;

    if (type == EVENT_TYPE_SOFT ||
        (type == VM_EVENT_EXCEPTION &&
         (vector == VECTOR_BP || vector == VECTOR_OF || vector >= EXCEPTION_VECTORS)))
        return;
    c->event_inject = c->exit_event;
    c->event_error = c->exit_event_error;
}

/* Gives the processor VECTOR to deliver to the guest, which can take it. EVENTINJ would do the
 * same, but QEMU then delivers the vector a second time, whether IF is set or not, when one of its
 * threads asks the CPU to leave its loop before the next exit (helper_vmrun keeps exception_index).
 */
static void give_interrupt(struct vmcb_control *c, uint64_t vector)
{
    c->v_intr = (c->v_intr & ~V_INTR_VECTOR) | V_INTR_REQUEST | vector << V_INTR_VECTOR_SHIFT;
    svm_intercept(c, SVM_EXIT_VINTR, false);
}

/* Exits as soon as the guest could take an interrupt: a virtual one that is never taken, because
 * its intercept comes first. Where an interrupt waits to be delivered, the end of its handler
 * exits. */
static void open_window(struct vmcb_control *c)
{
    if (svm_has_interrupt(c)) {
        svm_intercept(c, SVM_EXIT_IRET, true);
        return;
    }
    c->v_intr |= V_INTR_REQUEST;
    svm_intercept(c, SVM_EXIT_VINTR, true);
}

static void svm_close_window(void)
{
    struct vmcb_control *c = &svm_vmcb()->control;

    if (c->exit_code == SVM_EXIT_IRET) {
        /* The handler ends behind this IRET, which has not executed yet. */
        svm_intercept(c, SVM_EXIT_IRET, false);
        c->interrupt_shadow = INTERRUPT_SHADOW;
    } else {
        c->v_intr &= ~V_INTR_REQUEST;
        svm_intercept(c, SVM_EXIT_VINTR, false);
    }
}

/* Brings the vCPU to enter into the processor's reach. */
static ALWAYS_INLINE void prepare(void)
{
    const struct vcpu *v = vm_entry();
    struct vmcb *vmcb = svm_vmcb();
    const struct guest_regs *regs = &vcpu_private()->regs;

    if (unlikely(vmcb->control.interrupt_shadow & INTERRUPT_SHADOW) && !has_shadow(vmcb))
        vmcb->control.interrupt_shadow = 0;
    vmcb->save.rip = regs->rip;
    vmcb->save.rsp = regs->gpr[REG_RSP];
    vmcb->save.rax = regs->gpr[REG_RAX];
    vmcb->save.rflags = regs->rflags;
    if (unlikely(v->arch.asid_gen != this_cpu()->asid_gen))
        take_asid();
}

void svm_exit(void)
{
    struct arch_vcpu *arch = &this_cpu()->current->arch;
    struct vmcb *vmcb = svm_vmcb();
    struct guest_regs *regs = &vcpu_private()->regs;
    struct vm_exit *exit = &arch->history[arch->history_next++ % VCPU_EXIT_HISTORY];

    __asm__("" : "+r"(exit)); /* or the compiler makes the address twice */
    regs->rip = exit->rip = vmcb->save.rip;
    regs->gpr[REG_RSP] = vmcb->save.rsp;
    regs->gpr[REG_RAX] = vmcb->save.rax;
    regs->rflags = vmcb->save.rflags;
    vmcb->control.tlb_control = TLB_CONTROL_NONE;
    if (unlikely(vmcb->control.exit_event & VM_EVENT_VALID))
        requeue_event(&vmcb->control);
    vm_exit(svm_exit_decode(&vmcb->control, exit));
    prepare();
}

static NORETURN void svm_run(void)
{
    prepare();
    svm_enter();
}

/* An interrupt that waits between STI and HLT ends the HLT. QEMU 7.2 enters a guest without its
 * shadow: the interrupt would come before the HLT, and the guest would sleep for good behind it. So
 * the HLT is done here. True: it was one. */
static NOINLINE bool pass_halt(const struct vmcb *vmcb)
{
    struct guest_regs *regs = &vcpu_private()->regs;
    struct guest_code code;

    if ((vmcb->control.event_inject & VM_EVENT_VALID) || !has_shadow(vmcb) ||
        !(regs->rflags & RFLAGS_IF) || vmcb->save.cpl != 0)
        return false;
    guest_code_fetch(&code);
    if (code.count == 0 || code.bytes[0] != INSN_HLT)
        return false;
    regs->rip++;
    return true;
}

static bool svm_inject(struct vcpu *v, uint32_t event)
{
    struct vmcb *vmcb = svm_vmcb();
    struct vmcb_control *c = &vmcb->control;
    uint32_t type = event & VM_EVENT_TYPE;

    if (likely(type == VM_EVENT_INTERRUPT)) {
        if (unlikely(!can_take(vmcb, VM_EVENT_INTERRUPT)) && !pass_halt(vmcb)) {
            open_window(c);
            return false;
        }
        give_interrupt(c, event & VM_EVENT_VECTOR);
    } else {
        if (type == VM_EVENT_NMI) {
            if (!can_take(vmcb, VM_EVENT_NMI))
                return false;
            svm_intercept(c, SVM_EXIT_IRET, true);
        }
        c->event_inject = VM_EVENT_VALID | event;
        c->event_error = 0;
    }
    v->counters.injections++;
    return true;
}

static unsigned svm_get_mode(void)
{
    const struct vmcb_save *save = &svm_vmcb()->save;

    /* Without a jump: EFER.LMA (bit 10) and CS.L (bit 9) on the place of VM_MODE_LONG. */
    return save->cpl | (save->efer >> 8 & save->cs.attributes >> 7 & VM_MODE_LONG);
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

static bool svm_get_paging(struct guest_paging *paging)
{
    const struct vmcb_save *save = &svm_vmcb()->save;
    bool is_long = save->cs.attributes & SEGMENT_LONG;

    /* CR0, CR4 and EFER change by svm_set_reg() alone. Without EFER.LMA the bit of CS does not
     * count. */
    if (unlikely(((paging->cr3 ^ save->cr3) |
                  ((paging->rflags ^ vcpu_private()->regs.rflags) & RFLAGS_AC)) != 0) ||
        paging->cpl != save->cpl || (paging->is_long != is_long && (save->efer & EFER_LMA)))
        return read_paging(paging);
    return true;
}

static uint64_t *reg_in_vmcb(enum vm_reg which)
{
    static const uint16_t offset[] = {
        [VM_CR0] = offsetof(struct vmcb, save.cr0),
        [VM_CR3] = offsetof(struct vmcb, save.cr3),
        [VM_CR4] = offsetof(struct vmcb, save.cr4),
        [VM_EFER] = offsetof(struct vmcb, save.efer),
        [VM_DR6] = offsetof(struct vmcb, save.dr6),
        [VM_CS_BASE] = offsetof(struct vmcb, save.cs.base),
    };

    return (uint64_t *)((uint8_t *)svm_vmcb() + offset[which]);
}

static uint64_t svm_get_reg(enum vm_reg which)
{
    return *reg_in_vmcb(which) & (which == VM_EFER ? ~EFER_SVME : UINT64_MAX);
}

static void svm_set_reg(enum vm_reg which, uint64_t value)
{
    *reg_in_vmcb(which) = which == VM_EFER ? value | EFER_SVME : value;
    this_cpu()->window->paging.cpl = PAGING_UNKNOWN;
    if (which != VM_DR6)
        svm_flush(this_cpu()->current);
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
    .cpu_init = svm_cpu_init,
    .vcpu_init = svm_vcpu_init,
    .load = svm_load,
    .run = svm_run,
    .inject = svm_inject,
    .close_window = svm_close_window,
    .get_mode = svm_get_mode,
    .get_paging = svm_get_paging,
    .get_reg = svm_get_reg,
    .set_reg = svm_set_reg,
    .get_state = svm_get_state,
    .set_state = svm_set_state,
    .flush = svm_flush,
    .hypercall_stub = svm_hypercall_stub,
};
