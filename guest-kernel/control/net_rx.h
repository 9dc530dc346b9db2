/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring of requests that a front end posts for frames it is to receive. Main loop only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pv/back_ring.h"
#include "guest-kernel/control/net_frame.h"
#include "lib/compiler.h"
#include "pv-abi/io_netif.h"

struct net_counters;

/* A request that was taken, and its response. */
struct net_rx_slot {
    uint32_t frame_size; /* of the first slot of a frame; 0: of another one */
    uint16_t id;
    uint16_t flags; /* NETRXF_ */
    uint16_t size;
    uint16_t gso_size; /* not 0: this is not bytes but the frame's GSO information */
    uint8_t gso_type;  /* XEN_NETIF_GSO_TYPE_ */
    int status;        /* 0, or why the bytes are not there */
};

struct net_rx {
    struct back_ring ring;
    domid_t domid;
    struct net_counters *counters;
    bool is_broken;          /* the front end has broken the protocol */
    bool is_stalled;         /* a frame has waited in vain: none waits until there is room */
    unsigned int slot_count; /* taken and not answered */
    struct net_rx_slot slots[NETIF_RX_RING_SIZE];
};

/* Requests that the frame takes. */
unsigned int net_rx_slots(const struct net_frame *frame);

/* True if there are `count` requests, or if none are to be waited for. If not, the front end is
 * asked for an event when there are. */
bool net_rx_has_room(struct net_rx *rx, unsigned int count);

/* Asks for copies of the frame into the front end's pages, or counts it as dropped. */
void net_rx_put(struct net_rx *rx, struct net_frame *frame);

/* Answers the requests of all frames since the last time; net_copy_run() is done. True: the front
 * end wants an event. */
bool MUST_CHECK net_rx_answer(struct net_rx *rx);
