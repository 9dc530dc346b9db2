/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three interfaces of one guest on one bridge: two that keep the rules, and one under test, whose
 * rings get what no front end would put there. A back end may answer that with errors, or break the
 * connection until the front end begins anew. Xen's gives the interface up for good; there the
 * test goes on with the next one that it has (more than three).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pv/netfront.h"

#define RAW_ANSWERS_MAX 256u
#define RAW_FRAME_SIZE  60u
#define NO_REF          2040u /* a reference that this guest has not given */

/* The number of the first one under test. */
#define NET_VICTIM 2u

/* Two that keep the rules, and the one under test. */
extern struct netfront net_left, net_right, net_victim;

/* Connects interface `number` with NETFRONT_* wishes. */
int MUST_CHECK net_connect(struct netfront *net, unsigned int number, unsigned int wishes);

/* Sends a frame of RAW_FRAME_SIZE to an address, and waits for the last frame sent. */
bool net_send(struct netfront *from, const uint8_t *to);
bool net_arrives(struct netfront *to, size_t size);

/* Frames of `size` bytes, one sent by each way; false: one has not come.
 * Others that come meanwhile are dropped. */
bool net_exchange(struct netfront *from, struct netfront *to, size_t size);

/* Sends a frame from one to the other, which does not look. False: it could not be
 * sent. */
bool net_send_unheard(struct netfront *from, struct netfront *to);

/* Connects the one under test, which is closed, and tries it. */
bool net_connect_victim(void);

/* Frames between the two that keep the rules, both ways. */
bool net_others_go_on(void);

/* Closes the one under test, connects it again and tries it. */
bool net_begin_anew(void);

/* As that, or goes on with the next interface where a back end has given this one up. */
bool net_recover(void);

/* Answers to raw requests. */
struct raw_answers {
    unsigned int count;
    struct netif_tx_response each[RAW_ANSWERS_MAX];
};

/* Puts a request into the ring: a whole frame that nobody listens to, id 0, 1 and so on from the
 * last raw_run() on. To be spoilt before that. */
struct netif_tx_request *raw_put(void);

/* Shows what was put and waits for so many answers, until the back end has served the others and
 * gives this one none. */
void raw_run(struct raw_answers *answers, unsigned int count);

/* A name of the store below the device under test. */
const char *net_path(const char *name);

/* Frames of raw_put() that have come to the others. */
extern uint64_t net_noise;

/* Frames to groups and to everybody that came where another frame was waited for. */
extern uint64_t net_group_frames;

/* net_wrong.c: frames and requests that are wrong. */
void net_wrong_cases(void);

/* net_ring.c: what breaks the rings, the connection, or the back end's hold on pages. */
void net_ring_cases(void);

/* net_feature.c: large frames, checksums, multicast. */
void net_feature_cases(void);
