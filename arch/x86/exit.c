/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the loop of every CPU, event delivery before each entry, and what is done about each kind of
 * exit. Nothing here names a vendor, logs, or waits.
 */
#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/kick.h"
#include "arch/x86/lapic_page.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "arch/x86/port.h"
#include "arch/x86/vlapic_bits.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "core/frame.h"
#include "core/hypercall.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/insn.h"
#include "pv-abi/hvm_params.h"

static void inject_gp(struct vcpu *v)
{
    virt->inject(v, VM_EVENT_EXCEPTION | VM_EVENT_HAS_ERROR | VECTOR_GP);
}

/* RF ends with an instruction (APM Vol. 2 13.1.4), and a guest that single-steps gets its trap. */
static NOINLINE void skip_flags(struct vcpu *v, struct guest_regs *regs)
{
    regs->rflags &= ~RFLAGS_RF;
    if (regs->rflags & RFLAGS_TF) {
        virt->set_reg(VM_DR6, virt->get_reg(VM_DR6) | DR6_BS);
        virt->inject(v, VM_EVENT_EXCEPTION | VECTOR_DB);
    }
}

/* The instruction of EXIT is done. */
static inline void skip(struct vcpu *v, struct vm_exit *exit)
{
    struct guest_regs *regs = &vcpu_private()->regs;

    regs->rip += exit->length;
    if (unlikely(regs->rflags & (RFLAGS_TF | RFLAGS_RF)))
        skip_flags(v, regs);
}

static void exit_none(UNUSED struct vcpu *v, UNUSED struct vm_exit *exit)
{
    irq_window();
}

/* vm_entry() looks for events. */
static void exit_window(UNUSED struct vcpu *v, UNUSED struct vm_exit *exit)
{
    virt->close_window();
}

/* With interrupts off nothing but an NMI ends an HLT: that is how a kernel parks a CPU for good
 * (docs/architecture.md). */
static void exit_hlt(struct vcpu *v, struct vm_exit *exit)
{
    skip(v, exit);
    if (!(vcpu_private()->regs.rflags & RFLAGS_IF)) {
        if (!vlapic_has_nmi(&v->arch.vlapic))
            vcpu_down(v);
        return;
    }
    vcpu_block(v);
}

static void exit_cpuid(struct vcpu *v, struct vm_exit *exit)
{
    cpuid_guest(v, vcpu_private()->regs.gpr);
    skip(v, exit);
}

static void exit_hypercall(UNUSED struct vcpu *v, struct vm_exit *exit)
{
    hypercall_dispatch(exit->length);
}

static NOINLINE void crash_string_io(struct vcpu *v, struct vm_exit *exit)
{
    domain_crash(v->domain, "string I/O at port %x", exit->port.port);
}

static void exit_port(struct vcpu *v, struct vm_exit *exit)
{
    /* What of RAX an IN of that many bytes leaves alone; one of 4 clears the upper half. */
    static const uint64_t kept[] = {
        [1] = ~UINT64_C(0xff),
        [2] = ~UINT64_C(0xffff),
        [4] = 0,
    };
    uint64_t *rax = &vcpu_private()->regs.gpr[REG_RAX];
    unsigned size = exit->port.size;

    if (unlikely(exit->port.is_string)) {
        crash_string_io(v, exit);
        return;
    }
    if (exit->port.is_in)
        *rax = (*rax & kept[size]) | (port_read(v->domain, exit->port.port, size) & ~kept[size]);
    else
        port_write(v->domain, exit->port.port, size, (uint32_t)*rax);
    skip(v, exit);
}

static void exit_msr_read(struct vcpu *v, struct vm_exit *exit)
{
    uint64_t *gpr = vcpu_private()->regs.gpr;
    uint64_t value;

    if (msr_read(v, (uint32_t)gpr[REG_RCX], &value) != 0) {
        inject_gp(v);
        return;
    }
    gpr[REG_RAX] = (uint32_t)value;
    gpr[REG_RDX] = value >> 32;
    skip(v, exit);
}

static void exit_msr_write(struct vcpu *v, struct vm_exit *exit)
{
    const uint64_t *gpr = vcpu_private()->regs.gpr;
    uint64_t value = (uint32_t)gpr[REG_RAX] | gpr[REG_RDX] << 32;
    int rc = msr_write(v, (uint32_t)gpr[REG_RCX], value);

    if (rc == -EINVAL)
        inject_gp(v);
    else if (rc == 0)
        skip(v, exit);
    /* -EAGAIN: the instruction is executed again. */
}

/* LMA follows paging (APM Vol. 2 14.6.1). */
static int set_cr0(uint64_t value)
{
    struct guest_paging paging = {.cpl = 0};
    uint64_t efer;

    virt->get_paging(&paging);
    if (cr0_check_write(&paging, value) != 0)
        return -EINVAL;
    efer = paging.efer & ~EFER_LMA;
    if ((value & CR0_PG) && (efer & EFER_LME))
        efer |= EFER_LMA;
    virt->set_reg(VM_CR0, cr0_written(value));
    virt->set_reg(VM_EFER, efer);
    return 0;
}

static int set_cr4(uint64_t value)
{
    if (cr4_check_write(virt->get_reg(VM_CR0), virt->get_reg(VM_CR4), virt->get_reg(VM_EFER),
                        value) != 0)
        return -EINVAL;
    virt->set_reg(VM_CR4, value);
    return 0;
}

static int set_cr8(struct vcpu *v, uint64_t value)
{
    if (value > CR8_MAX)
        return -EINVAL;
    return vlapic_page_write(v, APIC_REG_TPR, (uint32_t)value << 4);
}

static void exit_cr_write(struct vcpu *v, struct vm_exit *exit)
{
    int rc;

    if (exit->length == 0)
        cr_decode(exit);
    if (exit->length == 0) {
        domain_crash(v->domain, "write to CR%u by an unknown instruction", exit->cr.number);
        return;
    }
    if (exit->cr.number == 0)
        rc = set_cr0(exit->cr.value);
    else
        rc = exit->cr.number == 4 ? set_cr4(exit->cr.value) : set_cr8(v, exit->cr.value);
    if (rc != 0)
        inject_gp(v);
    else
        skip(v, exit);
}

static void exit_xsetbv(struct vcpu *v, struct vm_exit *exit)
{
    const uint64_t *gpr = vcpu_private()->regs.gpr;
    uint64_t value = (uint32_t)gpr[REG_RAX] | gpr[REG_RDX] << 32;

    if ((uint32_t)gpr[REG_RCX] != 0 || (virt->get_mode() & VM_MODE_CPL) != 0 ||
        !xstate_is_valid_xcr0(value)) {
        inject_gp(v);
        return;
    }
    write_xcr0(value);
    skip(v, exit);
}

/* WBINVD and INVD: a guest's caches are the host's, and coherent. */
static void exit_cache(struct vcpu *v, struct vm_exit *exit)
{
    skip(v, exit);
}

static void exit_fault(struct vcpu *v, struct vm_exit *exit)
{
    struct p2m_entry entry;
    gpa_t gpa = exit->fault.gpa;

    if (gpa.v >> PAGE_SHIFT == VLAPIC_BASE_RESET >> PAGE_SHIFT && vlapic_has_page(v) &&
        !exit->fault.is_walk && !exit->fault.is_exec) {
        lapic_page_access(v, gpa);
        return;
    }
    /* A translation that was there or grew since, and that this CPU has not seen. */
    p2m_get(v->domain, gfn_of(gpa), &entry);
    if (entry.type != P2M_NONE && (entry.is_writable || !exit->fault.is_write) &&
        !(exit->fault.is_exec && entry.type == P2M_MMIO)) {
        virt->flush(v);
        return;
    }
    domain_crash(v->domain, "%s of guest-physical %lx, where there is %s",
                 exit->fault.is_write  ? "write"
                 : exit->fault.is_exec ? "execution"
                                       : "read",
                 gpa.v, entry.type == P2M_NONE ? "nothing" : "no such right");
}

static void exit_undefined(struct vcpu *v, UNUSED struct vm_exit *exit)
{
    virt->inject(v, VM_EVENT_EXCEPTION | VECTOR_UD);
}

static void exit_shutdown(struct vcpu *v, UNUSED struct vm_exit *exit)
{
    domain_shutdown(v->domain, (uint32_t)v->domain->params[HVM_PARAM_TRIPLE_FAULT_REASON]);
}

static void exit_bad_state(struct vcpu *v, struct vm_exit *exit)
{
    domain_crash(v->domain, "the processor refuses its state (exit %lx)", exit->unknown.code);
}

static void exit_unknown(struct vcpu *v, struct vm_exit *exit)
{
    domain_crash(v->domain, "unknown exit %lx, %lx, %lx", exit->unknown.code, exit->info,
                 exit->unknown.info2);
}

static void (*const handlers[VM_EXIT_KINDS])(struct vcpu *v, struct vm_exit *exit) = {
    [VM_EXIT_UNKNOWN] = exit_unknown,     [VM_EXIT_NONE] = exit_none,
    [VM_EXIT_WINDOW] = exit_window,       [VM_EXIT_HLT] = exit_hlt,
    [VM_EXIT_CPUID] = exit_cpuid,         [VM_EXIT_HYPERCALL] = exit_hypercall,
    [VM_EXIT_PORT] = exit_port,           [VM_EXIT_MSR_READ] = exit_msr_read,
    [VM_EXIT_MSR_WRITE] = exit_msr_write, [VM_EXIT_CR_WRITE] = exit_cr_write,
    [VM_EXIT_XSETBV] = exit_xsetbv,       [VM_EXIT_CACHE] = exit_cache,
    [VM_EXIT_FAULT] = exit_fault,         [VM_EXIT_UNDEFINED] = exit_undefined,
    [VM_EXIT_SHUTDOWN] = exit_shutdown,   [VM_EXIT_BAD_STATE] = exit_bad_state,
};

bool arch_vcpu_has_event(const struct vcpu *v)
{
    return (v->domain->callback != 0 && evtchn_upcall_pending(v)) || vlapic_pending(v) >= 0 ||
           vlapic_has_nmi(&v->arch.vlapic);
}

void arch_vcpu_nmi(struct vcpu *v)
{
    /* Pairs with the look after vcpu_block(). */
    atomic_fetch_or(&v->arch.vlapic.irr[0], VLAPIC_NMI);
    vcpu_notify(v);
}

/* Queues the first of what waits; the next gets a window. Xen's order: NMI, upcall, local APIC. An
 * upcall has no state but evtchn_upcall_pending, which the guest clears with interrupts off, so
 * that it is never injected twice for one event. */
static NOINLINE void deliver(struct vcpu *v)
{
    struct vlapic *l = &v->arch.vlapic;
    int vector;

    if (vlapic_has_nmi(l) && virt->inject(v, VM_EVENT_NMI | VECTOR_NMI))
        atomic_fetch_and(&l->irr[0], ~VLAPIC_NMI);
    if (v->domain->callback != 0 && evtchn_upcall_pending(v))
        virt->inject(v, VM_EVENT_INTERRUPT | (uint32_t)v->domain->callback);
    vector = vlapic_pending(v);
    if (vector >= 0 && virt->inject(v, VM_EVENT_INTERRUPT | (uint32_t)vector))
        vlapic_accept(v, (uint8_t)vector);
}

/* deliver() may have something to do. */
static inline bool has_event(const struct vcpu *v)
{
    return evtchn_upcall_pending(v) || vlapic_has_irr(&v->arch.vlapic);
}

static void take_pending(struct percpu *self)
{
    uint32_t bits = atomic_exchange(&self->cpu->pending, 0);

    if (bits & CPU_PENDING_HOST)
        host_flush();
    if (bits & CPU_PENDING_TIMER)
        timer_run();
    if (bits & CPU_PENDING_SCHED)
        sched_run();
}

static void idle(struct percpu *self)
{
    while (atomic_load(&self->cpu->pending) == 0 && frame_scrub_step())
        irq_window();
    if (!cpu_enter_begin(self->cpu))
        return;
    irq_enable_and_halt();
    cpu_enter_end(self->cpu);
}

/* The vCPU that this CPU has to run, with its domain's translations up to date. Only here does it
 * change. */
static NOINLINE struct vcpu *next_vcpu(struct percpu *self)
{
    for (;;) {
        if (atomic_load(&self->cpu->pending) != 0)
            take_pending(self);
        if (self->current != NULL) {
            p2m_enter(self->current);
            return self->current;
        }
        idle(self);
    }
}

void vm_exit(struct vm_exit *exit)
{
    struct percpu *self = this_cpu();
    struct vcpu *v = self->current;

    cpu_enter_end(self->cpu);
    self->pins_checked = 0;
    v->counters.exits[exit->kind]++;
    handlers[exit->kind](v, exit);
}

static inline bool is_stale(const struct vcpu *v)
{
    return v->arch.tlb_gen !=
           atomic_load_explicit(&v->domain->p2m.generation, memory_order_relaxed);
}

static NOINLINE struct vcpu *enter_after_work(struct percpu *self, struct vcpu *v)
{
    for (;;) {
        if (is_stale(v))
            p2m_enter(v);
        if (has_event(v))
            deliver(v);
        if (cpu_enter_begin(self->cpu))
            return v;
        v = next_vcpu(self);
    }
}

struct vcpu *vm_entry(void)
{
    struct percpu *self = this_cpu();
    struct vcpu *v = self->current;

    if (likely(!is_stale(v) && !has_event(v) && cpu_enter_begin(self->cpu)))
        return v;
    return enter_after_work(self, v);
}

void arch_cpu_loop(void)
{
    next_vcpu(this_cpu());
    virt->run();
}
