/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the reading of a front end's nodes. Every value in them is the guest's and may be anything.
 */
#include "guest-kernel/control/vif_link.h"

#include "guest-kernel/control/backend.h"
#include "guest-kernel/events.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/string.h"

/* What stands in the nodes. */
struct nodes {
    grant_ref_t tx_ref, rx_ref;
    unsigned int port_count;
    evtchn_port_t ports[2];
    bool has_multicast_filter;
};

#define LINK_PAGES ((sizeof(struct vif_link) + PAGE_SIZE - 1) / PAGE_SIZE)

/* Reads a node that is 0 where it is missing. */
static int read_flag(const char *front, const char *name, bool *flag)
{
    uint64_t value = 0;
    int err = backend_read_number(front, name, UINT32_MAX, &value);

    *flag = value != 0;
    return err == -ENOENT ? 0 : err;
}

static int read_u32(const char *front, const char *name, uint32_t *number)
{
    uint64_t value;
    int err = backend_read_number(front, name, UINT32_MAX, &value);

    if (err == 0)
        *number = (uint32_t)value;
    return err;
}

/* One port for both rings, or one for each. */
static int read_ports(const char *front, struct nodes *nodes)
{
    int err = read_u32(front, "event-channel-tx", &nodes->ports[0]);

    nodes->port_count = err == -ENOENT ? 1 : 2;
    if (err == -ENOENT)
        return read_u32(front, "event-channel", &nodes->ports[0]);
    return err != 0 ? err : read_u32(front, "event-channel-rx", &nodes->ports[1]);
}

static int read_rings(const char *front, struct nodes *nodes)
{
    uint64_t queues = 1;
    bool is_copy;
    int err = read_flag(front, "request-rx-copy", &is_copy);

    if (err == 0 && !is_copy)
        err = -EOPNOTSUPP;
    if (err == 0)
        err = backend_read_number(front, "multi-queue-num-queues", 1, &queues);
    if (err == -ENOENT || (err == 0 && queues == 1))
        err = read_u32(front, "tx-ring-ref", &nodes->tx_ref);
    else if (err == 0)
        err = -EINVAL;
    if (err == 0)
        err = read_u32(front, "rx-ring-ref", &nodes->rx_ref);
    if (err == 0)
        err = read_ports(front, nodes);
    if (err == 0)
        err = read_flag(front, "request-multicast-control", &nodes->has_multicast_filter);
    return err;
}

/* What the front end takes. */
static int read_abilities(const char *front, struct net_abilities *can)
{
    bool has_sg = false, has_no_csum = false;
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"feature-sg", &has_sg},
                 {"feature-gso-tcpv4", &can->can_gso4},
                 {"feature-gso-tcpv6", &can->can_gso6},
                 {"feature-no-csum-offload", &has_no_csum},
                 {"feature-ipv6-csum-offload", &can->can_csum6}};
    int err = 0;

    for (size_t i = 0; err == 0 && i < ARRAY_COUNT(flags); i++)
        err = read_flag(front, flags[i].name, flags[i].flag);
    can->can_csum4 = !has_no_csum;
    can->size_max = has_sg ? NET_FRAME_MAX : PAGE_SIZE;
    /* A packet that is to be cut has a checksum to be filled in, and is larger than a page. */
    can->can_gso4 = can->can_gso4 && can->can_csum4 && has_sg;
    can->can_gso6 = can->can_gso6 && can->can_csum6 && has_sg;
    return err;
}

static void on_event(void *arg)
{
    struct vif_link *link = arg;

    __atomic_store_n(&link->has_event, true, __ATOMIC_RELEASE);
}

static int map_rings(struct vif_link *link, domid_t domid, uint64_t gfn, const struct nodes *nodes)
{
    int err;

    link->tx_page.gfn = gfn;
    link->rx_page.gfn = gfn + 1;
    err = ring_pages_map(&link->tx_page, domid, &nodes->tx_ref, 1);
    if (err == 0)
        err = ring_pages_map(&link->rx_page, domid, &nodes->rx_ref, 1);
    if (err != 0)
        return err;
    back_ring_connect(&link->tx.ring, ring_pages_address(&link->tx_page), PAGE_SIZE,
                      sizeof(union net_tx_entry));
    back_ring_connect(&link->rx.ring, ring_pages_address(&link->rx_page), PAGE_SIZE,
                      sizeof(struct netif_rx_request));
    return 0;
}

static int bind_ports(struct vif_link *link, domid_t domid, const struct nodes *nodes)
{
    int err = 0;

    for (unsigned int i = 0; err == 0 && i < nodes->port_count; i++) {
        err = event_bind_interdomain(domid, nodes->ports[i], on_event, link, &link->ports[i]);
        if (err == 0)
            link->port_count++;
    }
    return err;
}

int vif_link_connect(struct vif_link **connected, const char *front, domid_t domid, uint64_t gfn,
                     struct net_port *port)
{
    struct net_abilities can = {.can_grants = true};
    struct nodes nodes;
    struct vif_link *link;
    int err = read_rings(front, &nodes);

    if (err == 0)
        err = read_abilities(front, &can);
    if (err != 0)
        return err == -ENOENT ? -EINVAL : err;
    link = pages_alloc(LINK_PAGES, 1);
    if (link == NULL)
        return -ENOMEM;
    memset(link, 0, sizeof(*link));
    link->tx.domid = link->rx.domid = domid;
    link->tx.port = port;
    link->tx.groups.is_filter = nodes.has_multicast_filter;
    link->rx.counters = &port->counters;
    err = map_rings(link, domid, gfn, &nodes);
    if (err == 0)
        err = bind_ports(link, domid, &nodes);
    if (err != 0) {
        vif_link_disconnect(link);
        return err;
    }
    port->can = can;
    __atomic_store_n(&link->has_event, true, __ATOMIC_RELEASE);
    *connected = link;
    return 0;
}

void vif_link_disconnect(struct vif_link *link)
{
    for (unsigned int i = 0; i < link->port_count; i++)
        event_close(link->ports[i]);
    ring_pages_unmap(&link->tx_page);
    ring_pages_unmap(&link->rx_page);
    pages_free(link, LINK_PAGES);
}

/* A port that the front end has closed is its loss. */
void vif_link_notify_tx(const struct vif_link *link)
{
    event_send(link->ports[0]);
}

void vif_link_notify_rx(const struct vif_link *link)
{
    event_send(link->ports[link->port_count - 1]);
}
