/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page of a request and response ring (<xen/io/ring.h>). Same layout in 32 bit. Requests and
 * responses share the entries: a response takes the place of a request that was consumed. The
 * number of entries is the largest power of two that fits behind the header. Indices run freely.
 */
#ifndef PV_ABI_IO_RING_H
#define PV_ABI_IO_RING_H

#include "pv-abi/layout.h"

typedef uint32_t RING_IDX;

/* A producer notifies its peer if it moved its index past the peer's event index. */
struct xen_sring { /* Xen: struct abi_ring_sring */
    RING_IDX req_prod;
    RING_IDX req_event;
    RING_IDX rsp_prod;
    RING_IDX rsp_event;
    union {
        uint8_t pvt_pad[4];
    } pvt;
    uint8_t __pad[44];
    uint8_t ring[];
};
ABI_LAYOUT(struct xen_sring, 64, req_prod, 0, req_event, 4, rsp_prod, 8, rsp_event, 12, ring, 64);

#endif
