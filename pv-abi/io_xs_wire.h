/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store's messages and the page that carries them (<xen/io/xs_wire.h>). A message is a header
 * and its payload, mostly zero-terminated strings. Same layouts in 32 bit.
 */
#ifndef PV_ABI_IO_XS_WIRE_H
#define PV_ABI_IO_XS_WIRE_H

#include "pv-abi/layout.h"

/* Types of messages; an answer has the type of its request, or XS_ERROR. */
#define XS_CONTROL              0
#define XS_DIRECTORY            1
#define XS_READ                 2
#define XS_GET_PERMS            3
#define XS_WATCH                4
#define XS_UNWATCH              5
#define XS_TRANSACTION_START    6
#define XS_TRANSACTION_END      7
#define XS_INTRODUCE            8
#define XS_RELEASE              9
#define XS_GET_DOMAIN_PATH      10
#define XS_WRITE                11
#define XS_MKDIR                12
#define XS_RM                   13
#define XS_SET_PERMS            14
#define XS_WATCH_EVENT          15
#define XS_ERROR                16 /* The payload is the name of an errno, such as "EINVAL". */
#define XS_IS_DOMAIN_INTRODUCED 17
#define XS_RESUME               18
#define XS_SET_TARGET           19
#define XS_RESET_WATCHES        21
#define XS_DIRECTORY_PART       22
#define XS_TYPE_COUNT           23
#define XS_INVALID              0xffff

struct xsd_sockmsg {
    uint32_t type;   /* XS_*. */
    uint32_t req_id; /* Chosen by the client, echoed in the answer. */
    uint32_t tx_id;  /* Transaction, 0 for none. */
    uint32_t len;    /* Of the payload in bytes. */
};
ABI_LAYOUT(struct xsd_sockmsg, 16, type, 0, req_id, 4, tx_id, 8, len, 12);

/* The strings of an XS_WATCH_EVENT, in their order. */
#define XS_WATCH_PATH  0
#define XS_WATCH_TOKEN 1

#define XENSTORE_RING_SIZE 1024

typedef uint32_t XENSTORE_RING_IDX;

/* Indices run freely; a byte is at the index modulo XENSTORE_RING_SIZE. */
struct xenstore_domain_interface {
    char req[XENSTORE_RING_SIZE]; /* From the guest. */
    char rsp[XENSTORE_RING_SIZE]; /* To the guest. */
    XENSTORE_RING_IDX req_cons;
    XENSTORE_RING_IDX req_prod;
    XENSTORE_RING_IDX rsp_cons;
    XENSTORE_RING_IDX rsp_prod;
    uint32_t server_features; /* XENSTORE_SERVER_FEATURE_*. */
    uint32_t connection;      /* XENSTORE_CONNECTED or XENSTORE_RECONNECT. */
    uint32_t error;           /* XENSTORE_ERROR_*. */
};
ABI_LAYOUT(struct xenstore_domain_interface, 2076, req, 0, rsp, 1024, req_cons, 2048, req_prod,
           2052, rsp_cons, 2056, rsp_prod, 2060, server_features, 2064, connection, 2068, error,
           2072);

/* Limits in bytes. */
#define XENSTORE_PAYLOAD_MAX  4096
#define XENSTORE_ABS_PATH_MAX 3072
#define XENSTORE_REL_PATH_MAX 2048

#define XENSTORE_SERVER_FEATURE_RECONNECTION 1
#define XENSTORE_SERVER_FEATURE_ERROR        2

#define XENSTORE_CONNECTED 0
#define XENSTORE_RECONNECT 1

#define XENSTORE_ERROR_NONE    0
#define XENSTORE_ERROR_COMM    1
#define XENSTORE_ERROR_RINGIDX 2
#define XENSTORE_ERROR_PROTO   3

#endif
