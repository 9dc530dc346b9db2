/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sysctl hypercall (<xen/sysctl.h>): what the control domain asks of the machine. The argument
 * is struct xen_sysctl. All structures have the same layout in 32 bit. A query into an array takes
 * the room in elements and gives the number written, or the number there are where the handle is 0.
 */
#ifndef PV_ABI_SYSCTL_H
#define PV_ABI_SYSCTL_H

#include "pv-abi/domctl.h"
#include "pv-abi/xen.h"

/* A call with another version gets -EACCES. */
#define XEN_SYSCTL_INTERFACE_VERSION 0x00000015

/* Operations. */
#define XEN_SYSCTL_readconsole            1
#define XEN_SYSCTL_tbuf_op                2
#define XEN_SYSCTL_physinfo               3
#define XEN_SYSCTL_sched_id               4
#define XEN_SYSCTL_perfc_op               5
#define XEN_SYSCTL_getdomaininfolist      6
#define XEN_SYSCTL_debug_keys             7
#define XEN_SYSCTL_getcpuinfo             8
#define XEN_SYSCTL_availheap              9
#define XEN_SYSCTL_get_pmstat             10
#define XEN_SYSCTL_cpu_hotplug            11
#define XEN_SYSCTL_pm_op                  12
#define XEN_SYSCTL_page_offline_op        14
#define XEN_SYSCTL_lockprof_op            15
#define XEN_SYSCTL_cputopoinfo            16
#define XEN_SYSCTL_numainfo               17
#define XEN_SYSCTL_cpupool_op             18
#define XEN_SYSCTL_scheduler_op           19
#define XEN_SYSCTL_coverage_op            20
#define XEN_SYSCTL_psr_cmt_op             21
#define XEN_SYSCTL_pcitopoinfo            22
#define XEN_SYSCTL_psr_alloc              23
#define XEN_SYSCTL_get_cpu_levelling_caps 25
#define XEN_SYSCTL_get_cpu_featureset     26
#define XEN_SYSCTL_livepatch_op           27
#define XEN_SYSCTL_get_cpu_policy         29

/* Reads the hypervisor's log. */
struct xen_sysctl_readconsole {
    uint8_t clear;       /* Forget what was read. */
    uint8_t incremental; /* Start at index. */
    uint8_t pad0;
    uint8_t pad1;
    uint32_t index;          /* OUT: where the next read starts. */
    uint64_aligned_t buffer; /* Handle of char. */
    uint32_t count;          /* Room in bytes. OUT: bytes written. */
};
ABI_LAYOUT(struct xen_sysctl_readconsole, 24, clear, 0, incremental, 1, index, 4, buffer, 8, count,
           16);

/* All OUT; memory in pages. */
struct xen_sysctl_physinfo {
    uint32_t threads_per_core;
    uint32_t cores_per_socket;
    uint32_t nr_cpus;
    uint32_t max_cpu_id;
    uint32_t nr_nodes;
    uint32_t max_node_id;
    uint32_t cpu_khz;
    uint32_t capabilities; /* XEN_SYSCTL_PHYSCAP_*. */
    uint32_t arch_capabilities;
    uint32_t pad;
    uint64_aligned_t total_pages;
    uint64_aligned_t free_pages;
    uint64_aligned_t scrub_pages; /* Free, and yet to be cleaned. */
    uint64_aligned_t outstanding_pages;
    uint64_aligned_t max_mfn;
    uint32_t hw_cap[8]; /* CPUID feature words. */
};
ABI_LAYOUT(struct xen_sysctl_physinfo, 112, threads_per_core, 0, cores_per_socket, 4, nr_cpus, 8,
           max_cpu_id, 12, nr_nodes, 16, max_node_id, 20, cpu_khz, 24, capabilities, 28,
           arch_capabilities, 32, total_pages, 40, free_pages, 48, scrub_pages, 56,
           outstanding_pages, 64, max_mfn, 72, hw_cap, 80);

#define _XEN_SYSCTL_PHYSCAP_hvm                0
#define XEN_SYSCTL_PHYSCAP_hvm                 (1U << _XEN_SYSCTL_PHYSCAP_hvm)
#define _XEN_SYSCTL_PHYSCAP_pv                 1
#define XEN_SYSCTL_PHYSCAP_pv                  (1U << _XEN_SYSCTL_PHYSCAP_pv)
#define _XEN_SYSCTL_PHYSCAP_directio           2
#define XEN_SYSCTL_PHYSCAP_directio            (1U << _XEN_SYSCTL_PHYSCAP_directio)
#define _XEN_SYSCTL_PHYSCAP_hap                3
#define XEN_SYSCTL_PHYSCAP_hap                 (1U << _XEN_SYSCTL_PHYSCAP_hap)
#define _XEN_SYSCTL_PHYSCAP_shadow             4
#define XEN_SYSCTL_PHYSCAP_shadow              (1U << _XEN_SYSCTL_PHYSCAP_shadow)
#define _XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share 5
#define XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share  (1U << _XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share)
#define XEN_SYSCTL_PHYSCAP_vmtrace             (1U << 6)
#define XEN_SYSCTL_PHYSCAP_vpmu                (1U << 7)
#define XEN_SYSCTL_PHYSCAP_gnttab_v1           (1U << 8)
#define XEN_SYSCTL_PHYSCAP_gnttab_v2           (1U << 9)
#define XEN_SYSCTL_PHYSCAP_MAX                 XEN_SYSCTL_PHYSCAP_gnttab_v2

struct xen_sysctl_sched_id {
    uint32_t sched_id; /* OUT: XEN_SCHEDULER_*. */
};
ABI_LAYOUT(struct xen_sysctl_sched_id, 4, sched_id, 0);

/* Counters by name, each with one or more values. */
struct xen_sysctl_perfc_desc {
    char name[80];
    uint32_t nr_vals;
};
ABI_LAYOUT(struct xen_sysctl_perfc_desc, 84, name, 0, nr_vals, 80);

struct xen_sysctl_perfc_op {
    uint32_t cmd;          /* XEN_SYSCTL_PERFCOP_*. */
    uint32_t nr_counters;  /* OUT. */
    uint32_t nr_vals;      /* OUT. */
    uint64_aligned_t desc; /* Handle of struct xen_sysctl_perfc_desc. */
    uint64_aligned_t val;  /* Handle of uint32_t. */
};
ABI_LAYOUT(struct xen_sysctl_perfc_op, 32, cmd, 0, nr_counters, 4, nr_vals, 8, desc, 16, val, 24);

#define XEN_SYSCTL_PERFCOP_reset 1
#define XEN_SYSCTL_PERFCOP_query 2

struct xen_sysctl_getdomaininfolist {
    domid_t first_domain;
    uint32_t max_domains;
    uint64_aligned_t buffer; /* Handle of struct xen_domctl_getdomaininfo. */
    uint32_t num_domains;    /* OUT. */
};
ABI_LAYOUT(struct xen_sysctl_getdomaininfolist, 24, first_domain, 0, max_domains, 4, buffer, 8,
           num_domains, 16);

struct xen_sysctl_debug_keys {
    uint64_aligned_t keys; /* Handle of char. */
    uint32_t nr_keys;
};
ABI_LAYOUT(struct xen_sysctl_debug_keys, 16, keys, 0, nr_keys, 8);

struct xen_sysctl_cpuinfo {
    uint64_aligned_t idletime; /* In ns. */
};
ABI_LAYOUT(struct xen_sysctl_cpuinfo, 8, idletime, 0);

struct xen_sysctl_getcpuinfo {
    uint32_t max_cpus;
    uint64_aligned_t info; /* Handle of struct xen_sysctl_cpuinfo. */
    uint32_t nr_cpus;      /* OUT. */
};
ABI_LAYOUT(struct xen_sysctl_getcpuinfo, 24, max_cpus, 0, info, 8, nr_cpus, 16);

/* Free memory of a node below and above some address widths in bits; 0 for any width. */
struct xen_sysctl_availheap {
    uint32_t min_bitwidth;
    uint32_t max_bitwidth;
    int32_t node;                 /* -1 for all. */
    uint64_aligned_t avail_bytes; /* OUT. */
};
ABI_LAYOUT(struct xen_sysctl_availheap, 24, min_bitwidth, 0, max_bitwidth, 4, node, 8, avail_bytes,
           16);

struct xen_sysctl_cputopo {
    uint32_t core;
    uint32_t socket;
    uint32_t node;
};
ABI_LAYOUT(struct xen_sysctl_cputopo, 12, core, 0, socket, 4, node, 8);

#define XEN_INVALID_CORE_ID   (~0U)
#define XEN_INVALID_SOCKET_ID (~0U)
#define XEN_INVALID_NODE_ID   (~0U)

struct xen_sysctl_cputopoinfo {
    uint32_t num_cpus;
    uint64_aligned_t cputopo; /* Handle of struct xen_sysctl_cputopo. */
};
ABI_LAYOUT(struct xen_sysctl_cputopoinfo, 16, num_cpus, 0, cputopo, 8);

struct xen_sysctl_meminfo {
    uint64_t memsize; /* In bytes. */
    uint64_t memfree; /* In bytes. */
};
ABI_LAYOUT(struct xen_sysctl_meminfo, 16, memsize, 0, memfree, 8);

#define XEN_INVALID_MEM_SZ    (~0U)
#define XEN_INVALID_NODE_DIST (~0U)

struct xen_sysctl_numainfo {
    uint32_t num_nodes;
    uint64_aligned_t meminfo;  /* Handle of struct xen_sysctl_meminfo. */
    uint64_aligned_t distance; /* Handle of uint32_t, a square of num_nodes. */
};
ABI_LAYOUT(struct xen_sysctl_numainfo, 24, num_nodes, 0, meminfo, 8, distance, 16);

struct xen_sysctl_cpupool_op {
    uint32_t op; /* XEN_SYSCTL_CPUPOOL_OP_*. */
    uint32_t cpupool_id;
    uint32_t sched_id;
    uint32_t domid;
    uint32_t cpu;
    uint32_t n_dom;
    struct xenctl_bitmap cpumap;
};
ABI_LAYOUT(struct xen_sysctl_cpupool_op, 40, op, 0, cpupool_id, 4, sched_id, 8, domid, 12, cpu, 16,
           n_dom, 20, cpumap, 24);

#define XEN_SYSCTL_CPUPOOL_OP_CREATE     1
#define XEN_SYSCTL_CPUPOOL_OP_DESTROY    2
#define XEN_SYSCTL_CPUPOOL_OP_INFO       3
#define XEN_SYSCTL_CPUPOOL_OP_ADDCPU     4
#define XEN_SYSCTL_CPUPOOL_OP_RMCPU      5
#define XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN 6
#define XEN_SYSCTL_CPUPOOL_OP_FREEINFO   7
#define XEN_SYSCTL_CPUPOOL_PAR_ANY       0xffffffff

struct xen_sysctl_credit_schedule {
    uint32_t tslice_ms;
    uint32_t ratelimit_us;
    uint32_t vcpu_migr_delay_us;
};
ABI_LAYOUT(struct xen_sysctl_credit_schedule, 12, tslice_ms, 0, ratelimit_us, 4, vcpu_migr_delay_us,
           8);

struct xen_sysctl_credit2_schedule {
    uint32_t ratelimit_us;
};
ABI_LAYOUT(struct xen_sysctl_credit2_schedule, 4, ratelimit_us, 0);

/* Parameters of a scheduler as a whole. */
struct xen_sysctl_scheduler_op {
    uint32_t cpupool_id;
    uint32_t sched_id; /* XEN_SCHEDULER_*. */
    uint32_t cmd;      /* XEN_SYSCTL_SCHEDOP_*. */
    union {
        struct xen_sysctl_sched_arinc653 {
            uint64_aligned_t schedule; /* Handle of its schedule. */
        } sched_arinc653;
        struct xen_sysctl_credit_schedule sched_credit;
        struct xen_sysctl_credit2_schedule sched_credit2;
    } u;
};
ABI_LAYOUT(struct xen_sysctl_scheduler_op, 32, cpupool_id, 0, sched_id, 4, cmd, 8, u, 16,
           u.sched_arinc653, 16, u.sched_arinc653.schedule, 16, u.sched_credit, 16, u.sched_credit2,
           16);

#define XEN_SYSCTL_SCHEDOP_putinfo 0
#define XEN_SYSCTL_SCHEDOP_getinfo 1

/* A CPU policy of the machine, in the form of xen_domctl_cpu_policy. */
struct xen_sysctl_cpu_policy {
    uint32_t index;     /* XEN_SYSCTL_cpu_policy_*. */
    uint32_t nr_leaves; /* OUT too. */
    uint32_t nr_msrs;   /* OUT too. */
    uint32_t _rsvd;
    uint64_aligned_t leaves; /* Handle of struct xen_cpuid_leaf. */
    uint64_aligned_t msrs;   /* Handle of struct xen_msr_entry. */
};
ABI_LAYOUT(struct xen_sysctl_cpu_policy, 32, index, 0, nr_leaves, 4, nr_msrs, 8, leaves, 16, msrs,
           24);

#define XEN_SYSCTL_cpu_policy_raw         0
#define XEN_SYSCTL_cpu_policy_host        1
#define XEN_SYSCTL_cpu_policy_pv_max      2
#define XEN_SYSCTL_cpu_policy_hvm_max     3
#define XEN_SYSCTL_cpu_policy_pv_default  4
#define XEN_SYSCTL_cpu_policy_hvm_default 5

struct xen_sysctl {
    uint32_t cmd;               /* XEN_SYSCTL_*. */
    uint32_t interface_version; /* XEN_SYSCTL_INTERFACE_VERSION. */
    union {
        struct xen_sysctl_readconsole readconsole;
        struct xen_sysctl_physinfo physinfo;
        struct xen_sysctl_cputopoinfo cputopoinfo;
        struct xen_sysctl_numainfo numainfo;
        struct xen_sysctl_sched_id sched_id;
        struct xen_sysctl_perfc_op perfc_op;
        struct xen_sysctl_getdomaininfolist getdomaininfolist;
        struct xen_sysctl_debug_keys debug_keys;
        struct xen_sysctl_getcpuinfo getcpuinfo;
        struct xen_sysctl_availheap availheap;
        struct xen_sysctl_cpupool_op cpupool_op;
        struct xen_sysctl_scheduler_op scheduler_op;
        struct xen_sysctl_cpu_policy cpu_policy;
        uint8_t pad[128];
    } u;
};
ABI_LAYOUT(struct xen_sysctl, 136, cmd, 0, interface_version, 4, u, 8);

#endif
