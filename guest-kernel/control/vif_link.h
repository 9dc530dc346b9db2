/* SPDX-License-Identifier: BSD-2-Clause */
/* A connected front end of a network interface: its rings, its ports and what it can, as its nodes
 * in the store describe them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/control/net_rx.h"
#include "guest-kernel/control/net_switch.h"
#include "guest-kernel/control/net_tx.h"
#include "guest-kernel/control/ring_pages.h"
#include "lib/compiler.h"
#include "pv-abi/event_channel.h"

#define VIF_LINK_PAGES 2u /* of rings: one each */

struct vif_link {
    struct net_tx tx; /* the first member: page-aligned */
    struct net_rx rx;
    struct ring_pages tx_page, rx_page;
    unsigned int port_count;
    evtchn_port_t ports[2]; /* of tx, then of rx, if that has its own */
    bool has_event;         /* the front end has something to say */
    bool has_complained;
};

/* Connects to the front end whose nodes are below `front`, with the rings mapped at `gfn`
 * (VIF_LINK_PAGES frames where nothing is), and sets what the port can. -EINVAL: the nodes are
 * wrong; -EIO: a page cannot be mapped; -ENOMEM; errors of the hypervisor. On failure nothing is
 * left. */
int MUST_CHECK vif_link_connect(struct vif_link **link, const char *front, domid_t domid,
                                uint64_t gfn, struct net_port *port);
void vif_link_disconnect(struct vif_link *link);

/* The front end wants an event for one of its rings. */
void vif_link_notify_tx(const struct vif_link *link);
void vif_link_notify_rx(const struct vif_link *link);
