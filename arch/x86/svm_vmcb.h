/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual machine control block and its bits: APM Vol. 2 appendix B and C, section 15. */
#ifndef ATOLL_X86_SVM_VMCB_H
#define ATOLL_X86_SVM_VMCB_H

#include "core/types.h"

struct vmcb_control {
    uint32_t intercept_cr; /* reads of CR0..15, then writes */
    uint32_t intercept_dr;
    uint32_t intercept_exceptions;
    uint32_t intercept[3]; /* INTERCEPT1_*, INTERCEPT2_*, INTERCEPT3_* */
    uint8_t reserved_018[0x3c - 0x18];
    uint16_t pause_threshold;
    uint16_t pause_count;
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
    uint64_t exit_int_info; /* EVENT_* */
    uint64_t np_enable;
    uint8_t reserved_098[0xa8 - 0x98];
    uint64_t event_inject; /* EVENT_* */
    uint64_t nested_cr3;
    uint64_t lbr_control;
    uint64_t clean; /* 0: nothing may be taken from a cache */
    uint64_t next_rip;
    uint8_t fetched_count;
    uint8_t fetched[15];
    uint8_t reserved_0e0[0x400 - 0xe0];
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
    struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
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
    uint64_t debugctl;
    uint8_t reserved_678[0x1000 - 0x678];
};

struct vmcb {
    struct vmcb_control control;
    struct vmcb_save save;
};

#define VMCB_AT(field, offset)                                                                     \
    _Static_assert(offsetof(struct vmcb, field) == (offset), "VMCB layout, APM Vol. 2 appendix B")
VMCB_AT(control.intercept_exceptions, 0x008);
VMCB_AT(control.intercept, 0x00c);
VMCB_AT(control.pause_threshold, 0x03c);
VMCB_AT(control.iopm, 0x040);
VMCB_AT(control.msrpm, 0x048);
VMCB_AT(control.tsc_offset, 0x050);
VMCB_AT(control.asid, 0x058);
VMCB_AT(control.tlb_control, 0x05c);
VMCB_AT(control.v_intr, 0x060);
VMCB_AT(control.interrupt_shadow, 0x068);
VMCB_AT(control.exit_code, 0x070);
VMCB_AT(control.exit_info, 0x078);
VMCB_AT(control.exit_int_info, 0x088);
VMCB_AT(control.np_enable, 0x090);
VMCB_AT(control.event_inject, 0x0a8);
VMCB_AT(control.nested_cr3, 0x0b0);
VMCB_AT(control.clean, 0x0c0);
VMCB_AT(control.next_rip, 0x0c8);
VMCB_AT(control.fetched_count, 0x0d0);
VMCB_AT(save.es, 0x400);
VMCB_AT(save.gdtr, 0x460);
VMCB_AT(save.tr, 0x490);
VMCB_AT(save.cpl, 0x4cb);
VMCB_AT(save.efer, 0x4d0);
VMCB_AT(save.cr4, 0x548);
VMCB_AT(save.dr7, 0x560);
VMCB_AT(save.rip, 0x578);
VMCB_AT(save.rsp, 0x5d8);
VMCB_AT(save.rax, 0x5f8);
VMCB_AT(save.kernel_gs_base, 0x620);
VMCB_AT(save.cr2, 0x640);
VMCB_AT(save.pat, 0x668);
VMCB_AT(save.debugctl, 0x670);
_Static_assert(sizeof(struct vmcb) == PAGE_SIZE, "a VMCB is one page");

/* Intercept words, APM Vol. 2 table B-1, offsets 00Ch, 010h. */
#define INTERCEPT1_INTR            (1u << 0)
#define INTERCEPT1_NMI             (1u << 1)
#define INTERCEPT1_SMI             (1u << 2)
#define INTERCEPT1_INIT            (1u << 3)
#define INTERCEPT1_VINTR           (1u << 4)
#define INTERCEPT1_CR0_SEL         (1u << 5) /* writes that change more than TS and MP */
#define INTERCEPT1_RDPMC           (1u << 15)
#define INTERCEPT1_CPUID           (1u << 18)
#define INTERCEPT1_IRET            (1u << 20)
#define INTERCEPT1_INVD            (1u << 22)
#define INTERCEPT1_HLT             (1u << 24)
#define INTERCEPT1_INVLPGA         (1u << 26)
#define INTERCEPT1_IOIO            (1u << 27)
#define INTERCEPT1_MSR             (1u << 28)
#define INTERCEPT1_FERR            (1u << 30)
#define INTERCEPT1_SHUTDOWN        (1u << 31)
#define INTERCEPT2_VMRUN           (1u << 0)
#define INTERCEPT2_VMMCALL         (1u << 1)
#define INTERCEPT2_VMLOAD          (1u << 2)
#define INTERCEPT2_VMSAVE          (1u << 3)
#define INTERCEPT2_STGI            (1u << 4)
#define INTERCEPT2_CLGI            (1u << 5)
#define INTERCEPT2_SKINIT          (1u << 6)
#define INTERCEPT2_WBINVD          (1u << 9)
#define INTERCEPT2_MONITOR         (1u << 10)
#define INTERCEPT2_MWAIT           (1u << 11)
#define INTERCEPT2_XSETBV          (1u << 13)
#define INTERCEPT_CR_WRITE(number) (1u << (16 + (number)))

/* APM Vol. 2 table B-1, offset 05Ch */
#define TLB_CONTROL_NONE 0u
#define TLB_CONTROL_ALL  1u

/* APM Vol. 2 table B-1, offset 060h */
#define V_INTR_TPR_MASK   UINT64_C(0xff)
#define V_INTR_IRQ        (UINT64_C(1) << 8)
#define V_INTR_PRIO_HIGH  (UINT64_C(0xf) << 16)
#define V_INTR_IGNORE_TPR (UINT64_C(1) << 20)
#define V_INTR_MASKING    (UINT64_C(1) << 24)

/* EVENTINJ and EXITINTINFO, APM Vol. 2 15.20 */
#define EVENT_VECTOR_MASK    UINT64_C(0xff)
#define EVENT_TYPE_SHIFT     8
#define EVENT_TYPE_MASK      (UINT64_C(7) << 8)
#define EVENT_TYPE_INTR      (UINT64_C(0) << 8)
#define EVENT_TYPE_NMI       (UINT64_C(2) << 8)
#define EVENT_TYPE_EXCEPTION (UINT64_C(3) << 8)
#define EVENT_TYPE_SOFT      (UINT64_C(4) << 8)
#define EVENT_HAS_ERROR      (UINT64_C(1) << 11)
#define EVENT_VALID          (UINT64_C(1) << 31)
#define EVENT_ERROR_SHIFT    32

#define INTERRUPT_SHADOW UINT64_C(1)

/* Exit codes, APM Vol. 2 appendix C. */
#define SVM_EXIT_CR_WRITE0  0x010u
#define SVM_EXIT_CR_WRITE15 0x01fu
#define SVM_EXIT_INTR       0x060u
#define SVM_EXIT_NMI        0x061u
#define SVM_EXIT_SMI        0x062u
#define SVM_EXIT_INIT       0x063u
#define SVM_EXIT_VINTR      0x064u
#define SVM_EXIT_CR0_SEL    0x065u
#define SVM_EXIT_RDPMC      0x06fu
#define SVM_EXIT_CPUID      0x072u
#define SVM_EXIT_IRET       0x074u
#define SVM_EXIT_INVD       0x076u
#define SVM_EXIT_HLT        0x078u
#define SVM_EXIT_INVLPGA    0x07au
#define SVM_EXIT_IOIO       0x07bu
#define SVM_EXIT_MSR        0x07cu
#define SVM_EXIT_FERR       0x07eu
#define SVM_EXIT_SHUTDOWN   0x07fu
#define SVM_EXIT_VMRUN      0x080u
#define SVM_EXIT_VMMCALL    0x081u
#define SVM_EXIT_VMLOAD     0x082u
#define SVM_EXIT_VMSAVE     0x083u
#define SVM_EXIT_STGI       0x084u
#define SVM_EXIT_CLGI       0x085u
#define SVM_EXIT_SKINIT     0x086u
#define SVM_EXIT_WBINVD     0x089u
#define SVM_EXIT_MONITOR    0x08au
#define SVM_EXIT_MWAIT      0x08bu
#define SVM_EXIT_MWAIT_COND 0x08cu
#define SVM_EXIT_XSETBV     0x08du
#define SVM_EXIT_NPF        0x400u
#define SVM_EXIT_INVALID    0xffffffffu /* low half of -1: some implementations store 32 bits */

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

/* EXITINFO1 of CR accesses with decode assists, APM Vol. 2 15.8.1 */
#define CR_INFO_IS_MOV   (UINT64_C(1) << 63)
#define CR_INFO_GPR_MASK UINT64_C(0xf)

/* CPUID Fn8000_000A, APM Vol. 3 E.4.9 */
#define SVM_FEATURE_NP            (1u << 0)
#define SVM_FEATURE_NRIPS         (1u << 3)
#define SVM_FEATURE_DECODE_ASSIST (1u << 7)

#endif
