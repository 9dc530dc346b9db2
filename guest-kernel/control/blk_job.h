/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the block back end know of one request while it is being worked on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pci/disk.h"
#include "drivers/pv/blk_request.h"

struct blk_queue;

struct blk_job {
    struct disk_request disk; /* the first member */
    struct blk_queue *queue;
    struct blk_job *next; /* in one of the queue's lists, or in that of those to be started */
    int status;
    bool is_started;         /* of the job that waits to be alone */
    unsigned int step_count; /* steps that follow, the last of the array first */
    enum disk_op steps[2];
    unsigned int mapped_count; /* of the segments, from the first on */
    struct blk_request request;
    struct disk_segment segments[BLK_SEGMENTS_MAX];
    grant_handle_t handles[BLK_SEGMENTS_MAX];
};
