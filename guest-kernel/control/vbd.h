/* SPDX-License-Identifier: BSD-2-Clause */
/* The guests' disks: their nodes in the store, and the block back end's connection to each front
 * end from its start to its end. Main loop only. */
#pragma once

#include <stdbool.h>

#include "guest-kernel/control/guest_config.h"
#include "lib/compiler.h"
#include "pv-abi/xen.h"

/* Finds addresses for the rings. -ENOMEM. */
int MUST_CHECK vbds_init(void);

/* Opens the volumes of a new domain's configuration and makes the nodes by which its front ends
 * find them. On failure nothing is left and `sentence` (GUEST_ERROR_MAX bytes) says why. */
int MUST_CHECK vbds_create(const struct guest_config *config, domid_t domid, char *sentence);

/* Takes a domain's disks away. Waits for the requests that are with a device. */
void vbds_remove(domid_t domid);

/* True if vbds_step() has something to do. For the main loop, with interrupts off. */
bool vbds_have_work(void);

/* Moves requests and answers. */
void vbds_step(void);
