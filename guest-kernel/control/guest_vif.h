/* SPDX-License-Identifier: BSD-2-Clause */
/* A network interface of a guest's configuration, in xl's words (xl-network-configuration(5)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/net_switch.h"
#include "lib/compiler.h"

#define GUEST_VIFS_MAX 8u

struct guest_vif {
    uint32_t number;  /* its device number */
    bool has_address; /* else guest_vif_make_address() makes one */
    bool has_antispoof;
    uint8_t address[NET_ADDRESS_SIZE];
    char bridge[NET_BRIDGE_NAME_MAX];
    uint32_t mtu;
};

/* Where the sentences go; both are GUEST_VIF_WHY_MAX bytes. */
#define GUEST_VIF_WHY_MAX 160u
struct guest_vif_report {
    char why[GUEST_VIF_WHY_MAX];     /* what is wrong and what would be right */
    char warning[GUEST_VIF_WHY_MAX]; /* which of xl's keys has no effect here; "": none */
};

/* Reads "mac=00:16:3e:01:02:03,bridge=xenbr0"; every key may be missing. `number` is the device
 * number unless the text says another. -EINVAL: report->why. */
int MUST_CHECK guest_vif_read(struct guest_vif *vif, const char *text, uint32_t number,
                              struct guest_vif_report *report);

/* Makes an address for an interface that has none, in Xen's space, always the same for the same
 * domain's uuid and the same number. */
void guest_vif_make_address(struct guest_vif *vif, const uint8_t uuid[16]);
