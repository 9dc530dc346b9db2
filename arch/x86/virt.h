/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line between what is common to both vendors and what is not (design decision 6): the verbs of
 * struct virt_ops, chosen once at boot, and struct vm_exit, what a guest's exit looks like above
 * it. Nothing above this line names a vendor.
 */
#pragma once

#include "arch/x86/vlapic.h"
#include "core/types.h"

struct vcpu;
struct domain;
struct hvm_hw_cpu; /* pv-abi/hvm_save.h */

/* The general registers of a guest, in the numbering of ModRM; rip and rflags beside them. The
 * vendor layer copies what the hardware keeps in its control block (rax, rsp, rip, rflags) on each
 * exit and entry. */
struct guest_regs {
    uint64_t gpr[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
    uint64_t rip;
    uint64_t rflags;
};
enum { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9 };

/* A vCPU's private page: registers and extended state. Mapped only on the CPU that has it loaded,
 * at VCPU_PRIVATE_VA. */
#define VCPU_XSAVE_MAX 3584u
/* An XSAVE area in the standard (not compacted) form, SDM Vol. 1 13.4. */
struct xsave_area {
    uint16_t fcw;
    uint8_t reserved_002[22];
    uint32_t mxcsr;
    uint8_t reserved_01c[512 - 28];
    uint64_t components; /* XSTATE_BV */
    uint8_t rest[VCPU_XSAVE_MAX - 520];
};
struct vcpu_private {
    struct guest_regs regs;
    uint64_t dr[4]; /* DR0..DR3; DR6 and DR7 are in the vendor's control block */
    uint64_t xcr0;  /* the guest's */
    /* Machine addresses of the vendor's control block and of its state of the host, while loaded:
     * the entry code has no register to keep them in. */
    uint64_t control, host;
    uint8_t pad[512 - sizeof(struct guest_regs) - 7 * 8];
    struct xsave_area xsave ALIGNED(64); /* with all host components */
};
_Static_assert(sizeof(struct vcpu_private) == PAGE_SIZE, "a private page is one page");

/* Two pages: struct vcpu_private, then the vendor's control block (VMCB); of the loaded vCPU, and
 * of one that runs nowhere, while somebody looks at it. */
#ifdef ATOLL_HOST_TEST
extern FAKE_LOCAL struct vcpu_private fake_vcpu_private, fake_vcpu_private_other[2];
#define VCPU_PRIVATE_VA       (&fake_vcpu_private)
#define VCPU_PRIVATE_OTHER_VA fake_vcpu_private_other
#else
#define VCPU_PRIVATE_VA       UINT64_C(0xffffffffc0200000)
#define VCPU_PRIVATE_OTHER_VA UINT64_C(0xffffffffc0012000)
#endif
static inline struct vcpu_private *vcpu_private(void)
{
    return (struct vcpu_private *)VCPU_PRIVATE_VA;
}
static inline struct vcpu_private *vcpu_private_other(void)
{
    return (struct vcpu_private *)VCPU_PRIVATE_OTHER_VA;
}

/* Why a guest stopped. */
enum vm_exit_kind {
    VM_EXIT_UNKNOWN,
    VM_EXIT_NONE,     /* nothing to do (a host interrupt or NMI: taken once interrupts open) */
    VM_EXIT_WINDOW,   /* the event window is open, or an NMI's handler ends */
    VM_EXIT_CR_WRITE, /* cr.number: 0, 4 or 8; cr.value: what the guest wants it to be; length 0:
                         cr_decode() has to find the value */
    VM_EXIT_HLT,
    VM_EXIT_CPUID,
    VM_EXIT_HYPERCALL,
    VM_EXIT_PORT,
    VM_EXIT_MSR_READ,
    VM_EXIT_MSR_WRITE,
    VM_EXIT_XSETBV,
    VM_EXIT_CACHE,     /* WBINVD, INVD: nothing to do but go on */
    VM_EXIT_FAULT,     /* nested page fault: fault.* */
    VM_EXIT_UNDEFINED, /* an instruction that a guest does not have (VMRUN, MONITOR, ...): #UD */
    VM_EXIT_SHUTDOWN,  /* triple fault */
    VM_EXIT_BAD_STATE, /* the hardware refused the guest's state */
    VM_EXIT_DEBUG,     /* #DB, as the guest is to get it; behind the instruction */
    VM_EXIT_ALIGNMENT, /* #AC */
    VM_EXIT_KINDS,
};
struct vm_exit {
    uint32_t kind;  /* enum vm_exit_kind */
    uint8_t length; /* of the instruction, where skipping it makes sense */
    uint64_t rip;
    uint64_t info; /* the vendor's first information word, for records */
    union {
        struct {
            uint16_t port;
            uint8_t size; /* 1, 2, 4 bytes */
            bool is_in;
            bool is_string; /* INS, OUTS */
        } port;
        struct {
            uint8_t number;
            uint64_t value;
        } cr;
        struct {
            gpa_t gpa;
            bool is_write;
            bool is_exec;
            bool is_walk; /* met while the CPU walked the guest's own tables */
        } fault;
        struct {
            uint64_t code; /* the vendor's exit code and second information word */
            uint64_t info2;
        } unknown; /* VM_EXIT_UNKNOWN, VM_EXIT_BAD_STATE */
    };
} ALIGNED(64);

/* An event to inject, as both vendors and Xen's CPU record write it (APM Vol. 2 15.20, SDM Vol. 3C
 * table 24-14): its vector, and these. */
#define VM_EVENT_VECTOR    0xffu
#define VM_EVENT_TYPE      (7u << 8)
#define VM_EVENT_INTERRUPT (0u << 8)
#define VM_EVENT_NMI       (2u << 8)
#define VM_EVENT_EXCEPTION (3u << 8)
#define VM_EVENT_HAS_ERROR (1u << 11) /* an error code of 0 */
#define VM_EVENT_VALID     (1u << 31)

#define RFLAGS_AC (UINT64_C(1) << 18) /* APM Vol. 2 3.1.6 */

/* What the guest-virtual walk needs. */
struct guest_paging {
    uint64_t cr0, cr3, cr4, efer, rflags;
    uint8_t cpl;  /* PAGING_UNKNOWN: what is here is not the vCPU's */
    bool is_long; /* executes 64-bit code: EFER.LMA and CS.L */
};

#define PAGING_UNKNOWN UINT8_MAX

#define VM_MODE_CPL  3u
#define VM_MODE_LONG (1u << 2) /* 64-bit code: EFER.LMA and CS.L */

/* A register of the loaded vCPU. */
enum vm_reg { VM_CR0, VM_CR3, VM_CR4, VM_EFER, VM_DR6, VM_CS_BASE };

/* At most 16 verbs. "Loaded": the vCPU is this_cpu()->current and its private pages are mapped. */
struct virt_ops {
    /* Switches this CPU's virtualisation on. -ENODEV with a line in the log if the CPU cannot. */
    int (*cpu_init)(void);
    /* Fills the control block and registers behind vcpu_private_other() with V's state after INIT,
     * or after a start-up IPI with VECTOR if that is not negative. */
    void (*vcpu_init)(struct vcpu *v, int vector);
    /* What V, which is loaded, keeps outside of its private pages and the guest feels (PAT, TSC
     * offset, task priority) has changed. */
    void (*load)(struct vcpu *v);
    /* Enters what vm_entry() returns, and hands each exit to vm_exit(): never returns. Interrupts
     * stay off. An event whose delivery an exit interrupted is queued again. */
    NORETURN void (*run)(void);
    /* Queues EVENT for the loaded vCPU's next entry: an exception always, an interrupt or an NMI if
     * the vCPU could take it at this moment (nothing queued, no shadow; IF, or no NMI's handler
     * running). Else false, and an interrupt gets VM_EXIT_WINDOW as soon as one could be taken. */
    bool (*inject)(struct vcpu *v, uint32_t event);
    /* After VM_EXIT_WINDOW. */
    void (*close_window)(void);
    /* The loaded vCPU's privilege level and code size: VM_MODE_*. */
    unsigned (*get_mode)(void);
    /* Brings *PAGING, which is the vCPU's or unknown, up to date with its paging registers; true if
     * it was: bits of RFLAGS other than AC do not count. */
    bool (*get_paging)(struct guest_paging *paging);
    /* A register of the loaded vCPU as the guest sees it. */
    uint64_t (*get_reg)(enum vm_reg which);
    void (*set_reg)(enum vm_reg which, uint64_t value);
    /* General registers, segments, control and debug registers, system MSRs to a record of zeros,
     * and from Xen's CPU record: of the vCPU behind vcpu_private_other(). */
    void (*get_state)(struct hvm_hw_cpu *record);
    /* -EINVAL, nothing changed: the control registers make no valid state. */
    int (*set_state)(const struct hvm_hw_cpu *record);
    /* The next entry, on whichever CPU, flushes this vCPU's guest translations and does what load
     * does. */
    void (*flush)(struct vcpu *v);
    /* Writes the stub for hypercall NUMBER, HYPERCALL_STUB_SIZE bytes (xen.h: hypercall page). */
    void (*hypercall_stub)(uint8_t *stub, uint32_t number);
};
#define HYPERCALL_STUB_SIZE 32u     /* <xen/arch-x86/xen.h>: each call is 32 bytes in the page */
extern const struct virt_ops *virt; /* svm_ops; NULL until chosen */

#define VCPU_EXIT_HISTORY 8u

/* What the architecture keeps per vCPU, inside struct vcpu (core/domain.h). Persistent unless said.
 */
struct arch_vcpu {
    /* struct vcpu_private and the VMCB; frames of the guest's side, never mapped for good. */
    mfn_t private_frame, control_frame;
    struct vlapic vlapic;  /* HVM record LAPIC, LAPIC_REGS */
    uint64_t pat;          /* as the guest wrote it; record MTRR */
    uint64_t msr_mtrr_def; /* MTRRdefType as the guest wrote it; record MTRR */
    uint64_t tsc_offset;   /* guest TSC = host TSC + this */
    uint64_t tsc_aux;
    uint64_t tlb_gen; /* p2m generation up to which this vCPU's translations are flushed; rebuilt */
    uint64_t asid_gen; /* which CPU's, and its how manyth, ASIDs this vCPU has one of; rebuilt */
    struct vm_exit history[VCPU_EXIT_HISTORY]; /* the last exits, for the death record */
    uint32_t history_next; /* how many exits there were; the last one's place is before it */
};

/* ---- what core asks of the architecture ---- */

/* Gives V its pages and reset state (real mode, stopped). -ENOMEM. destroy undoes it. */
int arch_vcpu_init(struct vcpu *v) MUST_CHECK;
void arch_vcpu_destroy(struct vcpu *v);
/* Puts V (running nowhere) back to the state after INIT, or if VECTOR is not negative, after a
 * start-up IPI with it. */
void arch_vcpu_reset(struct vcpu *v, int vector);
/* Stores PREV, the loaded vCPU, away and makes NEXT the loaded one; NULL: none. core/sched.c calls
 * it on a switch. */
void arch_vcpu_switch(struct vcpu *prev, struct vcpu *next);
/* One HVM context record (pv-abi/hvm_save.h) of V, which runs nowhere. get fills as many bytes as
 * the size says. set: -EINVAL with nothing changed when a value cannot be, or SIZE is too small. */
size_t arch_hvm_record_size(uint16_t type); /* bytes of the largest record, 0: not known */
void arch_get_hvm_record(struct vcpu *v, uint16_t type, void *record);
int arch_set_hvm_record(struct vcpu *v, uint16_t type, const void *record, size_t size) MUST_CHECK;
/* Once, on the boot CPU, before any vCPU is loaded. */
void vcpu_boot(void);
/* Maps the pages of V, which runs nowhere, at vcpu_private_other(), and unmaps them. */
void vcpu_pages_map(const struct vcpu *v);
void vcpu_pages_unmap(void);
/* True when an event waits for V that an HLT with interrupts enabled would wake for: an upcall with
 * a callback vector, a LAPIC interrupt above the task priority, an NMI. */
bool arch_vcpu_has_event(const struct vcpu *v);
/* An NMI for V, from any CPU. */
void arch_vcpu_nmi(struct vcpu *v);
/* What every CPU does from then on: pending work, schedule, run, handle. Never returns. */
void arch_cpu_loop(void) NORETURN;
/* For virt->run: does what EXIT of the loaded vCPU asks for; finds the vCPU to enter next, which is
 * loaded then, after everything that has to come before it. */
void vm_exit(struct vm_exit *exit);
struct vcpu *vm_entry(void);
/* Leaves by the machine: power off, or reset. */
void machine_power_off(void) NORETURN;
void machine_reset(void) NORETURN;
/* True for a page with registers that stay the hypervisor's: interrupt controllers, HPET, and PCI's
 * configuration space in memory (design decision 7). */
bool machine_keeps_frame(mfn_t mfn);
/* What the CPUs can do, as Xen's toolstack shows it: CPUID leaf 1 EDX and ECX, 0x80000001 EDX and
 * ECX, 0xd subleaf 1 EAX, 7 EBX and ECX, 0x80000007 EDX. */
void machine_features(uint32_t words[8]);
