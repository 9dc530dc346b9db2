/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two network interfaces whose front ends do anything: the input is a list of writes to their rings
 * and frames, moves of their indices, and the back end's steps. No copy leaves a page or the back
 * end's own memory, and no ring is answered more than was taken from it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/control/net_adapt.h"
#include "guest-kernel/control/net_rx.h"
#include "guest-kernel/control/net_switch.h"
#include "guest-kernel/control/net_tx.h"
#include "pv-abi/io_ring.h"
#include "tests/fake/control/fake_copy.h"

#define SLOTS      4u /* entries of a ring that writes fall on */
#define FRAME_HEAD 128u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct end {
    uint8_t tx_page[FAKE_PAGE_SIZE] __attribute__((aligned(8)));
    uint8_t rx_page[FAKE_PAGE_SIZE] __attribute__((aligned(8)));
    struct xen_sring *tx_ring, *rx_ring; /* there */
    struct net_tx tx;
    struct net_rx rx;
    struct net_port port;
} ends[2];
static uint64_t now;

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static struct end *end_of(const struct net_port *port)
{
    return port == &ends[0].port ? &ends[0] : &ends[1];
}

static void deliver(struct net_port *port, struct net_frame *frame)
{
    struct end *end = end_of(port);

    expect(frame->size <= port->can.size_max || frame->offload.gso == NET_GSO_NONE);
    if (net_groups_want(&end->tx.groups, frame->head))
        net_rx_put(&end->rx, frame);
}

static bool has_room(struct net_port *port, const struct net_frame *frame)
{
    unsigned int count = net_adapt_count(port, frame);

    return net_rx_has_room(&end_of(port)->rx, count == 1 ? net_rx_slots(frame) : count);
}

static void connect(struct end *end, uint8_t number, uint8_t flags)
{
    memset(end, 0, sizeof(*end));
    end->tx_ring = (void *)end->tx_page;
    end->rx_ring = (void *)end->rx_page;
    back_ring_connect(&end->tx.ring, end->tx_page, FAKE_PAGE_SIZE, sizeof(union net_tx_entry));
    back_ring_connect(&end->rx.ring, end->rx_page, FAKE_PAGE_SIZE, sizeof(struct netif_rx_request));
    end->tx.domid = end->rx.domid = number;
    end->tx.port = &end->port;
    end->rx.counters = &end->port.counters;
    end->port =
        (struct net_port){.address = {0, 0x16, 0x3e, 0, 0, number},
                          .mtu = NET_MTU_DEFAULT,
                          .can = {.can_csum4 = (flags & 1) != 0,
                                  .can_csum6 = (flags & 2) != 0,
                                  .can_gso4 = (flags & 4) != 0,
                                  .can_gso6 = (flags & 8) != 0,
                                  .can_grants = true,
                                  .size_max = (flags & 16) != 0 ? NET_FRAME_MAX : FAKE_PAGE_SIZE},
                          .deliver = deliver,
                          .has_room = has_room};
    expect(net_switch_attach(&end->port, "a") == 0);
}

static void step(void)
{
    for (unsigned int i = 0; i < 2; i++)
        net_tx_gather(&ends[i].tx);
    net_copy_run();
    for (unsigned int i = 0; i < 2; i++)
        net_tx_forward(&ends[i].tx, now);
    net_copy_run();
    for (unsigned int i = 0; i < 2; i++) {
        struct end *end = &ends[i];

        if (net_tx_answer(&end->tx, now, i == 0))
            expect(end->tx.ring.rsp_prod == end->tx.ring.rsp_sent);
        if (net_rx_answer(&end->rx))
            expect(end->rx.slot_count == 0);
        expect(end->tx.ring.req_cons - end->tx.ring.rsp_prod <= NETIF_TX_RING_SIZE);
        expect(end->rx.ring.req_cons == end->rx.ring.rsp_prod || end->rx.is_broken);
    }
}

/* What the front end does. */
static void act(const uint8_t *bytes)
{
    struct end *end = &ends[bytes[0] & 1];
    uint32_t slot = (end->tx_ring->req_prod + bytes[1] % SLOTS) % NETIF_TX_RING_SIZE;
    uint8_t *page = fake_pages[bytes[0] & 1][bytes[1] % 4u];

    switch (bytes[0] >> 1 & 7) {
    case 0:
        end->tx_ring->ring[slot * sizeof(union net_tx_entry) + bytes[2] % 12u] = bytes[3];
        break;
    case 1:
        end->tx_ring->req_prod += bytes[1] == 0xff ? bytes[2] * 100u : bytes[2] % 24u;
        break;
    case 2:
        end->rx_ring->req_prod += bytes[1] == 0xff ? bytes[2] * 100u : bytes[2] % 24u;
        break;
    case 3:
        end->rx_page[(bytes[1] | (size_t)bytes[2] << 8) % FAKE_PAGE_SIZE] = bytes[3];
        break;
    case 4:
        page[bytes[2] % FRAME_HEAD] = bytes[3];
        break;
    case 5:
        now += UINT64_C(1) << bytes[1] % 40u;
        break;
    default:
        step();
    }
}

/* Frames for the other end, with an IP header each, and rings of slots that are right. */
static void fill(unsigned int index)
{
    const uint8_t header[] = {0, 0x16, 0x3e, 0, 0, 0, 0, 0x16, 0x3e, 0, 0, 0, 8, 0, 0x45};
    union net_tx_entry *tx = (union net_tx_entry *)ends[index].tx_ring->ring;
    struct netif_rx_request *rx = (struct netif_rx_request *)ends[index].rx_ring->ring;

    for (unsigned int i = 0; i < FAKE_PAGES; i++) {
        memcpy(fake_pages[index][i], header, sizeof(header));
        fake_pages[index][i][5] = (uint8_t)(2 - index);
        fake_pages[index][i][11] = (uint8_t)(1 + index);
        fake_pages[index][i][23] = 6;
        fake_pages[index][i][46] = 0x50;
    }
    for (unsigned int i = 0; i < NETIF_TX_RING_SIZE; i++) {
        tx[i].tx = (struct netif_tx_request){.gref = i % 4, .size = 60, .id = (uint16_t)i};
        rx[i] = (struct netif_rx_request){.id = (uint16_t)i, .gref = i % FAKE_PAGES};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    now = 1;
    memset(fake_pages, 0, sizeof(fake_pages));
    for (uint8_t i = 0; i < 2; i++) {
        connect(&ends[i], (uint8_t)(i + 1), bytes[i]);
        fill(i);
    }
    for (bytes += 2, size -= 2; size >= 4; bytes += 4, size -= 4)
        act(bytes);
    step();
    for (unsigned int i = 0; i < 2; i++)
        net_switch_detach(&ends[i].port);
    return 0;
}
