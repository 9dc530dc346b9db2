/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of clients, as messages: reading them and forming the answer. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/xs_store.h"
#include "pv-abi/io_xs_wire.h"

struct xs_request {
    struct xsd_sockmsg header; /* len is at most XENSTORE_PAYLOAD_MAX */
    char payload[XENSTORE_PAYLOAD_MAX + 1];
};

struct xs_message {
    struct xsd_sockmsg header;
    char payload[XENSTORE_PAYLOAD_MAX];
};

/* Does what the request asks; an error is an answer too. The request's payload gets a NUL behind
 * it. */
void xs_request_serve(struct xs_client *client, struct xs_request *request,
                      struct xs_message *answer);

/* Forms a message of the event that waits longest and takes it out. False: none waits. */
bool xs_request_event(struct xs_client *client, struct xs_message *event);
