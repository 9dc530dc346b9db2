/* SPDX-License-Identifier: BSD-2-Clause */
/* What the store says of a domain, apart from its devices. */
#pragma once

#include <stdint.h>

#include "guest-kernel/control/builder.h"
#include "guest-kernel/control/guest_config.h"
#include "lib/compiler.h"

/* Makes the nodes of domain 0. -ENOMEM. */
int MUST_CHECK domain_store_init(void);

/* Makes the nodes of a new, paused domain and connects it to the store. Undone on failure. */
int MUST_CHECK domain_store_create(const struct guest_config *config,
                                   const struct built_domain *built);

/* Disconnects a domain and removes its nodes, with whatever the guest has left. */
void domain_store_remove(domid_t domid, const uint8_t uuid[16]);
