/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the AMD-V half share. Nothing outside svm*.c includes it, but virt.c. */
#ifndef ATOLL_X86_SVM_H
#define ATOLL_X86_SVM_H

#include "arch/x86/svm_vmcb.h"
#include "arch/x86/virt.h"

extern const struct virt_ops svm_ops;

/* What the processor can, from CPUID; the same on all CPUs. */
struct svm_features {
    bool has_next_rip;
    bool has_decode_assist;
    uint32_t asid_count; /* ASIDs 0 to asid_count - 1; 0 is the host's */
};
extern struct svm_features svm_features;

/* The control block of the loaded vCPU, and of the vCPU behind vcpu_private_other(). */
static inline struct vmcb *svm_vmcb(void)
{
    return (struct vmcb *)(vcpu_private() + 1);
}
static inline struct vmcb *svm_vmcb_other(void)
{
    return (struct vmcb *)(vcpu_private_other() + 1);
}

/* Translates what the processor left in VMCB after an exit, and returns EXIT. REGS: the guest's
 * registers, already copied out. For VM_EXIT_CR_WRITE without decode assists, cr.value is not
 * filled in: length is 0, and cr_decode() has to look at the instruction. */
struct vm_exit *svm_exit_decode(const struct vmcb *vmcb, const struct guest_regs *regs,
                                struct vm_exit *exit);

/* The verbs get_state and set_state (svm_state.c). */
void svm_get_state(struct hvm_hw_cpu *record);
int svm_set_state(const struct hvm_hw_cpu *record) MUST_CHECK;
/* Guest state after INIT (APM Vol. 2 14.1.3). */
void svm_reset_state(struct vmcb_save *s, struct guest_regs *regs);

/* svm_entry.asm: enters the loaded vCPU, general registers from and to its struct vcpu_private (all
 * but RAX and RSP, which are the VMCB's), and comes back with GIF set, IF clear and the host's
 * VMLOAD state. */
void svm_enter(void);
_Static_assert(offsetof(struct vcpu_private, control) == 184 &&
                   offsetof(struct vcpu_private, host) == 192,
               "svm_entry.asm has the same offsets");

#endif
