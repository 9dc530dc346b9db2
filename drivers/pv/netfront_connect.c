/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns how a network interface's front end connects and closes: the rings, the pages of both
 * directions, and the nodes of the store that tell of them. */
#include "drivers/pv/netfront.h"
#include "guest-kernel/grants.h"
#include "guest-kernel/memory.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/errno.h"
#include "pv-abi/io_xenbus.h"

#define DEFAULT_MTU 1500u
#define MAC_TEXT    24u

/* The event ends a halt; what it tells of is found in the rings. */
static void on_event(void *arg)
{
    struct netfront *net = arg;

    __atomic_fetch_add(&net->events, 1, __ATOMIC_RELAXED);
}

/* A page that the back end may use; 0 or an error. */
static int grant_page(const struct netfront *net, bool is_readonly, uint8_t **page,
                      grant_ref_t *granted)
{
    int ref;

    *page = page_alloc();
    if (*page == NULL)
        return -XEN_ENOMEM;
    ref = grant_access(net->back_end, virt_to_gfn(*page), is_readonly);
    if (ref < 0) {
        page_free(*page);
        *page = NULL;
        return ref;
    }
    *granted = (grant_ref_t)ref;
    return 0;
}

/* A page goes back if the back end has let go of it; if not it stays lost. */
static int drop_page(uint8_t **page, grant_ref_t ref)
{
    int err = *page != NULL ? grant_end(ref) : 0;

    if (*page != NULL && err == 0)
        page_free(*page);
    *page = NULL;
    return err;
}

static int make_queue(struct netfront *net, struct netfront_queue *queue, uint32_t entry_size,
                      bool is_readonly)
{
    uint8_t *page;
    int err = grant_page(net, false, &page, &queue->ring_ref);

    if (err != 0)
        return err;
    front_ring_init(&queue->ring, page, PAGE_SIZE, entry_size);
    for (unsigned int i = 0; i < NETFRONT_BUFFERS && err == 0; i++)
        err = grant_page(net, is_readonly, &queue->pages[i], &queue->refs[i]);
    return err;
}

static int drop_queue(struct netfront_queue *queue)
{
    uint8_t *ring = (uint8_t *)queue->ring.shared;
    int err = drop_page(&ring, queue->ring_ref);

    queue->ring.shared = NULL;
    for (unsigned int i = 0; i < NETFRONT_BUFFERS; i++) {
        int dropped = drop_page(&queue->pages[i], queue->refs[i]);

        if (err == 0)
            err = dropped;
    }
    return err;
}

static int drop(struct netfront *net)
{
    int tx, rx;

    if (net->rx.port != net->tx.port && net->rx.port != 0)
        event_close(net->rx.port);
    if (net->tx.port != 0)
        event_close(net->tx.port);
    net->tx.port = net->rx.port = 0;
    tx = drop_queue(&net->tx);
    rx = drop_queue(&net->rx);
    return tx != 0 ? tx : rx;
}

static int open_port(struct netfront *net, evtchn_port_t *port)
{
    int err = event_alloc_unbound(net->back_end, port);

    return err != 0 ? err : event_set_handler(*port, on_event, net);
}

static int make(struct netfront *net)
{
    int err = make_queue(net, &net->tx, sizeof(struct netif_tx_request), true);

    if (err == 0)
        err = make_queue(net, &net->rx, sizeof(struct netif_rx_request), false);
    if (err == 0)
        err = open_port(net, &net->tx.port);
    net->rx.port = net->tx.port;
    if (err == 0 && (net->features & NETFRONT_SPLIT))
        err = open_port(net, &net->rx.port);
    net->tx_free = NETFRONT_BUFFERS;
    return err;
}

/* Six bytes in hexadecimal with colons between them. */
static int read_mac(struct netfront *net)
{
    char text[MAC_TEXT];
    const char *rest = text;
    int err = xenbus_read(xenbus_path(net->node, "mac"), text, sizeof(text));

    for (unsigned int i = 0; i < NETFRONT_MAC_SIZE && err == 0; i++) {
        uint64_t byte;

        err = str_to_u64(rest, 16, &byte, &rest);
        if (err == 0 && (byte > UINT8_MAX || *rest != (i + 1 < NETFRONT_MAC_SIZE ? ':' : '\0')))
            err = -XEN_EINVAL;
        if (err == 0)
            net->mac[i] = (uint8_t)byte;
        rest++;
    }
    return err;
}

/* A feature that is not mentioned is not there. */
static bool has_feature(const struct netfront *net, const char *name)
{
    uint64_t value;

    return xenbus_read_u64(xenbus_path(net->back_node, name), &value) == 0 && value == 1;
}

static int learn(struct netfront *net, unsigned int wishes)
{
    uint64_t mtu = DEFAULT_MTU;

    if (xenbus_read_u64(xenbus_path(net->node, "mtu"), &mtu) != 0 || mtu > UINT16_MAX)
        mtu = DEFAULT_MTU;
    net->mtu = (uint16_t)mtu;
    if (!has_feature(net, "feature-rx-copy"))
        return -XEN_EOPNOTSUPP;
    if (has_feature(net, "feature-split-event-channels"))
        net->features |= wishes & NETFRONT_SPLIT;
    if (has_feature(net, "feature-sg"))
        net->features |= wishes & NETFRONT_SG;
    if ((net->features & NETFRONT_SG) && has_feature(net, "feature-gso-tcpv4") &&
        has_feature(net, "feature-gso-tcpv6") && has_feature(net, "feature-ipv6-csum-offload"))
        net->features |= wishes & NETFRONT_OFFLOAD;
    return read_mac(net);
}

static int write_node(const struct netfront *net, const char *name, uint32_t value)
{
    return xenbus_write(xenbus_path(net->node, name), "%u", value);
}

/* A back end looks for the split channels first: the names of the other kind must not be there. */
static int write_channels(const struct netfront *net)
{
    int err;

    if (net->features & NETFRONT_SPLIT) {
        err = write_node(net, "event-channel-tx", net->tx.port);
        if (err == 0)
            err = write_node(net, "event-channel-rx", net->rx.port);
        return err != 0 ? err : xenbus_remove(xenbus_path(net->node, "event-channel"));
    }
    err = write_node(net, "event-channel", net->tx.port);
    if (err == 0)
        err = xenbus_remove(xenbus_path(net->node, "event-channel-tx"));
    return err != 0 ? err : xenbus_remove(xenbus_path(net->node, "event-channel-rx"));
}

/* What this front end takes. Checksums of IPv4 are left out by a back end unless it is told. */
static int write_features(const struct netfront *net)
{
    uint32_t takes_sg = (net->features & NETFRONT_SG) != 0;
    uint32_t takes_offload = (net->features & NETFRONT_OFFLOAD) != 0;
    const struct {
        const char *name;
        uint32_t value;
    } nodes[] = {
        {"request-rx-copy", 1},
        {"feature-rx-notify", 1},
        {"feature-sg", takes_sg},
        {"feature-gso-tcpv4", takes_offload},
        {"feature-gso-tcpv6", takes_offload},
        {"feature-ipv6-csum-offload", takes_offload},
        {"feature-no-csum-offload", !takes_offload},
    };
    int err = 0;

    for (unsigned int i = 0; i < ARRAY_COUNT(nodes) && err == 0; i++)
        err = write_node(net, nodes[i].name, nodes[i].value);
    return err;
}

static int introduce(const struct netfront *net)
{
    int err = write_node(net, "tx-ring-ref", net->tx.ring_ref);

    if (err == 0)
        err = write_node(net, "rx-ring-ref", net->rx.ring_ref);
    if (err == 0)
        err = write_channels(net);
    if (err == 0)
        err = write_features(net);
    if (err == 0)
        err = write_node(net, "state", XenbusStateConnected);
    if (err == 0)
        err = xenbus_wait(xenbus_path(net->back_node, "state"), XenbusStateConnected);
    return err;
}

int netfront_connect(struct netfront *net, const char *node, unsigned int wishes)
{
    int err;

    memset(net, 0, sizeof(*net));
    if (!str_copy(net->node, sizeof(net->node), node))
        return -XEN_E2BIG;
    err = xenbus_find_back_end(net->node, net->back_node, sizeof(net->back_node), &net->back_end);
    if (err == 0)
        err = xenbus_wait(xenbus_path(net->back_node, "state"), XenbusStateInitWait);
    if (err == 0)
        err = learn(net, wishes);
    if (err != 0)
        return err;
    err = make(net);
    if (err != 0) {
        int dropped = drop(net);

        return dropped != 0 ? dropped : err;
    }
    err = introduce(net);
    if (err != 0) {
        int closed = netfront_close(net);

        return closed != 0 ? closed : err;
    }
    netfront_post_all(net);
    return 0;
}

int netfront_close(struct netfront *net)
{
    int err = xenbus_close(net->node, net->back_node), dropped = drop(net);

    /* The next to connect finds the node as it was. */
    if (err == 0)
        err = write_node(net, "state", XenbusStateInitialising);
    return err != 0 ? err : dropped;
}
