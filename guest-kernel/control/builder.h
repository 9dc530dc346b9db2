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
 * (GUEST_ERROR_MAX bytes) says why. Memory is given in pieces, with builder_set_meanwhile()'s
 * function called between them. */
int MUST_CHECK builder_build(const struct guest_config *config, struct built_domain *built,
                             char *sentence);

/* Sets what is done while a domain is being built: others' input and output, but nothing that
 * makes or ends a domain. */
void builder_set_meanwhile(void (*serve)(void));
