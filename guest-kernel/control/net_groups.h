/* SPDX-License-Identifier: BSD-2-Clause */
/* The multicast addresses that a front end wants frames for (pv-abi/io_netif.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

#define NET_GROUPS_MAX 64u /* as many as Linux's back end takes */

struct net_groups {
    bool is_filter; /* else all are wanted */
    unsigned int count;
    uint8_t addresses[NET_GROUPS_MAX][6];
};

/* Adds an address, unless it is there. -ENOSPC. */
int MUST_CHECK net_groups_add(struct net_groups *groups, const uint8_t address[6]);

/* Takes an address away, if it is there. */
void net_groups_delete(struct net_groups *groups, const uint8_t address[6]);

/* True if frames for an address of any kind are wanted; those for one station and for all are. */
bool net_groups_want(const struct net_groups *groups, const uint8_t address[6]);
