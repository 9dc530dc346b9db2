/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the registers of a vCPU that runs nowhere: its private page and control block to and from
 * Xen's CPU record (design decision 17), and the state after INIT. */
#include "arch/x86/svm.h"

#include "arch/x86/emulate.h"
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

void svm_reset_state(struct vmcb_save *s, struct vcpu_private *p, int vector)
{
    const struct vmcb_segment data = {0, ATTRIBUTES_DATA, RESET_LIMIT, 0};

    memset(s, 0, sizeof(*s));
    memset(&p->regs, 0, sizeof(p->regs));
    memset(p->dr, 0, sizeof(p->dr));
    s->es = s->ss = s->ds = s->fs = s->gs = data;
    s->cs = (struct vmcb_segment){RESET_CS_SELECTOR, ATTRIBUTES_CODE, RESET_LIMIT, RESET_CS_BASE};
    s->gdtr.limit = s->idtr.limit = RESET_LIMIT;
    s->ldtr = (struct vmcb_segment){0, ATTRIBUTES_LDT, RESET_LIMIT, 0};
    s->tr = (struct vmcb_segment){0, ATTRIBUTES_TSS, RESET_LIMIT, 0};
    s->cr0 = RESET_CR0;
    s->efer = EFER_SVME;
    s->dr6 = RESET_DR6;
    s->dr7 = RESET_DR7;
    s->pat = PAT_RESET;
    p->regs.rflags = RFLAGS_FIXED;
    p->regs.rip = RESET_RIP;
    if (vector >= 0) {
        s->cs.selector = (uint16_t)(vector << 8);
        s->cs.base = (uint64_t)vector << PAGE_SHIFT;
        p->regs.rip = 0;
    }
}

/* A vCPU's two pages, as they are mapped. */
struct pages {
    struct vcpu_private p;
    struct vmcb vmcb;
};

#define FIELD(from, to, size)                                                                      \
    {                                                                                              \
        offsetof(struct pages, from), offsetof(struct hvm_hw_cpu, to), size                        \
    }
#define GENERAL(number, to) FIELD(p.regs.gpr[number], to, 8)
#define SAVED(from, to)     FIELD(vmcb.save.from, to, 8)
#define TABLE(name)                                                                                \
    FIELD(vmcb.save.name.limit, name##_limit, 4), FIELD(vmcb.save.name.base, name##_base, 8)
#define SEGMENT(name)                                                                              \
    FIELD(vmcb.save.name.selector, name##_sel, 2),                                                 \
        FIELD(vmcb.save.name.attributes, name##_arbytes, 2), TABLE(name)

/* Which bytes of the pages are which of the record; zeros follow there where its field is wider. */
static const struct {
    uint16_t page, record, size;
} fields[] = {
    GENERAL(REG_RAX, rax),
    GENERAL(REG_RBX, rbx),
    FIELD(p.regs.gpr[REG_RCX], rcx, 2 * 8),
    FIELD(p.regs.gpr[REG_RBP], rbp, 3 * 8),
    GENERAL(REG_RSP, rsp),
    FIELD(p.regs.gpr[REG_R8], r8, 8 * 8),
    FIELD(p.regs.rip, rip, 2 * 8),
    FIELD(p.dr, dr0, 4 * 8),
    SAVED(dr6, dr6),
    SAVED(dr7, dr7),
    SAVED(cr0, cr0),
    SAVED(cr2, cr2),
    SAVED(cr3, cr3),
    SAVED(cr4, cr4),
    SAVED(efer, msr_efer),
    SEGMENT(cs),
    SEGMENT(ds),
    SEGMENT(es),
    SEGMENT(fs),
    SEGMENT(gs),
    SEGMENT(ss),
    SEGMENT(tr),
    SEGMENT(ldtr),
    TABLE(gdtr),
    TABLE(idtr),
    FIELD(vmcb.save.sysenter_cs, sysenter_cs, 3 * 8),
    SAVED(kernel_gs_base, shadow_gs),
    SAVED(lstar, msr_lstar),
    SAVED(star, msr_star),
    SAVED(cstar, msr_cstar),
    SAVED(sfmask, msr_syscall_mask),
    FIELD(vmcb.control.event_inject, pending_event, 2 * 4),
};

void svm_get_state(struct hvm_hw_cpu *record)
{
    const uint8_t *pages = (const uint8_t *)vcpu_private_other();
    const struct vmcb_control *c = &svm_vmcb_other()->control;

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        memcpy((uint8_t *)record + fields[i].record, pages + fields[i].page, fields[i].size);
    record->msr_efer &= ~EFER_SVME;
    if (record->pending_event & VM_EVENT_VALID)
        return;
    record->error_code = 0;
    record->pending_event =
        svm_has_interrupt(c) ? VM_EVENT_VALID | (uint32_t)(c->v_intr >> V_INTR_VECTOR_SHIFT) : 0;
}

int svm_set_state(const struct hvm_hw_cpu *record)
{
    uint8_t *pages = (uint8_t *)vcpu_private_other();
    struct vmcb *vmcb = svm_vmcb_other();
    struct vmcb_save *s = &vmcb->save;

    if (cr_check_state(record->cr0, record->cr4, record->msr_efer) != 0)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        memcpy(pages + fields[i].page, (const uint8_t *)record + fields[i].record, fields[i].size);
    vcpu_private_other()->regs.rflags |= RFLAGS_FIXED;
    s->efer |= EFER_SVME;
    for (size_t i = 0; i < ARRAY_SIZE(s->segment); i++)
        s->segment[i].attributes &= ATTRIBUTES_MASK;
    /* The privilege level is the stack segment's DPL in every mode (APM Vol. 2 15.5.1). */
    s->cpl = s->ss.attributes >> SEGMENT_DPL_SHIFT & 3;
    s->dr7 |= RESET_DR7;
    s->dr6 |= RESET_DR6;
    vmcb->control.interrupt_shadow = 0;
    svm_intercept(&vmcb->control, SVM_EXIT_IRET, false);
    vmcb->control.v_intr &= ~V_INTR_REQUEST;
    if (!(record->pending_event & VM_EVENT_VALID))
        vmcb->control.event_inject = 0;
    return 0;
}
