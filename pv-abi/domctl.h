/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The domctl hypercall (<xen/domctl.h>): what the control domain does to domains. The argument is
 * struct xen_domctl, which says the operation, the domain and the operation's own structure. All
 * have the same layout in 32 bit.
 */
#ifndef PV_ABI_DOMCTL_H
#define PV_ABI_DOMCTL_H

#include "pv-abi/xen.h"

/* A call with another version gets -EACCES. */
#define XEN_DOMCTL_INTERFACE_VERSION 0x00000015

/* Operations. */
#define XEN_DOMCTL_createdomain            1
#define XEN_DOMCTL_destroydomain           2
#define XEN_DOMCTL_pausedomain             3
#define XEN_DOMCTL_unpausedomain           4
#define XEN_DOMCTL_getdomaininfo           5
#define XEN_DOMCTL_setvcpuaffinity         9
#define XEN_DOMCTL_shadow_op               10
#define XEN_DOMCTL_max_mem                 11
#define XEN_DOMCTL_setvcpucontext          12
#define XEN_DOMCTL_getvcpucontext          13
#define XEN_DOMCTL_getvcpuinfo             14
#define XEN_DOMCTL_max_vcpus               15
#define XEN_DOMCTL_scheduler_op            16
#define XEN_DOMCTL_setdomainhandle         17
#define XEN_DOMCTL_setdebugging            18
#define XEN_DOMCTL_irq_permission          19
#define XEN_DOMCTL_iomem_permission        20
#define XEN_DOMCTL_ioport_permission       21
#define XEN_DOMCTL_hypercall_init          22
#define XEN_DOMCTL_settimeoffset           24
#define XEN_DOMCTL_getvcpuaffinity         25
#define XEN_DOMCTL_resumedomain            27
#define XEN_DOMCTL_sendtrigger             28
#define XEN_DOMCTL_subscribe               29
#define XEN_DOMCTL_gethvmcontext           33
#define XEN_DOMCTL_sethvmcontext           34
#define XEN_DOMCTL_set_address_size        35
#define XEN_DOMCTL_get_address_size        36
#define XEN_DOMCTL_assign_device           37
#define XEN_DOMCTL_bind_pt_irq             38
#define XEN_DOMCTL_memory_mapping          39
#define XEN_DOMCTL_ioport_mapping          40
#define XEN_DOMCTL_set_ext_vcpucontext     42
#define XEN_DOMCTL_get_ext_vcpucontext     43
#define XEN_DOMCTL_test_assign_device      45
#define XEN_DOMCTL_set_target              46
#define XEN_DOMCTL_deassign_device         47
#define XEN_DOMCTL_unbind_pt_irq           48
#define XEN_DOMCTL_get_device_group        50
#define XEN_DOMCTL_debug_op                54
#define XEN_DOMCTL_gethvmcontext_partial   55
#define XEN_DOMCTL_vm_event_op             56
#define XEN_DOMCTL_mem_sharing_op          57
#define XEN_DOMCTL_gettscinfo              59
#define XEN_DOMCTL_settscinfo              60
#define XEN_DOMCTL_getpageframeinfo3       61
#define XEN_DOMCTL_setvcpuextstate         62
#define XEN_DOMCTL_getvcpuextstate         63
#define XEN_DOMCTL_set_access_required     64
#define XEN_DOMCTL_audit_p2m               65
#define XEN_DOMCTL_set_virq_handler        66
#define XEN_DOMCTL_set_broken_page_p2m     67
#define XEN_DOMCTL_setnodeaffinity         68
#define XEN_DOMCTL_getnodeaffinity         69
#define XEN_DOMCTL_cacheflush              71
#define XEN_DOMCTL_get_vcpu_msrs           72
#define XEN_DOMCTL_set_vcpu_msrs           73
#define XEN_DOMCTL_setvnumainfo            74
#define XEN_DOMCTL_psr_cmt_op              75
#define XEN_DOMCTL_monitor_op              77
#define XEN_DOMCTL_psr_alloc               78
#define XEN_DOMCTL_soft_reset              79
#define XEN_DOMCTL_vuart_op                81
#define XEN_DOMCTL_get_cpu_policy          82
#define XEN_DOMCTL_set_cpu_policy          83
#define XEN_DOMCTL_vmtrace_op              84
#define XEN_DOMCTL_get_paging_mempool_size 85
#define XEN_DOMCTL_set_paging_mempool_size 86
#define XEN_DOMCTL_gdbsx_guestmemio        1000
#define XEN_DOMCTL_gdbsx_pausevcpu         1001
#define XEN_DOMCTL_gdbsx_unpausevcpu       1002
#define XEN_DOMCTL_gdbsx_domstatus         1003

/* The x86 part of a domain's configuration. */
struct xen_arch_domainconfig {
    uint32_t emulation_flags; /* XEN_X86_EMU_*; a PVH domain has the LAPIC alone. */
    uint32_t misc_flags;      /* XEN_X86_MSR_RELAXED. */
};
ABI_LAYOUT(struct xen_arch_domainconfig, 8, emulation_flags, 0, misc_flags, 4);

/* Devices that the hypervisor emulates for a domain. */
#define _XEN_X86_EMU_LAPIC    0
#define XEN_X86_EMU_LAPIC     (1U << _XEN_X86_EMU_LAPIC)
#define _XEN_X86_EMU_HPET     1
#define XEN_X86_EMU_HPET      (1U << _XEN_X86_EMU_HPET)
#define _XEN_X86_EMU_PM       2
#define XEN_X86_EMU_PM        (1U << _XEN_X86_EMU_PM)
#define _XEN_X86_EMU_RTC      3
#define XEN_X86_EMU_RTC       (1U << _XEN_X86_EMU_RTC)
#define _XEN_X86_EMU_IOAPIC   4
#define XEN_X86_EMU_IOAPIC    (1U << _XEN_X86_EMU_IOAPIC)
#define _XEN_X86_EMU_PIC      5
#define XEN_X86_EMU_PIC       (1U << _XEN_X86_EMU_PIC)
#define _XEN_X86_EMU_VGA      6
#define XEN_X86_EMU_VGA       (1U << _XEN_X86_EMU_VGA)
#define _XEN_X86_EMU_IOMMU    7
#define XEN_X86_EMU_IOMMU     (1U << _XEN_X86_EMU_IOMMU)
#define _XEN_X86_EMU_PIT      8
#define XEN_X86_EMU_PIT       (1U << _XEN_X86_EMU_PIT)
#define _XEN_X86_EMU_USE_PIRQ 9
#define XEN_X86_EMU_USE_PIRQ  (1U << _XEN_X86_EMU_USE_PIRQ)
#define _XEN_X86_EMU_VPCI     10
#define XEN_X86_EMU_VPCI      (1U << _XEN_X86_EMU_VPCI)
#define XEN_X86_EMU_ALL       0x7ffU

/* An unknown model-specific register reads 0 instead of raising #GP. */
#define XEN_X86_MSR_RELAXED    (1U << 0)
#define XEN_X86_MISC_FLAGS_MAX XEN_X86_MSR_RELAXED

/* The new domain's identifier is the one in xen_domctl, or any if that is 0 or not ordinary. */
struct xen_domctl_createdomain {
    uint32_t ssidref;
    uint8_t handle[16];  /* UUID. */
    uint32_t flags;      /* XEN_DOMCTL_CDF_*. */
    uint32_t iommu_opts; /* XEN_DOMCTL_IOMMU_*. */
    uint32_t max_vcpus;
    uint32_t max_evtchn_port;    /* The highest port it may have. */
    int32_t max_grant_frames;    /* Negative: the default. */
    int32_t max_maptrack_frames; /* Negative: the default. */
    uint32_t grant_opts;         /* The highest grant table version. */
    uint32_t vmtrace_size;
    uint32_t cpupool_id;
    struct xen_arch_domainconfig arch;
};
ABI_LAYOUT(struct xen_domctl_createdomain, 64, ssidref, 0, handle, 4, flags, 20, iommu_opts, 24,
           max_vcpus, 28, max_evtchn_port, 32, max_grant_frames, 36, max_maptrack_frames, 40,
           grant_opts, 44, vmtrace_size, 48, cpupool_id, 52, arch, 56);

#define _XEN_DOMCTL_CDF_hvm          0
#define XEN_DOMCTL_CDF_hvm           (1U << _XEN_DOMCTL_CDF_hvm)
#define _XEN_DOMCTL_CDF_hap          1
#define XEN_DOMCTL_CDF_hap           (1U << _XEN_DOMCTL_CDF_hap) /* Nested paging. */
#define _XEN_DOMCTL_CDF_s3_integrity 2
#define XEN_DOMCTL_CDF_s3_integrity  (1U << _XEN_DOMCTL_CDF_s3_integrity)
#define _XEN_DOMCTL_CDF_oos_off      3
#define XEN_DOMCTL_CDF_oos_off       (1U << _XEN_DOMCTL_CDF_oos_off)
#define _XEN_DOMCTL_CDF_xs_domain    4
#define XEN_DOMCTL_CDF_xs_domain     (1U << _XEN_DOMCTL_CDF_xs_domain) /* It serves the store. */
#define _XEN_DOMCTL_CDF_iommu        5
#define XEN_DOMCTL_CDF_iommu         (1U << _XEN_DOMCTL_CDF_iommu)
#define _XEN_DOMCTL_CDF_nested_virt  6
#define XEN_DOMCTL_CDF_nested_virt   (1U << _XEN_DOMCTL_CDF_nested_virt)
#define XEN_DOMCTL_CDF_vpmu          (1U << 7)
#define XEN_DOMCTL_CDF_MAX           XEN_DOMCTL_CDF_vpmu

#define _XEN_DOMCTL_IOMMU_no_sharept 0
#define XEN_DOMCTL_IOMMU_no_sharept  (1U << _XEN_DOMCTL_IOMMU_no_sharept)
#define XEN_DOMCTL_IOMMU_MAX         XEN_DOMCTL_IOMMU_no_sharept

#define XEN_DOMCTL_GRANT_version_mask 0xf
#define XEN_DOMCTL_GRANT_version(v)   ((v)&XEN_DOMCTL_GRANT_version_mask)

/* All OUT. The domain is the first one at or above the one asked for. */
struct xen_domctl_getdomaininfo {
    domid_t domain;
    uint16_t pad1;
    uint32_t flags;             /* XEN_DOMINF_*. */
    uint64_aligned_t tot_pages; /* What it has. */
    uint64_aligned_t max_pages; /* What it may have. */
    uint64_aligned_t outstanding_pages;
    uint64_aligned_t shr_pages;
    uint64_aligned_t paged_pages;
    uint64_aligned_t shared_info_frame;
    uint64_aligned_t cpu_time; /* In ns. */
    uint32_t nr_online_vcpus;
    uint32_t max_vcpu_id;
    uint32_t ssidref;
    uint8_t handle[16];
    uint32_t cpupool;
    uint8_t gpaddr_bits;
    uint8_t pad2[7];
    struct xen_arch_domainconfig arch_config;
};
ABI_LAYOUT(struct xen_domctl_getdomaininfo, 112, domain, 0, flags, 4, tot_pages, 8, max_pages, 16,
           outstanding_pages, 24, shr_pages, 32, paged_pages, 40, shared_info_frame, 48, cpu_time,
           56, nr_online_vcpus, 64, max_vcpu_id, 68, ssidref, 72, handle, 76, cpupool, 92,
           gpaddr_bits, 96, arch_config, 104);

#define XEN_INVALID_MAX_VCPU_ID (~0U)

#define _XEN_DOMINF_dying     0
#define XEN_DOMINF_dying      (1U << _XEN_DOMINF_dying)
#define _XEN_DOMINF_hvm_guest 1
#define XEN_DOMINF_hvm_guest  (1U << _XEN_DOMINF_hvm_guest)
#define _XEN_DOMINF_shutdown  2
#define XEN_DOMINF_shutdown   (1U << _XEN_DOMINF_shutdown)
#define _XEN_DOMINF_paused    3
#define XEN_DOMINF_paused     (1U << _XEN_DOMINF_paused)
#define _XEN_DOMINF_blocked   4
#define XEN_DOMINF_blocked    (1U << _XEN_DOMINF_blocked)
#define _XEN_DOMINF_running   5
#define XEN_DOMINF_running    (1U << _XEN_DOMINF_running)
#define _XEN_DOMINF_debugged  6
#define XEN_DOMINF_debugged   (1U << _XEN_DOMINF_debugged)
#define _XEN_DOMINF_xs_domain 7
#define XEN_DOMINF_xs_domain  (1U << _XEN_DOMINF_xs_domain)
#define _XEN_DOMINF_hap       8
#define XEN_DOMINF_hap        (1U << _XEN_DOMINF_hap)
/* The SHUTDOWN_* reason within flags. */
#define XEN_DOMINF_shutdownmask  255
#define XEN_DOMINF_shutdownshift 16

/* The memory for a domain's page tables, and dirty page logging. */
struct xen_domctl_shadow_op_stats {
    uint32_t fault_count;
    uint32_t dirty_count;
};
ABI_LAYOUT(struct xen_domctl_shadow_op_stats, 8, fault_count, 0, dirty_count, 4);

struct xen_domctl_shadow_op {
    uint32_t op;                   /* XEN_DOMCTL_SHADOW_OP_*. */
    uint32_t mode;                 /* XEN_DOMCTL_SHADOW_ENABLE_* or _LOGDIRTY_*. */
    uint32_t mb;                   /* Allocation in MiB. */
    uint64_aligned_t dirty_bitmap; /* Handle of uint8_t. */
    uint64_aligned_t pages;        /* Bits in the bitmap. OUT: bits written. */
    struct xen_domctl_shadow_op_stats stats;
};
ABI_LAYOUT(struct xen_domctl_shadow_op, 40, op, 0, mode, 4, mb, 8, dirty_bitmap, 16, pages, 24,
           stats, 32);

#define XEN_DOMCTL_SHADOW_OP_OFF             0
#define XEN_DOMCTL_SHADOW_OP_ENABLE_TEST     1
#define XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY 2
#define XEN_DOMCTL_SHADOW_OP_CLEAN           11
#define XEN_DOMCTL_SHADOW_OP_PEEK            12
#define XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION  30
#define XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION  31
#define XEN_DOMCTL_SHADOW_OP_ENABLE          32
#define XEN_DOMCTL_SHADOW_ENABLE_REFCOUNT    (1 << 1)
#define XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY   (1 << 2)
#define XEN_DOMCTL_SHADOW_ENABLE_TRANSLATE   (1 << 3)
#define XEN_DOMCTL_SHADOW_ENABLE_EXTERNAL    (1 << 4)
#define XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL     (1 << 0)

/* The paging memory in bytes: get_ and set_paging_mempool_size. */
struct xen_domctl_paging_mempool {
    uint64_aligned_t size;
};
ABI_LAYOUT(struct xen_domctl_paging_mempool, 8, size, 0);

struct xen_domctl_max_mem {
    uint64_aligned_t max_memkb; /* In KiB. */
};
ABI_LAYOUT(struct xen_domctl_max_mem, 8, max_memkb, 0);

/* getvcpucontext and setvcpucontext. */
struct xen_domctl_vcpucontext {
    uint32_t vcpu;
    uint64_aligned_t ctxt; /* Handle of Xen's struct vcpu_guest_context. */
};
ABI_LAYOUT(struct xen_domctl_vcpucontext, 16, vcpu, 0, ctxt, 8);

struct xen_domctl_getvcpuinfo {
    uint32_t vcpu;
    uint8_t online;            /* OUT, as all below: not down. */
    uint8_t blocked;           /* Waits for an event. */
    uint8_t running;           /* On a CPU. */
    uint64_aligned_t cpu_time; /* In ns. */
    uint32_t cpu;              /* Where it runs or ran. */
};
ABI_LAYOUT(struct xen_domctl_getvcpuinfo, 24, vcpu, 0, online, 4, blocked, 5, running, 6, cpu_time,
           8, cpu, 16);

/* IN and OUT for set, OUT for get. Hard: where it may run; soft: where it prefers to. */
struct xen_domctl_vcpuaffinity {
    uint32_t vcpu;
    uint32_t flags; /* XEN_VCPUAFFINITY_*. */
    struct xenctl_bitmap cpumap_hard;
    struct xenctl_bitmap cpumap_soft;
};
ABI_LAYOUT(struct xen_domctl_vcpuaffinity, 40, vcpu, 0, flags, 4, cpumap_hard, 8, cpumap_soft, 24);

#define _XEN_VCPUAFFINITY_HARD  0
#define XEN_VCPUAFFINITY_HARD   (1U << _XEN_VCPUAFFINITY_HARD)
#define _XEN_VCPUAFFINITY_SOFT  1
#define XEN_VCPUAFFINITY_SOFT   (1U << _XEN_VCPUAFFINITY_SOFT)
#define _XEN_VCPUAFFINITY_FORCE 2
#define XEN_VCPUAFFINITY_FORCE  (1U << _XEN_VCPUAFFINITY_FORCE)

struct xen_domctl_nodeaffinity {
    struct xenctl_bitmap nodemap;
};
ABI_LAYOUT(struct xen_domctl_nodeaffinity, 16, nodemap, 0);

struct xen_domctl_max_vcpus {
    uint32_t max;
};
ABI_LAYOUT(struct xen_domctl_max_vcpus, 4, max, 0);

#define XEN_SCHEDULER_CREDIT   5
#define XEN_SCHEDULER_CREDIT2  6
#define XEN_SCHEDULER_ARINC653 7
#define XEN_SCHEDULER_RTDS     8
#define XEN_SCHEDULER_NULL     9

/* Weight: 256 is the default. Cap: percent of one CPU, 0 for none. */
struct xen_domctl_sched_credit {
    uint16_t weight;
    uint16_t cap;
};
ABI_LAYOUT(struct xen_domctl_sched_credit, 4, weight, 0, cap, 2);

struct xen_domctl_sched_credit2 {
    uint16_t weight;
    uint16_t cap;
};
ABI_LAYOUT(struct xen_domctl_sched_credit2, 4, weight, 0, cap, 2);

struct xen_domctl_sched_rtds {
    uint32_t period; /* In microseconds. */
    uint32_t budget; /* In microseconds. */
    uint32_t flags;  /* XEN_DOMCTL_SCHEDRT_extra. */
};
ABI_LAYOUT(struct xen_domctl_sched_rtds, 12, period, 0, budget, 4, flags, 8);

#define _XEN_DOMCTL_SCHEDRT_extra 0
#define XEN_DOMCTL_SCHEDRT_extra  (1U << _XEN_DOMCTL_SCHEDRT_extra)

struct xen_domctl_schedparam_vcpu {
    union {
        struct xen_domctl_sched_credit credit;
        struct xen_domctl_sched_credit2 credit2;
        struct xen_domctl_sched_rtds rtds;
    } u;
    uint32_t vcpuid;
};
ABI_LAYOUT(struct xen_domctl_schedparam_vcpu, 16, u, 0, u.credit, 0, u.credit2, 0, u.rtds, 0,
           vcpuid, 12);

struct xen_domctl_scheduler_op {
    uint32_t sched_id; /* XEN_SCHEDULER_*. */
    uint32_t cmd;      /* XEN_DOMCTL_SCHEDOP_*. */
    union {
        struct xen_domctl_sched_credit credit;
        struct xen_domctl_sched_credit2 credit2;
        struct xen_domctl_sched_rtds rtds;
        struct {
            uint64_aligned_t vcpus; /* Handle of struct xen_domctl_schedparam_vcpu. */
            uint32_t nr_vcpus;      /* OUT: elements done. */
            uint32_t padding;
        } v;
    } u;
};
ABI_LAYOUT(struct xen_domctl_scheduler_op, 24, sched_id, 0, cmd, 4, u, 8, u.credit, 8, u.credit2, 8,
           u.rtds, 8, u.v, 8, u.v.vcpus, 8, u.v.nr_vcpus, 16);

#define XEN_DOMCTL_SCHEDOP_putinfo     0
#define XEN_DOMCTL_SCHEDOP_getinfo     1
#define XEN_DOMCTL_SCHEDOP_putvcpuinfo 2
#define XEN_DOMCTL_SCHEDOP_getvcpuinfo 3

struct xen_domctl_setdomainhandle {
    uint8_t handle[16]; /* UUID. */
};
ABI_LAYOUT(struct xen_domctl_setdomainhandle, 16, handle, 0);

struct xen_domctl_irq_permission {
    uint32_t pirq;
    uint8_t allow_access;
    uint8_t pad[3];
};
ABI_LAYOUT(struct xen_domctl_irq_permission, 8, pirq, 0, allow_access, 4);

struct xen_domctl_iomem_permission {
    uint64_aligned_t first_mfn;
    uint64_aligned_t nr_mfns;
    uint8_t allow_access;
};
ABI_LAYOUT(struct xen_domctl_iomem_permission, 24, first_mfn, 0, nr_mfns, 8, allow_access, 16);

struct xen_domctl_ioport_permission {
    uint32_t first_port;
    uint32_t nr_ports;
    uint8_t allow_access;
};
ABI_LAYOUT(struct xen_domctl_ioport_permission, 12, first_port, 0, nr_ports, 4, allow_access, 8);

/* Fills the frame with hypercall entries. */
struct xen_domctl_hypercall_init {
    uint64_aligned_t gmfn;
};
ABI_LAYOUT(struct xen_domctl_hypercall_init, 8, gmfn, 0);

struct xen_domctl_settimeoffset {
    int64_aligned_t time_offset_seconds; /* Added to the domain's wall clock. */
};
ABI_LAYOUT(struct xen_domctl_settimeoffset, 8, time_offset_seconds, 0);

/* gethvmcontext and sethvmcontext: the records of hvm_save.h. */
struct xen_domctl_hvmcontext {
    uint32_t size;           /* Of the buffer in bytes. OUT: bytes used, or needed without one. */
    uint64_aligned_t buffer; /* Handle of uint8_t. */
};
ABI_LAYOUT(struct xen_domctl_hvmcontext, 16, size, 0, buffer, 8);

struct xen_domctl_hvmcontext_partial {
    uint32_t type;           /* HVM_SAVE_CODE_*. */
    uint32_t instance;       /* The vcpu. */
    uint64_aligned_t bufsz;  /* In bytes. */
    uint64_aligned_t buffer; /* Handle of uint8_t: the record without its descriptor. */
};
ABI_LAYOUT(struct xen_domctl_hvmcontext_partial, 24, type, 0, instance, 4, bufsz, 8, buffer, 16);

struct xen_domctl_sendtrigger {
    uint32_t trigger; /* XEN_DOMCTL_SENDTRIGGER_*. */
    uint32_t vcpu;
};
ABI_LAYOUT(struct xen_domctl_sendtrigger, 8, trigger, 0, vcpu, 4);

#define XEN_DOMCTL_SENDTRIGGER_NMI   0
#define XEN_DOMCTL_SENDTRIGGER_RESET 1
#define XEN_DOMCTL_SENDTRIGGER_INIT  2
#define XEN_DOMCTL_SENDTRIGGER_POWER 3
#define XEN_DOMCTL_SENDTRIGGER_SLEEP 4

/* Maps machine frames, device memory, into a domain, or unmaps them. */
struct xen_domctl_memory_mapping {
    uint64_aligned_t first_gfn;
    uint64_aligned_t first_mfn;
    uint64_aligned_t nr_mfns;
    uint32_t add_mapping; /* DPCI_*. */
    uint32_t padding;
};
ABI_LAYOUT(struct xen_domctl_memory_mapping, 32, first_gfn, 0, first_mfn, 8, nr_mfns, 16,
           add_mapping, 24);

#define DPCI_ADD_MAPPING    1
#define DPCI_REMOVE_MAPPING 0

/* The domain, which runs a device model, may act on the target. */
struct xen_domctl_set_target {
    domid_t target;
};
ABI_LAYOUT(struct xen_domctl_set_target, 2, target, 0);

/* get_cpu_policy and set_cpu_policy: what CPUID and MSRs tell the domain. */
struct xen_domctl_cpu_policy {
    uint32_t nr_leaves;      /* OUT: leaves written. */
    uint32_t nr_msrs;        /* OUT: registers written. */
    uint64_aligned_t leaves; /* Handle of struct xen_cpuid_leaf. */
    uint64_aligned_t msrs;   /* Handle of struct xen_msr_entry. */
    uint32_t err_leaf;       /* OUT: what set refuses. */
    uint32_t err_subleaf;
    uint32_t err_msr;
};
ABI_LAYOUT(struct xen_domctl_cpu_policy, 40, nr_leaves, 0, nr_msrs, 4, leaves, 8, msrs, 16,
           err_leaf, 24, err_subleaf, 28, err_msr, 32);

/* An event instead of VIRQ_DOM_EXC when the domain suspends. */
struct xen_domctl_subscribe {
    uint32_t port;
};
ABI_LAYOUT(struct xen_domctl_subscribe, 4, port, 0);

/* gettscinfo and settscinfo. */
struct xen_domctl_tsc_info {
    uint32_t tsc_mode; /* 0 default, 1 always emulated, 2 never. */
    uint32_t gtsc_khz;
    uint32_t incarnation;
    uint32_t pad;
    uint64_aligned_t elapsed_nsec;
};
ABI_LAYOUT(struct xen_domctl_tsc_info, 24, tsc_mode, 0, gtsc_khz, 4, incarnation, 8, elapsed_nsec,
           16);

struct xen_domctl_set_virq_handler {
    uint32_t virq; /* A global VIRQ_*. */
};
ABI_LAYOUT(struct xen_domctl_set_virq_handler, 4, virq, 0);

struct xen_domctl_vcpu_msr {
    uint32_t index;
    uint32_t reserved;
    uint64_aligned_t value;
};
ABI_LAYOUT(struct xen_domctl_vcpu_msr, 16, index, 0, value, 8);

struct xen_domctl_vcpu_msrs {
    uint32_t vcpu;
    uint32_t msr_count;    /* OUT: registers written, or how many there are. */
    uint64_aligned_t msrs; /* Handle of struct xen_domctl_vcpu_msr. */
};
ABI_LAYOUT(struct xen_domctl_vcpu_msrs, 16, vcpu, 0, msr_count, 4, msrs, 8);

struct xen_domctl {
    uint32_t cmd;               /* XEN_DOMCTL_*. */
    uint32_t interface_version; /* XEN_DOMCTL_INTERFACE_VERSION. */
    domid_t domain;
    uint16_t _pad[3];
    union {
        struct xen_domctl_createdomain createdomain;
        struct xen_domctl_getdomaininfo getdomaininfo;
        struct xen_domctl_nodeaffinity nodeaffinity;
        struct xen_domctl_vcpuaffinity vcpuaffinity;
        struct xen_domctl_shadow_op shadow_op;
        struct xen_domctl_max_mem max_mem;
        struct xen_domctl_vcpucontext vcpucontext;
        struct xen_domctl_getvcpuinfo getvcpuinfo;
        struct xen_domctl_max_vcpus max_vcpus;
        struct xen_domctl_scheduler_op scheduler_op;
        struct xen_domctl_setdomainhandle setdomainhandle;
        struct xen_domctl_irq_permission irq_permission;
        struct xen_domctl_iomem_permission iomem_permission;
        struct xen_domctl_ioport_permission ioport_permission;
        struct xen_domctl_hypercall_init hypercall_init;
        struct xen_domctl_settimeoffset settimeoffset;
        struct xen_domctl_tsc_info tsc_info;
        struct xen_domctl_hvmcontext hvmcontext;
        struct xen_domctl_hvmcontext_partial hvmcontext_partial;
        struct xen_domctl_sendtrigger sendtrigger;
        struct xen_domctl_memory_mapping memory_mapping;
        struct xen_domctl_set_target set_target;
        struct xen_domctl_subscribe subscribe;
        struct xen_domctl_cpu_policy cpu_policy;
        struct xen_domctl_vcpu_msrs vcpu_msrs;
        struct xen_domctl_set_virq_handler set_virq_handler;
        struct xen_domctl_paging_mempool paging_mempool;
        uint8_t pad[128];
    } u;
};
ABI_LAYOUT(struct xen_domctl, 144, cmd, 0, interface_version, 4, domain, 8, u, 16);

#endif
