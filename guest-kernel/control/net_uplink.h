/* SPDX-License-Identifier: BSD-2-Clause */
/* The network cards: named eth0, eth1 and so on in the order of PCI, each the uplink of the bridge
 * with its number. Main loop only. */
#pragma once

#include <stdbool.h>

#include "guest-kernel/control/net_switch.h"

/* Finds the cards and attaches each to its bridge, eth0 to xenbr0. `notice` is told of each, and
 * of what goes wrong. */
void net_uplinks_init(void (*notice)(const char *sentence));

/* True if net_uplinks_step() has something to do. For the main loop, with interrupts off. */
bool net_uplinks_have_work(void);

/* Moves frames from the cards to their bridges, and shows the cards what was delivered to them. */
void net_uplinks_step(void);

/* True if the port is a card's whose cable is there. */
bool net_uplink_has_link(const struct net_port *port);
