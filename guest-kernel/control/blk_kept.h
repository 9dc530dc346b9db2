/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Persistent grants (pv-abi/io_blkif.h, "feature-persistent"): frames of a front end that stay
 * mapped for the device from their first request until the queue stops. The front end uses the same
 * ones for all its requests and lets them be written; what is beyond the table's room is mapped for
 * each request.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/grant_table.h"

struct blk_kept {
    grant_ref_t ref; /* 0, which is no front end's: the slot is free */
    grant_handle_t handle;
    uint64_t paddr;
};

struct blk_kept_table {
    struct blk_kept *slots; /* NULL: nothing is kept */
    uint32_t slot_count;    /* a power of two */
    uint32_t used, most;    /* slots in use, and how many may be */
};

/* Room for the frames of all requests that a ring of `entry_count` entries holds. -ENOMEM. */
int MUST_CHECK blk_kept_init(struct blk_kept_table *table, uint32_t entry_count);

/* Where `ref` lies for the device; 0: it is not kept. */
uint64_t blk_kept_find(const struct blk_kept_table *table, grant_ref_t ref);

/* Keeps a mapping from here on. False: it cannot, and the mapping is the caller's still. */
bool MUST_CHECK blk_kept_add(struct blk_kept_table *table, struct blk_kept kept);

/* Nothing is kept from here on. */
void blk_kept_free(struct blk_kept_table *table);
