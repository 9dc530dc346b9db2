/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory_op hypercall (<xen/memory.h>): a domain's memory, and what is mapped into it. An
 * operation on an array may keep its progress in the bits above its number.
 */
#ifndef PV_ABI_MEMORY_H
#define PV_ABI_MEMORY_H

#include "pv-abi/xen.h"

#define XENMEM_increase_reservation       0 /* These three: struct xen_memory_reservation; */
#define XENMEM_decrease_reservation       1 /* they return the number of extents done. */
#define XENMEM_maximum_ram_page           2 /* No argument; returns the highest frame of RAM. */
#define XENMEM_current_reservation        3 /* struct xen_memory_domain; returns pages. */
#define XENMEM_maximum_reservation        4 /* struct xen_memory_domain; returns pages. */
#define XENMEM_machphys_mfn_list          5
#define XENMEM_populate_physmap           6
#define XENMEM_add_to_physmap             7 /* struct xen_add_to_physmap. */
#define XENMEM_memory_map                 9 /* struct xen_memory_map. */
#define XENMEM_machine_memory_map         10
#define XENMEM_exchange                   11
#define XENMEM_machphys_mapping           12
#define XENMEM_set_memory_map             13 /* struct xen_foreign_memory_map. */
#define XENMEM_maximum_gpfn               14 /* struct xen_memory_domain; returns a frame number. */
#define XENMEM_remove_from_physmap        15
#define XENMEM_set_pod_target             16 /* struct xen_pod_target. */
#define XENMEM_get_pod_target             17
#define XENMEM_get_sharing_freed_pages    18
#define XENMEM_get_sharing_shared_pages   19
#define XENMEM_paging_op                  20
#define XENMEM_access_op                  21
#define XENMEM_sharing_op                 22
#define XENMEM_add_to_physmap_batch       23
#define XENMEM_claim_pages                24 /* struct xen_memory_reservation. */
#define XENMEM_machphys_compat_mfn_list   25
#define XENMEM_get_vnumainfo              26
#define XENMEM_reserved_device_memory_map 27
#define XENMEM_acquire_resource           28

/* mem_flags of a reservation. */
#define XENMEMF_address_bits(x)     (x)
#define XENMEMF_get_address_bits(x) ((x)&0xffU)
#define XENMEMF_node(x)             (((x) + 1) << 8)
#define XENMEMF_get_node(x)         ((((x) >> 8) - 1) & 0xffU)
#define XENMEMF_populate_on_demand  (1 << 16)
#define XENMEMF_exact_node_request  (1 << 17)
#define XENMEMF_exact_node(n)       (XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode               (1 << 18)

/* Extents of 2^extent_order frames, aligned to their size. */
struct xen_memory_reservation {
    uint64_aligned_t extent_start; /* Handle of unsigned long (32 or 64 bits): frame numbers. */
    uint64_aligned_t nr_extents;
    uint32_t extent_order;
    uint32_t mem_flags; /* XENMEMF_*. */
    domid_t domid;
};
ABI_LAYOUT(struct xen_memory_reservation, 32, extent_start, 0, nr_extents, 8, extent_order, 16,
           mem_flags, 20, domid, 24);

struct compat_xen_memory_reservation {
    uint32_t extent_start;
    uint32_t nr_extents;
    uint32_t extent_order;
    uint32_t mem_flags;
    domid_t domid;
};
ABI_LAYOUT(struct compat_xen_memory_reservation, 20, extent_start, 0, nr_extents, 4, extent_order,
           8, mem_flags, 12, domid, 16);

/* Same layout in 32 bit. */
struct xen_memory_domain {
    domid_t domid;
};
ABI_LAYOUT(struct xen_memory_domain, 2, domid, 0);

/* What add_to_physmap puts into a domain's memory. */
#define XENMAPSPACE_shared_info  0
#define XENMAPSPACE_grant_table  1
#define XENMAPSPACE_gmfn         2 /* A frame of the domain itself. */
#define XENMAPSPACE_gmfn_range   3 /* Several; add_to_physmap only. */
#define XENMAPSPACE_gmfn_foreign 4 /* Another domain's; add_to_physmap_batch only. */
#define XENMAPSPACE_dev_mmio     5

/* Set in idx for the status frames of XENMAPSPACE_grant_table. */
#define XENMAPIDX_grant_table_status 0x80000000

struct xen_add_to_physmap {
    domid_t domid;
    uint16_t size;         /* Frames, for XENMAPSPACE_gmfn_range. */
    uint32_t space;        /* XENMAPSPACE_*. */
    uint64_aligned_t idx;  /* What to map: index or frame number. */
    uint64_aligned_t gpfn; /* Where. */
};
ABI_LAYOUT(struct xen_add_to_physmap, 24, domid, 0, size, 2, space, 4, idx, 8, gpfn, 16);

struct compat_xen_add_to_physmap {
    domid_t domid;
    uint16_t size;
    uint32_t space;
    uint32_t idx;
    uint32_t gpfn;
};
ABI_LAYOUT(struct compat_xen_add_to_physmap, 16, domid, 0, size, 2, space, 4, idx, 8, gpfn, 12);

struct xen_add_to_physmap_batch {
    domid_t domid;
    uint16_t space; /* XENMAPSPACE_*. */
    uint16_t size;  /* Elements. */
    union {
        domid_t foreign_domid; /* For XENMAPSPACE_gmfn_foreign. */
        uint16_t res0;         /* 0 for the others. */
    } u;
    uint64_aligned_t idxs;  /* Handle of unsigned long (32 or 64 bits). */
    uint64_aligned_t gpfns; /* Handle of unsigned long (32 or 64 bits). */
    uint64_aligned_t errs;  /* OUT: handle of int32_t, an error each. */
};
ABI_LAYOUT(struct xen_add_to_physmap_batch, 32, domid, 0, space, 2, size, 4, u, 6, u.foreign_domid,
           6, u.res0, 6, idxs, 8, gpfns, 16, errs, 24);

struct compat_xen_add_to_physmap_batch {
    domid_t domid;
    uint16_t space;
    uint16_t size;
    union {
        domid_t foreign_domid;
        uint16_t res0;
    } u;
    uint32_t idxs;
    uint32_t gpfns;
    uint32_t errs;
};
ABI_LAYOUT(struct compat_xen_add_to_physmap_batch, 20, domid, 0, space, 2, size, 4, u, 6,
           u.foreign_domid, 6, u.res0, 6, idxs, 8, gpfns, 12, errs, 16);

struct xen_remove_from_physmap {
    domid_t domid;
    uint64_aligned_t gpfn;
};
ABI_LAYOUT(struct xen_remove_from_physmap, 16, domid, 0, gpfn, 8);

struct compat_xen_remove_from_physmap {
    domid_t domid;
    uint32_t gpfn;
};
ABI_LAYOUT(struct compat_xen_remove_from_physmap, 8, domid, 0, gpfn, 4);

/*
 * An entry of a memory map: what BIOS call INT 15h, EAX=E820h gives (ACPI 6.2, section 15.1). Same
 * layout in 32 bit.
 */
struct e820entry { /* Atoll only */
    compat_uint64_t addr;
    compat_uint64_t size; /* In bytes. */
    uint32_t type;        /* XEN_HVM_MEMMAP_TYPE_* of hvm_start_info.h. */
};
ABI_LAYOUT(struct e820entry, 20, addr, 0, size, 8, type, 16);

struct xen_memory_map {
    uint32_t nr_entries;     /* IN: room in the buffer. OUT: entries written. */
    uint64_aligned_t buffer; /* Handle of struct e820entry. */
};
ABI_LAYOUT(struct xen_memory_map, 16, nr_entries, 0, buffer, 8);

struct compat_xen_memory_map {
    uint32_t nr_entries;
    uint32_t buffer;
};
ABI_LAYOUT(struct compat_xen_memory_map, 8, nr_entries, 0, buffer, 4);

struct xen_foreign_memory_map {
    domid_t domid;
    struct xen_memory_map map;
};
ABI_LAYOUT(struct xen_foreign_memory_map, 24, domid, 0, map, 8);

struct compat_xen_foreign_memory_map {
    domid_t domid;
    struct compat_xen_memory_map map;
};
ABI_LAYOUT(struct compat_xen_foreign_memory_map, 12, domid, 0, map, 4);

/* Populate on demand. Sizes in pages. */
struct xen_pod_target {
    uint64_aligned_t target_pages;
    uint64_aligned_t tot_pages;       /* OUT. */
    uint64_aligned_t pod_cache_pages; /* OUT. */
    uint64_aligned_t pod_entries;     /* OUT. */
    domid_t domid;
};
ABI_LAYOUT(struct xen_pod_target, 40, target_pages, 0, tot_pages, 8, pod_cache_pages, 16,
           pod_entries, 24, domid, 32);

struct compat_xen_pod_target {
    compat_uint64_t target_pages;
    compat_uint64_t tot_pages;
    compat_uint64_t pod_cache_pages;
    compat_uint64_t pod_entries;
    domid_t domid;
};
ABI_LAYOUT(struct compat_xen_pod_target, 36, target_pages, 0, tot_pages, 8, pod_cache_pages, 16,
           pod_entries, 24, domid, 32);

#define XENMEM_resource_ioreq_server 0
#define XENMEM_resource_grant_table  1
#define XENMEM_resource_vmtrace_buf  2

/* The id of XENMEM_resource_grant_table. */
#define XENMEM_resource_grant_table_id_shared 0
#define XENMEM_resource_grant_table_id_status 1

/* Maps pages that belong to a domain without being its memory. */
struct xen_mem_acquire_resource {
    domid_t domid;
    uint16_t type;      /* XENMEM_resource_*. */
    uint32_t id;        /* By type. */
    uint32_t nr_frames; /* 0 with no frame_list: OUT, how many there are. */
    uint32_t pad;
    uint64_aligned_t frame;      /* The first one, counted from 0. */
    uint64_aligned_t frame_list; /* Handle of unsigned long (32 or 64 bits): where to map. */
};
ABI_LAYOUT(struct xen_mem_acquire_resource, 32, domid, 0, type, 2, id, 4, nr_frames, 8, frame, 16,
           frame_list, 24);

struct compat_xen_mem_acquire_resource {
    domid_t domid;
    uint16_t type;
    uint32_t id;
    uint32_t nr_frames;
    uint32_t pad;
    compat_uint64_t frame;
    uint32_t frame_list;
};
ABI_LAYOUT(struct compat_xen_mem_acquire_resource, 28, domid, 0, type, 2, id, 4, nr_frames, 8,
           frame, 16, frame_list, 24);

#endif
