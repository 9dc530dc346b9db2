/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An Ethernet frame on its way from one port of a switch to others. Its first bytes are in the
 * control domain's own memory, where they were checked and where nobody changes them; the rest may
 * lie in pages that a guest has granted and that nobody here looks at.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pv/net_offload.h"
#include "pv-abi/grant_table.h"
#include "pv-abi/xen.h"

#define NET_ADDRESS_SIZE 6u
#define NET_HEADER_SIZE  14u    /* two addresses and the type */
#define NET_FRAME_MAX    65535u /* bytes of a frame that waits to be cut (pv-abi/io_netif.h) */
#define NET_SEGMENTS_MAX 19u    /* 18 slots, of which the head cuts one in two */

/* A piece of a frame, in own memory or in one granted page. */
struct net_segment {
    const uint8_t *bytes; /* own memory, or NULL: a granted page */
    grant_ref_t ref;
    domid_t domid;   /* the granter */
    uint16_t offset; /* in the granted page */
    uint32_t size;
};

struct net_frame {
    const uint8_t *head;                /* own memory: at least the Ethernet header */
    uint32_t head_size;                 /* all of the frame, if it is in own memory at one place */
    uint32_t size;                      /* of the head and all segments, at most NET_FRAME_MAX */
    const struct net_segment *segments; /* what follows the head */
    unsigned int segment_count;
    struct net_offload offload;
    bool can_wait;   /* may be refused by net_switch_forward() and come again */
    bool has_waited; /* was refused, and is not to be any more */
    int status;      /* set until net_copy_run() is done: -EIO: a page of its maker's is bad */
};
