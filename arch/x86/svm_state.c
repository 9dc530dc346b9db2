/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the registers of a vCPU that runs nowhere: its control block to and from Xen's CPU record
 * (design decision 17), and the state after INIT. */
#include "arch/x86/svm.h"

#include "arch/x86/cr.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"

/* State after INIT, APM Vol. 2 table 14-1. */
#define RESET_CR0         (CR0_ET | CR0_CD | CR0_NW)
#define RESET_DR6         UINT64_C(0xffff0ff0)
#define RESET_DR7         UINT64_C(0x400)
#define RESET_CS_SELECTOR 0xf000u
#define RESET_CS_BASE     UINT64_C(0xffff0000)
#define RESET_RIP         UINT64_C(0xfff0)
#define RESET_LIMIT       0xffffu
#define ATTRIBUTES_CODE   0x9bu /* present, code, readable, accessed */
#define ATTRIBUTES_DATA   0x93u /* present, data, writable, accessed */
#define ATTRIBUTES_LDT    0x82u /* present, LDT */
#define ATTRIBUTES_TSS    0x8bu /* present, busy 32-bit TSS */
#define ATTRIBUTES_MASK   0xfffu
#define PENDING_VALID     (1u << 31)

void svm_reset_state(struct vmcb_save *s, struct guest_regs *regs)
{
    const struct vmcb_segment data = {0, ATTRIBUTES_DATA, RESET_LIMIT, 0};

    memset(s, 0, sizeof(*s));
    memset(regs, 0, sizeof(*regs));
    s->es = s->ss = s->ds = s->fs = s->gs = data;
    s->cs = (struct vmcb_segment){RESET_CS_SELECTOR, ATTRIBUTES_CODE, RESET_LIMIT, RESET_CS_BASE};
    s->gdtr.limit = s->idtr.limit = RESET_LIMIT;
    s->ldtr = (struct vmcb_segment){0, ATTRIBUTES_LDT, RESET_LIMIT, 0};
    s->tr = (struct vmcb_segment){0, ATTRIBUTES_TSS, RESET_LIMIT, 0};
    s->cr0 = RESET_CR0;
    s->efer = EFER_SVME;
    s->dr6 = RESET_DR6;
    s->dr7 = RESET_DR7;
    s->rflags = regs->rflags = RFLAGS_FIXED;
    s->rip = regs->rip = RESET_RIP;
    s->pat = PAT_RESET;
}

/* The record's names for one segment register, both ways. */
#define EACH_SEGMENT(X) X(cs) X(ds) X(es) X(fs) X(gs) X(ss) X(tr) X(ldtr)

/* Registers whose name and meaning are the same in VMCB and record: vmcb field, record field. */
/* clang-format off */
#define EACH_REGISTER(X) \
    X(cr0, cr0) \
    X(cr2, cr2) \
    X(cr3, cr3) \
    X(cr4, cr4) \
    X(dr6, dr6) \
    X(dr7, dr7) \
    X(sysenter_cs, sysenter_cs) \
    X(sysenter_esp, sysenter_esp) \
    X(sysenter_eip, sysenter_eip) \
    X(kernel_gs_base, shadow_gs) \
    X(lstar, msr_lstar) \
    X(star, msr_star) \
    X(cstar, msr_cstar) \
    X(sfmask, msr_syscall_mask)
/* clang-format on */

static void get_general(const struct guest_regs *regs, struct hvm_hw_cpu *r)
{
    r->rax = regs->gpr[REG_RAX];
    r->rbx = regs->gpr[REG_RBX];
    r->rcx = regs->gpr[REG_RCX];
    r->rdx = regs->gpr[REG_RDX];
    r->rbp = regs->gpr[REG_RBP];
    r->rsi = regs->gpr[REG_RSI];
    r->rdi = regs->gpr[REG_RDI];
    r->rsp = regs->gpr[REG_RSP];
    memcpy(&r->r8, &regs->gpr[REG_R8], 8 * sizeof(uint64_t));
    r->rip = regs->rip;
    r->rflags = regs->rflags;
}

static void set_general(const struct hvm_hw_cpu *r, struct guest_regs *regs)
{
    regs->gpr[REG_RAX] = r->rax;
    regs->gpr[REG_RBX] = r->rbx;
    regs->gpr[REG_RCX] = r->rcx;
    regs->gpr[REG_RDX] = r->rdx;
    regs->gpr[REG_RBP] = r->rbp;
    regs->gpr[REG_RSI] = r->rsi;
    regs->gpr[REG_RDI] = r->rdi;
    regs->gpr[REG_RSP] = r->rsp;
    memcpy(&regs->gpr[REG_R8], &r->r8, 8 * sizeof(uint64_t));
    regs->rip = r->rip;
    regs->rflags = r->rflags | RFLAGS_FIXED;
}

void svm_get_state(struct hvm_hw_cpu *record)
{
    const struct vmcb *vmcb = svm_vmcb_other();
    const struct vmcb_save *s = &vmcb->save;

    get_general(&vcpu_private_other()->regs, record);
#define GET_SEGMENT(name)                                                                          \
    record->name##_sel = s->name.selector;                                                         \
    record->name##_arbytes = s->name.attributes;                                                   \
    record->name##_limit = s->name.limit;                                                          \
    record->name##_base = s->name.base;
    EACH_SEGMENT(GET_SEGMENT)
#define GET_REGISTER(from, to) record->to = s->from;
    EACH_REGISTER(GET_REGISTER)
    record->gdtr_limit = s->gdtr.limit;
    record->gdtr_base = s->gdtr.base;
    record->idtr_limit = s->idtr.limit;
    record->idtr_base = s->idtr.base;
    record->msr_efer = s->efer & ~EFER_SVME;
    record->pending_event = (uint32_t)vmcb->control.event_inject;
    record->error_code = (uint32_t)(vmcb->control.event_inject >> EVENT_ERROR_SHIFT);
    if (!(record->pending_event & PENDING_VALID))
        record->pending_event = record->error_code = 0;
}

int svm_set_state(const struct hvm_hw_cpu *record)
{
    struct vmcb *vmcb = svm_vmcb_other();
    struct vmcb_save *s = &vmcb->save;

    if (cr_check_state(record->cr0, record->cr4, record->msr_efer) != 0)
        return -EINVAL;
    set_general(record, &vcpu_private_other()->regs);
#define SET_SEGMENT(name)                                                                          \
    s->name.selector = (uint16_t)record->name##_sel;                                               \
    s->name.attributes = (uint16_t)(record->name##_arbytes & ATTRIBUTES_MASK);                     \
    s->name.limit = record->name##_limit;                                                          \
    s->name.base = record->name##_base;
    EACH_SEGMENT(SET_SEGMENT)
#define SET_REGISTER(to, from) s->to = record->from;
    EACH_REGISTER(SET_REGISTER)
    s->gdtr.limit = record->gdtr_limit;
    s->gdtr.base = record->gdtr_base;
    s->idtr.limit = record->idtr_limit;
    s->idtr.base = record->idtr_base;
    s->efer = record->msr_efer | EFER_SVME;
    s->rip = record->rip;
    /* The privilege level is the stack segment's DPL in every mode (APM Vol. 2 15.5.1). */
    s->cpl = s->ss.attributes >> SEGMENT_DPL_SHIFT & 3;
    s->dr7 |= RESET_DR7;
    s->dr6 |= RESET_DR6;
    vmcb->control.interrupt_shadow = 0;
    svm_intercept(&vmcb->control, SVM_EXIT_IRET, false);
    vmcb->control.event_inject = 0;
    if (record->pending_event & PENDING_VALID)
        vmcb->control.event_inject = record->pending_event | (uint64_t)record->error_code
                                                                 << EVENT_ERROR_SHIFT;
    return 0;
}
