/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the network's requests of the management interface. */
#include "guest-kernel/control/manage_net.h"

#include "guest-kernel/control/net_switch.h"
#include "guest-kernel/control/net_uplink.h"
#include "guest-kernel/control/store.h"
#include "guest-kernel/control/vif.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

static void no_more(struct manage_answer *answer, const char *what)
{
    answer->status = -ENOENT;
    format_str(answer->sentence, sizeof(answer->sentence), "there are no more %s", what);
}

/* A number that the front end has written; -1: none. */
static int64_t front_number(domid_t domid, uint32_t vif, const char *name)
{
    char path[STORE_PATH_MAX];
    uint64_t number;

    format_str(path, sizeof(path), "/local/domain/%u/device/vif/%u/%s", domid, vif, name);
    return store_read_u64(path, &number) == 0 && number <= INT32_MAX ? (int64_t)number : -1;
}

void manage_net_vif(domid_t domid, const struct manage_request *request,
                    struct manage_answer *answer)
{
    struct manage_vif *vif = &answer->u.vif;
    const struct net_port *port = vif_at(domid, request->number, &vif->number);

    if (port == NULL) {
        no_more(answer, "network interfaces");
        return;
    }
    vif->domid = domid;
    memcpy(vif->address, port->address, sizeof(vif->address));
    vif->state = front_number(domid, vif->number, "state");
    vif->port = front_number(domid, vif->number, "event-channel");
    vif->tx_ref = front_number(domid, vif->number, "tx-ring-ref");
    vif->rx_ref = front_number(domid, vif->number, "rx-ring-ref");
}

/* Port `index` of all bridges'. */
static const struct net_port *port_at(uint32_t index, const char **bridge_name)
{
    const struct net_bridge *bridge;

    for (unsigned int i = 0; (bridge = net_bridge_at(i)) != NULL; i++) {
        for (const struct net_port *port = net_bridge_ports(bridge); port != NULL;
             port = port->next) {
            if (index-- == 0) {
                *bridge_name = net_bridge_name(bridge);
                return port;
            }
        }
    }
    return NULL;
}

void manage_net_port(const struct manage_request *request, struct manage_answer *answer)
{
    struct manage_port *to = &answer->u.port;
    const char *bridge;
    const struct net_port *port = port_at(request->number, &bridge);

    if (port == NULL) {
        no_more(answer, "ports");
        return;
    }
    str_copy(to->bridge, sizeof(to->bridge), bridge);
    str_copy(to->name, sizeof(to->name), port->name);
    memcpy(to->address, port->address, sizeof(to->address));
    to->is_uplink = port->is_uplink;
    to->has_link = net_uplink_has_link(port);
    to->mtu = port->mtu;
    to->learned_count = port->learned_count;
    to->counters = port->counters;
}

void manage_net_address(const struct manage_request *request, struct manage_answer *answer)
{
    struct manage_address *to = &answer->u.address;
    const struct net_port *port;
    const char *bridge;
    uint32_t index = 0;
    uint64_t seen;

    do {
        port = port_at(index++, &bridge);
    } while (port != NULL && strcmp(port->name, request->target) != 0);
    if (port == NULL) {
        answer->status = -ESRCH;
        format_str(answer->sentence, sizeof(answer->sentence),
                   "there is no port %s: \"bridges\" shows what there is", request->target);
    } else if (net_port_learned(port, request->number, to->address, &seen)) {
        to->age_seconds = (time_now() - seen) / NS_PER_SECOND;
    } else {
        no_more(answer, "addresses");
    }
}
