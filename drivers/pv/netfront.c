/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the data path of a network interface's front end: frames into the tx ring and out of the rx
 * ring. netfront_connect.c owns the way there and back. */
#include "drivers/pv/netfront.h"

#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/string.h"
#include "pv-abi/errno.h"

/* The slots of a frame; an extra one is not among them. */
static unsigned int pages_of(size_t size)
{
    return (unsigned int)((size + PAGE_SIZE - 1) / PAGE_SIZE);
}

void netfront_reap(struct netfront *net)
{
    struct netif_tx_response response;
    int got;

    while ((got = front_ring_take(&net->tx.ring, &response, sizeof(response))) == 1) {
        /* The answer to extra information has no id. */
        if (response.status == NETIF_RSP_NULL)
            continue;
        if (response.id >= NETFRONT_BUFFERS || !net->is_tx_busy[response.id]) {
            net->is_broken = true;
            return;
        }
        if (response.status != NETIF_RSP_OKAY)
            net->tx_errors++;
        net->is_tx_busy[response.id] = false;
        net->tx_free++;
    }
    if (got < 0)
        net->is_broken = true;
}

static uint16_t take_tx_page(struct netfront *net)
{
    uint16_t id = 0;

    while (net->is_tx_busy[id])
        id++;
    net->is_tx_busy[id] = true;
    net->tx_free--;
    return id;
}

static bool is_allowed(const struct netfront *net, const struct netfront_frame *frame)
{
    bool is_plain = !frame->is_csum_blank && frame->gso_size == 0;

    if (frame->size < NETFRONT_FRAME_MIN || frame->size > NETFRONT_FRAME_MAX)
        return false;
    return (frame->size <= PAGE_SIZE || (net->features & NETFRONT_SG)) &&
           (is_plain || (net->features & NETFRONT_OFFLOAD));
}

static void put_gso(struct netfront *net, const struct netfront_frame *frame)
{
    struct netif_extra_info *extra = front_ring_put(&net->tx.ring);

    *extra = (struct netif_extra_info){.type = XEN_NETIF_EXTRA_TYPE_GSO,
                                       .u.gso = {frame->gso_size, frame->gso_type, 0, 0}};
}

int netfront_send(struct netfront *net, const struct netfront_frame *frame)
{
    unsigned int pages = pages_of(frame->size), extras = frame->gso_size != 0;
    uint16_t flags = frame->is_csum_blank ? NETTXF_csum_blank | NETTXF_data_validated : 0;

    if (!is_allowed(net, frame))
        return -XEN_EINVAL;
    netfront_reap(net);
    if (net->is_broken)
        return -XEN_EIO;
    if (pages > net->tx_free || pages + extras > front_ring_room(&net->tx.ring))
        return -XEN_ENOSPC;
    if (extras != 0)
        flags |= NETTXF_extra_info;
    for (size_t done = 0; done < frame->size; done += PAGE_SIZE) {
        size_t left = frame->size - done, part = left < PAGE_SIZE ? left : PAGE_SIZE;
        struct netif_tx_request *request = front_ring_put(&net->tx.ring);
        uint16_t id = take_tx_page(net);

        memcpy(net->tx.pages[id], frame->bytes + done, part);
        /* The first request has the whole frame's size. */
        *request = (struct netif_tx_request){.gref = net->tx.refs[id],
                                             .flags = flags,
                                             .id = id,
                                             .size = (uint16_t)(done == 0 ? left : part)};
        if (left > part)
            request->flags |= NETTXF_more_data;
        if (done == 0 && extras != 0)
            put_gso(net, frame);
        flags = 0;
    }
    net->sent++;
    return 0;
}

void netfront_push(struct netfront *net)
{
    if (front_ring_show(&net->tx.ring))
        event_send(net->tx.port);
}

/* Lets the back end fill a page. */
static void post(struct netfront *net, uint16_t page)
{
    uint32_t entry = net->rx.ring.req_prod % NETIF_RX_RING_SIZE;
    struct netif_rx_request *request = front_ring_put(&net->rx.ring);

    *request = (struct netif_rx_request){.id = page, .gref = net->rx.refs[page]};
    net->rx_page[entry] = (uint8_t)page;
}

void netfront_post_all(struct netfront *net)
{
    for (uint16_t page = 0; page < NETFRONT_BUFFERS; page++)
        post(net, page);
    if (front_ring_show(&net->rx.ring))
        event_send(net->rx.port);
}

/* Takes the next response, or the extra information in its place, and the page that the request in
 * this entry of the ring named. False: there is none though there should be. */
static bool take_rx(struct netfront *net, void *response, uint16_t *page)
{
    *page = net->rx_page[net->rx.ring.rsp_cons % NETIF_RX_RING_SIZE];
    if (front_ring_take(&net->rx.ring, response, sizeof(struct netif_rx_response)) == 1)
        return true;
    net->is_broken = true;
    return false;
}

/* The extra information behind a frame's first response. */
static void take_extras(struct netfront *net, struct netfront_frame *frame)
{
    struct netif_extra_info extra;
    unsigned int count = 0;
    uint16_t page;

    do {
        if (!take_rx(net, &extra, &page))
            return;
        post(net, page);
        if (extra.type == XEN_NETIF_EXTRA_TYPE_GSO) {
            frame->gso_size = extra.u.gso.size;
            frame->gso_type = extra.u.gso.type;
        }
    } while ((extra.flags & XEN_NETIF_EXTRA_FLAG_MORE) && ++count < NETFRONT_MAX_EXTRAS);
}

/* Adds what one response brings to the frame. */
static int add_part(struct netfront *net, const struct netif_rx_response *response, uint16_t page,
                    struct netfront_frame *frame, size_t room)
{
    size_t part = response->status < 0 ? 0 : (size_t)response->status;

    if (response->id != page || response->offset > PAGE_SIZE ||
        part > PAGE_SIZE - response->offset) {
        net->is_broken = true;
        return -XEN_EIO;
    }
    if (response->status < 0) {
        net->rx_errors++;
        return -XEN_EIO;
    }
    if (part > room - frame->size)
        return -XEN_EOVERFLOW;
    memcpy(frame->bytes + frame->size, net->rx.pages[page] + response->offset, part);
    frame->size += part;
    return 0;
}

int netfront_receive(struct netfront *net, struct netfront_frame *frame)
{
    struct netif_rx_response response;
    size_t room = frame->size;
    bool is_first = true;
    int err = 0;
    uint16_t page;

    if (net->is_broken)
        return -XEN_EIO;
    if (!netfront_has_frame(net))
        return 0;
    *frame = (struct netfront_frame){.bytes = frame->bytes};
    do {
        int added;

        if (!take_rx(net, &response, &page))
            return -XEN_EIO;
        added = add_part(net, &response, page, frame, room);
        if (err == 0)
            err = added;
        post(net, page);
        if (is_first && (response.flags & NETRXF_extra_info))
            take_extras(net, frame);
        if (is_first)
            frame->is_csum_blank = (response.flags & NETRXF_csum_blank) != 0;
        is_first = false;
    } while ((response.flags & NETRXF_more_data) && !net->is_broken);
    if (front_ring_show(&net->rx.ring))
        event_send(net->rx.port);
    if (err == 0)
        net->received++;
    return err == 0 && !net->is_broken ? 1 : err != 0 ? err : -XEN_EIO;
}

bool netfront_has_frame(struct netfront *net)
{
    return net->is_broken || front_ring_sleep(&net->rx.ring);
}

/* A condition that is waited for, and the timer that ends the wait. */
struct net_wait {
    struct timer timer; /* the first member */
    struct netfront *net;
    bool (*is_met)(struct netfront *net);
    bool is_over;
};

static void give_up(struct timer *timer)
{
    struct net_wait *wait = (struct net_wait *)timer;

    __atomic_store_n(&wait->is_over, true, __ATOMIC_RELEASE);
}

static bool is_done(void *arg)
{
    struct net_wait *wait = arg;

    return wait->is_met(wait->net) || __atomic_load_n(&wait->is_over, __ATOMIC_ACQUIRE);
}

static bool wait_for(struct netfront *net, bool (*is_met)(struct netfront *net), uint64_t deadline)
{
    struct net_wait wait = {.timer = {.expire = give_up}, .net = net, .is_met = is_met};

    if (!is_met(net)) {
        timer_start(&wait.timer, deadline);
        event_wait_until(is_done, &wait);
        timer_stop(&wait.timer);
    }
    return is_met(net);
}

static bool is_all_sent(struct netfront *net)
{
    do {
        netfront_reap(net);
        if (net->is_broken || net->tx_free == NETFRONT_BUFFERS)
            return true;
    } while (front_ring_sleep(&net->tx.ring));
    return false;
}

bool netfront_wait_frame(struct netfront *net, uint64_t deadline)
{
    return wait_for(net, netfront_has_frame, deadline);
}

bool netfront_wait_sent(struct netfront *net, uint64_t deadline)
{
    netfront_push(net);
    return wait_for(net, is_all_sent, deadline);
}
