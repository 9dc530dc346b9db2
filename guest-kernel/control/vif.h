/* SPDX-License-Identifier: BSD-2-Clause */
/* The guests' network interfaces: their nodes in the store, their ports of switches, and the
 * network back end's connection to each front end from its start to its end. Main loop only. */
#pragma once

#include <stdbool.h>

#include "guest-kernel/control/guest_config.h"
#include "guest-kernel/control/net_switch.h"
#include "lib/compiler.h"
#include "pv-abi/xen.h"

/* Finds addresses for the rings. -ENOMEM. */
int MUST_CHECK vifs_init(void);

/* Attaches the interfaces of a new domain's configuration to their bridges and makes the nodes by
 * which its front ends find them. On failure nothing is left and `sentence` (GUEST_ERROR_MAX bytes)
 * says why. */
int MUST_CHECK vifs_create(const struct guest_config *config, domid_t domid, char *sentence);

/* Takes a domain's interfaces away. */
void vifs_remove(domid_t domid);

/* Frames that wait for room at their destination may find it. */
void vifs_retry(void);

/* The port of interface `index` of a domain, for lists, and its device number; NULL: there are not
 * so many. */
const struct net_port *vif_at(domid_t domid, unsigned int index, uint32_t *number);

/* True if vifs_step() has something to do. For the main loop, with interrupts off. */
bool vifs_have_work(void);

/* Moves frames and answers. */
void vifs_step(void);
