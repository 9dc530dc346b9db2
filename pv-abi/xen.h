/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The core of the ABI (<xen/xen.h>, <xen/arch-x86/xen.h>): hypercall numbers, domain identifiers,
 * virtual interrupts, and the pages that a guest shares with the hypervisor.
 *
 * Calling convention. 64 bit: number in RAX, arguments in RDI, RSI, RDX, R10, R8. 32 bit: number in
 * EAX, arguments in EBX, ECX, EDX, ESI, EDI. The result comes back in RAX or EAX.
 */
#ifndef PV_ABI_XEN_H
#define PV_ABI_XEN_H

#include "pv-abi/errno.h"
#include "pv-abi/layout.h"

/* Hypercall numbers. */
#define __HYPERVISOR_set_trap_table                0
#define __HYPERVISOR_mmu_update                    1
#define __HYPERVISOR_set_gdt                       2
#define __HYPERVISOR_stack_switch                  3
#define __HYPERVISOR_set_callbacks                 4
#define __HYPERVISOR_fpu_taskswitch                5
#define __HYPERVISOR_sched_op_compat               6
#define __HYPERVISOR_platform_op                   7
#define __HYPERVISOR_set_debugreg                  8
#define __HYPERVISOR_get_debugreg                  9
#define __HYPERVISOR_update_descriptor             10
#define __HYPERVISOR_memory_op                     12
#define __HYPERVISOR_multicall                     13
#define __HYPERVISOR_update_va_mapping             14
#define __HYPERVISOR_set_timer_op                  15
#define __HYPERVISOR_event_channel_op_compat       16
#define __HYPERVISOR_xen_version                   17
#define __HYPERVISOR_console_io                    18
#define __HYPERVISOR_physdev_op_compat             19
#define __HYPERVISOR_grant_table_op                20
#define __HYPERVISOR_vm_assist                     21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret                          23
#define __HYPERVISOR_vcpu_op                       24
#define __HYPERVISOR_set_segment_base              25
#define __HYPERVISOR_mmuext_op                     26
#define __HYPERVISOR_xsm_op                        27
#define __HYPERVISOR_nmi_op                        28
#define __HYPERVISOR_sched_op                      29
#define __HYPERVISOR_callback_op                   30
#define __HYPERVISOR_xenoprof_op                   31
#define __HYPERVISOR_event_channel_op              32
#define __HYPERVISOR_physdev_op                    33
#define __HYPERVISOR_hvm_op                        34
#define __HYPERVISOR_sysctl                        35
#define __HYPERVISOR_domctl                        36
#define __HYPERVISOR_kexec_op                      37
#define __HYPERVISOR_tmem_op                       38
#define __HYPERVISOR_argo_op                       39
#define __HYPERVISOR_xenpmu_op                     40
#define __HYPERVISOR_dm_op                         41
#define __HYPERVISOR_hypfs_op                      42

/* Numbers left to the architecture. Xen's x86 uses the first two. */
#define __HYPERVISOR_arch_0 48
#define __HYPERVISOR_arch_1 49
#define __HYPERVISOR_arch_2 50
#define __HYPERVISOR_arch_3 51
#define __HYPERVISOR_arch_4 52
#define __HYPERVISOR_arch_5 53
#define __HYPERVISOR_arch_6 54
#define __HYPERVISOR_arch_7 55

/* Virtual interrupts. V: one binding per vcpu, fixed. G: one per domain, first bound on vcpu 0. */
#define VIRQ_TIMER      0  /* V: a timer of VCPUOP_set_*_timer or set_timer_op fired. */
#define VIRQ_DEBUG      1  /* V: the guest is asked to print its state. */
#define VIRQ_CONSOLE    2  /* G: input waits on the hypervisor's console. */
#define VIRQ_DOM_EXC    3  /* G: a domain shut down, crashed or died. */
#define VIRQ_TBUF       4  /* G: the trace buffer has records. */
#define VIRQ_DEBUGGER   6  /* G: a domain stopped for its debugger. */
#define VIRQ_XENOPROF   7  /* V: a profiling sample. */
#define VIRQ_CON_RING   8  /* G: the hypervisor's log has new bytes. */
#define VIRQ_PCPU_STATE 9  /* G: a physical CPU came or went. */
#define VIRQ_MEM_EVENT  10 /* G: a memory event. */
#define VIRQ_ARGO       11 /* G: an Argo message. */
#define VIRQ_ENOMEM     12 /* G: memory runs low. */
#define VIRQ_XENPMU     13 /* V: a performance counter's interrupt. */
#define VIRQ_ARCH_0     16
#define VIRQ_ARCH_1     17
#define VIRQ_ARCH_2     18
#define VIRQ_ARCH_3     19
#define VIRQ_ARCH_4     20
#define VIRQ_ARCH_5     21
#define VIRQ_ARCH_6     22
#define VIRQ_ARCH_7     23
#define NR_VIRQS        24

/* console_io(command, count, buffer). */
#define CONSOLEIO_write 0
#define CONSOLEIO_read  1

/* vm_assist(command, type). */
#define VMASST_CMD_enable                0
#define VMASST_CMD_disable               1
#define VMASST_TYPE_4gb_segments         0
#define VMASST_TYPE_4gb_segments_notify  1
#define VMASST_TYPE_writable_pagetables  2
#define VMASST_TYPE_pae_extended_cr3     3
#define VMASST_TYPE_architectural_iopl   4
#define VMASST_TYPE_runstate_update_flag 5 /* XEN_RUNSTATE_UPDATE brackets an update. */
#define VMASST_TYPE_m2p_strict           32

typedef uint16_t domid_t;

/* Identifiers at and above the first reserved one name no ordinary domain. */
#define DOMID_FIRST_RESERVED 0x7ff0U
#define DOMID_SELF           0x7ff0U /* The calling domain. */
#define DOMID_IO             0x7ff1U /* Owner of I/O memory. */
#define DOMID_XEN            0x7ff2U /* The hypervisor's own pages. */
#define DOMID_COW            0x7ff3U /* Owner of shared pages. */
#define DOMID_INVALID        0x7ff4U
#define DOMID_IDLE           0x7fffU
#define DOMID_MASK           0x7fffU

/* The flags of hvm_start_info. */
#define SIF_PRIVILEGED      (1 << 0) /* May make privileged calls. */
#define SIF_INITDOMAIN      (1 << 1) /* The control domain. */
#define SIF_MULTIBOOT_MOD   (1 << 2)
#define SIF_MOD_START_PFN   (1 << 3)
#define SIF_VIRT_P2M_4TOOLS (1 << 4)
#define SIF_PM_MASK         (0xff << 8)

/* A byte written to this I/O port goes to the domain's log. */
#define XEN_HVM_DEBUGCONS_IOPORT 0xe9

struct multicall_entry {
    uint64_aligned_t op;
    uint64_aligned_t result;
    uint64_aligned_t args[6];
};
ABI_LAYOUT(struct multicall_entry, 64, op, 0, result, 8, args, 16);

struct compat_multicall_entry {
    uint32_t op;
    uint32_t result;
    uint32_t args[6];
};
ABI_LAYOUT(struct compat_multicall_entry, 32, op, 0, result, 4, args, 8);

/*
 * System time in nanoseconds is system_time + (delta * tsc_to_system_mul >> 32), where delta is the
 * TSC less tsc_timestamp, shifted left by tsc_shift (right where that is negative). The version is
 * odd while the hypervisor writes and is read before and after. Same layout in 32 bit.
 */
struct vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags; /* XEN_PVCLOCK_*. */
    uint8_t pad1[2];
};
ABI_LAYOUT(struct vcpu_time_info, 32, version, 0, tsc_timestamp, 8, system_time, 16,
           tsc_to_system_mul, 24, tsc_shift, 28, flags, 29);

#define XEN_PVCLOCK_TSC_STABLE_BIT (1 << 0)
#define XEN_PVCLOCK_GUEST_STOPPED  (1 << 1)

struct arch_vcpu_info {
    uint64_aligned_t cr2;
    uint64_aligned_t pad;
};
ABI_LAYOUT(struct arch_vcpu_info, 16, cr2, 0);

struct compat_arch_vcpu_info {
    uint32_t cr2;
    uint32_t pad[5];
};
ABI_LAYOUT(struct compat_arch_vcpu_info, 24, cr2, 0);

/* Event state of one vcpu, in shared_info or where VCPUOP_register_vcpu_info puts it. */
struct vcpu_info {
    uint8_t evtchn_upcall_pending;       /* An upcall is due. */
    uint8_t evtchn_upcall_mask;          /* Unused by a guest that masks with IF. */
    uint64_aligned_t evtchn_pending_sel; /* Bit n: word n of evtchn_pending has an event. */
    struct arch_vcpu_info arch;
    struct vcpu_time_info time;
};
ABI_LAYOUT(struct vcpu_info, 64, evtchn_upcall_pending, 0, evtchn_upcall_mask, 1,
           evtchn_pending_sel, 8, arch, 16, time, 32);

struct compat_vcpu_info {
    uint8_t evtchn_upcall_pending;
    uint8_t evtchn_upcall_mask;
    uint32_t evtchn_pending_sel;
    struct compat_arch_vcpu_info arch;
    struct vcpu_time_info time;
};
ABI_LAYOUT(struct compat_vcpu_info, 64, evtchn_upcall_pending, 0, evtchn_upcall_mask, 1,
           evtchn_pending_sel, 4, arch, 8, time, 32);

/* The p2m fields concern kernels without hardware virtualisation. */
struct arch_shared_info {
    uint64_aligned_t max_pfn;
    uint64_aligned_t pfn_to_mfn_frame_list_list;
    uint64_aligned_t nmi_reason;
    uint64_aligned_t p2m_cr3;
    uint64_aligned_t p2m_vaddr;
    uint64_aligned_t p2m_generation;
};
ABI_LAYOUT(struct arch_shared_info, 48, max_pfn, 0, pfn_to_mfn_frame_list_list, 8, nmi_reason, 16,
           p2m_cr3, 24, p2m_vaddr, 32, p2m_generation, 40);

struct compat_arch_shared_info {
    uint32_t max_pfn;
    uint32_t pfn_to_mfn_frame_list_list;
    uint32_t nmi_reason;
    uint32_t p2m_cr3;
    uint32_t p2m_vaddr;
    uint32_t p2m_generation;
    uint32_t wc_sec_hi; /* In shared_info for 64-bit guests. */
};
ABI_LAYOUT(struct compat_arch_shared_info, 28, max_pfn, 0, pfn_to_mfn_frame_list_list, 4,
           nmi_reason, 8, p2m_cr3, 12, p2m_vaddr, 16, p2m_generation, 20, wc_sec_hi, 24);

/* How many vcpus have their vcpu_info in shared_info; others must register one. */
#define XEN_LEGACY_MAX_VCPUS 32

/*
 * Where XENMAPSPACE_shared_info maps it. Event n is bit n % 64 (32 bit: n % 32) of word n / 64
 * (n / 32). The wall clock is the time of day at system time 0; its version works as in
 * vcpu_time_info.
 */
struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    uint64_aligned_t evtchn_pending[64];
    uint64_aligned_t evtchn_mask[64];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct arch_shared_info arch;
};
ABI_LAYOUT(struct shared_info, 3136, vcpu_info, 0, evtchn_pending, 2048, evtchn_mask, 2560,
           wc_version, 3072, wc_sec, 3076, wc_nsec, 3080, wc_sec_hi, 3084, arch, 3088);

struct compat_shared_info {
    struct compat_vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    uint32_t evtchn_pending[32];
    uint32_t evtchn_mask[32];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    struct compat_arch_shared_info arch;
};
ABI_LAYOUT(struct compat_shared_info, 2344, vcpu_info, 0, evtchn_pending, 2048, evtchn_mask, 2176,
           wc_version, 2304, wc_sec, 2308, wc_nsec, 2312, arch, 2316);

/* A bitmap in guest memory, as domctl and sysctl take it. Same layout in 32 bit. */
struct xenctl_bitmap {
    uint64_aligned_t bitmap; /* Handle of uint8_t. */
    uint32_t nr_bits;
};
ABI_LAYOUT(struct xenctl_bitmap, 16, bitmap, 0, nr_bits, 8);

/* One CPUID leaf of a CPU policy. Same layout in 32 bit. */
struct xen_cpuid_leaf {
    uint32_t leaf;
    uint32_t subleaf; /* XEN_CPUID_NO_SUBLEAF where the leaf has none. */
    uint32_t a;
    uint32_t b;
    uint32_t c;
    uint32_t d;
};
ABI_LAYOUT(struct xen_cpuid_leaf, 24, leaf, 0, subleaf, 4, a, 8, b, 12, c, 16, d, 20);

#define XEN_CPUID_NO_SUBLEAF 0xffffffffU

/* One model-specific register of a CPU policy. Same layout in 32 bit. */
struct xen_msr_entry {
    uint32_t idx;
    uint32_t flags; /* 0. */
    uint64_t val;
};
ABI_LAYOUT(struct xen_msr_entry, 16, idx, 0, flags, 4, val, 8);

#endif
