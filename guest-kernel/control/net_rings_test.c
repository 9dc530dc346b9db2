/* SPDX-License-Identifier: BSD-2-Clause */
/* Two front ends and a switch: frames from one's tx ring to the other's rx ring, and what a hostile
 * one can do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/net_adapt.h"
#include "guest-kernel/control/net_rx.h"
#include "guest-kernel/control/net_switch.h"
#include "guest-kernel/control/net_tx.h"
#include "lib/errno.h"
#include "pv-abi/io_ring.h"
#include "tests/fake/control/fake_copy.h"

#define BAD_REF FAKE_PAGES
#define MS      UINT64_C(1000000)

/* A front end's pages, and the back end's side of it. */
static struct end {
    uint8_t tx_page[FAKE_PAGE_SIZE] __attribute__((aligned(8)));
    uint8_t rx_page[FAKE_PAGE_SIZE] __attribute__((aligned(8)));
    struct xen_sring *tx_ring, *rx_ring; /* there */
    struct net_tx tx;
    struct net_rx rx;
    struct net_port port;
} ends[2];
static uint64_t now;

static void deliver(struct net_port *port, struct net_frame *frame)
{
    struct end *end = port == &ends[0].port ? &ends[0] : &ends[1];

    if (net_groups_want(&end->tx.groups, frame->head))
        net_rx_put(&end->rx, frame);
}

static bool has_room(struct net_port *port, const struct net_frame *frame)
{
    struct end *end = port == &ends[0].port ? &ends[0] : &ends[1];

    return net_rx_has_room(&end->rx, net_rx_slots(frame));
}

static void connect(struct end *end, uint8_t number)
{
    memset(end, 0, sizeof(*end));
    end->tx_ring = (void *)end->tx_page;
    end->rx_ring = (void *)end->rx_page;
    end->tx_ring->req_event = end->tx_ring->rsp_event = 1;
    end->rx_ring->req_event = end->rx_ring->rsp_event = 1;
    back_ring_connect(&end->tx.ring, end->tx_page, FAKE_PAGE_SIZE, sizeof(union net_tx_entry));
    back_ring_connect(&end->rx.ring, end->rx_page, FAKE_PAGE_SIZE, sizeof(struct netif_rx_request));
    end->tx.domid = end->rx.domid = number;
    end->tx.port = &end->port;
    end->rx.counters = &end->port.counters;
    end->port = (struct net_port){
        .address = {0, 0x16, 0x3e, 0, 0, number},
        .mtu = 65517,
        .can = {.can_csum4 = true, .can_gso4 = true, .can_grants = true, .size_max = NET_FRAME_MAX},
        .deliver = deliver,
        .has_room = has_room};
    assert_int_equal(net_switch_attach(&end->port, "a"), 0);
}

static int setup(void **state)
{
    assert_null(*state);
    now = 1000 * MS;
    memset(fake_pages, 0, sizeof(fake_pages));
    connect(&ends[0], 1);
    connect(&ends[1], 2);
    return 0;
}

static int teardown(void **state)
{
    assert_null(*state);
    net_switch_detach(&ends[0].port);
    net_switch_detach(&ends[1].port);
    return 0;
}

/* Makes the first bytes of page `ref` of the first end a frame for the second. */
static void write_header(unsigned int ref)
{
    const uint8_t header[] = {0, 0x16, 0x3e, 0, 0, 2, 0, 0x16, 0x3e, 0, 0, 1, 0x08, 0x00};

    memcpy(fake_pages[0][ref], header, sizeof(header));
}

static union net_tx_entry *tx_entry(struct end *end)
{
    union net_tx_entry *entries = (union net_tx_entry *)end->tx_ring->ring;

    return &entries[end->tx_ring->req_prod++ % NETIF_TX_RING_SIZE];
}

static void put_slot(grant_ref_t ref, uint16_t size, uint16_t flags)
{
    uint16_t id = (uint16_t)ends[0].tx_ring->req_prod;

    tx_entry(&ends[0])->tx =
        (struct netif_tx_request){.gref = ref, .size = size, .flags = flags, .id = id};
}

/* A frame of one slot from the first end to the second. */
static void put_frame(uint16_t size)
{
    write_header(0);
    put_slot(0, size, 0);
}

static void post(struct end *end, grant_ref_t ref)
{
    struct netif_rx_request *entries = (struct netif_rx_request *)end->rx_ring->ring;
    uint32_t index = end->rx_ring->req_prod++;

    entries[index % NETIF_RX_RING_SIZE] =
        (struct netif_rx_request){.id = (uint16_t)(1000 + index), .gref = ref};
}

static void post_many(unsigned int count)
{
    for (unsigned int i = 0; i < count; i++)
        post(&ends[1], i % FAKE_PAGES);
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
        bool wants = net_tx_answer(&ends[i].tx, now, false);

        wants = net_rx_answer(&ends[i].rx) || wants;
        assert_true(wants || ends[i].rx.slot_count == 0);
    }
}

static const struct netif_tx_response *tx_answer(uint32_t index)
{
    assert_true(index < ends[0].tx_ring->rsp_prod);
    return (const void *)(ends[0].tx_ring->ring +
                          (size_t)(index % NETIF_TX_RING_SIZE) * sizeof(union net_tx_entry));
}

static const struct netif_rx_response *rx_answer(uint32_t index)
{
    assert_true(index < ends[1].rx_ring->rsp_prod);
    return (const void *)(ends[1].rx_ring->ring +
                          (size_t)(index % NETIF_RX_RING_SIZE) * sizeof(struct netif_rx_request));
}

static void test_a_frame_from_ring_to_ring(void **state)
{
    assert_null(*state);
    post_many(2);
    put_frame(1000);
    fake_pages[0][0][999] = 0x5a;
    step();
    assert_int_equal(tx_answer(0)->status, NETIF_RSP_OKAY);
    assert_int_equal(rx_answer(0)->status, 1000);
    assert_int_equal(rx_answer(0)->id, 1000);
    assert_int_equal(rx_answer(0)->flags, 0);
    assert_int_equal(fake_pages[1][0][999], 0x5a);
    assert_int_equal(ends[1].port.counters.frames_out, 1);
    assert_int_equal(ends[1].port.counters.bytes_out, 1000);
}

/* Serves the first end alone; true if it is to get an event. */
static bool serve_first(bool is_woken)
{
    bool wants;

    net_tx_gather(&ends[0].tx);
    net_copy_run();
    net_tx_forward(&ends[0].tx, now);
    net_copy_run();
    wants = net_tx_answer(&ends[0].tx, now, is_woken);
    assert_true(net_rx_answer(&ends[1].rx) || ends[1].rx.slot_count == 0);
    return wants;
}

/* The first end has seen all answers and sleeps until the next. */
static void sleep_first(void)
{
    ends[0].tx_ring->rsp_event = ends[0].tx_ring->rsp_prod + 1;
}

static void test_the_event_of_a_single_frame_waits(void **state)
{
    assert_null(*state);
    post_many(12);
    sleep_first();
    put_frame(1000);
    assert_false(serve_first(false));
    assert_int_equal(ends[0].tx_ring->rsp_prod, 1);
    now = ends[0].tx.notify_at - 1;
    assert_false(serve_first(false));
    now++;
    assert_true(serve_first(false));
    sleep_first();
    assert_false(serve_first(false));

    /* Another event wakes the guest. */
    put_frame(1000);
    assert_false(serve_first(false));
    assert_true(serve_first(true));
    sleep_first();

    /* It has found the answer. */
    put_frame(1000);
    assert_false(serve_first(false));
    sleep_first();
    now = ends[0].tx.notify_at;
    assert_false(serve_first(false));
    assert_int_equal(ends[0].tx.notify_at, 0);

    /* There is more to answer. */
    put_frame(1000);
    assert_false(serve_first(false));
    put_frame(1000);
    assert_true(serve_first(false));
    sleep_first();
    put_frame(1000);
    put_frame(1000);
    assert_true(serve_first(false));
}

static void put_large(void)
{
    write_header(0);
    put_slot(0, 10000, NETTXF_csum_blank | NETTXF_extra_info | NETTXF_more_data);
    tx_entry(&ends[0])->extra =
        (struct netif_extra_info){.type = XEN_NETIF_EXTRA_TYPE_GSO,
                                  .u.gso = {.size = 1448, .type = XEN_NETIF_GSO_TYPE_TCPV4}};
    put_slot(1, 4096, NETTXF_more_data);
    put_slot(2, 4096, 0);
}

static void test_a_large_packet_in_slots(void **state)
{
    assert_null(*state);
    for (unsigned int i = 0; i < FAKE_PAGE_SIZE; i++) {
        fake_pages[0][1][i] = (uint8_t)(i * 3);
        fake_pages[0][2][i] = (uint8_t)(i * 5);
    }
    post_many(5);
    put_large();
    step();
    assert_int_equal(ends[0].tx_ring->rsp_prod, 4);
    assert_int_equal(tx_answer(0)->status, NETIF_RSP_OKAY);
    assert_int_equal(tx_answer(1)->status, NETIF_RSP_NULL);
    assert_int_equal(tx_answer(3)->id, 3);
    /* The head, the information, what the first slot has besides, and a page for each other. */
    assert_int_equal(rx_answer(0)->status, NET_HEAD_MAX);
    assert_int_equal(rx_answer(0)->flags, NETRXF_csum_blank | NETRXF_data_validated |
                                              NETRXF_extra_info | NETRXF_more_data);
    assert_int_equal(((const struct netif_extra_info *)rx_answer(1))->u.gso.size, 1448);
    assert_int_equal(rx_answer(2)->status, 10000 - 8192 - NET_HEAD_MAX);
    assert_int_equal(rx_answer(2)->flags, NETRXF_more_data);
    assert_int_equal(rx_answer(3)->status, 4096);
    assert_int_equal(rx_answer(4)->status, 4096);
    assert_int_equal(rx_answer(4)->flags, 0);
    assert_memory_equal(fake_pages[1][2], fake_pages[0][0] + NET_HEAD_MAX, 1552);
    assert_memory_equal(fake_pages[1][3], fake_pages[0][1], 4096);
    assert_memory_equal(fake_pages[1][4], fake_pages[0][2], 4096);
}

static void test_many_small_pieces_share_pages(void **state)
{
    assert_null(*state);
    post_many(3);
    write_header(0);
    for (unsigned int i = 0; i < 12; i++) {
        memset(fake_pages[0][10 + i], (int)i, 800);
        put_slot(i == 0 ? 0 : 10 + i, i == 0 ? 12 * 800 : 800, i < 11 ? NETTXF_more_data : 0);
    }
    step();
    assert_int_equal(tx_answer(11)->status, NETIF_RSP_OKAY);
    assert_int_equal(rx_answer(0)->status, 4096);
    assert_int_equal(rx_answer(0)->flags, NETRXF_more_data);
    assert_int_equal(rx_answer(2)->status, 12 * 800 - 2 * 4096);
    assert_int_equal(rx_answer(2)->flags, 0);
    assert_int_equal(fake_pages[1][0][4095], 5);
    assert_int_equal(fake_pages[1][1][0], 5);
    assert_int_equal(fake_pages[1][2][12 * 800 - 2 * 4096 - 1], 11);
}

static void test_a_bad_page_of_the_sender_is_its_error(void **state)
{
    assert_null(*state);
    post_many(3);
    write_header(0);
    put_slot(BAD_REF, 100, 0);
    put_slot(0, 5000, NETTXF_more_data);
    put_slot(BAD_REF, 4000, 0);
    put_frame(60);
    step();
    assert_int_equal(tx_answer(0)->status, NETIF_RSP_ERROR);
    assert_int_equal(tx_answer(1)->status, NETIF_RSP_ERROR);
    assert_int_equal(tx_answer(2)->status, NETIF_RSP_ERROR);
    assert_int_equal(tx_answer(3)->status, NETIF_RSP_OKAY);
    /* Only the second frame was known to be bad after its requests were taken. */
    assert_int_equal(rx_answer(0)->status, NETIF_RSP_ERROR);
    assert_int_equal(rx_answer(1)->status, NETIF_RSP_ERROR);
    assert_int_equal(rx_answer(2)->status, 60);
}

static void test_a_bad_page_of_the_receiver_is_its_error(void **state)
{
    assert_null(*state);
    post(&ends[1], BAD_REF);
    post(&ends[1], 1);
    put_frame(100);
    put_frame(101);
    step();
    assert_int_equal(tx_answer(0)->status, NETIF_RSP_OKAY);
    assert_int_equal(rx_answer(0)->status, NETIF_RSP_ERROR);
    assert_int_equal(rx_answer(1)->status, 101);
    assert_int_equal(ends[1].port.counters.dropped, 1);
    assert_int_equal(ends[1].port.counters.frames_out, 1);
}

static void test_a_frame_waits_for_room_and_keeps_its_place(void **state)
{
    assert_null(*state);
    put_frame(100);
    put_frame(101);
    step();
    assert_int_equal(ends[0].tx_ring->rsp_prod, 0);
    assert_int_equal(ends[1].rx_ring->req_event, 1);
    post_many(1);
    step();
    assert_int_equal(ends[0].tx_ring->rsp_prod, 1);
    assert_int_equal(rx_answer(0)->status, 100);
    post_many(1);
    step();
    assert_int_equal(rx_answer(1)->status, 101);
    assert_int_equal(ends[1].port.counters.dropped, 0);
}

static void test_a_frame_waits_only_for_a_while(void **state)
{
    assert_null(*state);
    put_frame(100);
    step();
    now += 100 * MS;
    step();
    assert_int_equal(tx_answer(0)->status, NETIF_RSP_OKAY);
    assert_int_equal(ends[1].port.counters.dropped, 1);
    /* The next one does not wait for such a destination. */
    put_frame(100);
    step();
    assert_int_equal(ends[1].port.counters.dropped, 2);
    post_many(2);
    put_frame(100);
    step();
    assert_int_equal(rx_answer(0)->status, 100);
    assert_false(ends[1].rx.is_stalled);
}

static void test_more_frames_than_are_taken_at_once(void **state)
{
    assert_null(*state);
    post_many(250);
    for (unsigned int i = 0; i < 200; i++)
        put_frame((uint16_t)(60 + i));
    for (unsigned int i = 0; i < 200; i += NET_TX_FRAMES)
        step();
    assert_int_equal(ends[0].tx_ring->rsp_prod, 200);
    for (unsigned int i = 0; i < 200; i++)
        assert_int_equal(rx_answer(i)->status, 60 + i);
}

static void test_ids_that_are_used_again_are_answered_again(void **state)
{
    assert_null(*state);
    post_many(3);
    for (unsigned int i = 0; i < 3; i++) {
        write_header(0);
        tx_entry(&ends[0])->tx = (struct netif_tx_request){.gref = 0, .size = 60, .id = 7};
    }
    step();
    for (unsigned int i = 0; i < 3; i++)
        assert_int_equal(tx_answer(i)->id, 7);
    assert_int_equal(ends[1].rx_ring->rsp_prod, 3);
}

static void test_a_jump_of_the_index_ends_the_ring(void **state)
{
    assert_null(*state);
    ends[0].tx_ring->req_prod = NETIF_TX_RING_SIZE + 1;
    step();
    assert_true(ends[0].tx.is_broken);
    assert_int_equal(ends[0].tx_ring->rsp_prod, 0);
}

static void test_a_jump_of_the_receivers_index_costs_the_receiver(void **state)
{
    assert_null(*state);
    ends[1].rx_ring->req_prod = 5000;
    put_frame(100);
    step();
    assert_true(ends[1].rx.is_broken);
    assert_int_equal(tx_answer(0)->status, NETIF_RSP_OKAY);
    assert_int_equal(ends[1].port.counters.dropped, 1);
    assert_int_equal(ends[1].rx_ring->rsp_prod, 0);
}

static void test_a_chain_without_end_ends_the_ring(void **state)
{
    assert_null(*state);
    post_many(1);
    put_frame(60);
    write_header(0);
    put_slot(0, 4000, NETTXF_more_data);
    step();
    assert_true(ends[0].tx.is_broken);
    /* What was whole before is delivered. */
    assert_int_equal(ends[0].tx_ring->rsp_prod, 1);
    assert_int_equal(rx_answer(0)->status, 60);
}

static void test_a_frame_of_too_many_slots_is_answered(void **state)
{
    assert_null(*state);
    write_header(0);
    for (unsigned int i = 0; i < 19; i++)
        put_slot(0, i == 0 ? 4000 : 100, i < 18 ? NETTXF_more_data : 0);
    step();
    assert_false(ends[0].tx.is_broken);
    assert_int_equal(ends[0].tx_ring->rsp_prod, 19);
    for (unsigned int i = 0; i < 19; i++) {
        assert_int_equal(tx_answer(i)->status, NETIF_RSP_ERROR);
        assert_int_equal(tx_answer(i)->id, i);
    }
}

static void put_group(uint8_t type, uint8_t last)
{
    put_slot(0, 0, NETTXF_extra_info);
    tx_entry(&ends[0])->extra = (struct netif_extra_info){
        .type = type, .u.mcast = {.addr = {0x01, 0x00, 0x5e, 0, 0, last}}};
}

static void test_groups_are_added_up_to_a_limit(void **state)
{
    assert_null(*state);
    ends[0].tx.groups.is_filter = true;
    put_group(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 1);
    put_group(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 2);
    put_group(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 1);
    put_group(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, 1);
    step();
    assert_int_equal(tx_answer(0)->status, NETIF_RSP_OKAY);
    assert_int_equal(tx_answer(1)->status, NETIF_RSP_NULL);
    assert_false(net_groups_want(&ends[0].tx.groups, (uint8_t[]){0x01, 0, 0x5e, 0, 0, 1}));
    assert_true(net_groups_want(&ends[0].tx.groups, (uint8_t[]){0x01, 0, 0x5e, 0, 0, 2}));
    assert_true(net_groups_want(&ends[0].tx.groups, (uint8_t[]){0x00, 0, 0x5e, 0, 0, 1}));
    assert_true(
        net_groups_want(&ends[0].tx.groups, (uint8_t[]){0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
    for (unsigned int i = 0; i < NET_GROUPS_MAX; i++) {
        put_group(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, (uint8_t)(0x80 + i));
        step();
    }
    assert_int_equal(tx_answer(8 + 2 * (NET_GROUPS_MAX - 2))->status, NETIF_RSP_OKAY);
    assert_int_equal(tx_answer(8 + 2 * (NET_GROUPS_MAX - 1))->status, NETIF_RSP_ERROR);
}

static void test_a_source_changed_after_the_check_does_not_get_through(void **state)
{
    assert_null(*state);
    ends[0].port.has_antispoof = true;
    post_many(1);
    put_frame(60);
    net_tx_gather(&ends[0].tx);
    net_copy_run();
    fake_pages[0][0][11] = 0x77;
    step();
    assert_int_equal(rx_answer(0)->status, 60);
    assert_int_equal(fake_pages[1][0][11], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_frame_from_ring_to_ring),
        TEST(test_the_event_of_a_single_frame_waits),
        TEST(test_a_large_packet_in_slots),
        TEST(test_many_small_pieces_share_pages),
        TEST(test_a_bad_page_of_the_sender_is_its_error),
        TEST(test_a_bad_page_of_the_receiver_is_its_error),
        TEST(test_a_frame_waits_for_room_and_keeps_its_place),
        TEST(test_a_frame_waits_only_for_a_while),
        TEST(test_more_frames_than_are_taken_at_once),
        TEST(test_ids_that_are_used_again_are_answered_again),
        TEST(test_a_jump_of_the_index_ends_the_ring),
        TEST(test_a_jump_of_the_receivers_index_costs_the_receiver),
        TEST(test_a_chain_without_end_ends_the_ring),
        TEST(test_a_frame_of_too_many_slots_is_answered),
        TEST(test_groups_are_added_up_to_a_limit),
        TEST(test_a_source_changed_after_the_check_does_not_get_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
