/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and responses of a paravirtual disk (<xen/io/blkif.h>), which share the entries of a
 * ring (io_ring.h). The front end's node "protocol" says which of the two layouts it uses. Sectors
 * have 512 bytes. */
#ifndef PV_ABI_IO_BLKIF_H
#define PV_ABI_IO_BLKIF_H

#include "pv-abi/grant_table.h"

#define BLKIF_OP_READ            0
#define BLKIF_OP_WRITE           1
#define BLKIF_OP_WRITE_BARRIER   2 /* What came before is on the disk, then this, then the rest. */
#define BLKIF_OP_FLUSH_DISKCACHE 3
#define BLKIF_OP_RESERVED_1      4
#define BLKIF_OP_DISCARD         5
#define BLKIF_OP_INDIRECT        6

#define BLKIF_MAX_SEGMENTS_PER_REQUEST       11
#define BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST 8

/* Sectors of a frame, from the first to the last one. Same layout in 32 bit. */
struct blkif_request_segment {
    grant_ref_t gref;
    uint8_t first_sect;
    uint8_t last_sect;
};
ABI_LAYOUT(struct blkif_request_segment, 8, gref, 0, first_sect, 4, last_sect, 5);

struct blkif_request {
    uint8_t operation; /* BLKIF_OP_*. */
    uint8_t nr_segments;
    uint16_t handle;
    uint64_aligned_t id; /* Comes back in the response. */
    uint64_aligned_t sector_number;
    struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
};
ABI_LAYOUT(struct blkif_request, 112, operation, 0, nr_segments, 1, handle, 2, id, 8, sector_number,
           16, seg, 24);

struct compat_blkif_request {
    uint8_t operation;
    uint8_t nr_segments;
    uint16_t handle;
    compat_uint64_t id;
    compat_uint64_t sector_number;
    struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
};
ABI_LAYOUT(struct compat_blkif_request, 108, operation, 0, nr_segments, 1, handle, 2, id, 4,
           sector_number, 12, seg, 20);

/* BLKIF_OP_DISCARD. */
struct blkif_request_discard {
    uint8_t operation;
    uint8_t flag; /* BLKIF_DISCARD_*. */
    uint16_t handle;
    uint64_aligned_t id;
    uint64_aligned_t sector_number;
    uint64_aligned_t nr_sectors;
};
ABI_LAYOUT(struct blkif_request_discard, 32, operation, 0, flag, 1, handle, 2, id, 8, sector_number,
           16, nr_sectors, 24);

struct compat_blkif_request_discard {
    uint8_t operation;
    uint8_t flag;
    uint16_t handle;
    compat_uint64_t id;
    compat_uint64_t sector_number;
    compat_uint64_t nr_sectors;
};
ABI_LAYOUT(struct compat_blkif_request_discard, 28, operation, 0, flag, 1, handle, 2, id, 4,
           sector_number, 12, nr_sectors, 20);

#define BLKIF_DISCARD_SECURE (1 << 0)

/* BLKIF_OP_INDIRECT: the segments are in pages of their own. */
struct blkif_request_indirect {
    uint8_t operation;
    uint8_t indirect_op; /* BLKIF_OP_READ or BLKIF_OP_WRITE. */
    uint16_t nr_segments;
    uint64_aligned_t id;
    uint64_aligned_t sector_number;
    uint16_t handle;
    grant_ref_t indirect_grefs[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
};
ABI_LAYOUT(struct blkif_request_indirect, 64, operation, 0, indirect_op, 1, nr_segments, 2, id, 8,
           sector_number, 16, handle, 24, indirect_grefs, 28);

struct compat_blkif_request_indirect {
    uint8_t operation;
    uint8_t indirect_op;
    uint16_t nr_segments;
    compat_uint64_t id;
    compat_uint64_t sector_number;
    uint16_t handle;
    grant_ref_t indirect_grefs[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
    compat_uint64_t pad;
};
ABI_LAYOUT(struct compat_blkif_request_indirect, 64, operation, 0, indirect_op, 1, nr_segments, 2,
           id, 4, sector_number, 12, handle, 20, indirect_grefs, 24, pad, 56);

struct blkif_response {
    uint64_aligned_t id;
    uint8_t operation; /* Of the request. */
    int16_t status;    /* BLKIF_RSP_*. */
};
ABI_LAYOUT(struct blkif_response, 16, id, 0, operation, 8, status, 10);

struct compat_blkif_response {
    compat_uint64_t id;
    uint8_t operation;
    int16_t status;
};
ABI_LAYOUT(struct compat_blkif_response, 12, id, 0, operation, 8, status, 10);

#define BLKIF_RSP_EOPNOTSUPP (-2)
#define BLKIF_RSP_ERROR      (-1)
#define BLKIF_RSP_OKAY       0

#define VDISK_CDROM     0x1
#define VDISK_REMOVABLE 0x2
#define VDISK_READONLY  0x4

#endif
