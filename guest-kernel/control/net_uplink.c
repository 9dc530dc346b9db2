/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the cards' ports, and frames from a card until they are copied. */
#include "guest-kernel/control/net_uplink.h"

#include "drivers/pci/pci.h"
#include "drivers/pci/virtio_net.h"
#include "guest-kernel/control/guest_config.h"
#include "guest-kernel/control/net_adapt.h"
#include "guest-kernel/control/net_copy.h"
#include "guest-kernel/control/vif.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define UPLINKS_MAX 8u
#define BRIDGE_NAME "xenbr%u"
/* Frames from a card before it is another one's turn. */
#define BATCH 64u

struct uplink {
    struct virtio_net net;
    struct net_port port;
    bool is_to_kick; /* it has frames that the card was not shown */
    bool has_waiter; /* a frame was refused, and may come again when there is room */
    bool is_mourned; /* that it has stopped was told */
    bool has_link;   /* as it was told */
};

/* A frame from a card, and the same as the switch sees it. */
struct arrival {
    struct virtio_net_frame from;
    struct net_frame frame;
    struct net_segment segments[VIRTIO_NET_PIECES_MAX];
};

static struct uplink uplinks[UPLINKS_MAX];
static unsigned int uplink_count;
static struct arrival arrivals[BATCH];
static void (*tell)(const char *sentence);

static struct uplink *uplink_of(struct net_port *port)
{
    return (struct uplink *)((uintptr_t)port - offsetof(struct uplink, port));
}

/* A frame in own memory. */
static void deliver(struct net_port *port, struct net_frame *frame)
{
    struct uplink *uplink = uplink_of(port);
    struct virtio_net_part parts[1 + NET_SEGMENTS_MAX];
    unsigned int count = 1;

    parts[0] = (struct virtio_net_part){frame->head, frame->head_size};
    for (unsigned int i = 0; i < frame->segment_count; i++) {
        const struct net_segment *segment = &frame->segments[i];

        parts[count++] = (struct virtio_net_part){segment->bytes, segment->size};
    }
    if (virtio_net_send(&uplink->net, parts, count, &frame->offload) != 0) {
        port->counters.dropped++;
        return;
    }
    uplink->is_to_kick = true;
    port->counters.frames_out++;
    port->counters.bytes_out += frame->size;
}

static bool has_room(struct net_port *port, const struct net_frame *frame)
{
    struct uplink *uplink = uplink_of(port);
    uint32_t count = net_adapt_count(port, frame);
    uint32_t size = count == 1 ? frame->size : frame->offload.gso_size + NET_HEAD_MAX;
    bool has_it = virtio_net_has_room(&uplink->net, size, count);

    uplink->has_waiter = uplink->has_waiter || !has_it;
    return has_it;
}

static void set_port(struct uplink *uplink)
{
    const struct virtio_net *net = &uplink->net;
    struct net_port *port = &uplink->port;

    *port = (struct net_port){.is_uplink = true,
                              .mtu = net->mtu,
                              .can = {.can_csum4 = net->can_csum,
                                      .can_csum6 = net->can_csum,
                                      .can_gso4 = net->can_gso4,
                                      .can_gso6 = net->can_gso6,
                                      .size_max = NET_FRAME_MAX},
                              .deliver = deliver,
                              .has_room = has_room};
    format_str(port->name, sizeof(port->name), "eth%u", uplink_count);
    memcpy(port->address, net->address, sizeof(port->address));
}

static const char *link_text(const struct uplink *uplink)
{
    return uplink->has_link ? "up" : "down";
}

static void add_card(const struct pci_function *function, void *arg)
{
    struct uplink *uplink = &uplinks[uplink_count];
    char sentence[GUEST_ERROR_MAX], bridge[NET_BRIDGE_NAME_MAX], place[16];
    unsigned int bdf = function->at.bdf;
    const uint8_t *mac = uplink->net.address;
    int err = uplink_count == UPLINKS_MAX ? -ENODEV : virtio_net_start(&uplink->net, function);

    if (err == -ENODEV || arg != &uplink_count)
        return;
    format_str(place, sizeof(place), "PCI %02x:%02x.%u", bdf >> 8, bdf >> 3 & 0x1f, bdf & 7);
    format_str(bridge, sizeof(bridge), BRIDGE_NAME, uplink_count);
    if (err == 0) {
        set_port(uplink);
        uplink->has_link = virtio_net_has_link(&uplink->net);
        err = net_switch_attach(&uplink->port, bridge);
    }
    if (err != 0)
        format_str(sentence, sizeof(sentence),
                   "network card at %s: it cannot be started (error %d)", place, -err);
    else
        format_str(sentence, sizeof(sentence),
                   "%s: network card at %s, %02x:%02x:%02x:%02x:%02x:%02x, mtu %u, link %s, "
                   "uplink of %s",
                   uplink->port.name, place, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
                   uplink->net.mtu, link_text(uplink), bridge);
    uplink_count += err == 0;
    tell(sentence);
}

void net_uplinks_init(void (*notice)(const char *sentence))
{
    tell = notice;
    pci_scan(add_card, &uplink_count);
}

bool net_uplinks_have_work(void)
{
    for (unsigned int i = 0; i < uplink_count; i++) {
        if (uplinks[i].is_to_kick || virtio_net_has_event(&uplinks[i].net))
            return true;
    }
    return false;
}

/* The frame as the switch sees it. */
static void describe(struct arrival *arrival)
{
    const struct virtio_net_frame *from = &arrival->from;

    arrival->frame = (struct net_frame){.head = from->pieces[0].bytes,
                                        .head_size = from->pieces[0].size,
                                        .size = from->size,
                                        .segments = arrival->segments,
                                        .segment_count = from->piece_count - 1,
                                        .offload = from->offload};
    for (unsigned int i = 1; i < from->piece_count; i++)
        arrival->segments[i - 1] =
            (struct net_segment){.bytes = from->pieces[i].bytes, .size = from->pieces[i].size};
}

static void receive(struct uplink *uplink)
{
    uint64_t now = time_now();
    unsigned int count = 0;

    while (count < BATCH && virtio_net_receive(&uplink->net, &arrivals[count].from)) {
        describe(&arrivals[count]);
        /* The frame does not wait, so that it is taken. */
        if (net_switch_forward(&uplink->port, &arrivals[count++].frame, now) != 0)
            uplink->port.counters.bad++;
    }
    if (count == 0)
        return;
    net_copy_run();
    while (count != 0)
        virtio_net_recycle(&uplink->net, &arrivals[--count].from);
}

static void look_at_link(struct uplink *uplink)
{
    bool has_link = virtio_net_has_link(&uplink->net);
    char sentence[GUEST_ERROR_MAX];

    if (has_link == uplink->has_link)
        return;
    uplink->has_link = has_link;
    format_str(sentence, sizeof(sentence), "%s: link %s, uplink of %s", uplink->port.name,
               link_text(uplink), net_bridge_name(uplink->port.bridge));
    tell(sentence);
}

static void step(struct uplink *uplink)
{
    virtio_net_wake(&uplink->net);
    receive(uplink);
    uplink->is_to_kick = false;
    virtio_net_kick(&uplink->net);
    virtio_net_sleep(&uplink->net);
    if (virtio_net_may_have_changed(&uplink->net))
        look_at_link(uplink);
    if (uplink->has_waiter && virtio_net_has_room(&uplink->net, uplink->port.mtu, NET_CUTS_MAX)) {
        uplink->has_waiter = false;
        vifs_retry();
    }
    if (uplink->net.is_broken && !uplink->is_mourned) {
        char sentence[GUEST_ERROR_MAX];

        uplink->is_mourned = true;
        format_str(sentence, sizeof(sentence),
                   "%s: the network card breaks its protocol and is stopped", uplink->port.name);
        tell(sentence);
    }
}

void net_uplinks_step(void)
{
    for (unsigned int i = 0; i < uplink_count; i++)
        step(&uplinks[i]);
}

bool net_uplink_has_link(const struct net_port *port)
{
    for (unsigned int i = 0; i < uplink_count; i++) {
        if (port == &uplinks[i].port)
            return virtio_net_has_link(&uplinks[i].net);
    }
    return false;
}
