/* SPDX-License-Identifier: BSD-2-Clause */
/* The xen_version hypercall (<xen/version.h>): sub-operations and what they fill in. */
#ifndef PV_ABI_VERSION_H
#define PV_ABI_VERSION_H

#include "pv-abi/layout.h"

#define XENVER_version             0  /* No argument; returns major << 16 | minor. */
#define XENVER_extraversion        1  /* xen_extraversion_t. */
#define XENVER_compile_info        2  /* struct xen_compile_info. */
#define XENVER_capabilities        3  /* xen_capabilities_info_t. */
#define XENVER_changeset           4  /* xen_changeset_info_t. */
#define XENVER_platform_parameters 5  /* struct xen_platform_parameters. */
#define XENVER_get_features        6  /* struct xen_feature_info. */
#define XENVER_pagesize            7  /* No argument; returns bytes. */
#define XENVER_guest_handle        8  /* The 16 bytes of the domain's UUID. */
#define XENVER_commandline         9  /* xen_commandline_t. */
#define XENVER_build_id            10 /* struct xen_build_id; returns bytes. */

typedef char xen_extraversion_t[16];
typedef char xen_capabilities_info_t[1024];
typedef char xen_changeset_info_t[64];
typedef char xen_commandline_t[1024];

/* Same layout in 32 bit. */
struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};
ABI_LAYOUT(struct xen_compile_info, 144, compiler, 0, compile_by, 64, compile_domain, 80,
           compile_date, 112);

struct xen_platform_parameters {
    uint64_aligned_t virt_start;
};
ABI_LAYOUT(struct xen_platform_parameters, 8, virt_start, 0);

struct compat_xen_platform_parameters {
    uint32_t virt_start;
};
ABI_LAYOUT(struct compat_xen_platform_parameters, 4, virt_start, 0);

/* Same layout in 32 bit. */
struct xen_feature_info {
    uint32_t submap_idx; /* IN: which map of 32 bits. */
    uint32_t submap;     /* OUT. */
};
ABI_LAYOUT(struct xen_feature_info, 8, submap_idx, 0, submap, 4);

/* Same layout in 32 bit. */
struct xen_build_id {
    uint32_t len; /* IN: size of buf in bytes. */
    uint8_t buf[];
};
ABI_LAYOUT(struct xen_build_id, 4, len, 0, buf, 4);

#endif
