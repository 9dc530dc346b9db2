/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and responses of a paravirtual network interface (<xen/io/netif.h>): a ring for frames
 * that the front end sends (tx) and one for those it receives (rx), each a page (io_ring.h). A
 * response stands in the ring entry of its request. Same layout in 32 bit.
 */
#ifndef PV_ABI_IO_NETIF_H
#define PV_ABI_IO_NETIF_H

#include "pv-abi/grant_table.h"

/* Entries of a ring. */
#define NETIF_TX_RING_SIZE 256 /* Xen: __CONST_RING_SIZE(netif_tx, 4096) */
#define NETIF_RX_RING_SIZE 256 /* Xen: __CONST_RING_SIZE(netif_rx, 4096) */

/* A back end takes a frame of up to so many tx requests, extra ones not counted. */
#define XEN_NETIF_NR_SLOTS_MIN 18

/* Flags of a tx request. */
#define _NETTXF_csum_blank     0
#define NETTXF_csum_blank      (1U << _NETTXF_csum_blank) /* The TCP or UDP checksum is missing. */
#define _NETTXF_data_validated 1
#define NETTXF_data_validated  (1U << _NETTXF_data_validated) /* No need to look at it. */
#define _NETTXF_more_data      2
#define NETTXF_more_data       (1U << _NETTXF_more_data) /* The next request goes on. */
#define _NETTXF_extra_info     3
#define NETTXF_extra_info      (1U << _NETTXF_extra_info) /* netif_extra_info comes next. */

#define XEN_NETIF_MAX_TX_SIZE 0xFFFF

/* The first request of a frame has the size of the whole frame, each other one its own. A request
 * lies within one page. */
struct netif_tx_request {
    grant_ref_t gref;
    uint16_t offset;
    uint16_t flags; /* NETTXF_*. */
    uint16_t id;    /* Comes back in the response. */
    uint16_t size;
};
ABI_LAYOUT(struct netif_tx_request, 12, gref, 0, offset, 4, flags, 6, id, 8, size, 10);

#define XEN_NETIF_EXTRA_TYPE_NONE      0
#define XEN_NETIF_EXTRA_TYPE_GSO       1
#define XEN_NETIF_EXTRA_TYPE_MCAST_ADD 2
#define XEN_NETIF_EXTRA_TYPE_MCAST_DEL 3
#define XEN_NETIF_EXTRA_TYPE_HASH      4
#define XEN_NETIF_EXTRA_TYPE_MAX       5

#define _XEN_NETIF_EXTRA_FLAG_MORE 0
#define XEN_NETIF_EXTRA_FLAG_MORE  (1U << _XEN_NETIF_EXTRA_FLAG_MORE) /* Another one comes next. */

#define XEN_NETIF_GSO_TYPE_NONE  0
#define XEN_NETIF_GSO_TYPE_TCPV4 1
#define XEN_NETIF_GSO_TYPE_TCPV6 2

/* Stands in the place of a tx request or of an rx response, behind the first one of its frame. As
 * a tx request it is answered by NETIF_RSP_NULL. */
struct netif_extra_info {
    uint8_t type;  /* XEN_NETIF_EXTRA_TYPE_*. */
    uint8_t flags; /* XEN_NETIF_EXTRA_FLAG_*. */
    union {
        struct {
            uint16_t size; /* Bytes of payload in each segment, at most. */
            uint8_t type;  /* XEN_NETIF_GSO_TYPE_*. */
            uint8_t pad;
            uint16_t features;
        } gso;
        struct {
            uint8_t addr[6];
        } mcast;
        struct {
            uint8_t type;
            uint8_t algorithm;
            uint8_t value[4];
        } hash;
        uint16_t pad[3];
    } u;
};
ABI_LAYOUT(struct netif_extra_info, 8, type, 0, flags, 1, u.gso.size, 2, u.gso.type, 4,
           u.gso.features, 6, u.mcast.addr, 2);

struct netif_tx_response {
    uint16_t id;
    int16_t status; /* NETIF_RSP_*. */
};
ABI_LAYOUT(struct netif_tx_response, 4, id, 0, status, 2);

struct netif_rx_request {
    uint16_t id; /* Comes back in the response. */
    uint16_t pad;
    grant_ref_t gref; /* A whole page, which the back end writes. */
};
ABI_LAYOUT(struct netif_rx_request, 8, id, 0, pad, 2, gref, 4);

/* Flags of an rx response. */
#define _NETRXF_data_validated 0
#define NETRXF_data_validated  (1U << _NETRXF_data_validated)
#define _NETRXF_csum_blank     1
#define NETRXF_csum_blank      (1U << _NETRXF_csum_blank)
#define _NETRXF_more_data      2
#define NETRXF_more_data       (1U << _NETRXF_more_data)
#define _NETRXF_extra_info     3
#define NETRXF_extra_info      (1U << _NETRXF_extra_info)
#define _NETRXF_gso_prefix     4
#define NETRXF_gso_prefix      (1U << _NETRXF_gso_prefix) /* Superseded by the extra information. */

struct netif_rx_response {
    uint16_t id;
    uint16_t offset; /* Of the first byte in its page. */
    uint16_t flags;  /* NETRXF_*. */
    int16_t status;  /* Bytes in this page, or a negative NETIF_RSP_*. */
};
ABI_LAYOUT(struct netif_rx_response, 8, id, 0, offset, 2, flags, 4, status, 6);

#define NETIF_RSP_DROPPED (-2)
#define NETIF_RSP_ERROR   (-1)
#define NETIF_RSP_OKAY    0
#define NETIF_RSP_NULL    1

#endif
