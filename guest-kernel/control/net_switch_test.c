/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the switch sends frames, what it learns and forgets, and what one port can cost another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/net_adapt.h"
#include "guest-kernel/control/net_switch.h"
#include "lib/errno.h"
#include "tests/fake/control/fake_heap.h"

#define SECOND   UINT64_C(1000000000)
#define PORTS    4u
#define STRANGER 0x77u /* the last byte of an address that no port has */

static struct net_port ports[PORTS];
static unsigned int delivered[PORTS]; /* frames since the last expect() */
static bool has_room[PORTS];
static uint64_t now;

static void deliver(struct net_port *port, struct net_frame *frame)
{
    assert_true(frame->size >= NET_HEADER_SIZE);
    delivered[port - ports]++;
}

/* These ports take everything. */
void net_adapt_deliver(struct net_port *port, struct net_frame *sent)
{
    port->deliver(port, sent);
}

static bool port_has_room(struct net_port *port, const struct net_frame *frame)
{
    assert_true(frame->can_wait);
    return has_room[port - ports];
}

static void set_address(uint8_t *address, uint8_t last)
{
    const uint8_t value[NET_ADDRESS_SIZE] = {0x00, 0x16, 0x3e, 0x00, 0x00, last};

    memcpy(address, value, sizeof(value));
}

/* Ports 0 to 2 on bridge "a", 3 on "b"; port N has address N + 1. */
static int setup(void **state)
{
    assert_null(*state);
    memset(ports, 0, sizeof(ports));
    memset(delivered, 0, sizeof(delivered));
    now = 1000 * SECOND;
    for (unsigned int i = 0; i < PORTS; i++) {
        set_address(ports[i].address, (uint8_t)(i + 1));
        ports[i].mtu = NET_MTU_DEFAULT;
        ports[i].deliver = deliver;
        ports[i].has_room = port_has_room;
        has_room[i] = true;
        assert_int_equal(net_switch_attach(&ports[i], i < 3 ? "a" : "b"), 0);
    }
    return 0;
}

static int teardown(void **state)
{
    assert_null(*state);
    for (unsigned int i = 0; i < PORTS; i++)
        net_switch_detach(&ports[i]);
    assert_null(net_bridge_at(0));
    assert_int_equal(fake_heap.alive, 0);
    fake_heap.fail_at = 0;
    return 0;
}

/* A frame of `size` bytes from a port; its addresses end in `to` and `from`. */
static uint8_t head[64];
static struct net_frame frame;

static void make_frame(uint8_t to, uint8_t from, uint32_t size)
{
    memset(&frame, 0, sizeof(frame));
    set_address(head, to);
    set_address(head + NET_ADDRESS_SIZE, from);
    frame.head = head;
    frame.head_size = size < sizeof(head) ? size : sizeof(head);
    frame.size = size;
}

static void forward(unsigned int port)
{
    assert_int_equal(net_switch_forward(&ports[port], &frame, now), 0);
}

static void send(unsigned int port, uint8_t to, uint8_t from)
{
    make_frame(to, from, 60);
    forward(port);
}

static void expect(unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
    const unsigned int wanted[PORTS] = {a, b, c, d};

    for (unsigned int i = 0; i < PORTS; i++)
        assert_int_equal(delivered[i], wanted[i]);
    memset(delivered, 0, sizeof(delivered));
}

static void test_a_ports_own_address_is_known_at_once(void **state)
{
    assert_null(*state);
    send(0, 2, 1);
    expect(0, 1, 0, 0);
    assert_int_equal(ports[0].counters.frames_in, 1);
    assert_int_equal(ports[0].counters.bytes_in, 60);
}

static void test_broadcast_and_unknown_go_to_each_other_port_of_the_bridge(void **state)
{
    assert_null(*state);
    make_frame(2, 1, 60);
    memset(head, 0xff, NET_ADDRESS_SIZE);
    forward(0);
    expect(0, 1, 1, 0);
    send(1, STRANGER, 2);
    expect(1, 0, 1, 0);
    send(3, 1, 4);
    expect(0, 0, 0, 0);
}

static void test_a_shown_address_is_learned(void **state)
{
    assert_null(*state);
    send(1, 1, STRANGER);
    expect(1, 0, 0, 0);
    send(0, STRANGER, 1);
    expect(0, 1, 0, 0);
}

static void test_a_frame_for_the_own_port_goes_nowhere(void **state)
{
    assert_null(*state);
    send(1, 1, STRANGER);
    expect(1, 0, 0, 0);
    send(1, STRANGER, 2);
    expect(0, 0, 0, 0);
}

static void test_an_address_moves_with_its_station(void **state)
{
    assert_null(*state);
    send(1, 1, STRANGER);
    send(2, 1, STRANGER);
    expect(2, 0, 0, 0);
    send(0, STRANGER, 1);
    expect(0, 0, 1, 0);
    assert_int_equal(ports[1].learned_count, 0);
}

static void test_a_ports_own_address_cannot_be_taken(void **state)
{
    assert_null(*state);
    send(1, 3, 1);
    expect(0, 0, 1, 0);
    send(2, 1, 3);
    expect(1, 0, 0, 0);
}

static void test_an_address_is_forgotten_with_age(void **state)
{
    assert_null(*state);
    send(1, 1, STRANGER);
    now += 300 * SECOND;
    send(0, STRANGER, 1);
    expect(1, 1, 0, 0);
    now += 1;
    send(0, STRANGER, 1);
    expect(0, 1, 1, 0);
    assert_int_equal(ports[1].learned_count, 0);
}

static void test_an_address_is_forgotten_with_its_port(void **state)
{
    assert_null(*state);
    send(1, 1, STRANGER);
    net_switch_detach(&ports[1]);
    send(0, STRANGER, 1);
    expect(1, 0, 1, 0);
    send(0, 2, 1);
    expect(0, 0, 1, 0);
}

static void test_a_flood_of_addresses_costs_only_its_port(void **state)
{
    uint8_t address[NET_ADDRESS_SIZE];
    uint64_t seen;

    assert_null(*state);
    send(2, 1, STRANGER);
    for (unsigned int i = 0; i < 1000; i++) {
        make_frame(1, 0, 60);
        head[8] = 0x40;
        head[9] = (uint8_t)(i >> 8);
        head[11] = (uint8_t)i;
        now++;
        forward(1);
    }
    memset(delivered, 0, sizeof(delivered));
    assert_int_equal(ports[1].learned_count, NET_LEARNED_MAX);
    send(0, STRANGER, 1);
    expect(0, 0, 1, 0);
    /* The newest are kept. */
    for (unsigned int i = 0; i < NET_LEARNED_MAX; i++) {
        assert_true(net_port_learned(&ports[1], i, address, &seen));
        assert_int_equal(address[5], (uint8_t)(999 - i));
        assert_int_equal(seen, now - i);
    }
    assert_false(net_port_learned(&ports[1], NET_LEARNED_MAX, address, &seen));
}

static void test_what_is_used_is_kept(void **state)
{
    assert_null(*state);
    for (uint8_t i = 0; i < NET_LEARNED_MAX; i++)
        send(1, 1, (uint8_t)(0x80 + i));
    send(1, 1, 0x80);
    send(1, 1, 0xf0);
    memset(delivered, 0, sizeof(delivered));
    send(0, 0x80, 1);
    expect(0, 1, 0, 0);
    send(0, 0x81, 1);
    expect(0, 1, 1, 0);
}

static void test_without_memory_nothing_is_learned_and_all_is_forwarded(void **state)
{
    assert_null(*state);
    fake_heap.fail_at = fake_heap.calls + 1;
    send(1, 1, STRANGER);
    expect(1, 0, 0, 0);
    send(0, STRANGER, 1);
    expect(0, 1, 1, 0);
}

static void expect_bad(unsigned int port)
{
    uint64_t before = ports[port].counters.bad;

    forward(port);
    expect(0, 0, 0, 0);
    assert_int_equal(ports[port].counters.bad, before + 1);
    assert_int_equal(ports[port].counters.frames_in, 0);
}

static void test_antispoof_drops_foreign_sources(void **state)
{
    assert_null(*state);
    ports[1].has_antispoof = true;
    make_frame(1, STRANGER, 60);
    expect_bad(1);
    send(1, 1, 2);
    expect(1, 0, 0, 0);
}

static void test_wrong_frames_are_dropped(void **state)
{
    assert_null(*state);
    make_frame(1, STRANGER, NET_HEADER_SIZE - 1);
    expect_bad(1);
    make_frame(1, STRANGER, NET_FRAME_MAX + 1);
    expect_bad(1);
    make_frame(1, STRANGER, 60);
    head[6] |= 1;
    expect_bad(1);
    make_frame(1, STRANGER, 60);
    memset(head + NET_ADDRESS_SIZE, 0, NET_ADDRESS_SIZE);
    expect_bad(1);
    make_frame(1, STRANGER, 6000);
    frame.offload = (struct net_offload){.is_csum_blank = true, .gso = NET_GSO_TCP4};
    expect_bad(1);
    make_frame(1, STRANGER, 6000);
    frame.offload = (struct net_offload){.gso = NET_GSO_TCP4, .gso_size = 1448};
    expect_bad(1);
}

static void test_link_local_groups_are_not_forwarded(void **state)
{
    static const uint8_t group[] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x00};

    assert_null(*state);
    for (unsigned int last = 0; last < 0x10; last++) {
        make_frame(1, 2, 60);
        memcpy(head, group, sizeof(group));
        head[5] = (uint8_t)last;
        forward(1);
        expect(0, 0, 0, 0);
    }
    make_frame(1, 2, 60);
    memcpy(head, group, sizeof(group));
    head[5] = 0x10;
    forward(1);
    expect(1, 0, 1, 0);
}

static void test_a_frame_larger_than_the_mtu_is_dropped(void **state)
{
    assert_null(*state);
    make_frame(1, 2, 1500 + 18);
    forward(1);
    expect(1, 0, 0, 0);
    make_frame(1, 2, 1500 + 19);
    forward(1);
    expect(0, 0, 0, 0);
    assert_int_equal(ports[0].counters.too_long, 1);
    /* What is cut before it is sent may be larger, but not its pieces. */
    make_frame(1, 2, 60000);
    frame.offload =
        (struct net_offload){.is_csum_blank = true, .gso = NET_GSO_TCP4, .gso_size = 1460};
    forward(1);
    expect(1, 0, 0, 0);
    frame.offload.gso_size = 1461;
    forward(1);
    expect(0, 0, 0, 0);
}

static void test_a_frame_may_wait_for_the_one_port_it_is_for(void **state)
{
    assert_null(*state);
    has_room[0] = false;
    make_frame(1, 2, 60);
    frame.can_wait = true;
    assert_int_equal(net_switch_forward(&ports[1], &frame, now), -EAGAIN);
    expect(0, 0, 0, 0);
    assert_int_equal(ports[1].counters.frames_in, 0);
    has_room[0] = true;
    forward(1);
    expect(1, 0, 0, 0);
    /* One for all does not wait. */
    has_room[0] = false;
    set_address(head, STRANGER);
    forward(1);
    expect(1, 0, 1, 0);
}

static void test_what_cannot_be_attached(void **state)
{
    struct net_port more[3] = {{.is_uplink = true}, {.is_uplink = true}, {.mtu = 0}};

    assert_null(*state);
    set_address(more[0].address, 0x10);
    set_address(more[1].address, 0x11);
    set_address(more[2].address, 1);
    assert_int_equal(net_switch_attach(&more[0], "a"), 0);
    assert_int_equal(net_switch_attach(&more[1], "a"), -EEXIST);
    assert_int_equal(net_switch_attach(&more[2], "a"), -EEXIST);
    assert_int_equal(net_switch_attach(&more[1], ""), -ENAMETOOLONG);
    assert_int_equal(net_switch_attach(&more[1], "a-name-of-16-byt"), -ENAMETOOLONG);
    fake_heap.fail_at = fake_heap.calls + 1;
    assert_int_equal(net_switch_attach(&more[1], "c"), -ENOMEM);
    assert_int_equal(net_switch_attach(&more[1], "c"), 0);
    net_switch_detach(&more[1]);
    net_switch_detach(&more[0]);
    net_switch_detach(&more[0]);
}

static void test_there_is_a_most_of_bridges(void **state)
{
    struct net_port more[NET_BRIDGES_MAX - 1];
    char name[NET_BRIDGE_NAME_MAX];

    assert_null(*state);
    memset(more, 0, sizeof(more));
    for (unsigned int i = 0; i < NET_BRIDGES_MAX - 1; i++) {
        snprintf(name, sizeof(name), "more%u", i);
        assert_int_equal(net_switch_attach(&more[i], name), i < NET_BRIDGES_MAX - 2 ? 0 : -ENOSPC);
    }
    assert_string_equal(net_bridge_name(net_bridge_at(1)), "b");
    assert_ptr_equal(net_bridge_ports(net_bridge_at(1)), &ports[3]);
    assert_null(net_bridge_at(NET_BRIDGES_MAX));
    for (unsigned int i = 0; i < NET_BRIDGES_MAX - 1; i++)
        net_switch_detach(&more[i]);
}

static void test_a_new_port_takes_its_address_from_whoever_has_shown_it(void **state)
{
    struct net_port late = {.mtu = NET_MTU_DEFAULT, .deliver = deliver};

    assert_null(*state);
    set_address(late.address, STRANGER);
    send(1, 1, STRANGER);
    assert_int_equal(net_switch_attach(&late, "a"), 0);
    assert_int_equal(ports[1].learned_count, 0);
    send(1, 1, STRANGER);
    assert_int_equal(ports[1].learned_count, 0);
    net_switch_detach(&late);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_ports_own_address_is_known_at_once),
        TEST(test_broadcast_and_unknown_go_to_each_other_port_of_the_bridge),
        TEST(test_a_shown_address_is_learned),
        TEST(test_a_frame_for_the_own_port_goes_nowhere),
        TEST(test_an_address_moves_with_its_station),
        TEST(test_a_ports_own_address_cannot_be_taken),
        TEST(test_an_address_is_forgotten_with_age),
        TEST(test_an_address_is_forgotten_with_its_port),
        TEST(test_a_flood_of_addresses_costs_only_its_port),
        TEST(test_what_is_used_is_kept),
        TEST(test_without_memory_nothing_is_learned_and_all_is_forwarded),
        TEST(test_antispoof_drops_foreign_sources),
        TEST(test_wrong_frames_are_dropped),
        TEST(test_link_local_groups_are_not_forwarded),
        TEST(test_a_frame_larger_than_the_mtu_is_dropped),
        TEST(test_a_frame_may_wait_for_the_one_port_it_is_for),
        TEST(test_what_cannot_be_attached),
        TEST(test_there_is_a_most_of_bridges),
        TEST(test_a_new_port_takes_its_address_from_whoever_has_shown_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
