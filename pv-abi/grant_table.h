/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grant tables (<xen/grant_table.h>): how a domain lets another use its pages, and the
 * grant_table_op hypercall, which takes an array of one of the structures below and its length.
 */
#ifndef PV_ABI_GRANT_TABLE_H
#define PV_ABI_GRANT_TABLE_H

#include "pv-abi/xen.h"

typedef uint32_t grant_ref_t;    /* Index of an entry in the granter's table. */
typedef uint32_t grant_handle_t; /* Names a mapping to its mapper. */

/*
 * A version 1 entry. The granter writes domid and frame, then flags after a write barrier; it ends
 * access by a compare-and-exchange of flags to 0 that finds neither GTF_reading nor GTF_writing.
 * Same layout in 32 bit.
 */
struct grant_entry_v1 {
    uint16_t flags; /* GTF_*. */
    domid_t domid;  /* Who may use the frame. */
    uint32_t frame; /* Guest frame number. */
};
ABI_LAYOUT(struct grant_entry_v1, 8, flags, 0, domid, 2, frame, 4);

/* The entries that the domain builder fills in. */
#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE    0
#define GNTTAB_RESERVED_XENSTORE   1

/* The type of an entry. */
#define GTF_invalid         (0U << 0)
#define GTF_permit_access   (1U << 0)
#define GTF_accept_transfer (2U << 0)
#define GTF_transitive      (3U << 0)
#define GTF_type_mask       (3U << 0)

/* Flags of GTF_permit_access; reading and writing are the hypervisor's. */
#define _GTF_readonly 2
#define GTF_readonly  (1U << _GTF_readonly)
#define _GTF_reading  3
#define GTF_reading   (1U << _GTF_reading)
#define _GTF_writing  4
#define GTF_writing   (1U << _GTF_writing)
#define _GTF_PWT      5
#define GTF_PWT       (1U << _GTF_PWT)
#define _GTF_PCD      6
#define GTF_PCD       (1U << _GTF_PCD)
#define _GTF_PAT      7
#define GTF_PAT       (1U << _GTF_PAT)
#define _GTF_sub_page 8
#define GTF_sub_page  (1U << _GTF_sub_page)

/* Flags of GTF_accept_transfer, both the hypervisor's. */
#define _GTF_transfer_committed 2
#define GTF_transfer_committed  (1U << _GTF_transfer_committed)
#define _GTF_transfer_completed 3
#define GTF_transfer_completed  (1U << _GTF_transfer_completed)

#define GNTTABOP_map_grant_ref     0
#define GNTTABOP_unmap_grant_ref   1
#define GNTTABOP_setup_table       2
#define GNTTABOP_dump_table        3
#define GNTTABOP_transfer          4
#define GNTTABOP_copy              5
#define GNTTABOP_query_size        6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version       8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version       10
#define GNTTABOP_swap_grant_ref    11
#define GNTTABOP_cache_flush       12

/* Same layout in 32 bit. */
struct gnttab_map_grant_ref {
    uint64_t host_addr; /* Guest-physical address to map at, with GNTMAP_host_map. */
    uint32_t flags;     /* GNTMAP_*. */
    grant_ref_t ref;
    domid_t dom;           /* The granter. */
    int16_t status;        /* OUT: GNTST_*. */
    grant_handle_t handle; /* OUT. */
    uint64_t dev_bus_addr; /* OUT: the frame's address for a device. */
};
ABI_LAYOUT(struct gnttab_map_grant_ref, 32, host_addr, 0, flags, 8, ref, 12, dom, 16, status, 18,
           handle, 20, dev_bus_addr, 24);

/* host_addr and dev_bus_addr: 0, or what the map of the handle used. Same layout in 32 bit. */
struct gnttab_unmap_grant_ref {
    uint64_t host_addr;
    uint64_t dev_bus_addr;
    grant_handle_t handle;
    int16_t status; /* OUT: GNTST_*. */
};
ABI_LAYOUT(struct gnttab_unmap_grant_ref, 24, host_addr, 0, dev_bus_addr, 8, handle, 16, status,
           20);

/* Grows a table to nr_frames pages and tells where they are. */
struct gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status;              /* OUT: GNTST_*. */
    uint64_aligned_t frame_list; /* Handle of unsigned long (32 or 64 bits). */
};
ABI_LAYOUT(struct gnttab_setup_table, 24, dom, 0, nr_frames, 4, status, 8, frame_list, 16);

struct compat_gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status;
    uint32_t frame_list;
};
ABI_LAYOUT(struct compat_gnttab_setup_table, 16, dom, 0, nr_frames, 4, status, 8, frame_list, 12);

/* Same layout in 32 bit. */
struct gnttab_dump_table {
    domid_t dom;
    int16_t status; /* OUT: GNTST_*. */
};
ABI_LAYOUT(struct gnttab_dump_table, 4, dom, 0, status, 2);

struct gnttab_transfer {
    uint64_aligned_t mfn;
    domid_t domid;
    grant_ref_t ref;
    int16_t status; /* OUT: GNTST_*. */
};
ABI_LAYOUT(struct gnttab_transfer, 24, mfn, 0, domid, 8, ref, 12, status, 16);

struct compat_gnttab_transfer {
    uint32_t mfn;
    domid_t domid;
    grant_ref_t ref;
    int16_t status;
};
ABI_LAYOUT(struct compat_gnttab_transfer, 16, mfn, 0, domid, 4, ref, 8, status, 12);

/* One side of a copy: a grant reference of domid, or a frame of the caller. */
struct gnttab_copy_ptr {
    union {
        grant_ref_t ref;
        uint64_aligned_t gmfn;
    } u;
    domid_t domid;
    uint16_t offset; /* In bytes; the copy must not leave the page. */
};
ABI_LAYOUT(struct gnttab_copy_ptr, 16, u, 0, u.ref, 0, u.gmfn, 0, domid, 8, offset, 10);

struct compat_gnttab_copy_ptr {
    union {
        grant_ref_t ref;
        uint32_t gmfn;
    } u;
    domid_t domid;
    uint16_t offset;
};
ABI_LAYOUT(struct compat_gnttab_copy_ptr, 8, u, 0, u.ref, 0, u.gmfn, 0, domid, 4, offset, 6);

struct gnttab_copy {
    struct gnttab_copy_ptr source;
    struct gnttab_copy_ptr dest;
    uint16_t len;   /* In bytes. */
    uint16_t flags; /* GNTCOPY_*: which sides are grant references. */
    int16_t status; /* OUT: GNTST_*. */
};
ABI_LAYOUT(struct gnttab_copy, 40, source, 0, dest, 16, len, 32, flags, 34, status, 36);

struct compat_gnttab_copy {
    struct compat_gnttab_copy_ptr source;
    struct compat_gnttab_copy_ptr dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;
};
ABI_LAYOUT(struct compat_gnttab_copy, 24, source, 0, dest, 8, len, 16, flags, 18, status, 20);

#define _GNTCOPY_source_gref 0
#define GNTCOPY_source_gref  (1 << _GNTCOPY_source_gref)
#define _GNTCOPY_dest_gref   1
#define GNTCOPY_dest_gref    (1 << _GNTCOPY_dest_gref)

/* Same layout in 32 bit. */
struct gnttab_query_size {
    domid_t dom;
    uint32_t nr_frames;     /* OUT. */
    uint32_t max_nr_frames; /* OUT. */
    int16_t status;         /* OUT: GNTST_*. */
};
ABI_LAYOUT(struct gnttab_query_size, 16, dom, 0, nr_frames, 4, max_nr_frames, 8, status, 12);

/* Same layout in 32 bit. */
struct gnttab_unmap_and_replace {
    uint64_t host_addr;
    uint64_t new_addr;
    grant_handle_t handle;
    int16_t status; /* OUT: GNTST_*. */
};
ABI_LAYOUT(struct gnttab_unmap_and_replace, 24, host_addr, 0, new_addr, 8, handle, 16, status, 20);

/* Same layout in 32 bit. */
struct gnttab_set_version {
    uint32_t version; /* IN: the version asked for. OUT: the version in use. */
};
ABI_LAYOUT(struct gnttab_set_version, 4, version, 0);

struct gnttab_get_status_frames {
    uint32_t nr_frames;
    domid_t dom;
    int16_t status;              /* OUT: GNTST_*. */
    uint64_aligned_t frame_list; /* Handle of uint64_t. */
};
ABI_LAYOUT(struct gnttab_get_status_frames, 16, nr_frames, 0, dom, 4, status, 6, frame_list, 8);

struct compat_gnttab_get_status_frames {
    uint32_t nr_frames;
    domid_t dom;
    int16_t status;
    uint32_t frame_list;
};
ABI_LAYOUT(struct compat_gnttab_get_status_frames, 12, nr_frames, 0, dom, 4, status, 6, frame_list,
           8);

/* Same layout in 32 bit. */
struct gnttab_get_version {
    domid_t dom;
    uint16_t pad;
    uint32_t version; /* OUT. */
};
ABI_LAYOUT(struct gnttab_get_version, 8, dom, 0, version, 4);

/* Same layout in 32 bit. */
struct gnttab_swap_grant_ref {
    grant_ref_t ref_a;
    grant_ref_t ref_b;
    int16_t status; /* OUT: GNTST_*. */
};
ABI_LAYOUT(struct gnttab_swap_grant_ref, 12, ref_a, 0, ref_b, 4, status, 8);

/* Same layout in 32 bit. */
struct gnttab_cache_flush {
    union {
        uint64_t dev_bus_addr;
        grant_ref_t ref;
    } a;
    uint16_t offset;
    uint16_t length;
    uint32_t op; /* GNTTAB_CACHE_*. */
};
ABI_LAYOUT(struct gnttab_cache_flush, 16, a, 0, a.dev_bus_addr, 0, a.ref, 0, offset, 8, length, 10,
           op, 12);

#define GNTTAB_CACHE_CLEAN       (1U << 0)
#define GNTTAB_CACHE_INVAL       (1U << 1)
#define GNTTAB_CACHE_SOURCE_GREF (1U << 31)

/* Flags of gnttab_map_grant_ref. At least one of device_map and host_map. */
#define _GNTMAP_device_map      0
#define GNTMAP_device_map       (1 << _GNTMAP_device_map)
#define _GNTMAP_host_map        1
#define GNTMAP_host_map         (1 << _GNTMAP_host_map)
#define _GNTMAP_readonly        2
#define GNTMAP_readonly         (1 << _GNTMAP_readonly)
#define _GNTMAP_application_map 3
#define GNTMAP_application_map  (1 << _GNTMAP_application_map)
#define _GNTMAP_contains_pte    4
#define GNTMAP_contains_pte     (1 << _GNTMAP_contains_pte)
#define _GNTMAP_guest_avail0    16
#define GNTMAP_guest_avail_mask 0xffff0000U

/* The status of one element. */
#define GNTST_okay              0
#define GNTST_general_error     (-1)
#define GNTST_bad_domain        (-2) /* No such domain, or it is dying. */
#define GNTST_bad_gntref        (-3) /* No such entry, or not for the caller. */
#define GNTST_bad_handle        (-4) /* No such mapping. */
#define GNTST_bad_virt_addr     (-5) /* host_addr cannot be used. */
#define GNTST_bad_dev_addr      (-6) /* dev_bus_addr is not that of the mapping. */
#define GNTST_no_device_space   (-7) /* No room in the IOMMU. */
#define GNTST_permission_denied (-8)
#define GNTST_bad_page          (-9)  /* The frame is not ordinary memory of the domain. */
#define GNTST_bad_copy_arg      (-10) /* A copy leaves its page. */
#define GNTST_address_too_big   (-11)
#define GNTST_eagain            (-12) /* To be tried again. */
#define GNTST_no_space          (-13) /* No room for another mapping. */

#endif
