/* SPDX-License-Identifier: BSD-2-Clause */
/* The domain builder: makes a paused domain that is ready to run from its configuration, or
 * nothing at all. */
#pragma once

#include <stdint.h>

#include "guest-kernel/control/guest_config.h"
#include "lib/compiler.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/xen.h"

struct built_domain {
    domid_t domid;
    evtchn_port_t store_port; /* the domain's, unbound */
    evtchn_port_t console_port;
    uint64_t store_gfn;
    uint64_t console_gfn;
};

/* Builds a domain; config->uuid is its UUID. On failure everything is undone and `sentence`
 * (GUEST_ERROR_MAX bytes) says why. */
int MUST_CHECK builder_build(const struct guest_config *config, struct built_domain *built,
                             char *sentence);
