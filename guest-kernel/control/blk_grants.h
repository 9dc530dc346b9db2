/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's frames of block requests: mapping for the device, unmapping, and copying for volumes
 * in memory; in batches, one hypercall for many. */
#pragma once

#include "lib/compiler.h"

struct blk_job;
struct blk_queue;

/* Maps the frames of all jobs in the list for the device and fills in their segments. A job with a
 * frame that cannot be had gets the status -EIO. */
void blk_grants_map(struct blk_job *jobs);

/* Unmaps what is mapped of the jobs in the list. */
void blk_grants_unmap(struct blk_job *jobs);

/* Unmaps what is kept of the queue's persistent grants; no request is under way. */
void blk_grants_let_go(struct blk_queue *queue);

/* Copies the job's data from or to a volume in memory. -EIO: a frame cannot be had. */
int MUST_CHECK blk_grants_copy(const struct blk_job *job);

/* Reads an indirect request's segments out of the guest's frame. -EIO, -EINVAL. */
int MUST_CHECK blk_grants_read_segments(struct blk_job *job);
