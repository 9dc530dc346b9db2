/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The external form of a domain's state (<xen/hvm/save.h>, <xen/arch-x86/hvm/save.h>): a sequence
 * of records, each a descriptor and its contents, from HEADER to END. XEN_DOMCTL_gethvmcontext and
 * sethvmcontext carry it. All records but CPU_MSR have the same layout in 32 bit.
 */
#ifndef PV_ABI_HVM_SAVE_H
#define PV_ABI_HVM_SAVE_H

#include "pv-abi/xen.h"

struct hvm_save_descriptor {
    uint16_t typecode; /* HVM_SAVE_CODE_*. */
    uint16_t instance; /* The vcpu, or 0. */
    uint32_t length;   /* Of the contents that follow, in bytes. */
};
ABI_LAYOUT(struct hvm_save_descriptor, 8, typecode, 0, instance, 2, length, 4);

#define HVM_SAVE_CODE_END             0  /* Xen: HVM_SAVE_CODE(END) */
#define HVM_SAVE_CODE_HEADER          1  /* Xen: HVM_SAVE_CODE(HEADER) */
#define HVM_SAVE_CODE_CPU             2  /* Xen: HVM_SAVE_CODE(CPU) */
#define HVM_SAVE_CODE_PIC             3  /* Xen: HVM_SAVE_CODE(PIC) */
#define HVM_SAVE_CODE_IOAPIC          4  /* Xen: HVM_SAVE_CODE(IOAPIC) */
#define HVM_SAVE_CODE_LAPIC           5  /* Xen: HVM_SAVE_CODE(LAPIC) */
#define HVM_SAVE_CODE_LAPIC_REGS      6  /* Xen: HVM_SAVE_CODE(LAPIC_REGS) */
#define HVM_SAVE_CODE_PCI_IRQ         7  /* Xen: HVM_SAVE_CODE(PCI_IRQ) */
#define HVM_SAVE_CODE_ISA_IRQ         8  /* Xen: HVM_SAVE_CODE(ISA_IRQ) */
#define HVM_SAVE_CODE_PCI_LINK        9  /* Xen: HVM_SAVE_CODE(PCI_LINK) */
#define HVM_SAVE_CODE_PIT             10 /* Xen: HVM_SAVE_CODE(PIT) */
#define HVM_SAVE_CODE_RTC             11 /* Xen: HVM_SAVE_CODE(RTC) */
#define HVM_SAVE_CODE_HPET            12 /* Xen: HVM_SAVE_CODE(HPET) */
#define HVM_SAVE_CODE_PMTIMER         13 /* Xen: HVM_SAVE_CODE(PMTIMER) */
#define HVM_SAVE_CODE_MTRR            14 /* Xen: HVM_SAVE_CODE(MTRR) */
#define HVM_SAVE_CODE_VIRIDIAN_DOMAIN 15 /* Xen: HVM_SAVE_CODE(VIRIDIAN_DOMAIN) */
#define CPU_XSAVE_CODE                16
#define HVM_SAVE_CODE_VIRIDIAN_VCPU   17 /* Xen: HVM_SAVE_CODE(VIRIDIAN_VCPU) */
#define HVM_SAVE_CODE_VMCE_VCPU       18 /* Xen: HVM_SAVE_CODE(VMCE_VCPU) */
#define HVM_SAVE_CODE_TSC_ADJUST      19 /* Xen: HVM_SAVE_CODE(TSC_ADJUST) */
#define CPU_MSR_CODE                  20
#define HVM_SAVE_CODE_MAX             20

/* HEADER: the first record. */
struct hvm_save_header {
    uint32_t magic;     /* HVM_FILE_MAGIC. */
    uint32_t version;   /* HVM_FILE_VERSION. */
    uint64_t changeset; /* Of the hypervisor that wrote it. */
    uint32_t cpuid;     /* Leaf 1, EAX, of the machine that wrote it. */
    uint32_t gtsc_khz;  /* The guest's TSC frequency. */
};
ABI_LAYOUT(struct hvm_save_header, 24, magic, 0, version, 4, changeset, 8, cpuid, 16, gtsc_khz, 20);

#define HVM_FILE_MAGIC   0x54381286
#define HVM_FILE_VERSION 0x00000001

/*
 * CPU: the registers of one vcpu. Segment attributes (arbytes) have descriptor bits 47 to 40 in
 * bits 7 to 0 and bits 55 to 52 in bits 11 to 8, as in a VMCB.
 */
struct hvm_hw_cpu {
    uint8_t fpu_regs[512]; /* FXSAVE image. */
    uint64_t rax;
    uint64_t rbx;
    uint64_t rcx;
    uint64_t rdx;
    uint64_t rbp;
    uint64_t rsi;
    uint64_t rdi;
    uint64_t rsp;
    uint64_t r8;
    uint64_t r9;
    uint64_t r10;
    uint64_t r11;
    uint64_t r12;
    uint64_t r13;
    uint64_t r14;
    uint64_t r15;
    uint64_t rip;
    uint64_t rflags;
    uint64_t cr0;
    uint64_t cr2;
    uint64_t cr3;
    uint64_t cr4;
    uint64_t dr0;
    uint64_t dr1;
    uint64_t dr2;
    uint64_t dr3;
    uint64_t dr6;
    uint64_t dr7;
    uint32_t cs_sel;
    uint32_t ds_sel;
    uint32_t es_sel;
    uint32_t fs_sel;
    uint32_t gs_sel;
    uint32_t ss_sel;
    uint32_t tr_sel;
    uint32_t ldtr_sel;
    uint32_t cs_limit; /* Limits in bytes. */
    uint32_t ds_limit;
    uint32_t es_limit;
    uint32_t fs_limit;
    uint32_t gs_limit;
    uint32_t ss_limit;
    uint32_t tr_limit;
    uint32_t ldtr_limit;
    uint32_t idtr_limit;
    uint32_t gdtr_limit;
    uint64_t cs_base;
    uint64_t ds_base;
    uint64_t es_base;
    uint64_t fs_base;
    uint64_t gs_base;
    uint64_t ss_base;
    uint64_t tr_base;
    uint64_t ldtr_base;
    uint64_t idtr_base;
    uint64_t gdtr_base;
    uint32_t cs_arbytes;
    uint32_t ds_arbytes;
    uint32_t es_arbytes;
    uint32_t fs_arbytes;
    uint32_t gs_arbytes;
    uint32_t ss_arbytes;
    uint32_t tr_arbytes;
    uint32_t ldtr_arbytes;
    uint64_t sysenter_cs;
    uint64_t sysenter_esp;
    uint64_t sysenter_eip;
    uint64_t shadow_gs; /* Kernel GS base. */
    uint64_t msr_flags; /* Ignored. */
    uint64_t msr_lstar;
    uint64_t msr_star;
    uint64_t msr_cstar;
    uint64_t msr_syscall_mask;
    uint64_t msr_efer;
    uint64_t msr_tsc_aux;
    uint64_t tsc;           /* The guest's TSC. */
    uint32_t pending_event; /* Vector, type, error and valid bits, as in EVENTINJ. */
    uint32_t error_code;    /* Of the pending event. */
    uint32_t flags;         /* XEN_X86_FPU_INITIALISED. */
    uint32_t pad0;
};
ABI_LAYOUT(struct hvm_hw_cpu, 1032, fpu_regs, 0, rax, 512, rbx, 520, rcx, 528, rdx, 536, rbp, 544,
           rsi, 552, rdi, 560, rsp, 568, r8, 576, r9, 584, r10, 592, r11, 600, r12, 608, r13, 616,
           r14, 624);
ABI_LAYOUT(struct hvm_hw_cpu, 1032, r15, 632, rip, 640, rflags, 648, cr0, 656, cr2, 664, cr3, 672,
           cr4, 680, dr0, 688, dr1, 696, dr2, 704, dr3, 712, dr6, 720, dr7, 728, cs_sel, 736,
           ds_sel, 740, es_sel, 744);
ABI_LAYOUT(struct hvm_hw_cpu, 1032, fs_sel, 748, gs_sel, 752, ss_sel, 756, tr_sel, 760, ldtr_sel,
           764, cs_limit, 768, ds_limit, 772, es_limit, 776, fs_limit, 780, gs_limit, 784, ss_limit,
           788, tr_limit, 792, ldtr_limit, 796, idtr_limit, 800, gdtr_limit, 804, cs_base, 808);
ABI_LAYOUT(struct hvm_hw_cpu, 1032, ds_base, 816, es_base, 824, fs_base, 832, gs_base, 840, ss_base,
           848, tr_base, 856, ldtr_base, 864, idtr_base, 872, gdtr_base, 880, cs_arbytes, 888,
           ds_arbytes, 892, es_arbytes, 896, fs_arbytes, 900, gs_arbytes, 904, ss_arbytes, 908,
           tr_arbytes, 912);
ABI_LAYOUT(struct hvm_hw_cpu, 1032, ldtr_arbytes, 916, sysenter_cs, 920, sysenter_esp, 928,
           sysenter_eip, 936, shadow_gs, 944, msr_flags, 952, msr_lstar, 960, msr_star, 968,
           msr_cstar, 976, msr_syscall_mask, 984, msr_efer, 992, msr_tsc_aux, 1000, tsc, 1008,
           pending_event, 1016, error_code, 1020, flags, 1024);

/* Unless set, fpu_regs is ignored and the FPU starts in its reset state. */
#define _XEN_X86_FPU_INITIALISED 0
#define XEN_X86_FPU_INITIALISED  (1U << _XEN_X86_FPU_INITIALISED)

/* LAPIC: what the register page does not show. */
struct hvm_hw_lapic {
    uint64_t apic_base_msr;
    uint32_t disabled;      /* Bit 0 by apic_base_msr, bit 1 by software. */
    uint32_t timer_divisor; /* 1 to 128. */
    uint64_t tdt_msr;       /* TSC deadline. */
};
ABI_LAYOUT(struct hvm_hw_lapic, 24, apic_base_msr, 0, disabled, 8, timer_divisor, 12, tdt_msr, 16);

/* LAPIC_REGS: the register page, 32 bits every 16 bytes. */
struct hvm_hw_lapic_regs {
    uint8_t data[1024];
};
ABI_LAYOUT(struct hvm_hw_lapic_regs, 1024, data, 0);

#define MTRR_VCNT     8
#define NUM_FIXED_MSR 11

/* MTRR: and the PAT. */
struct hvm_hw_mtrr {
    uint64_t msr_pat_cr;
    uint64_t msr_mtrr_var[MTRR_VCNT * 2];
    uint64_t msr_mtrr_fixed[NUM_FIXED_MSR];
    uint64_t msr_mtrr_cap;
    uint64_t msr_mtrr_def_type;
};
ABI_LAYOUT(struct hvm_hw_mtrr, 240, msr_pat_cr, 0, msr_mtrr_var, 8, msr_mtrr_fixed, 136,
           msr_mtrr_cap, 224, msr_mtrr_def_type, 232);

/* CPU_XSAVE: its length is that of the fields before save_area and of the XSAVE image. */
struct hvm_hw_cpu_xsave {
    uint64_t xfeature_mask; /* Ignored. */
    uint64_t xcr0;
    uint64_t xcr0_accum; /* Components that the vcpu ever enabled. */
    struct {
        struct {
            char x[512];
        } fpu_sse;
        struct hvm_hw_cpu_xsave_hdr {
            uint64_t xstate_bv;
            uint64_t xcomp_bv;
            uint64_t reserved[6];
        } xsave_hdr;
    } save_area;
};
ABI_LAYOUT(struct hvm_hw_cpu_xsave, 600, xfeature_mask, 0, xcr0, 8, xcr0_accum, 16, save_area, 24,
           save_area.fpu_sse, 24, save_area.fpu_sse.x, 24, save_area.xsave_hdr, 536,
           save_area.xsave_hdr.xstate_bv, 536, save_area.xsave_hdr.xcomp_bv, 544);

/* VMCE_VCPU: machine check registers. */
struct hvm_vmce_vcpu {
    uint64_t caps;
    uint64_t mci_ctl2_bank0;
    uint64_t mci_ctl2_bank1;
    uint64_t mcg_ext_ctl;
};
ABI_LAYOUT(struct hvm_vmce_vcpu, 32, caps, 0, mci_ctl2_bank0, 8, mci_ctl2_bank1, 16, mcg_ext_ctl,
           24);

/* TSC_ADJUST: the register of that name. */
struct hvm_tsc_adjust {
    uint64_t tsc_adjust;
};
ABI_LAYOUT(struct hvm_tsc_adjust, 8, tsc_adjust, 0);

struct hvm_one_msr {
    uint32_t index;
    uint32_t _rsvd;
    uint64_aligned_t val;
};
ABI_LAYOUT(struct hvm_one_msr, 16, index, 0, val, 8);

/* CPU_MSR: the model-specific registers that no other record has. */
struct hvm_msr {
    uint32_t count;
    struct hvm_one_msr msr[];
};
ABI_LAYOUT(struct hvm_msr, 8, count, 0, msr, 8);

/* What a 32-bit reader of Xen's header sees; the record itself has the native form. */
struct compat_hvm_msr {
    uint32_t count;
    struct {
        uint32_t index;
        uint32_t _rsvd;
        compat_uint64_t val;
    } msr[];
};
ABI_LAYOUT(struct compat_hvm_msr, 4, count, 0, msr, 4);

#endif
