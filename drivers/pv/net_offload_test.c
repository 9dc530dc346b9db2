/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums and segments against sums that are added up word by word, and against packets that lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pv/net_offload.h"
#include "lib/errno.h"

#define ETHER   14u
#define IPV4    20u
#define IPV6    40u
#define TCP     20u
#define OPTIONS 12u
#define UDP     8u
#define MAX     20000u

static uint8_t frame[MAX];
static struct net_headers headers;

static void put16(uint8_t *at, unsigned int value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned int get16(const uint8_t *at)
{
    return (unsigned int)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* Adds up big-endian words, without folding. */
static uint32_t add_up(const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    return sum;
}

static unsigned int folded(uint32_t sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static unsigned int pseudo(const uint8_t *packet, const struct net_headers *at)
{
    const uint8_t *ip = packet + ETHER;
    uint32_t sum = at->is_ipv6 ? add_up(ip + 8, 32) : add_up(ip + 12, 8);

    return folded(sum + (at->is_tcp ? 6u : 17u) + (at->end - at->transport));
}

/* A packet's checksum is right if everything under it adds up to all ones. */
static void assert_right(const uint8_t *packet, const struct net_headers *at)
{
    uint32_t sum = pseudo(packet, at);

    sum += add_up(packet + at->transport, at->end - at->transport);
    assert_int_equal(folded(sum), 0xffff);
}

static void fill(uint32_t from, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        frame[from + i] = (uint8_t)(i * 7 + i / 256);
}

/* Fills in the Ethernet and the IP header; gives where the packet's content begins. */
static uint32_t make_ip(bool is_ipv6, uint8_t protocol, uint32_t content)
{
    uint8_t *ip = frame + ETHER;

    memset(frame, 0, sizeof(frame));
    fill(0, 12);
    put16(frame + 12, is_ipv6 ? 0x86dd : 0x0800);
    if (is_ipv6) {
        ip[0] = 0x60;
        put16(ip + 4, content);
        ip[6] = protocol;
        fill(ETHER + 8, 32);
        return ETHER + IPV6;
    }
    ip[0] = 0x45;
    put16(ip + 2, IPV4 + content);
    put16(ip + 4, 0xfffe);
    ip[9] = protocol;
    fill(ETHER + 12, 8);
    return ETHER + IPV4;
}

/* A TCP packet with a time stamp option; gives the frame's size. */
static uint32_t make_tcp(bool is_ipv6, uint32_t payload)
{
    uint32_t at = make_ip(is_ipv6, 6, TCP + OPTIONS + payload);

    fill(at, TCP + OPTIONS + payload);
    put16(frame + at + 4, 0xffff);
    put16(frame + at + 6, 0xfff0);
    frame[at + 12] = (TCP + OPTIONS) / 4 << 4;
    frame[at + 13] = 0x99; /* CWR, ACK, PSH, FIN */
    return at + TCP + OPTIONS + payload;
}

static uint32_t make_udp(bool is_ipv6, uint32_t payload)
{
    uint32_t at = make_ip(is_ipv6, 17, UDP + payload);

    fill(at, UDP + payload);
    put16(frame + at + 4, UDP + payload);
    return at + UDP + payload;
}

static void finish(uint32_t size)
{
    assert_int_equal(net_headers_read(&headers, frame, size, size), 0);
    net_checksum_finish(&headers, &(struct net_piece){frame, size}, 1);
}

static void test_checksums_of_all_kinds(void **state)
{
    assert_null(*state);
    for (uint32_t payload = 0; payload < 100; payload++) {
        for (unsigned int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
            finish(make_tcp(is_ipv6, payload));
            assert_true(headers.is_tcp);
            assert_right(frame, &headers);
            finish(make_udp(is_ipv6, payload));
            assert_false(headers.is_tcp);
            assert_right(frame, &headers);
        }
    }
}

/* What is there is added to itself: the sum is zero, which is sent as ones. */
static void test_a_udp_checksum_is_never_zero(void **state)
{
    uint32_t size = make_udp(false, 2);
    uint8_t *last = frame + size - 2;

    assert_null(*state);
    put16(last, 0);
    finish(size);
    put16(last, get16(frame + headers.csum));
    finish(size);
    assert_int_equal(get16(frame + headers.csum), 0xffff);
}

static void test_pieces_of_any_size(void **state)
{
    uint32_t size = make_tcp(false, 1000), first = ETHER + IPV4 + TCP + OPTIONS;
    unsigned int whole;

    assert_null(*state);
    finish(size);
    whole = get16(frame + headers.csum);
    for (uint32_t cut = 0; cut < 40; cut++) {
        struct net_piece pieces[] = {{frame, first + cut},
                                     {frame + first + cut, 1},
                                     {frame + first + cut + 1, 333 + cut},
                                     {frame + first + 2 * cut + 334, size - first - 2 * cut - 334}};

        put16(frame + headers.csum, 0xdead);
        net_checksum_finish(&headers, pieces, 4);
        assert_int_equal(get16(frame + headers.csum), whole);
    }
}

static void test_padding_is_not_counted(void **state)
{
    uint32_t size = make_udp(false, 3);

    assert_null(*state);
    memset(frame + size, 0xaa, 60 - size);
    assert_int_equal(net_headers_read(&headers, frame, 60, 60), 0);
    assert_int_equal(headers.end, size);
    net_checksum_finish(&headers, (struct net_piece[]){{frame, size + 1}, {frame + size + 1, 2}},
                        2);
    assert_right(frame, &headers);
}

static void test_a_blank_checksum(void **state)
{
    uint32_t size = make_tcp(true, 77);

    assert_null(*state);
    assert_int_equal(net_headers_read(&headers, frame, size, size), 0);
    net_checksum_blank(&headers, frame);
    assert_int_equal(get16(frame + headers.csum), pseudo(frame, &headers));
}

static void test_extension_headers_are_passed(void **state)
{
    uint32_t size = make_ip(true, 0, 16 + UDP) + 16 + UDP;

    assert_null(*state);
    frame[ETHER + IPV6] = 60;
    frame[ETHER + IPV6 + 8] = 17;
    put16(frame + ETHER + IPV6 + 16 + 4, UDP);
    finish(size);
    assert_int_equal(headers.transport, ETHER + IPV6 + 16);
    assert_right(frame, &headers);
}

static struct net_cut cut;

static int start(uint32_t size, enum net_gso gso, uint16_t gso_size)
{
    struct net_offload offload = {.is_csum_blank = true, .gso = gso, .gso_size = gso_size};

    return net_cut_start(&cut, &offload, frame, size < NET_HEAD_MAX ? size : NET_HEAD_MAX, size);
}

static void check_segment(unsigned int index, uint32_t *done)
{
    uint8_t copy[NET_HEAD_MAX + 2000];
    struct net_headers at, again;
    uint32_t offset, size = net_cut_payload(&cut, index, &offset), tcp;
    bool is_first = index == 0, is_last = index + 1 == cut.segment_count;

    assert_int_equal(offset, cut.headers.payload + *done);
    net_cut_head(&cut, index, copy, &at);
    memcpy(copy + at.payload, frame + offset, size);
    assert_int_equal(net_headers_read(&again, copy, at.end, at.end), 0);
    assert_memory_equal(&again, &at, sizeof(at));
    assert_int_equal(at.end, at.payload + size);
    net_checksum_finish(&at, &(struct net_piece){copy, at.end}, 1);
    assert_right(copy, &at);
    tcp = at.transport;
    assert_int_equal(get32(copy + tcp + 4), (uint32_t)(0xfffffff0 + *done));
    assert_int_equal(copy[tcp + 13], 0x10 | (is_first ? 0x80 : 0) | (is_last ? 0x09 : 0));
    assert_memory_equal(copy + tcp + TCP, frame + tcp + TCP, OPTIONS);
    if (!at.is_ipv6) {
        assert_int_equal(folded(add_up(copy + ETHER, IPV4)), 0xffff);
        assert_int_equal(get16(copy + ETHER + 4), (uint16_t)(0xfffe + index));
    }
    *done += size;
}

static void check_cut(bool is_ipv6, uint32_t payload, uint16_t gso_size)
{
    uint32_t done = 0;
    uint32_t size = make_tcp(is_ipv6, payload);

    assert_int_equal(start(size, is_ipv6 ? NET_GSO_TCP6 : NET_GSO_TCP4, gso_size), 0);
    assert_int_equal(cut.segment_count, (payload + gso_size - 1) / gso_size);
    for (unsigned int i = 0; i < cut.segment_count; i++)
        check_segment(i, &done);
    assert_int_equal(done, payload);
}

static void test_segments(void **state)
{
    assert_null(*state);
    for (unsigned int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
        check_cut(is_ipv6, 10000, 1448);
        check_cut(is_ipv6, 2 * 1448, 1448);
        check_cut(is_ipv6, 1448, 1448);
        check_cut(is_ipv6, 1, 1448);
        check_cut(is_ipv6, NET_CUTS_MAX, 1);
        check_cut(is_ipv6, 999, 333);
    }
}

static void test_what_cannot_be_cut(void **state)
{
    uint32_t size = make_tcp(false, NET_CUTS_MAX + 1);

    assert_null(*state);
    assert_int_equal(start(size, NET_GSO_TCP4, 0), -EINVAL);
    assert_int_equal(start(size, NET_GSO_TCP4, 1), -EINVAL);
    assert_int_equal(start(size, NET_GSO_TCP4, 2), 0);
    assert_int_equal(start(size, NET_GSO_TCP6, 100), -EBADMSG);
    assert_int_equal(start(size, NET_GSO_NONE, 100), -EBADMSG);
    assert_int_equal(start(make_tcp(false, 0), NET_GSO_TCP4, 100), -EINVAL);
    assert_int_equal(start(make_udp(false, 500), NET_GSO_TCP4, 100), -EBADMSG);
}

static int read_changed(uint32_t size, uint32_t at, uint8_t value)
{
    uint8_t old = frame[at];
    int err;

    frame[at] = value;
    err = net_headers_read(&headers, frame, size < NET_HEAD_MAX ? size : NET_HEAD_MAX, size);
    frame[at] = old;
    return err;
}

static void test_headers_that_lie(void **state)
{
    uint32_t size = make_tcp(false, 300), tcp = ETHER + IPV4;

    assert_null(*state);
    assert_int_equal(read_changed(size, 0, 0), 0);
    assert_int_equal(read_changed(size, 13, 6), -EBADMSG);           /* ARP */
    assert_int_equal(read_changed(size, ETHER, 0x65), -EBADMSG);     /* version */
    assert_int_equal(read_changed(size, ETHER, 0x44), -EBADMSG);     /* header too short */
    assert_int_equal(read_changed(size, ETHER + 2, 0xff), -EBADMSG); /* longer than the frame */
    assert_int_equal(read_changed(size, ETHER + 2, 0), 0);           /* shorter: padding */
    assert_int_equal(read_changed(size, ETHER + 6, 0x20), -EBADMSG); /* more fragments */
    assert_int_equal(read_changed(size, ETHER + 7, 1), -EBADMSG);    /* a later fragment */
    assert_int_equal(read_changed(size, ETHER + 9, 1), -EBADMSG);    /* ICMP */
    assert_int_equal(read_changed(size, tcp + 12, 0x40), -EBADMSG);  /* header too short */
    put16(frame + ETHER + 2, IPV4 + TCP);
    assert_int_equal(read_changed(size, 0, 0), -EBADMSG); /* options behind the packet's end */
    size = make_tcp(true, 200);
    assert_int_equal(read_changed(size, ETHER + 6, 43), -EBADMSG); /* routing header */
    assert_int_equal(read_changed(size, ETHER + 6, 44), -EBADMSG); /* fragment header */
    assert_int_equal(read_changed(size, ETHER + 5, 0), -EBADMSG);  /* no length */
    assert_int_equal(read_changed(size, ETHER, 0x40), -EBADMSG);   /* version */
}

/* Each end of a frame, in memory that ends there: the sanitizer sees a read beyond. */
static void test_frames_that_end_early(void **state)
{
    assert_null(*state);
    for (unsigned int kind = 0; kind < 4; kind++) {
        uint32_t whole = kind < 2 ? make_tcp(kind % 2, 0) : make_udp(kind % 2, 0);

        for (uint32_t size = 0; size <= whole; size++) {
            uint8_t *copy = malloc(size == 0 ? 1 : size);

            memcpy(copy, frame, size);
            assert_int_equal(net_headers_read(&headers, copy, size, whole),
                             size == whole ? 0 : -EBADMSG);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksums_of_all_kinds),
        cmocka_unit_test(test_a_udp_checksum_is_never_zero),
        cmocka_unit_test(test_pieces_of_any_size),
        cmocka_unit_test(test_padding_is_not_counted),
        cmocka_unit_test(test_a_blank_checksum),
        cmocka_unit_test(test_extension_headers_are_passed),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_what_cannot_be_cut),
        cmocka_unit_test(test_headers_that_lie),
        cmocka_unit_test(test_frames_that_end_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
