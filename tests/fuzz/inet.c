/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network that lies: the input is a list of frames for one host, each with a byte of what is made
 * right in it before. An answer lies within its buffer, goes where the frame came from and is a
 * whole packet with checksums that add up; it is counted once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pv/inet.h"

#define OWN 0x0a000210u /* 10.0.2.16 */

/* Offsets in a frame: Ethernet, ARP (RFC 826), IPv4 (RFC 791), ICMP (RFC 792). */
#define TYPE        12u
#define PACKET      14u
#define ARP_SIZE    28u
#define ARP_TARGET  (PACKET + 24u)
#define IP_LENGTH   (PACKET + 2u)
#define IP_PROTOCOL (PACKET + 9u)
#define IP_CHECKSUM (PACKET + 10u)
#define IP_SOURCE   (PACKET + 12u)
#define IP_TARGET   (PACKET + 16u)
#define IP_HEADER   20u
#define ICMP_SUM    2u
#define ICMP_DATA   4u /* and the identifier and the sequence number */

/* What is made right in a frame. */
#define RIGHT_TARGET 1u
#define RIGHT_ARP    2u
#define RIGHT_IP     4u
#define RIGHT_LENGTH 8u
#define RIGHT_SUMS   16u
#define RIGHT_ICMP   32u
#define LIE_SHIFT    6 /* bytes by which a right length is too large */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const uint8_t own_mac[INET_MAC_SIZE] = {0x00, 0x16, 0x3e, 0x01, 0x02, 0x03};
static const uint8_t own_address[] = {10, 0, 2, 16};
static const uint8_t arp_question[] = {0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1};
static struct inet inet;

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t get16(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* 0xffff over what has a right checksum in it (RFC 1071). */
static unsigned int add_up(const uint8_t *bytes, size_t size)
{
    unsigned int sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (unsigned int)bytes[i] << 8 : bytes[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void set_sum(uint8_t *at, const uint8_t *from, size_t size)
{
    put16(at, 0);
    put16(at, ~add_up(from, size) & 0xffff);
}

/* Makes both checksums right for the header and the length that the packet says it has. */
static void set_sums(uint8_t *frame, size_t size)
{
    size_t header = (frame[PACKET] & 0xfu) * 4u, length = get16(frame + IP_LENGTH);
    uint8_t *icmp = frame + PACKET + header;

    if (header < IP_HEADER || PACKET + header > size)
        return;
    if (length <= size - PACKET && length >= header + ICMP_DATA)
        set_sum(icmp + ICMP_SUM, icmp, length - header);
    set_sum(frame + IP_CHECKSUM, frame + PACKET, header);
}

static void set_ip(uint8_t *frame, size_t size, unsigned int what)
{
    size_t header = (frame[PACKET] & 0xfu) * 4u;

    put16(frame + TYPE, INET_TYPE_IPV4);
    frame[PACKET] = (uint8_t)(0x40 | (frame[PACKET] & 0xf));
    memset(frame + PACKET + 6, 0, 2); /* no fragment */
    frame[IP_PROTOCOL] = 1;
    memcpy(frame + IP_TARGET, own_address, sizeof(own_address));
    if (what & RIGHT_LENGTH)
        put16(frame + IP_LENGTH, size - PACKET + (what >> LIE_SHIFT));
    if ((what & RIGHT_ICMP) && header >= IP_HEADER && PACKET + header + 2 <= size)
        put16(frame + PACKET + header, 0x0800);
    if (what & RIGHT_SUMS)
        set_sums(frame, size);
}

static void make_right(uint8_t *frame, size_t size, unsigned int what)
{
    if (size < PACKET + IP_HEADER)
        return;
    if (what & RIGHT_TARGET)
        memcpy(frame, own_mac, sizeof(own_mac));
    if (what & RIGHT_IP)
        set_ip(frame, size, what);
    if ((what & RIGHT_ARP) && size >= PACKET + ARP_SIZE) {
        memcpy(frame + TYPE, arp_question, sizeof(arp_question));
        memcpy(frame + ARP_TARGET, own_address, sizeof(own_address));
    }
}

static void check_arp(const uint8_t *answer, size_t size, const uint8_t *frame)
{
    expect(size == PACKET + ARP_SIZE && answer[PACKET + 7] == 2);
    /* To the sender that the packet names. */
    expect(memcmp(answer, frame + PACKET + 8, INET_MAC_SIZE) == 0);
    expect(memcmp(answer + ARP_TARGET, frame + PACKET + 14, sizeof(own_address)) == 0);
    expect(memcmp(answer + PACKET + 14, own_address, sizeof(own_address)) == 0);
}

static void check_pong(const uint8_t *answer, size_t size, const uint8_t *frame)
{
    const uint8_t *icmp = answer + PACKET + IP_HEADER;
    const uint8_t *asked = frame + PACKET + (frame[PACKET] & 0xfu) * (size_t)4;
    size_t length = get16(answer + IP_LENGTH);

    expect(answer[PACKET] == 0x45 && PACKET + length == size && length >= IP_HEADER + 8);
    expect(memcmp(answer, frame + INET_MAC_SIZE, INET_MAC_SIZE) == 0);
    expect(memcmp(answer + IP_TARGET, frame + IP_SOURCE, sizeof(own_address)) == 0);
    expect(memcmp(answer + IP_SOURCE, own_address, sizeof(own_address)) == 0);
    expect(add_up(answer + PACKET, IP_HEADER) == 0xffff);
    expect(icmp[0] == 0 && add_up(icmp, length - IP_HEADER) == 0xffff);
    expect(memcmp(icmp + ICMP_DATA, asked + ICMP_DATA, length - IP_HEADER - ICMP_DATA) == 0);
}

/* Buffers have their own sizes: the sanitizer sees what lies beyond. */
static void take(const uint8_t *bytes, size_t size, unsigned int what)
{
    size_t room = size > INET_ANSWER_MIN ? size : INET_ANSWER_MIN, answer_size;
    uint64_t arps = inet.arps_answered, pings = inet.pings_answered;
    uint8_t *frame = malloc(size + (size == 0)), *answer = malloc(room);

    expect(frame != NULL && answer != NULL);
    memcpy(frame, bytes, size);
    make_right(frame, size, what);
    answer_size = inet_take(&inet, frame, size, answer);
    expect(answer_size <= room);
    expect(inet.arps_answered - arps + inet.pings_answered - pings == (answer_size != 0));
    if (answer_size != 0)
        expect(memcmp(answer + INET_MAC_SIZE, own_mac, INET_MAC_SIZE) == 0);
    if (inet.arps_answered != arps)
        check_arp(answer, answer_size, frame);
    if (inet.pings_answered != pings)
        check_pong(answer, answer_size, frame);
    free(frame);
    free(answer);
}

static void ping(uint32_t target)
{
    uint8_t *frame = malloc(INET_ANSWER_MIN);
    size_t size;

    expect(frame != NULL);
    size = inet_make_ping(&inet, target, 1, frame);
    expect(size == (inet_knows(&inet, target) ? INET_ANSWER_MIN : PACKET + ARP_SIZE));
    free(frame);
}

/* What is an address stays one as text. */
static void parse(const uint8_t *bytes, size_t size)
{
    char text[2 * INET_ADDRESS_TEXT] = "", again[INET_ADDRESS_TEXT];
    uint32_t address, same;

    memcpy(text, bytes, size < sizeof(text) ? size : sizeof(text) - 1);
    if (inet_parse_address(text, &address) != 0)
        return;
    expect(inet_parse_address(inet_address_text(address, again), &same) == 0 && same == address);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    parse(bytes, size);
    inet_init(&inet, own_mac, OWN);
    while (size >= 3) {
        unsigned int what = bytes[0];
        size_t now = get16(bytes + 1);

        bytes += 3;
        size -= 3;
        now = now < size ? now : size;
        take(bytes, now, what);
        if (now >= PACKET + ARP_SIZE)
            ping((uint32_t)get16(bytes + PACKET + 14) << 16 | (uint32_t)get16(bytes + PACKET + 16));
        bytes += now;
        size -= now;
    }
    return 0;
}
