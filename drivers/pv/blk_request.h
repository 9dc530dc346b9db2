/* SPDX-License-Identifier: BSD-2-Clause */
/* What a front end asks of a disk, read from a copy of its request (pv-abi/io_blkif.h) and
 * checked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/io_blkif.h"

/* Segments of one request that the back end takes (128 KiB), as indirect ones. */
#define BLK_SEGMENTS_MAX 32u

enum blk_action { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_BARRIER, BLK_DISCARD };

struct blk_segment {
    grant_ref_t ref;
    uint8_t first; /* sector in the frame */
    uint8_t count; /* of sectors, 1 to 8 */
};

struct blk_request {
    uint64_t id;
    uint8_t operation; /* for the response */
    enum blk_action action;
    uint64_t sector;
    uint64_t sector_count; /* of all segments, or of the discard */
    unsigned int segment_count;
    bool is_indirect; /* the segments are in the frame of `indirect_ref` and still to be read */
    grant_ref_t indirect_ref;
    struct blk_segment segments[BLK_SEGMENTS_MAX];
};

/* Reads a request in the native layout, or in that of 32-bit front ends; id and operation are valid
 * whatever comes of it. -EOPNOTSUPP: no such operation; -EINVAL: it breaks the protocol. */
int MUST_CHECK blk_request_read(struct blk_request *request, const void *copy, bool is_32bit);

/* Reads the segments of an indirect request from a copy of their array. -EINVAL. */
int MUST_CHECK blk_request_read_segments(struct blk_request *request,
                                         const struct blkif_request_segment *copy);

/* Checks it against a disk of `sector_count` sectors. -EINVAL: it leaves the disk; -EROFS. */
int MUST_CHECK blk_request_check(const struct blk_request *request, uint64_t sector_count,
                                 bool is_read_only);
