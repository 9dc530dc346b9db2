/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the AMD-V half share. Nothing outside svm*.c includes it, but virt.c. */
#pragma once

#include "arch/x86/svm_vmcb.h"
#include "arch/x86/virt.h"

extern const struct virt_ops svm_ops;

/* The processor saves the address behind an intercepted instruction (CPUID; the same on all CPUs).
 */
extern bool svm_has_next_rip;

/* The control block of the loaded vCPU, and of the vCPU behind vcpu_private_other(). */
static inline struct vmcb *svm_vmcb(void)
{
    return (struct vmcb *)(vcpu_private() + 1);
}
static inline struct vmcb *svm_vmcb_other(void)
{
    return (struct vmcb *)(vcpu_private_other() + 1);
}

/* Translates what the processor left in C into EXIT, whose rip is filled in, and returns it.
 * VM_EXIT_CR_WRITE comes without cr.value and length. */
struct vm_exit *svm_exit_decode(const struct vmcb_control *c, struct vm_exit *exit);
/* Intercepts what always exits. */
void svm_exit_intercept(struct vmcb_control *c);
/* Whether the exit with CODE happens: there is a bit for each code below 0xc0. */
static inline void svm_intercept(struct vmcb_control *c, uint32_t code, bool is_on)
{
    c->intercept[code / 32] &= ~(1u << code % 32);
    c->intercept[code / 32] |= (uint32_t)is_on << code % 32;
}
static inline bool svm_intercepts(const struct vmcb_control *c, uint32_t code)
{
    return c->intercept[code / 32] >> code % 32 & 1;
}

/* An interrupt that was given to the processor waits to be delivered. */
static inline bool svm_has_interrupt(const struct vmcb_control *c)
{
    return (c->v_intr & V_INTR_IRQ) && !svm_intercepts(c, SVM_EXIT_VINTR);
}

/* The verbs get_state and set_state (svm_state.c). */
void svm_get_state(struct hvm_hw_cpu *record);
int svm_set_state(const struct hvm_hw_cpu *record) MUST_CHECK;
/* Guest state after INIT (APM Vol. 2 14.1.3), or if VECTOR is not negative, after a start-up IPI,
 * which starts at the page of that number. */
void svm_reset_state(struct vmcb_save *s, struct vcpu_private *p, int vector);

/* svm_entry.asm: enters the loaded vCPU, general registers from and to its struct vcpu_private (all
 * but RAX and RSP, which are the VMCB's), and calls svm_exit() after the exit, with GIF set, IF
 * clear and the host's VMLOAD state; and so on. */
void svm_enter(void) NORETURN;
/* Has the exit handled, and leaves a vCPU loaded that can be entered. */
void svm_exit(void);
_Static_assert(offsetof(struct vcpu_private, control) == 184 &&
                   offsetof(struct vcpu_private, host) == 192,
               "svm_entry.asm has the same offsets");
