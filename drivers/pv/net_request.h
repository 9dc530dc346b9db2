/* SPDX-License-Identifier: BSD-2-Clause */
/* What a front end asks of its network interface, read from copies of its tx requests
 * (pv-abi/io_netif.h), one after the other, and checked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/io_netif.h"

/* A frame of more than XEN_NETIF_NR_SLOTS_MIN slots is dropped; one of more than this breaks the
 * protocol. Linux's back end draws the line here too. */
#define NET_SLOTS_FATAL 20u
#define NET_EXTRAS_MAX  XEN_NETIF_EXTRA_TYPE_MAX /* one of each type */

enum net_action { NET_SEND, NET_MULTICAST_ADD, NET_MULTICAST_DELETE };

/* An entry of the tx ring. */
union net_tx_entry {
    struct netif_tx_request tx;
    struct netif_extra_info extra;
};

struct net_slot {
    grant_ref_t ref;
    uint16_t offset; /* with the size, within one page */
    uint16_t size;
};

struct net_request {
    enum net_action action;
    unsigned int slot_count; /* of all, of which `slots` has those that fit */
    unsigned int extra_count;
    struct net_slot slots[XEN_NETIF_NR_SLOTS_MIN];
    uint16_t ids[NET_SLOTS_FATAL]; /* of all, for their responses */
    uint32_t size;                 /* of the frame */
    bool is_csum_blank, is_csum_valid;
    uint8_t gso_type; /* XEN_NETIF_GSO_TYPE_ */
    uint16_t gso_size;
    uint8_t group[6]; /* of NET_MULTICAST_ */
    int status;       /* when it is complete: 0, or -EINVAL: to be answered by an error */
    /* How far the reading is. */
    bool wants_extra, wants_slot;
    uint32_t rest_size;  /* of the slots behind the first */
    uint8_t extra_types; /* bit N: there was one of type N */
};

/* Begins a request anew. */
void net_request_start(struct net_request *request);

/* Reads the next entry. 0: the request is complete; 1: another entry belongs to it; -EBADMSG: it
 * breaks the protocol in a way after which nothing in the ring can be believed. */
int MUST_CHECK net_request_add(struct net_request *request, const union net_tx_entry *entry);
