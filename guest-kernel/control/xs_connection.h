/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's connection to the store: its page, the request that is coming in and the message that
 * is going out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "guest-kernel/control/xs_request.h"
#include "guest-kernel/control/xs_ring.h"
#include "guest-kernel/control/xs_store.h"

/* Messages in or out that one step moves at most. */
#define XS_STEP_MESSAGES 4u

struct xs_connection {
    struct xs_client client;
    struct xs_ring ring;
    bool is_broken;      /* the guest has broken the protocol: nothing more is read */
    size_t request_size; /* bytes of the request that are there */
    size_t message_sent; /* bytes of the message that are in the ring */
    size_t message_size; /* 0: no message is going out */
    struct xs_request request;
    struct xs_message message;
};

/* Opens a connection through a zeroed page that stays mapped until it is closed. */
void xs_connection_open(struct xs_connection *connection, struct xs_store *store, domid_t domid,
                        volatile struct xenstore_domain_interface *page);

/* Takes the domain's watches, events and transactions away; its nodes stay. */
void xs_connection_close(struct xs_connection *connection);

/* What a step has done: a set of bits. */
#define XS_STEP_MOVED 1u /* bytes in or out: the guest wants an event */
#define XS_STEP_MORE  2u /* the limit of one step was reached: there may be more to do */

/* Takes requests, answers them, and sends events, as far as the ring allows. A request is served
 * when the answer of the one before is in the ring. */
unsigned int xs_connection_step(struct xs_connection *connection);
