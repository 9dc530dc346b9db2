/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests' store pages and ports for tests: guest N has page N and is reached by port N. */
#pragma once

#include <stdbool.h>

#include "guest-kernel/events.h"
#include "pv-abi/io_xs_wire.h"

#define FAKE_RINGS 4u

struct fake_rings {
    struct xenstore_domain_interface pages[FAKE_RINGS];
    event_handler *handlers[FAKE_RINGS];
    void *args[FAKE_RINGS];
    int mapped, ports; /* that are alive */
    bool refuses_map, refuses_bind;
};

extern struct fake_rings fake_rings;
