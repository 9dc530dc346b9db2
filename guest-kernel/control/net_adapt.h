/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the switch and a port: what a port cannot take is done in software before it gets the
 * frame. Such frames are fetched into own memory with the other copies of the batch and come to the
 * port from within net_copy_run(). Main loop only.
 */
#pragma once

#include <stdbool.h>

#include "guest-kernel/control/net_switch.h"
#include "lib/compiler.h"

/* Hands a frame to a port, at once or from within net_copy_run(). */
void net_adapt_deliver(struct net_port *port, struct net_frame *frame);

/* How many frames the port gets for this one. */
unsigned int net_adapt_count(const struct net_port *port, const struct net_frame *frame);

/* Hands over the frames that have been fetched. False: there are none. For net_copy_run(), which
 * calls it when all copies are made, and then makes those that come of it. */
bool MUST_CHECK net_adapt_finish(void);

/* Forgets the frames handed over: their copies are made. For net_copy_run(). */
void net_adapt_clear(void);
