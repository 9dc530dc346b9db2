/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the loop of every CPU, event delivery before each entry, and what is done about each kind of
 * exit. Nothing here names a vendor, logs, or waits.
 */
#include "arch/x86/cpuid.h"
#include "arch/x86/emulate.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/kick.h"
#include "arch/x86/percpu.h"
#include "arch/x86/apic_bits.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "core/frame.h"
#include "core/hypercall.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/insn.h"
#include "pv-abi/hvm_params.h"

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
static inline void skip(struct vcpu *v, const struct vm_exit *exit)
{
    struct guest_regs *regs = &vcpu_private()->regs;

    regs->rip += exit->length;
    if (unlikely(regs->rflags & (RFLAGS_TF | RFLAGS_RF)))
        skip_flags(v, regs);
}

/* With interrupts off nothing but an NMI ends an HLT: that is how a kernel parks a CPU for good
 * (docs/architecture.md). */
static inline void halt(struct vcpu *v)
{
    if (vcpu_private()->regs.rflags & RFLAGS_IF)
        vcpu_block(v);
    else if (!vlapic_is_waiting(&v->arch.vlapic, VLAPIC_NMI))
        vcpu_down(v);
}

static int access_port(struct vcpu *v, const struct vm_exit *exit)
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
        domain_crash(v->domain, "string I/O at port %x", exit->port.port);
        return -EAGAIN;
    }
    if (exit->port.is_in)
        *rax = (*rax & kept[size]) | (port_read(v->domain, exit->port.port, size) & ~kept[size]);
    else
        port_write(v->domain, exit->port.port, size, (uint32_t)*rax);
    return 0;
}

static int read_msr(struct vcpu *v, uint64_t *gpr)
{
    uint64_t value;
    int rc = msr_read(v, (uint32_t)gpr[REG_RCX], &value);

    if (rc == 0) {
        gpr[REG_RAX] = (uint32_t)value;
        gpr[REG_RDX] = value >> 32;
    }
    return rc;
}

static int write_xcr(uint32_t number, uint64_t value)
{
    if (number != 0 || (virt->get_mode() & VM_MODE_CPL) != 0 || !xstate_is_valid_xcr0(value))
        return -EINVAL;
    write_xcr0(value);
    return 0;
}

static int write_cr(struct vcpu *v, struct vm_exit *exit)
{
    struct guest_code code;
    uint64_t value;

    if (exit->length == 0) {
        guest_code_fetch(&code);
        cr_decode(&code, &vcpu_private()->regs, exit);
    }
    value = exit->cr.value;
    if (exit->length == 0) {
        domain_crash(v->domain, "write to CR%u by an unknown instruction", exit->cr.number);
        return -EAGAIN;
    }
    if (exit->cr.number == 8)
        return value > CR8_MAX ? -EINVAL : vlapic_page_write(v, APIC_REG_TPR, (uint32_t)value << 4);
    return cr_write(exit->cr.number == 0 ? VM_CR0 : VM_CR4, value);
}

/* Does what the instruction of EXIT is for. -EINVAL: #GP; -EAGAIN: it is executed again. */
static int emulate(struct vcpu *v, struct vm_exit *exit)
{
    uint64_t *gpr = vcpu_private()->regs.gpr;
    uint64_t edx_eax = (uint32_t)gpr[REG_RAX] | gpr[REG_RDX] << 32;

    switch (exit->kind) {
    case VM_EXIT_PORT:
        return access_port(v, exit);
    case VM_EXIT_MSR_READ:
        return read_msr(v, gpr);
    case VM_EXIT_MSR_WRITE:
        return msr_write(v, (uint32_t)gpr[REG_RCX], edx_eax);
    case VM_EXIT_XSETBV:
        return write_xcr((uint32_t)gpr[REG_RCX], edx_eax);
    case VM_EXIT_CR_WRITE:
        return write_cr(v, exit);
    default: /* VM_EXIT_CACHE: a guest's caches are the host's, and coherent */
        return 0;
    }
}

static void instruction(struct vcpu *v, struct vm_exit *exit)
{
    int rc = emulate(v, exit);

    if (likely(rc == 0))
        skip(v, exit);
    else if (rc == -EINVAL)
        virt->inject(v, VM_EVENT_EXCEPTION | VM_EVENT_HAS_ERROR | VECTOR_GP);
}

static void fault(struct vcpu *v, const struct vm_exit *exit)
{
    struct p2m_entry entry;
    gpa_t gpa = exit->fault.gpa;

    if (gpa.v >> PAGE_SHIFT == VLAPIC_BASE_RESET >> PAGE_SHIFT && vlapic_has_page(v) &&
        !exit->fault.is_walk && !exit->fault.is_exec) {
        lapic_page_access(v, gpa);
        return;
    }
    /* A translation that was there or grew since, and that this CPU has not seen. */
    entry = p2m_get(v->domain, gfn_of(gpa));
    if (entry.type != P2M_NONE && (entry.is_writable || !exit->fault.is_write) &&
        !(exit->fault.is_exec && entry.type > P2M_RAM_RO)) {
        virt->flush(v);
        return;
    }
    domain_crash(v->domain, "%s of guest-physical %lx, where there is %s",
                 exit->fault.is_write  ? "write"
                 : exit->fault.is_exec ? "execution"
                                       : "read",
                 gpa.v, entry.type == P2M_NONE ? "nothing" : "no such right");
}

bool arch_vcpu_has_event(const struct vcpu *v)
{
    return (v->domain->callback != 0 && evtchn_upcall_pending(v)) || vlapic_pending(v) >= 0 ||
           vlapic_is_waiting(&v->arch.vlapic, VLAPIC_NMI);
}

void arch_vcpu_nmi(struct vcpu *v)
{
    /* Pairs with the look after vcpu_block(). */
    atomic_fetch_or(&v->arch.vlapic.waiting, VLAPIC_NMI);
    vcpu_notify(v);
}

/* Queues the first of what waits, if anything does; the next gets a window. Xen's order: NMI,
 * upcall, local APIC. An upcall has no state but evtchn_upcall_pending, which the guest clears with
 * interrupts off, so that it is never injected twice for one event. */
static inline void deliver(struct vcpu *v)
{
    struct vlapic *l = &v->arch.vlapic;
    uint32_t waiting = atomic_load_explicit(&l->waiting, memory_order_relaxed);
    int vector;

    if (waiting & VLAPIC_NMI && virt->inject(v, VM_EVENT_NMI | VECTOR_NMI))
        atomic_fetch_and(&l->waiting, ~VLAPIC_NMI);
    if (evtchn_upcall_pending(v) && v->domain->callback != 0)
        virt->inject(v, VM_EVENT_INTERRUPT | (uint32_t)v->domain->callback);
    vector = waiting & VLAPIC_IRQ ? vlapic_pending(v) : -1;
    if (vector >= 0 && virt->inject(v, VM_EVENT_INTERRUPT | (uint32_t)vector))
        vlapic_accept(v, (uint8_t)vector);
}

/* Only here does the loaded vCPU change. */
static inline void take_pending(struct percpu *self)
{
    uint32_t bits = atomic_exchange(&self->cpu->pending, 0);

    if (bits & CPU_PENDING_HOST)
        host_flush();
    if (bits & CPU_PENDING_TIMER)
        timer_run();
    if (bits & CPU_PENDING_SCHED)
        sched_run();
}

static NOINLINE void idle(struct percpu *self)
{
    while (atomic_load(&self->cpu->pending) == 0 && frame_scrub_step())
        irq_window();
    if (!cpu_enter_begin(self->cpu))
        return;
    irq_enable_and_halt();
    cpu_enter_end(self->cpu);
}

void vm_exit(struct vm_exit *exit)
{
    struct percpu *self = this_cpu();
    struct vcpu *v = self->current;

    cpu_enter_end(self->cpu);
    self->pins_checked = 0;
    v->counters.exits[exit->kind]++;
    switch (exit->kind) {
    case VM_EXIT_HYPERCALL:
        hypercall_dispatch(exit->length);
        break;
    case VM_EXIT_CPUID:
        skip(v, exit);
        cpuid_guest(v, vcpu_private()->regs.gpr);
        break;
    case VM_EXIT_HLT:
        skip(v, exit);
        halt(v);
        break;
    case VM_EXIT_NONE:
        irq_window();
        break;
    case VM_EXIT_WINDOW: /* vm_entry() looks for events. */
        virt->close_window();
        break;
    case VM_EXIT_FAULT:
        fault(v, exit);
        break;
    case VM_EXIT_UNDEFINED:
        virt->inject(v, VM_EVENT_EXCEPTION | VECTOR_UD);
        break;
    case VM_EXIT_DEBUG:
        vcpu_private()->regs.rip += exit->length;
        virt->inject(v, VM_EVENT_EXCEPTION | VECTOR_DB);
        break;
    case VM_EXIT_ALIGNMENT:
        virt->inject(v, VM_EVENT_EXCEPTION | VM_EVENT_HAS_ERROR | VECTOR_AC);
        break;
    case VM_EXIT_SHUTDOWN:
        domain_shutdown(v->domain, (uint32_t)v->domain->params[HVM_PARAM_TRIPLE_FAULT_REASON]);
        break;
    case VM_EXIT_BAD_STATE:
        domain_crash(v->domain, "the processor refuses its state (exit %lx)", exit->unknown.code);
        break;
    case VM_EXIT_UNKNOWN:
        domain_crash(v->domain, "unknown exit %lx, %lx, %lx", exit->unknown.code, exit->info,
                     exit->unknown.info2);
        break;
    default:
        instruction(v, exit);
        break;
    }
}

static inline bool is_stale(const struct vcpu *v)
{
    return v->arch.tlb_gen !=
           atomic_load_explicit(&v->domain->p2m.generation, memory_order_relaxed);
}

/* Finds the vCPU to enter. */
static NOINLINE struct vcpu *enter_after_pending(struct percpu *self)
{
    for (;;) {
        struct vcpu *v;

        take_pending(self);
        v = self->current;
        if (unlikely(v == NULL)) {
            idle(self);
            continue;
        }
        if (is_stale(v))
            p2m_enter(v);
        deliver(v);
        if (cpu_enter_begin(self->cpu))
            return v;
    }
}

static NOINLINE struct vcpu *enter_after_work(struct percpu *self, struct vcpu *v)
{
    if (is_stale(v))
        p2m_enter(v);
    deliver(v);
    return likely(cpu_enter_begin(self->cpu)) ? v : enter_after_pending(self);
}

ALWAYS_INLINE struct vcpu *vm_entry(void)
{
    struct percpu *self = this_cpu();
    struct vcpu *v = self->current;

    if (unlikely(is_stale(v) || vcpu_has_news(v)))
        return enter_after_work(self, v);
    return likely(cpu_enter_begin(self->cpu)) ? v : enter_after_pending(self);
}

void arch_cpu_loop(void)
{
    /* There is a vCPU from here on that vm_entry() can look at. */
    enter_after_pending(this_cpu());
    virt->run();
}
