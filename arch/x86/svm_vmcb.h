/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual machine control block and its bits: APM Vol. 2 appendix B and C, section 15. */
#pragma once

#include "core/types.h"
#include "pv-abi/layout.h"

struct vmcb_control {
    uint32_t intercept[6]; /* a bit per exit code */
    uint8_t reserved_018[0x40 - 0x18];
    uint64_t iopm;
    uint64_t msrpm;
    uint64_t tsc_offset;
    uint32_t asid;
    uint8_t tlb_control; /* TLB_CONTROL_* */
    uint8_t reserved_05d[3];
    uint64_t v_intr; /* V_INTR_* */
    uint64_t interrupt_shadow;
    uint64_t exit_code;
    uint64_t exit_info[2];
    uint32_t exit_event; /* EXITINTINFO: VM_EVENT_* of virt.h (APM Vol. 2 15.20) */
    uint32_t exit_event_error;
    uint64_t np_enable;
    uint8_t reserved_098[0xa8 - 0x98];
    uint32_t event_inject; /* EVENTINJ: the same */
    uint32_t event_error;
    uint64_t nested_cr3;
    uint64_t lbr_control;
    uint64_t clean; /* 0: nothing may be taken from a cache */
    uint64_t next_rip;
    uint8_t reserved_0d0[0x400 - 0xd0];
};

struct vmcb_segment {
    uint16_t selector;
    uint16_t attributes; /* descriptor bits 47:40 and 55:52 */
    uint32_t limit;
    uint64_t base;
};

/* Attribute bits: APM Vol. 2 4.7, 4.8 and 15.5.1. */
#define SEGMENT_DPL_SHIFT 5
#define SEGMENT_LONG      (1u << 9)

struct vmcb_save {
    union {
        struct {
            struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
        };
        struct vmcb_segment segment[10];
    };
    uint8_t reserved_4a0[0x4cb - 0x4a0];
    uint8_t cpl;
    uint8_t reserved_4cc[4];
    uint64_t efer;
    uint8_t reserved_4d8[0x548 - 0x4d8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint8_t reserved_580[0x5d8 - 0x580];
    uint64_t rsp;
    uint8_t reserved_5e0[0x5f8 - 0x5e0];
    uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
    uint8_t reserved_648[0x668 - 0x648];
    uint64_t pat;
    uint8_t reserved_670[0x1000 - 0x670];
};

struct vmcb {
    struct vmcb_control control;
    struct vmcb_save save;
};

/* APM Vol. 2 appendix B */
ABI_LAYOUT(struct vmcb, 4096, control.iopm, 0x040, control.msrpm, 0x048, control.tsc_offset, 0x050,
           control.asid, 0x058, control.tlb_control, 0x05c, control.v_intr, 0x060,
           control.interrupt_shadow, 0x068, control.exit_code, 0x070, control.exit_info, 0x078,
           control.exit_event, 0x088, control.np_enable, 0x090, control.event_inject, 0x0a8,
           control.nested_cr3, 0x0b0, control.clean, 0x0c0, control.next_rip, 0x0c8);
ABI_LAYOUT(struct vmcb, 4096, save.es, 0x400, save.gdtr, 0x460, save.tr, 0x490, save.cpl, 0x4cb,
           save.efer, 0x4d0, save.cr4, 0x548, save.dr7, 0x560, save.rip, 0x578, save.rsp, 0x5d8,
           save.rax, 0x5f8, save.kernel_gs_base, 0x620, save.cr2, 0x640, save.pat, 0x668);

/* APM Vol. 2 table B-1, offset 05Ch */
#define TLB_CONTROL_NONE 0u
#define TLB_CONTROL_ALL  1u

/* APM Vol. 2 table B-1, offset 060h */
#define V_INTR_TPR_MASK     UINT64_C(0xff)
#define V_INTR_IRQ          (UINT64_C(1) << 8)
#define V_INTR_PRIO_HIGH    (UINT64_C(0xf) << 16)
#define V_INTR_IGNORE_TPR   (UINT64_C(1) << 20)
#define V_INTR_MASKING      (UINT64_C(1) << 24)
#define V_INTR_VECTOR       (UINT64_C(0xff) << V_INTR_VECTOR_SHIFT)
#define V_INTR_VECTOR_SHIFT 32
#define V_INTR_REQUEST      (V_INTR_IRQ | V_INTR_PRIO_HIGH | V_INTR_IGNORE_TPR)

#define EVENT_TYPE_SOFT (4u << 8) /* APM Vol. 2 15.20 */

#define INTERRUPT_SHADOW UINT64_C(1)

/* Exit codes, APM Vol. 2 appendix C; the others are in svm_exit.c alone. */
#define SVM_EXIT_CR_WRITE 0x010u /* and the register's number */
#define SVM_EXIT_VINTR    0x064u
#define SVM_EXIT_CR0_SEL  0x065u /* writes that change more than TS and MP */
#define SVM_EXIT_IRET     0x074u
#define SVM_EXIT_NPF      0x400u
#define SVM_EXIT_INVALID  0xffffffffu /* low half of -1: some implementations store 32 bits */

/* EXITINFO1 of IOIO, APM Vol. 2 15.10.2 */
#define IOIO_IN         (1u << 0)
#define IOIO_STRING     (1u << 2)
#define IOIO_SIZE_SHIFT 4
#define IOIO_SIZE_MASK  7u
#define IOIO_PORT_SHIFT 16

/* EXITINFO1 of NPF, APM Vol. 2 15.25.6 */
#define NPF_WRITE (UINT64_C(1) << 1)
#define NPF_EXEC  (UINT64_C(1) << 4)
#define NPF_WALK  (UINT64_C(1) << 33)

/* CPUID Fn8000_000A, APM Vol. 3 E.4.9 */
#define SVM_FEATURE_NP    (1u << 0)
#define SVM_FEATURE_NRIPS (1u << 3)
