/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of frames that a front end sends, in three steps, between which net_copy_run() makes the
 * copies: their first bytes are fetched, they go to the switch, they are answered. A frame whose
 * one destination has no room holds those behind it up, for a while. Main loop only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pv/back_ring.h"
#include "drivers/pv/net_request.h"
#include "guest-kernel/control/net_frame.h"
#include "guest-kernel/control/net_groups.h"
#include "lib/compiler.h"

#define NET_TX_FRAMES 32u /* of one front end that are on their way */

struct net_port;

struct net_tx_frame {
    struct net_frame frame;
    struct net_request request;
    struct net_segment segments[NET_SEGMENTS_MAX];
    int status; /* of the copy of the head, and of a request that moves no bytes */
};

struct net_tx {
    /* Page-aligned, so that no head leaves its page. */
    uint8_t heads[NET_TX_FRAMES][NET_HEAD_MAX];
    struct net_tx_frame frames[NET_TX_FRAMES]; /* a ring, from `first` on */
    struct back_ring ring;
    domid_t domid;
    struct net_port *port;
    struct net_groups groups;
    bool is_broken; /* the front end has broken the protocol */
    unsigned int first;
    unsigned int taken;     /* frames from the ring */
    unsigned int forwarded; /* of these, to the switch */
    uint64_t held_until;    /* not 0: the next one waits for room, until then */
    uint64_t notify_at;     /* not 0: the event of an answer waits, until then */
};

/* Takes frames from the ring and asks for copies of their first bytes. */
void net_tx_gather(struct net_tx *tx);

/* Hands the frames to the switch, in order, at system time `now`. */
void net_tx_forward(struct net_tx *tx, uint64_t now);

/* Answers those that the switch has. True: the front end is to get an event, at system time `now`.
 * That of a single small frame waits until tx->notify_at, the next answer, or until the guest
 * `is_woken` by another event; if the front end finds the answer before, there is none. */
bool MUST_CHECK net_tx_answer(struct net_tx *tx, uint64_t now, bool is_woken);
