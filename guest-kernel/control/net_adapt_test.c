/* SPDX-License-Identifier: BSD-2-Clause */
/* What a port gets of a frame that it cannot take as it is. Granted pages are own memory here: each
 * reference is a place in `pages`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/net_adapt.h"
#include "guest-kernel/control/net_copy.h"
#include "lib/compiler.h"
#include "lib/errno.h"

#define HEADERS 54u /* Ethernet 14, IPv4 20, TCP 20 */
#define MSS     1000u
#define PAYLOAD 3500u
#define BAD_REF 99u

static uint8_t page[4096];
static uint8_t frame_head[NET_HEAD_MAX];
static struct net_segment segment;
static struct net_frame frame;
static struct net_port port;
static unsigned int run_count;

/* What the port got. */
static struct {
    uint8_t bytes[NET_FRAME_MAX];
    uint32_t size;
    struct net_offload offload;
} got[NET_CUTS_MAX];
static unsigned int got_count;

void net_copy_add(struct net_frame *of, const struct net_segment *piece,
                  const struct net_target *to, int *status)
{
    if (piece->bytes == NULL && piece->ref == BAD_REF)
        *status = of->status = -EIO;
    else
        memcpy(to->bytes, piece->bytes != NULL ? piece->bytes : page + piece->offset, piece->size);
}

void net_copy_run(void)
{
    run_count++;
    while (net_adapt_finish())
        ;
    net_adapt_clear();
}

static void deliver(struct net_port *to, struct net_frame *one)
{
    uint8_t *at;

    assert_ptr_equal(to, &port);
    assert_true(got_count < NET_CUTS_MAX);
    at = got[got_count].bytes;
    memcpy(at, one->head, one->head_size);
    at += one->head_size;
    for (unsigned int i = 0; i < one->segment_count; i++) {
        const struct net_segment *from = &one->segments[i];

        memcpy(at, from->bytes != NULL ? from->bytes : page + from->offset, from->size);
        at += from->size;
    }
    got[got_count].size = one->size;
    got[got_count].offload = one->offload;
    assert_int_equal(at - got[got_count].bytes, one->size);
    got_count++;
}

/* A TCP packet over IPv4 with PAYLOAD bytes, of which the head has the first. */
static int setup(void **state)
{
    static const uint8_t headers[HEADERS] = {[12] = 0x08,
                                             [14] = 0x45,
                                             [16] = (PAYLOAD + 40) >> 8,
                                             [17] = (PAYLOAD + 40) & 0xff,
                                             [22] = 64,
                                             [23] = 6,
                                             [26] = 10,
                                             [29] = 1,
                                             [30] = 10,
                                             [33] = 2,
                                             [46] = 0x50};

    assert_null(*state);
    for (unsigned int i = 0; i < sizeof(page); i++)
        page[i] = (uint8_t)(i * 7 + i / 256);
    memcpy(frame_head, headers, HEADERS);
    memcpy(frame_head + HEADERS, page, NET_HEAD_MAX - HEADERS);
    segment = (struct net_segment){.offset = NET_HEAD_MAX - HEADERS,
                                   .size = PAYLOAD - (NET_HEAD_MAX - HEADERS)};
    frame = (struct net_frame){
        .head = frame_head,
        .head_size = NET_HEAD_MAX,
        .size = HEADERS + PAYLOAD,
        .segments = &segment,
        .segment_count = 1,
        .offload = {.is_csum_blank = true, .gso = NET_GSO_TCP4, .gso_size = MSS}};
    port = (struct net_port){.deliver = deliver, .can = {.size_max = NET_FRAME_MAX}};
    got_count = run_count = 0;
    return 0;
}

static uint32_t sum_of(const uint8_t *bytes, uint32_t size, uint32_t sum)
{
    for (uint32_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static bool has_right_checksum(const uint8_t *bytes, uint32_t size)
{
    uint32_t pseudo = sum_of(bytes + 26, 8, 6 + size - 34);

    return sum_of(bytes + 34, size - 34, pseudo) == 0xffff;
}

static void send(void)
{
    net_adapt_deliver(&port, &frame);
    net_copy_run();
}

static void expect_segments(bool has_checksum)
{
    uint32_t done = 0;

    assert_int_equal(got_count, 4);
    for (unsigned int i = 0; i < got_count; i++) {
        uint32_t size = i < 3 ? MSS : PAYLOAD - 3 * MSS;

        assert_int_equal(got[i].size, HEADERS + size);
        assert_memory_equal(got[i].bytes + HEADERS, page + done, size);
        assert_int_equal(has_right_checksum(got[i].bytes, got[i].size), has_checksum);
        assert_int_equal(got[i].offload.gso, NET_GSO_NONE);
        assert_int_equal(got[i].offload.is_csum_blank, !has_checksum);
        assert_int_equal(got[i].offload.is_csum_valid, has_checksum);
        done += size;
    }
}

static void test_a_port_that_can_gets_the_frame_as_it_is(void **state)
{
    assert_null(*state);
    port.can = (struct net_abilities){
        .can_csum4 = true, .can_gso4 = true, .can_grants = true, .size_max = NET_FRAME_MAX};
    net_adapt_deliver(&port, &frame);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].offload.gso, NET_GSO_TCP4);
    assert_int_equal(net_adapt_count(&port, &frame), 1);
    net_copy_run();
    assert_int_equal(got_count, 1);
}

static void test_segments_are_cut_for_own_memory(void **state)
{
    assert_null(*state);
    send();
    expect_segments(true);
}

static void test_segments_are_cut_for_granted_pages(void **state)
{
    assert_null(*state);
    port.can.can_grants = true;
    send();
    expect_segments(true);
    assert_int_equal(net_adapt_count(&port, &frame), 4);
}

static void test_the_port_computes_checksums_if_it_can(void **state)
{
    assert_null(*state);
    port.can.can_csum4 = true;
    send();
    expect_segments(false);
}

static void test_a_checksum_is_filled_in(void **state)
{
    assert_null(*state);
    port.can.can_gso4 = true;
    frame.offload.gso = NET_GSO_NONE;
    send();
    assert_int_equal(got_count, 1);
    assert_true(has_right_checksum(got[0].bytes, got[0].size));
    assert_false(got[0].offload.is_csum_blank);
    assert_true(got[0].offload.is_csum_valid);
}

static void test_a_frame_in_granted_pages_is_fetched(void **state)
{
    assert_null(*state);
    frame.offload = (struct net_offload){.is_csum_valid = true};
    net_adapt_deliver(&port, &frame);
    assert_int_equal(got_count, 0);
    net_copy_run();
    assert_int_equal(got_count, 1);
    assert_memory_equal(got[0].bytes + HEADERS, page, PAYLOAD);
    assert_true(got[0].offload.is_csum_valid);
}

static void test_a_large_frame_is_cut_for_a_port_with_small_buffers(void **state)
{
    assert_null(*state);
    port.can = (struct net_abilities){
        .can_csum4 = true, .can_gso4 = true, .can_grants = true, .size_max = 2000};
    send();
    expect_segments(false);
    frame.offload.gso = NET_GSO_NONE;
    got_count = 0;
    send();
    assert_int_equal(got_count, 0);
    assert_int_equal(port.counters.too_long, 1);
}

static void test_a_bad_page_costs_the_frame(void **state)
{
    assert_null(*state);
    segment.ref = BAD_REF;
    send();
    assert_int_equal(got_count, 0);
    assert_int_equal(frame.status, -EIO);
    assert_int_equal(port.counters.dropped, 1);
}

static void test_what_is_no_tcp_packet_cannot_be_cut(void **state)
{
    assert_null(*state);
    frame_head[23] = 17;
    send();
    assert_int_equal(port.counters.dropped, 1);
    frame_head[12] = 0x09;
    frame.offload.gso = NET_GSO_NONE;
    send();
    assert_int_equal(port.counters.dropped, 2);
    frame.offload.gso = NET_GSO_TCP4;
    frame.offload.gso_size = 1;
    send();
    assert_int_equal(port.counters.dropped, 3);
    assert_int_equal(got_count, 0);
}

static void test_a_full_arena_is_emptied(void **state)
{
    assert_null(*state);
    for (unsigned int i = 0; i < 30; i++) {
        got_count = 0;
        segment.size = 4096 - segment.offset;
        frame.size = NET_HEAD_MAX + segment.size;
        frame.offload = (struct net_offload){.is_csum_valid = true};
        net_adapt_deliver(&port, &frame);
    }
    assert_int_equal(run_count, 0);
    for (unsigned int i = 0; i < 100; i++) {
        got_count = 0;
        net_adapt_deliver(&port, &frame);
    }
    assert_true(run_count > 0);
    net_copy_run();
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_port_that_can_gets_the_frame_as_it_is),
        TEST(test_segments_are_cut_for_own_memory),
        TEST(test_segments_are_cut_for_granted_pages),
        TEST(test_the_port_computes_checksums_if_it_can),
        TEST(test_a_checksum_is_filled_in),
        TEST(test_a_frame_in_granted_pages_is_fetched),
        TEST(test_a_large_frame_is_cut_for_a_port_with_small_buffers),
        TEST(test_a_bad_page_costs_the_frame),
        TEST(test_what_is_no_tcp_packet_cannot_be_cut),
        TEST(test_a_full_arena_is_emptied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
