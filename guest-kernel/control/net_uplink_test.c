/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames between a network card and a port of its bridge, with the real switch and driver on the
 * fake device. The card is found once; a test begins with empty queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci/pci.h"
#include "guest-kernel/control/net_uplink.h"
#include "guest-kernel/control/vif.h"
#include "guest-kernel/time.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "tests/fake/control/fake_copy.h"
#include "tests/fake/pci/fake_virtio.h"

#define RX      0u
#define TX      1u
#define HEADER  12u
#define HEADERS 54u /* Ethernet 14, IPv4 20, TCP 20 */
#define NOTES   4u
/* VIRTIO 1.1, 5.1.3 and 5.1.4. */
#define FEATURE_MAC    (UINT64_C(1) << 5)
#define FEATURE_STATUS (UINT64_C(1) << 16)
#define CONFIG_STATUS  6u
#define LINK_UP        1u

static const uint8_t card_mac[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
static const uint8_t guest_mac[] = {0, 0x16, 0x3e, 1, 2, 3};
static char notes[NOTES][256];
static unsigned int note_count, retry_count;
static struct net_port port;
static uint8_t got[2048];
static unsigned int got_count;
static uint8_t bytes[NET_FRAME_MAX];

static void note(const char *sentence)
{
    assert_true(note_count < NOTES);
    strncpy(notes[note_count++], sentence, sizeof(notes[0]) - 1);
}

void pci_scan(void (*found)(const struct pci_function *function, void *arg), void *arg)
{
    const struct pci_function functions[] = {
        {.at = {0x10}, .device = VIRTIO_TYPE_BLOCK},
        {.at = {0x18}, .device = VIRTIO_TYPE_NET},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(functions); i++)
        found(&functions[i], arg);
}

uint64_t time_now(void)
{
    return 0;
}

void vifs_retry(void)
{
    retry_count++;
}

static void take(struct net_port *at, struct net_frame *frame)
{
    assert_ptr_equal(at, &port);
    assert_true(frame->head_size <= sizeof(got));
    memcpy(got, frame->head, frame->head_size);
    got_count++;
}

static int find_card(void **state)
{
    *state = &port;
    fake_virtio_clear();
    fake_virtio.offered = FEATURE_MAC | FEATURE_STATUS;
    fake_virtio.config[CONFIG_STATUS] = LINK_UP;
    memcpy(fake_virtio.config, card_mac, sizeof(card_mac));
    net_uplinks_init(note);
    port = (struct net_port){
        .mtu = 1500, .can = {.can_grants = true, .size_max = NET_FRAME_MAX}, .deliver = take};
    memcpy(port.address, guest_mac, sizeof(guest_mac));
    return net_switch_attach(&port, "xenbr0");
}

static int forget_card(void **state)
{
    *state = NULL;
    net_switch_detach(&port);
    fake_virtio_clear();
    return 0;
}

/* The device sends what it has, and all is looked at. */
static int setup(void **state)
{
    int id;

    assert_non_null(*state);
    net_uplinks_step();
    while ((id = fake_virtio_take(TX)) >= 0)
        fake_virtio_return(TX, (uint32_t)id, 0);
    net_uplinks_step();
    got_count = retry_count = note_count = 0;
    return 0;
}

static void make_frame(const uint8_t *to, const uint8_t *from)
{
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, to, NET_ADDRESS_SIZE);
    memcpy(bytes + NET_ADDRESS_SIZE, from, NET_ADDRESS_SIZE);
    for (size_t i = NET_HEADER_SIZE; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 5 + i / 256);
}

static void arrive(uint32_t size)
{
    int id = fake_virtio_take(RX);
    uint8_t *at;

    assert_true(id >= 0);
    at = fake_virtio_bytes(RX, (unsigned int)id);
    memset(at, 0, HEADER);
    memcpy(at + HEADER, bytes, size);
    fake_virtio_return(RX, (uint32_t)id, HEADER + size);
}

static int forward(uint32_t size, const struct net_offload *offload, bool can_wait)
{
    struct net_frame frame = {
        .head = bytes, .head_size = size, .size = size, .offload = *offload, .can_wait = can_wait};
    int err = net_switch_forward(&port, &frame, 0);

    net_copy_run();
    return err;
}

static const struct net_port *find_uplink(void)
{
    const struct net_port *found = net_bridge_ports(port.bridge);

    while (!found->is_uplink)
        found = found->next;
    return found;
}

static void test_the_card_is_the_uplink(void **state)
{
    const struct net_port *card = find_uplink();

    assert_non_null(*state);
    assert_string_equal(notes[0], "eth0: network card at PCI 00:03.0, 52:54:00:12:34:56, mtu 1500, "
                                  "link up, uplink of xenbr0");
    assert_string_equal(card->name, "eth0");
    assert_true(net_uplink_has_link(card));
    assert_false(net_uplink_has_link(&port));
}

static void test_a_frame_from_the_card(void **state)
{
    assert_non_null(*state);
    make_frame(guest_mac, card_mac);
    bytes[6] = 0x54; /* from behind the card */
    arrive(1000);
    assert_true(fake_virtio_interrupt(RX));
    assert_true(net_uplinks_have_work());
    net_uplinks_step();
    assert_int_equal(got_count, 1);
    assert_memory_equal(got, bytes, 1000);
    assert_false(net_uplinks_have_work());
    /* It has its buffer again. */
    assert_int_equal(fake_virtio.queues[RX]->avail->idx - fake_virtio.seen[RX], VIRTQUEUE_SIZE_MAX);
}

static void test_many_frames_from_the_card(void **state)
{
    assert_non_null(*state);
    make_frame(guest_mac, card_mac);
    bytes[6] = 0x54;
    for (unsigned int i = 0; i < 200; i++)
        arrive(60);
    assert_true(fake_virtio_interrupt(RX));
    for (unsigned int steps = 0; net_uplinks_have_work(); steps++) {
        assert_true(steps < 10);
        net_uplinks_step();
    }
    assert_int_equal(got_count, 200);
}

static void test_a_frame_to_the_card(void **state)
{
    unsigned int notices = fake_virtio.notices[TX];
    int id;

    assert_non_null(*state);
    make_frame(card_mac, guest_mac);
    assert_int_equal(forward(700, &(struct net_offload){.gso = NET_GSO_NONE}, true), 0);
    assert_true(net_uplinks_have_work());
    assert_int_equal(fake_virtio_take(TX), -1);
    net_uplinks_step();
    id = fake_virtio_take(TX);
    assert_true(id >= 0);
    assert_memory_equal(fake_virtio_bytes(TX, (unsigned int)id) + HEADER, bytes, 700);
    assert_int_equal(fake_virtio.notices[TX], notices + 1);
    assert_false(net_uplinks_have_work());
    fake_virtio_return(TX, (uint32_t)id, 0);
}

/* A TCP packet of that many bytes of payload. */
static void make_tcp(uint32_t payload)
{
    uint32_t length = payload + HEADERS - NET_HEADER_SIZE;

    make_frame(card_mac, guest_mac);
    memset(bytes + 12, 0, HEADERS - 12);
    bytes[12] = 8;
    bytes[14] = 0x45;
    bytes[16] = (uint8_t)(length >> 8);
    bytes[17] = (uint8_t)length;
    bytes[23] = 6;
    bytes[46] = 0x50;
}

static const struct net_offload cut = {
    .is_csum_blank = true, .gso = NET_GSO_TCP4, .gso_size = 1000};

static void test_a_card_that_cannot_cut_gets_segments(void **state)
{
    assert_non_null(*state);
    make_tcp(2500);
    assert_int_equal(forward(HEADERS + 2500, &cut, true), 0);
    net_uplinks_step();
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t payload = i < 2 ? 1000 : 500;
        int id = fake_virtio_take(TX);
        const uint8_t *at = fake_virtio_bytes(TX, (unsigned int)id);

        assert_true(id >= 0);
        assert_int_equal(fake_virtio.queues[TX]->desc[id].len, HEADER + HEADERS + payload);
        assert_int_equal(at[0], 0); /* the checksum is there */
        assert_memory_equal(at + HEADER + HEADERS, bytes + HEADERS + (size_t)i * 1000, payload);
        fake_virtio_return(TX, (uint32_t)id, 0);
    }
    assert_int_equal(fake_virtio_take(TX), -1);
}

/* A frame waits until all of its segments have room; then those that wait are told. */
static void test_a_frame_waits_for_the_card(void **state)
{
    const struct net_offload plain = {.gso = NET_GSO_NONE};
    uint64_t dropped = find_uplink()->counters.dropped;
    int id;

    assert_non_null(*state);
    make_frame(card_mac, guest_mac);
    for (unsigned int i = 0; i < VIRTQUEUE_SIZE_MAX - 2; i++)
        assert_int_equal(forward(60, &plain, true), 0);
    make_tcp(2500);
    assert_int_equal(forward(HEADERS + 2500, &cut, true), -EAGAIN);
    net_uplinks_step();
    assert_int_equal(retry_count, 0);
    while ((id = fake_virtio_take(TX)) >= 0)
        fake_virtio_return(TX, (uint32_t)id, 0);
    assert_true(fake_virtio_interrupt(TX));
    assert_true(net_uplinks_have_work());
    net_uplinks_step();
    assert_int_equal(retry_count, 1);
    assert_int_equal(forward(HEADERS + 2500, &cut, true), 0);
    /* One that does not wait is dropped. */
    make_frame(card_mac, guest_mac);
    while (forward(60, &plain, true) == 0)
        ;
    assert_int_equal(forward(60, &plain, false), 0);
    assert_int_equal(find_uplink()->counters.dropped, dropped + 1);
}

static void test_a_cable_that_comes_and_goes(void **state)
{
    assert_non_null(*state);
    fake_virtio_change_config(CONFIG_STATUS, 0);
    assert_true(net_uplinks_have_work());
    net_uplinks_step();
    assert_string_equal(notes[0], "eth0: link down, uplink of xenbr0");
    assert_false(net_uplink_has_link(find_uplink()));
    /* What is the same is not told again. */
    fake_virtio_change_config(CONFIG_STATUS, 0);
    net_uplinks_step();
    assert_int_equal(note_count, 1);
    fake_virtio_change_config(CONFIG_STATUS, LINK_UP);
    net_uplinks_step();
    assert_string_equal(notes[1], "eth0: link up, uplink of xenbr0");
    assert_false(net_uplinks_have_work());
}

/* The last test: the card stays as it is. */
static void test_a_card_that_breaks_its_protocol(void **state)
{
    assert_non_null(*state);
    fake_virtio_return(RX, VIRTQUEUE_SIZE_MAX, 0);
    net_uplinks_step();
    net_uplinks_step();
    assert_int_equal(note_count, 1);
    assert_string_equal(notes[0], "eth0: the network card breaks its protocol and is stopped");
    assert_false(net_uplink_has_link(find_uplink()));
    make_frame(card_mac, guest_mac);
    assert_int_equal(forward(60, &(struct net_offload){.gso = NET_GSO_NONE}, true), 0);
    assert_false(net_uplinks_have_work());
}

#define TEST(name) cmocka_unit_test_setup(test_##name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_card_is_the_uplink),
        TEST(a_frame_from_the_card),
        TEST(many_frames_from_the_card),
        TEST(a_frame_to_the_card),
        TEST(a_card_that_cannot_cut_gets_segments),
        TEST(a_frame_waits_for_the_card),
        TEST(a_cable_that_comes_and_goes),
        TEST(a_card_that_breaks_its_protocol),
    };

    return cmocka_run_group_tests(tests, find_card, forget_card);
}
