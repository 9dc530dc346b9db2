/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet that lies: the input is a frame with its offload information. Headers lie in the head,
 * checksums add up, and segments have all of the payload, once and in order, each within its size.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pv/net_offload.h"

#define FRAME_MAX 65535u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t segment[NET_HEAD_MAX + FRAME_MAX];

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static unsigned int add_up(const uint8_t *bytes, size_t size, unsigned int sum)
{
    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (unsigned int)bytes[i] << 8 : bytes[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void check_headers(const struct net_headers *headers, size_t head_size, size_t size)
{
    expect(headers->network < headers->transport && headers->transport < headers->csum);
    expect(headers->csum + 2u <= headers->payload && headers->payload <= head_size);
    expect(headers->payload <= headers->end && headers->end <= size);
}

/* Finishes the packet in two pieces and adds it up again. */
static void check_sum(const struct net_headers *headers, uint8_t *packet, uint32_t first)
{
    const uint8_t *ip = packet + headers->network;
    uint32_t length = headers->end - headers->transport;
    unsigned int sum = (headers->is_tcp ? 6u : 17u) + (length & 0xffff) + (length >> 16);

    net_checksum_finish(headers,
                        (struct net_piece[]){{packet, headers->payload + first},
                                             {packet + headers->payload + first,
                                              headers->end - headers->payload - first}},
                        2);
    sum = headers->is_ipv6 ? add_up(ip + 8, 32, sum) : add_up(ip + 12, 8, sum);
    expect(add_up(packet + headers->transport, length, sum) == 0xffff);
}

/* By fields: padding has no value. */
static bool is_same(const struct net_headers *a, const struct net_headers *b)
{
    return a->network == b->network && a->transport == b->transport && a->payload == b->payload &&
           a->csum == b->csum && a->end == b->end && a->is_ipv6 == b->is_ipv6 &&
           a->is_tcp == b->is_tcp;
}

static void check_cut(const struct net_offload *offload, const uint8_t *frame, size_t head_size,
                      size_t size)
{
    struct net_cut cut;
    uint32_t next;

    if (net_cut_start(&cut, offload, frame, head_size, size) != 0)
        return;
    check_headers(&cut.headers, head_size, size);
    expect(cut.segment_count > 0 && cut.segment_count <= NET_CUTS_MAX);
    next = cut.headers.payload;
    for (unsigned int i = 0; i < cut.segment_count; i++) {
        struct net_headers headers, again;
        uint32_t offset, part = net_cut_payload(&cut, i, &offset);

        expect(offset == next && part > 0 && part <= offload->gso_size);
        next += part;
        net_cut_head(&cut, i, segment, &headers);
        memcpy(segment + headers.payload, frame + offset, part);
        expect(net_headers_read(&again, segment, headers.end, headers.end) == 0);
        expect(is_same(&again, &headers));
        check_sum(&headers, segment, part / 2);
    }
    expect(next == cut.headers.end);
}

/* Most frames are to be IP packets. */
static void set_type(uint8_t *frame, size_t size, bool is_ipv6)
{
    if (size <= 14)
        return;
    frame[12] = is_ipv6 ? 0x86 : 0x08;
    frame[13] = is_ipv6 ? 0xdd : 0x00;
    frame[14] = (uint8_t)((frame[14] & 0xf) | (is_ipv6 ? 0x60 : 0x40));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct net_offload offload;
    struct net_headers headers;
    uint8_t *frame, kind;
    size_t head_size;

    if (size < 4 || size > FRAME_MAX)
        return 0;
    kind = bytes[0];
    offload = (struct net_offload){.is_csum_blank = true,
                                   .gso = kind % 4 > 1 ? NET_GSO_TCP6 : NET_GSO_TCP4,
                                   .gso_size = (uint16_t)(bytes[1] | bytes[2] << 8)};
    bytes += 3;
    size -= 3;
    /* Of its own size: the sanitizer sees what lies beyond. */
    frame = malloc(size);
    memcpy(frame, bytes, size);
    if (kind % 16 != 0)
        set_type(frame, size, kind % 4 > 1);
    head_size = size < NET_HEAD_MAX ? size : NET_HEAD_MAX;
    check_cut(&offload, frame, head_size, size);
    if (net_headers_read(&headers, frame, head_size, size) == 0) {
        check_headers(&headers, head_size, size);
        check_sum(&headers, frame, (headers.end - headers.payload) / 3);
        net_checksum_blank(&headers, frame);
    }
    free(frame);
    return 0;
}
