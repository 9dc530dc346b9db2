/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A paravirtual network interface as its guest uses it (<xen/io/netif.h>): one queue, a ring of one
 * page for each direction. The pages that frames travel in are granted once, while the interface is
 * connected, and each frame is copied out of them or into them. The back end is not trusted with
 * more. First vcpu only, interrupts enabled. Errors are negative XEN_E numbers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/pv/front_ring.h"
#include "drivers/pv/xenbus.h"
#include "guest-kernel/events.h"
#include "lib/compiler.h"
#include "pv-abi/io_netif.h"

#define NETFRONT_BUFFERS    64u /* pages of each direction */
#define NETFRONT_FRAME_MAX  XEN_NETIF_MAX_TX_SIZE
#define NETFRONT_FRAME_MIN  14u /* an Ethernet header */
#define NETFRONT_MAC_SIZE   6u
#define NETFRONT_MAX_EXTRAS (XEN_NETIF_EXTRA_TYPE_MAX - 1u)

/* What a front end may ask for; it gets what the back end has. */
#define NETFRONT_SPLIT   (1u << 0) /* an event channel for each ring */
#define NETFRONT_SG      (1u << 1) /* frames of more than one page */
#define NETFRONT_OFFLOAD (1u << 2) /* large TCP frames and missing checksums; needs NETFRONT_SG */

struct netfront_frame {
    uint8_t *bytes;
    size_t size;
    bool is_csum_blank; /* the TCP or UDP checksum field has the pseudo header's sum only */
    uint16_t gso_size;  /* payload of a segment in a large TCP frame; 0: it is none */
    uint8_t gso_type;   /* XEN_NETIF_GSO_TYPE_* */
};

/* A ring, and the pages that its requests name: the id of a request is a page's number. */
struct netfront_queue {
    struct front_ring ring;
    grant_ref_t ring_ref;
    evtchn_port_t port;
    uint8_t *pages[NETFRONT_BUFFERS];
    grant_ref_t refs[NETFRONT_BUFFERS];
};

struct netfront {
    struct netfront_queue tx, rx;   /* one port for both unless the back end has split ones */
    char node[XENBUS_PATH_MAX / 2]; /* "device/vif/N" */
    char back_node[XENBUS_PATH_MAX / 2];
    domid_t back_end;
    uint8_t mac[NETFRONT_MAC_SIZE];
    uint16_t mtu;
    unsigned int features; /* NETFRONT_* that both ends have */
    bool is_broken;        /* the back end has answered what nobody asked */
    bool is_tx_busy[NETFRONT_BUFFERS];
    unsigned int tx_free;                /* pages that are not busy */
    uint8_t rx_page[NETIF_RX_RING_SIZE]; /* which page stands in an entry of the ring */
    uint64_t sent, received;             /* frames */
    uint64_t tx_errors, rx_errors;       /* responses that say so */
    uint64_t events;                     /* that have come */
};

/* Connects to the interface of this node of the store, with NETFRONT_* wishes. Undone on failure.
 * -XEN_ETIMEDOUT: the back end does not answer; -XEN_EOPNOTSUPP: it does not copy; errors of the
 * store, of grants and events. */
int MUST_CHECK netfront_connect(struct netfront *net, const char *node, unsigned int wishes);

/* Closes it; what is still under way is lost. -XEN_ETIMEDOUT: the back end does not let go, and
 * pages stay lost. */
int MUST_CHECK netfront_close(struct netfront *net);

/* Puts a frame into the ring; netfront_push() shows all that are there to the back end.
 * -XEN_ENOSPC: there is no room until others are sent; -XEN_EINVAL: too large, or not what this
 * interface takes. */
int MUST_CHECK netfront_send(struct netfront *net, const struct netfront_frame *frame);
void netfront_push(struct netfront *net);

/* Lets the back end fill all pages of the rx ring, none of which it has; netfront_connect() does.
 */
void netfront_post_all(struct netfront *net);

/* Takes what the back end has answered to frames sent; their pages are free again. */
void netfront_reap(struct netfront *net);

/* Copies the next frame that has come to frame->bytes and fills in the rest; frame->size says how
 * much there is room for. 1: done; 0: there is none; -XEN_EOVERFLOW: it is larger, and lost;
 * -XEN_EIO: the back end failed to deliver it, or is broken. */
int MUST_CHECK netfront_receive(struct netfront *net, struct netfront_frame *frame);

/* True if a frame has come, or the interface is broken; if not, an event will tell. For conditions
 * of event_wait_until(), which may ask with interrupts off. */
bool netfront_has_frame(struct netfront *net);

/* Halts until there is a frame. False: none has come before system time `deadline`. */
bool netfront_wait_frame(struct netfront *net, uint64_t deadline);

/* Shows what was put, and halts until the back end has answered all of it. False: it has not before
 * system time `deadline`. */
bool netfront_wait_sent(struct netfront *net, uint64_t deadline);
