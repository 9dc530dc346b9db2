/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Learning switches, "bridges": ports, the addresses behind them, and where a frame goes. A guest's
 * interface and a network card's driver are ports alike; the switch moves no bytes itself. Main
 * loop only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/net_frame.h"
#include "lib/compiler.h"

#define NET_BRIDGES_MAX     16u
#define NET_BRIDGE_NAME_MAX 16u /* bytes with the NUL, as Linux's interfaces have */
#define NET_PORT_NAME_MAX   16u
#define NET_MTU_DEFAULT     1500u

/* Addresses that a guest's port may have learned, and an uplink's. A port that shows more forgets
 * its own oldest. */
#define NET_LEARNED_MAX        16u
#define NET_LEARNED_UPLINK_MAX 256u

/* What a port takes. What it does not is done in software before it gets the frame. */
struct net_abilities {
    bool can_csum4, can_csum6; /* a blank checksum over IPv4, over IPv6 */
    bool can_gso4, can_gso6;
    bool can_grants;   /* segments in granted pages; else frames come as a head alone */
    uint32_t size_max; /* bytes of a frame, NET_FRAME_MAX or what one buffer holds */
};

struct net_counters {
    uint64_t frames_in, bytes_in;   /* from the port into the switch */
    uint64_t frames_out, bytes_out; /* to the port */
    uint64_t bad;                   /* from the port, no right frame or of a wrong address */
    uint64_t dropped;               /* to the port, which had no room or failed */
    uint64_t too_long;              /* to the port, larger than its mtu */
};

struct net_bridge;

/* Belongs to its owner, who sets the first part and keeps it in place while it is attached. */
struct net_port {
    char name[NET_PORT_NAME_MAX]; /* "vif3.0", "eth0" */
    bool is_uplink;
    bool has_antispoof;                /* drops what does not come from `address` */
    uint8_t address[NET_ADDRESS_SIZE]; /* its own; no other port of the bridge learns it */
    uint32_t mtu;                      /* bytes behind the Ethernet header */
    struct net_abilities can;
    /* Takes a frame. The port has read `frame` and its segments when it returns; what these point
     * to stays until net_copy_run() is done, but for a port without can_grants, which has copied
     * the bytes. A port without room counts `dropped` and does nothing else; one that takes the
     * frame counts frames_out and bytes_out when it is there. Never detaches. */
    void (*deliver)(struct net_port *port, struct net_frame *frame);
    /* True if the port has room for the frame. NULL: no frame waits for the port. */
    bool (*has_room)(struct net_port *port, const struct net_frame *frame);

    struct net_counters counters; /* zero at first */

    /* The switch's own. */
    struct net_bridge *bridge; /* NULL: not attached */
    struct net_port *next;
    struct net_learned *newest, *oldest; /* the addresses behind the port, by last use */
    unsigned int learned_count;
};

/* Attaches a port to the bridge of that name, which is made if there is none. The port's own
 * address is learned for as long as it stays. -ENOSPC: no more bridges; -ENAMETOOLONG; -EEXIST:
 * the bridge has an uplink, or a port with this address. */
int MUST_CHECK net_switch_attach(struct net_port *port, const char *bridge);

/* Takes a port off its bridge, with all that was learned behind it. The bridge goes with its last
 * port. Does nothing for one that is not attached. */
void net_switch_detach(struct net_port *port);

/* Takes in a frame from an attached port, at system time `now`, and hands it to the ports for which
 * it is. The frame and what it points to stay in place until net_copy_run() (net_copy.h) is done.
 * What is wrong with the frame costs the frame alone. -EAGAIN: frame->can_wait, and the one port
 * for which it is has no room; nothing has happened. */
int MUST_CHECK net_switch_forward(struct net_port *from, struct net_frame *frame, uint64_t now);

/* For the shell: bridge number `index`, its name and ports; NULL: there are no more. */
struct net_bridge *net_bridge_at(unsigned int index);
const char *net_bridge_name(const struct net_bridge *bridge);
struct net_port *net_bridge_ports(const struct net_bridge *bridge);

/* Address `index` behind a port, newest first, and when it was seen; false: there are no more. */
bool net_port_learned(const struct net_port *port, unsigned int index,
                      uint8_t address[NET_ADDRESS_SIZE], uint64_t *seen);
