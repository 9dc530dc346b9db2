/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames to and from a device that keeps the rules, and one that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci/virtio_net.h"
#include "lib/errno.h"
#include "tests/fake/pci/fake_virtio.h"

#define RX     0u
#define TX     1u
#define HEADER 12u
#define PAGE   4096u
#define ETHER  14u
#define IPV4   20u
#define TCP    20u

#define F_CSUM       (UINT64_C(1) << 0)
#define F_GUEST_CSUM (UINT64_C(1) << 1)
#define F_MTU        (UINT64_C(1) << 3)
#define F_MAC        (UINT64_C(1) << 5)
#define F_GUEST_TSO4 (UINT64_C(1) << 7)
#define F_GUEST_TSO6 (UINT64_C(1) << 8)
#define F_HOST_TSO4  (UINT64_C(1) << 11)
#define F_HOST_TSO6  (UINT64_C(1) << 12)
#define F_HOST_ECN   (UINT64_C(1) << 13)
#define F_MRG_RXBUF  (UINT64_C(1) << 15)
#define F_STATUS     (UINT64_C(1) << 16)
#define F_GUEST      (F_GUEST_CSUM | F_GUEST_TSO4 | F_GUEST_TSO6)
#define F_HOST       (F_CSUM | F_HOST_TSO4 | F_HOST_TSO6 | F_HOST_ECN)

static const struct pci_function function = {.at = {0x18}, .device = VIRTIO_TYPE_NET};
static const struct net_offload plain;
static struct virtio_net net;
static struct virtio_net_frame frame;
static uint8_t bytes[70000];

static int setup(void **state)
{
    *state = &net;
    fake_virtio_clear();
    fake_virtio.offered = F_MAC | F_STATUS | F_MRG_RXBUF;
    memcpy(fake_virtio.config, "\x52\x54\x00\x12\x34\x56\x01\x00\x01\x00\x28\x23", 12);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 3 + i / 256);
    return 0;
}

static int teardown(void **state)
{
    *state = NULL;
    fake_virtio_clear();
    return 0;
}

static void start(uint64_t more)
{
    fake_virtio.offered |= more;
    assert_int_equal(virtio_net_start(&net, &function), 0);
}

/* A TCP packet of that many bytes with its Ethernet header. */
static void make_tcp(uint32_t size, uint8_t flags)
{
    memset(bytes + 12, 0, ETHER - 12 + IPV4 + TCP);
    bytes[12] = 8;
    bytes[ETHER] = 0x45;
    bytes[ETHER + 2] = (uint8_t)((size - ETHER) >> 8);
    bytes[ETHER + 3] = (uint8_t)(size - ETHER);
    bytes[ETHER + 9] = 6;
    bytes[ETHER + IPV4 + 12] = 0x50;
    bytes[ETHER + IPV4 + 13] = flags;
}

static void test_what_the_device_is(void **state)
{
    assert_ptr_equal(*state, &net);
    start(F_MTU);
    assert_memory_equal(net.address, "\x52\x54\x00\x12\x34\x56", 6);
    assert_int_equal(net.mtu, 9000);
    assert_true(virtio_net_has_link(&net));
    fake_virtio.config[6] = 0;
    assert_false(virtio_net_has_link(&net));
    assert_true(fake_virtio.is_running);
    assert_int_equal(fake_virtio.queues[RX]->avail->idx, VIRTQUEUE_SIZE_MAX);
    assert_int_equal(fake_virtio.notices[RX], 1);
    assert_false(net.can_csum || net.can_gso4 || net.can_gso6);
}

static void test_a_cable_that_comes_and_goes(void **state)
{
    assert_ptr_equal(*state, &net);
    start(0);
    assert_false(virtio_net_may_have_changed(&net));
    fake_virtio_change_config(6, 0);
    assert_true(virtio_net_has_event(&net));
    assert_true(virtio_net_may_have_changed(&net));
    assert_false(virtio_net_has_link(&net));
    assert_false(virtio_net_may_have_changed(&net));
    fake_virtio_change_config(6, 1);
    assert_true(virtio_net_may_have_changed(&net));
    assert_true(virtio_net_has_link(&net));
}

static void test_a_device_with_nothing(void **state)
{
    assert_non_null(*state);
    fake_virtio.offered = 0;
    fake_virtio.queue_size_max = 8;
    start(0);
    assert_memory_equal(net.address, "\x02\x00\x00\x00\x00\x18", 6);
    assert_int_equal(net.mtu, 1500);
    assert_true(virtio_net_has_link(&net));
    assert_int_equal(fake_virtio.queues[RX]->avail->idx, 8);
}

static void test_features_are_taken_where_they_are_used(void **state)
{
    assert_non_null(*state);
    start(F_HOST | F_GUEST);
    assert_int_equal(fake_virtio.agreed, fake_virtio.offered);
    assert_true(net.can_csum && net.can_gso4 && net.can_gso6);
    /* Frames to be cut need buffers that can be merged; one buffer holds no 9000 bytes. */
    fake_virtio.offered = F_GUEST | F_MTU | F_HOST;
    start(0);
    assert_int_equal(fake_virtio.agreed, F_GUEST_CSUM | F_HOST);
    assert_int_equal(net.mtu, 1500);
    /* A packet with the mark of congestion could not be passed on. */
    fake_virtio.offered = F_CSUM | F_HOST_TSO4;
    start(0);
    assert_true(net.can_csum);
    assert_false(net.can_gso4);
}

static void test_another_device(void **state)
{
    struct pci_function other = function;

    assert_non_null(*state);
    other.device = VIRTIO_TYPE_BLOCK;
    assert_int_equal(virtio_net_start(&net, &other), -ENODEV);
}

static void test_each_allocation_fails(void **state)
{
    unsigned int pages = 0;

    assert_non_null(*state);
    for (; pages < 2 * 2 + 2 * VIRTQUEUE_SIZE_MAX; pages++) {
        fake_virtio.pages_left = pages;
        assert_int_equal(virtio_net_start(&net, &function), -ENOMEM);
        assert_false(fake_virtio.is_running);
        setup(state);
    }
    fake_virtio.pages_left = pages;
    start(0);
}

static int send(uint32_t size, const struct net_offload *offload)
{
    return virtio_net_send(&net, &(struct virtio_net_part){bytes, size}, 1, offload);
}

/* The device gets the next frame; gives its first descriptor. */
static const struct virtq_desc *sent(void)
{
    int id;

    virtio_net_kick(&net);
    id = fake_virtio_take(TX);
    assert_true(id >= 0);
    return &fake_virtio.queues[TX]->desc[id];
}

static void test_a_frame_is_sent(void **state)
{
    const struct virtq_desc *desc;
    const uint8_t *at;

    assert_non_null(*state);
    start(0);
    assert_int_equal(send(100, &plain), 0);
    desc = sent();
    at = (const uint8_t *)(uintptr_t)desc->addr;
    assert_int_equal(desc->len, HEADER + 100);
    assert_int_equal(desc->flags, 0);
    assert_memory_equal(at, "\0\0\0\0\0\0\0\0\0\0\0", HEADER);
    assert_memory_equal(at + HEADER, bytes, 100);
    assert_int_equal(fake_virtio.notices[TX], 1);
}

static void test_a_frame_in_several_pages(void **state)
{
    const struct net_offload offload = {
        .is_csum_blank = true, .gso = NET_GSO_TCP4, .gso_size = 1448};
    const struct virtq_desc *desc, *table;
    uint32_t done = 0;

    assert_non_null(*state);
    start(F_HOST);
    make_tcp(65535, 0x80);
    assert_int_equal(send(65535, &offload), 0);
    desc = sent();
    table = fake_virtio.queues[TX]->desc;
    /* NEEDS_CSUM, TCPV4 with ECN, header 54, segments of 1448, checksum at 34 + 16 */
    assert_memory_equal((const uint8_t *)(uintptr_t)desc->addr,
                        "\x01\x81\x36\x00\xa8\x05\x22\x00\x10\x00\x00\x00", HEADER);
    for (uint32_t skip = HEADER;; skip = 0, desc = &table[desc->next]) {
        const uint8_t *at = (const uint8_t *)(uintptr_t)desc->addr;

        assert_int_equal(((uintptr_t)at + desc->len - 1) / PAGE, (uintptr_t)at / PAGE);
        assert_memory_equal(at + skip, bytes + done, desc->len - skip);
        done += desc->len - skip;
        if (!(desc->flags & 1))
            break;
    }
    assert_int_equal(done, 65535);
}

/* Parts of any size, empty ones among them, come together in pages. */
static void test_a_frame_in_several_parts(void **state)
{
    struct virtio_net_part parts[12];
    const struct virtq_desc *desc;
    uint32_t size = 0;

    assert_non_null(*state);
    start(F_MTU);
    for (unsigned int i = 0; i < 12; i++) {
        parts[i] = (struct virtio_net_part){bytes + size, i == 0 ? 100 : i % 4 * 490};
        size += parts[i].size;
    }
    assert_int_equal(virtio_net_send(&net, parts, 12, &plain), 0);
    desc = sent();
    assert_int_equal(desc->len, PAGE - 4);
    assert_memory_equal((const uint8_t *)(uintptr_t)desc->addr + HEADER, bytes, PAGE - 16);
    desc = &fake_virtio.queues[TX]->desc[desc->next];
    assert_memory_equal((const uint8_t *)(uintptr_t)desc->addr, bytes + PAGE - 16, PAGE);
    desc = &fake_virtio.queues[TX]->desc[desc->next];
    assert_int_equal(desc->len, size - (2 * PAGE - 16));
    assert_memory_equal((const uint8_t *)(uintptr_t)desc->addr, bytes + 2 * PAGE - 16, desc->len);
}

static void test_what_cannot_be_sent(void **state)
{
    struct net_offload blank = {.is_csum_blank = true};

    assert_non_null(*state);
    start(0);
    assert_int_equal(send(13, &plain), -EMSGSIZE);
    assert_int_equal(send(1519, &plain), -EMSGSIZE);
    assert_int_equal(send(1518, &plain), 0);
    make_tcp(1000, 0);
    assert_int_equal(send(1000, &blank), -EOPNOTSUPP);
    start(F_CSUM);
    assert_int_equal(send(1000, &blank), 0);
    bytes[ETHER + 9] = 1;
    assert_int_equal(send(1000, &blank), -EBADMSG);
    blank.gso = NET_GSO_TCP4;
    assert_int_equal(send(1000, &blank), -EOPNOTSUPP);
    start(F_HOST);
    blank.gso = NET_GSO_TCP6;
    make_tcp(1000, 0);
    assert_int_equal(send(1000, &blank), -EBADMSG);
}

/* All pages go out and come back, in any order, many times. */
static void test_pages_come_back(void **state)
{
    assert_non_null(*state);
    start(F_HOST | F_MTU);
    for (unsigned int round = 0; round < 50; round++) {
        int ids[VIRTQUEUE_SIZE_MAX], id, count = 0;

        while (send(1000 + 3500 * (round % 3), &plain) == 0)
            ;
        virtio_net_kick(&net);
        while ((id = fake_virtio_take(TX)) >= 0)
            ids[count++] = id;
        assert_int_equal(count, round % 3 == 0 ? 256 : 128);
        while (count-- != 0)
            fake_virtio_return(TX, (uint32_t)ids[round % 2 == 0 ? count : count ^ 1], 0);
    }
    assert_true(virtio_net_has_room(&net, 60000, 1));
    assert_int_equal(net.tx_free_count, VIRTQUEUE_SIZE_MAX);
    assert_false(net.is_broken);
}

/* A small queue has room for what it can never hold when it is empty: waiting does not help. */
static void test_room_for_several(void **state)
{
    assert_non_null(*state);
    fake_virtio.queue_size_max = 8;
    start(0);
    assert_true(virtio_net_has_room(&net, 1514, 8));
    assert_true(virtio_net_has_room(&net, 1514, 45));
    assert_int_equal(send(1514, &plain), 0);
    assert_true(virtio_net_has_room(&net, 1514, 7));
    assert_false(virtio_net_has_room(&net, 1514, 8));
    assert_false(virtio_net_has_room(&net, 1514, 45));
    assert_false(virtio_net_has_room(&net, 5000, 4));
    start(F_HOST);
    make_tcp(40000, 0);
    assert_int_equal(
        send(40000,
             &(struct net_offload){.is_csum_blank = true, .gso = NET_GSO_TCP4, .gso_size = 1448}),
        -ENOSPC);
}

static void test_no_room_asks_for_an_interrupt(void **state)
{
    assert_non_null(*state);
    start(0);
    for (unsigned int i = 0; i < VIRTQUEUE_SIZE_MAX; i++)
        assert_int_equal(send(60, &plain), 0);
    virtio_net_kick(&net);
    assert_false(fake_virtio_interrupt(TX));
    assert_int_equal(send(60, &plain), -ENOSPC);
    fake_virtio_return(TX, (uint32_t)fake_virtio_take(TX), 0);
    assert_true(fake_virtio_interrupt(TX));
    assert_true(virtio_net_has_event(&net));
    virtio_net_wake(&net);
    assert_false(fake_virtio_interrupt(TX));
    assert_int_equal(send(60, &plain), 0);
}

/* The device fills the next buffer: a header with these flags, and part of the frame. */
static uint32_t fill(const char *header, uint32_t skip, const uint8_t *from, uint32_t size)
{
    int id = fake_virtio_take(RX);
    uint8_t *at;

    assert_true(id >= 0);
    at = fake_virtio_bytes(RX, (unsigned int)id);
    if (skip != 0)
        memcpy(at, header, HEADER);
    memcpy(at + skip, from, size);
    fake_virtio_return(RX, (uint32_t)id, skip + size);
    return (uint32_t)id;
}

#define PLAIN "\0\0\0\0\0\0\0\0\0\0\1\0"

static void test_a_frame_is_received(void **state)
{
    assert_non_null(*state);
    start(0);
    assert_false(virtio_net_receive(&net, &frame));
    for (unsigned int i = 0; i < 1000; i++) {
        fill(PLAIN, HEADER, bytes, 1514);
        assert_true(virtio_net_receive(&net, &frame));
        assert_int_equal(frame.size, 1514);
        assert_int_equal(frame.piece_count, 1);
        assert_memory_equal(frame.pieces[0].bytes, bytes, 1514);
        assert_false(frame.offload.is_csum_blank || frame.offload.is_csum_valid);
        assert_false(virtio_net_receive(&net, &frame));
        virtio_net_recycle(&net, &frame);
        virtio_net_kick(&net);
    }
}

static void test_a_frame_in_several_buffers(void **state)
{
    assert_non_null(*state);
    start(F_GUEST);
    make_tcp(9000, 0);
    fill("\x01\x01\x36\x00\xa8\x05\x22\x00\x10\x00\x03\x00", HEADER, bytes, 4084);
    fill("", 0, bytes + 4084, 4096);
    fill("", 0, bytes + 8180, 820);
    assert_true(virtio_net_receive(&net, &frame));
    assert_int_equal(frame.size, 9000);
    assert_int_equal(frame.piece_count, 3);
    assert_memory_equal(frame.pieces[2].bytes, bytes + 8180, 820);
    assert_true(frame.offload.is_csum_blank && frame.offload.is_csum_valid);
    assert_int_equal(frame.offload.gso, NET_GSO_TCP4);
    assert_int_equal(frame.offload.gso_size, 1448);
    virtio_net_recycle(&net, &frame);
    virtio_net_kick(&net);
    assert_int_equal(fake_virtio.queues[RX]->avail->idx, VIRTQUEUE_SIZE_MAX + 3);
}

static void test_a_checksum_that_the_device_has_checked(void **state)
{
    assert_non_null(*state);
    start(F_GUEST);
    fill("\2\0\0\0\0\0\0\0\0\0\1\0", HEADER, bytes, 60);
    assert_true(virtio_net_receive(&net, &frame));
    assert_true(frame.offload.is_csum_valid && !frame.offload.is_csum_blank);
}

/* Headers that do not suit their frames cost the frame alone. */
static void test_frames_that_are_not_right(void **state)
{
    static const char *const headers[] = {
        "\0\x01\0\0\0\0\0\0\0\0\1\0",           /* segments without a checksum */
        "\1\0\0\0\0\0\x23\0\x10\0\1\0",         /* checksum of something else */
        "\1\0\0\0\0\0\x22\0\x06\0\1\0",         /* at another place */
        "\1\x04\x36\0\xa8\x05\x22\0\x10\0\1\0", /* IPv6 segments of IPv4 */
        "\1\x03\x36\0\xa8\x05\x22\0\x10\0\1\0", /* UDP segments */
        "\1\x01\x36\0\0\0\x22\0\x10\0\1\0",     /* segments of nothing */
    };

    assert_non_null(*state);
    start(F_GUEST);
    make_tcp(1000, 0);
    for (unsigned int i = 0; i < 6; i++) {
        fill(headers[i], HEADER, bytes, 1000);
        assert_false(virtio_net_receive(&net, &frame));
        assert_int_equal(net.bad_count, i + 1);
    }
    fill(PLAIN, HEADER, bytes, 13);                       /* no Ethernet header */
    fill("\0\0\0\0\0\0\0\0\0\0\2\0", HEADER, bytes, 100); /* a head in two buffers */
    fill("", 0, bytes, 100);
    assert_false(virtio_net_receive(&net, &frame));
    assert_int_equal(net.bad_count, 8);
    fill(PLAIN, HEADER, bytes, 1000);
    assert_true(virtio_net_receive(&net, &frame));
    virtio_net_recycle(&net, &frame);
    virtio_net_kick(&net);
    assert_int_equal(fake_virtio.queues[RX]->avail->idx, VIRTQUEUE_SIZE_MAX + 10);
}

static void expect_stopped(void)
{
    assert_false(virtio_net_receive(&net, &frame));
    assert_true(net.is_broken);
    assert_false(fake_virtio.is_running);
    assert_false(virtio_net_has_link(&net));
    assert_true(virtio_net_has_room(&net, 60000, 1));
    assert_int_equal(send(60, &plain), -EIO);
    assert_false(virtio_net_receive(&net, &frame));
}

static void test_a_frame_of_no_buffers(void **state)
{
    assert_non_null(*state);
    start(0);
    fill("\0\0\0\0\0\0\0\0\0\0\0\0", HEADER, bytes, 60);
    expect_stopped();
}

static void test_a_frame_of_too_many_buffers(void **state)
{
    assert_non_null(*state);
    start(0);
    for (unsigned int i = 0; i < 18; i++)
        fill("\0\0\0\0\0\0\0\0\0\0\x12\0", HEADER, bytes, 60);
    expect_stopped();
}

static void test_a_frame_whose_end_is_missing(void **state)
{
    assert_non_null(*state);
    start(0);
    fill("\0\0\0\0\0\0\0\0\0\0\2\0", HEADER, bytes, 1000);
    expect_stopped();
}

static void test_a_buffer_that_it_never_had(void **state)
{
    assert_non_null(*state);
    start(0);
    fake_virtio_return(RX, 256, 60);
    expect_stopped();
}

static void test_a_length_beyond_the_buffer(void **state)
{
    assert_non_null(*state);
    start(0);
    fake_virtio_return(RX, (uint32_t)fake_virtio_take(RX), PAGE + 1);
    expect_stopped();
}

static void test_a_frame_sent_twice(void **state)
{
    uint32_t id;

    assert_non_null(*state);
    start(0);
    for (unsigned int i = 0; i < VIRTQUEUE_SIZE_MAX; i++)
        assert_int_equal(send(60, &plain), 0);
    virtio_net_kick(&net);
    id = (uint32_t)fake_virtio_take(TX);
    fake_virtio_return(TX, id, 0);
    fake_virtio_return(TX, id, 0);
    assert_int_equal(send(60, &plain), -EIO);
    expect_stopped();
}

static void test_interrupts_only_while_asleep(void **state)
{
    assert_non_null(*state);
    start(0);
    fill(PLAIN, HEADER, bytes, 60);
    assert_true(fake_virtio_interrupt(RX));
    assert_true(virtio_net_has_event(&net));
    virtio_net_wake(&net);
    assert_false(virtio_net_has_event(&net));
    assert_false(fake_virtio_interrupt(RX));
    assert_true(virtio_net_receive(&net, &frame));
    fill(PLAIN, HEADER, bytes, 60);
    virtio_net_sleep(&net);
    assert_true(virtio_net_has_event(&net));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_device_is),
        TEST(a_cable_that_comes_and_goes),
        TEST(a_device_with_nothing),
        TEST(features_are_taken_where_they_are_used),
        TEST(another_device),
        TEST(each_allocation_fails),
        TEST(a_frame_is_sent),
        TEST(a_frame_in_several_pages),
        TEST(a_frame_in_several_parts),
        TEST(what_cannot_be_sent),
        TEST(pages_come_back),
        TEST(room_for_several),
        TEST(no_room_asks_for_an_interrupt),
        TEST(a_frame_is_received),
        TEST(a_frame_in_several_buffers),
        TEST(a_checksum_that_the_device_has_checked),
        TEST(frames_that_are_not_right),
        TEST(a_frame_of_no_buffers),
        TEST(a_frame_of_too_many_buffers),
        TEST(a_frame_whose_end_is_missing),
        TEST(a_buffer_that_it_never_had),
        TEST(a_length_beyond_the_buffer),
        TEST(a_frame_sent_twice),
        TEST(interrupts_only_while_asleep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
