/* SPDX-License-Identifier: BSD-2-Clause */
/* Mapping and unmapping of granted frames, one at a time. Statuses are GNTST_*. */
#ifndef ATOLL_CORE_GRANT_MAP_H
#define ATOLL_CORE_GRANT_MAP_H

#include "core/types.h"

struct domain;

struct grant_map_request {
    uint32_t ref;
    uint32_t flags; /* MAPTRACK_HOST, MAPTRACK_DEVICE, MAPTRACK_READONLY */
    gfn_t gfn;      /* where, with MAPTRACK_HOST */
};

/* Maps a frame of GRANTER for D, which is the caller. Gives the handle and the frame. */
int16_t grant_map(struct domain *d, struct domain *granter, const struct grant_map_request *request,
                  uint32_t *handle, mfn_t *mfn) MUST_CHECK;
/* First step: the mappings of HANDLE that HOST_ADDR and DEV_ADDR name (0: none) are gone from D's
 * memory. Does nothing when it was done before. */
int16_t grant_unmap_begin(struct domain *d, uint32_t handle, uint64_t host_addr,
                          uint64_t dev_addr) MUST_CHECK;
/* Second step: frees HANDLE if nothing of it is mapped any more. False: a CPU may still hold a
 * translation; to be called again. */
bool grant_unmap_finish(struct domain *d, uint32_t handle) MUST_CHECK;

#endif
