/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns bridges and the table of addresses of each. A port's addresses are its own: what a port
 * shows, however much, never costs another port's entries. */
#include "guest-kernel/control/net_switch.h"

#include "guest-kernel/control/heap.h"
#include "guest-kernel/control/net_adapt.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define BUCKETS 256u
/* IEEE 802.1Q-2014, table 8-6: the default ageing time, 300 s, in nanoseconds. */
#define AGE_MAX (UINT64_C(300000000000))
/* IEEE 802.1Q-2014, 6.5.8: a frame may carry a VLAN tag besides. */
#define VLAN_TAG_SIZE 4u
/* RFC 791, 3.1 and RFC 9293, 3.1: no TCP segment has fewer bytes of headers. */
#define TCP4_HEADERS_MIN 40u

struct net_learned {
    uint8_t address[NET_ADDRESS_SIZE];
    bool is_own; /* the port's own: stays, and is in no list by use */
    struct net_port *port;
    uint64_t seen;
    struct net_learned *next; /* in the bucket */
    struct net_learned *newer, *older;
};

struct net_bridge {
    char name[NET_BRIDGE_NAME_MAX]; /* "": not used */
    struct net_port *ports;
    struct net_learned *buckets[BUCKETS];
};

static struct net_bridge bridges[NET_BRIDGES_MAX];

static bool is_group(const uint8_t *address)
{
    return (address[0] & 1) != 0;
}

static bool is_zero(const uint8_t *address)
{
    static const uint8_t zero[NET_ADDRESS_SIZE];

    return memcmp(address, zero, NET_ADDRESS_SIZE) == 0;
}

/* IEEE 802.1Q-2014, table 8-1: addresses that no bridge forwards. */
static bool is_link_local(const uint8_t *address)
{
    static const uint8_t start[] = {0x01, 0x80, 0xc2, 0x00, 0x00};

    return memcmp(address, start, sizeof(start)) == 0 && address[5] < 0x10;
}

static struct net_learned **bucket_of(struct net_bridge *bridge, const uint8_t *address)
{
    /* What differs between cards is in the last bytes, between a guest's inventions anywhere: a
     * port has few entries, so that a bucket is short whatever they are. */
    unsigned int hash = (unsigned int)address[5] ^ address[4] * 7u ^ address[3] * 31u;

    return &bridge->buckets[hash % BUCKETS];
}

static struct net_learned *find(struct net_bridge *bridge, const uint8_t *address)
{
    struct net_learned *at = *bucket_of(bridge, address);

    while (at != NULL && memcmp(at->address, address, NET_ADDRESS_SIZE) != 0)
        at = at->next;
    return at;
}

static void put_in_bucket(struct net_bridge *bridge, struct net_learned *entry)
{
    struct net_learned **bucket = bucket_of(bridge, entry->address);

    entry->next = *bucket;
    *bucket = entry;
}

static void take_from_bucket(struct net_bridge *bridge, struct net_learned *entry)
{
    struct net_learned **link = bucket_of(bridge, entry->address);

    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
}

static void put_newest(struct net_port *port, struct net_learned *entry)
{
    entry->port = port;
    entry->newer = NULL;
    entry->older = port->newest;
    if (port->newest != NULL)
        port->newest->newer = entry;
    else
        port->oldest = entry;
    port->newest = entry;
    port->learned_count++;
}

/* Takes an entry from its port's list by use. */
static void take_from_port(struct net_learned *entry)
{
    struct net_port *port = entry->port;

    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        port->newest = entry->older;
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        port->oldest = entry->newer;
    port->learned_count--;
}

static void forget(struct net_learned *entry)
{
    struct net_bridge *bridge = entry->port->bridge;

    if (!entry->is_own)
        take_from_port(entry);
    take_from_bucket(bridge, entry);
    heap_free(entry, sizeof(*entry));
}

/* An entry for a new address of the port, in no list: its oldest, if it has as many as it may. */
static struct net_learned *get_entry(struct net_port *port)
{
    unsigned int max = port->is_uplink ? NET_LEARNED_UPLINK_MAX : NET_LEARNED_MAX;
    struct net_learned *entry = port->oldest;

    if (port->learned_count < max)
        return heap_alloc(sizeof(*entry));
    take_from_port(entry);
    take_from_bucket(port->bridge, entry);
    return entry;
}

/* Notes that the address is behind the port. Without memory it is not noted: frames for it go to
 * all ports. */
static void learn(struct net_port *port, const uint8_t *address, uint64_t now)
{
    struct net_learned *entry = port->newest;

    if (memcmp(port->address, address, NET_ADDRESS_SIZE) == 0)
        return;
    /* Most other frames come from where the one before came from. */
    if (entry != NULL && memcmp(entry->address, address, NET_ADDRESS_SIZE) == 0) {
        entry->seen = now;
        return;
    }
    entry = find(port->bridge, address);
    if (entry != NULL && entry->is_own)
        return;
    if (entry != NULL && entry->port == port) {
        take_from_port(entry);
    } else {
        /* It may have moved here from another port, whose entry it was. */
        if (entry != NULL)
            forget(entry);
        entry = get_entry(port);
        if (entry == NULL)
            return;
        memcpy(entry->address, address, NET_ADDRESS_SIZE);
        entry->is_own = false;
        put_in_bucket(port->bridge, entry);
    }
    entry->seen = now;
    put_newest(port, entry);
}

/* The port behind which the address is, or NULL. */
static struct net_port *port_of(struct net_bridge *bridge, const uint8_t *address, uint64_t now)
{
    struct net_learned *entry = is_group(address) ? NULL : find(bridge, address);

    if (entry == NULL)
        return NULL;
    if (!entry->is_own && now - entry->seen > AGE_MAX) {
        forget(entry);
        return NULL;
    }
    return entry->port;
}

static bool is_right(const struct net_port *from, const struct net_frame *frame)
{
    const uint8_t *source = frame->head + NET_ADDRESS_SIZE;

    if (frame->head_size < NET_HEADER_SIZE || frame->size > NET_FRAME_MAX)
        return false;
    if (frame->offload.gso != NET_GSO_NONE &&
        (frame->offload.gso_size == 0 || !frame->offload.is_csum_blank))
        return false;
    if (is_group(source) || is_zero(source))
        return false;
    return !from->has_antispoof || memcmp(source, from->address, NET_ADDRESS_SIZE) == 0;
}

static bool is_too_long(const struct net_port *port, const struct net_frame *frame)
{
    if (frame->offload.gso != NET_GSO_NONE)
        return frame->offload.gso_size + TCP4_HEADERS_MIN > port->mtu;
    return frame->size > port->mtu + NET_HEADER_SIZE + VLAN_TAG_SIZE;
}

static void send(struct net_port *port, struct net_frame *frame)
{
    if (is_too_long(port, frame))
        port->counters.too_long++;
    else
        net_adapt_deliver(port, frame);
}

int net_switch_forward(struct net_port *from, struct net_frame *frame, uint64_t now)
{
    struct net_port *to;

    if (!is_right(from, frame)) {
        from->counters.bad++;
        return 0;
    }
    to = port_of(from->bridge, frame->head, now);
    if (to != NULL && to != from && frame->can_wait && to->has_room != NULL &&
        !to->has_room(to, frame))
        return -EAGAIN;
    from->counters.frames_in++;
    from->counters.bytes_in += frame->size;
    learn(from, frame->head + NET_ADDRESS_SIZE, now);
    if (is_link_local(frame->head) || to == from)
        return 0;
    if (to != NULL) {
        send(to, frame);
        return 0;
    }
    for (struct net_port *port = from->bridge->ports; port != NULL; port = port->next) {
        if (port != from)
            send(port, frame);
    }
    return 0;
}

/* The bridge of that name, or an unused one. */
static struct net_bridge *find_bridge(const char *name)
{
    struct net_bridge *unused = NULL;

    for (unsigned int i = 0; i < NET_BRIDGES_MAX; i++) {
        if (strcmp(bridges[i].name, name) == 0)
            return &bridges[i];
        if (bridges[i].name[0] == '\0' && unused == NULL)
            unused = &bridges[i];
    }
    return unused;
}

static int check_port(struct net_bridge *bridge, const struct net_port *port)
{
    const struct net_learned *entry = find(bridge, port->address);

    if (entry != NULL && entry->is_own)
        return -EEXIST;
    for (const struct net_port *at = bridge->ports; at != NULL; at = at->next) {
        if (at->is_uplink && port->is_uplink)
            return -EEXIST;
    }
    return 0;
}

int net_switch_attach(struct net_port *port, const char *name)
{
    struct net_bridge *bridge = find_bridge(name);
    struct net_learned *own;
    char copy[NET_BRIDGE_NAME_MAX];
    int err;

    if (name[0] == '\0' || !str_copy(copy, sizeof(copy), name))
        return -ENAMETOOLONG;
    if (bridge == NULL)
        return -ENOSPC;
    err = check_port(bridge, port);
    if (err != 0)
        return err;
    own = heap_alloc(sizeof(*own));
    if (own == NULL)
        return -ENOMEM;
    str_copy(bridge->name, sizeof(bridge->name), name);
    port->bridge = bridge;
    port->newest = port->oldest = NULL;
    port->learned_count = 0;
    port->next = bridge->ports;
    bridge->ports = port;
    *own = (struct net_learned){.is_own = true, .port = port};
    memcpy(own->address, port->address, NET_ADDRESS_SIZE);
    /* Whoever has shown this address before had no right to it. */
    if (find(bridge, port->address) != NULL)
        forget(find(bridge, port->address));
    put_in_bucket(bridge, own);
    return 0;
}

void net_switch_detach(struct net_port *port)
{
    struct net_bridge *bridge = port->bridge;
    struct net_port **link;

    if (bridge == NULL)
        return;
    while (port->newest != NULL)
        forget(port->newest);
    forget(find(bridge, port->address));
    for (link = &bridge->ports; *link != port;)
        link = &(*link)->next;
    *link = port->next;
    port->bridge = NULL;
    if (bridge->ports == NULL)
        bridge->name[0] = '\0';
}

struct net_bridge *net_bridge_at(unsigned int index)
{
    for (unsigned int i = 0; i < NET_BRIDGES_MAX; i++) {
        if (bridges[i].name[0] != '\0' && index-- == 0)
            return &bridges[i];
    }
    return NULL;
}

const char *net_bridge_name(const struct net_bridge *bridge)
{
    return bridge->name;
}

struct net_port *net_bridge_ports(const struct net_bridge *bridge)
{
    return bridge->ports;
}

bool net_port_learned(const struct net_port *port, unsigned int index,
                      uint8_t address[NET_ADDRESS_SIZE], uint64_t *seen)
{
    const struct net_learned *entry = port->newest;

    while (entry != NULL && index-- != 0)
        entry = entry->older;
    if (entry == NULL)
        return false;
    memcpy(address, entry->address, NET_ADDRESS_SIZE);
    *seen = entry->seen;
    return true;
}
