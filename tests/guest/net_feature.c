/* SPDX-License-Identifier: BSD-2-Clause */
/* What a back end does for its front ends: checksums, large TCP frames cut into segments or passed
 * as they are, and groups of receivers. */
#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/string.h"
#include "tests/guest/check.h"
#include "tests/guest/net_raw.h"

#define EVERYTHING  (NETFRONT_SPLIT | NETFRONT_SG | NETFRONT_OFFLOAD)
#define FRAME_PAGES 4u
#define PAYLOAD     6100u
#define SEGMENT     1000u
#define SEQUENCE    0xfffffc00u /* so that it overflows on the way */
#define MANY_GROUPS 300u

/* Ethernet (IEEE 802.3), IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293, 3.1). */
#define ETHER           14u
#define TYPE_IPV4       0x0800u
#define TYPE_IPV6       0x86ddu
#define IPV4_HEADER     20u
#define IPV4_LENGTH     2u
#define IPV4_CHECKSUM   10u
#define IPV4_ADDRESSES  12u
#define IPV6_HEADER     40u
#define IPV6_LENGTH     4u
#define IPV6_ADDRESSES  8u
#define PROTOCOL_TCP    6u
#define TCP_HEADER      20u
#define TCP_SEQUENCE    4u
#define TCP_OFFSET      12u
#define TCP_FLAGS       13u
#define TCP_CHECKSUM    16u
#define TCP_ACK_AND_PSH 0x18u

static uint8_t *sent, *got;

/* Big-endian numbers. */
static uint32_t read16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t read32(const uint8_t *at)
{
    return read16(at) << 16 | read16(at + 2);
}

static void write16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* The Internet checksum's sum (RFC 1071), folded: 0xffff over what has a right checksum in it. */
static uint32_t add(uint32_t sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static unsigned int ip_header(bool is_v6)
{
    return is_v6 ? IPV6_HEADER : IPV4_HEADER;
}

/* The sum over the pseudo header of a TCP packet of `size` bytes. */
static uint32_t pseudo_sum(const uint8_t *ip, bool is_v6, size_t size)
{
    return is_v6 ? add((uint32_t)(PROTOCOL_TCP + size), ip + IPV6_ADDRESSES, 32)
                 : add((uint32_t)(PROTOCOL_TCP + size), ip + IPV4_ADDRESSES, 8);
}

/* A TCP frame with a blank checksum; its size. */
static size_t make_tcp(const struct netfront *to, bool is_v6, size_t payload)
{
    uint8_t *ip = sent + ETHER, *tcp = ip + ip_header(is_v6);

    memset(sent, 0, ETHER + IPV6_HEADER + TCP_HEADER);
    memcpy(sent, to->mac, NETFRONT_MAC_SIZE);
    memcpy(sent + NETFRONT_MAC_SIZE, net_left.mac, NETFRONT_MAC_SIZE);
    write16(sent + ETHER - 2, is_v6 ? TYPE_IPV6 : TYPE_IPV4);
    ip[0] = is_v6 ? 0x60 : 0x45;
    for (unsigned int i = 0; i < (is_v6 ? 32 : 8); i++)
        ip[(is_v6 ? IPV6_ADDRESSES : IPV4_ADDRESSES) + i] = (uint8_t)(10 + i * 7);
    if (is_v6) {
        write16(ip + IPV6_LENGTH, (uint32_t)(TCP_HEADER + payload));
        ip[6] = PROTOCOL_TCP;
        ip[7] = 64;
    } else {
        write16(ip + IPV4_LENGTH, (uint32_t)(IPV4_HEADER + TCP_HEADER + payload));
        ip[8] = 64;
        ip[9] = PROTOCOL_TCP;
        write16(ip + IPV4_CHECKSUM, ~add(0, ip, IPV4_HEADER));
    }
    write16(tcp, 1234);
    write16(tcp + 2, 5678);
    write16(tcp + TCP_SEQUENCE, SEQUENCE >> 16);
    write16(tcp + TCP_SEQUENCE + 2, SEQUENCE);
    tcp[TCP_OFFSET] = TCP_HEADER / 4 << 4;
    tcp[TCP_FLAGS] = TCP_ACK_AND_PSH;
    write16(tcp + TCP_CHECKSUM, pseudo_sum(ip, is_v6, TCP_HEADER + payload));
    for (size_t i = 0; i < payload; i++)
        tcp[TCP_HEADER + i] = (uint8_t)(i * 13 + i / 256);
    return (size_t)(tcp - sent) + TCP_HEADER + payload;
}

/* Bytes of payload in a packet that has come, if it is whole, its checksums are right (or are said
 * to be blank), and it goes on where `done` bytes are there; 0: it is not. */
static size_t payload_of(const struct netfront_frame *frame, bool is_v6, size_t done)
{
    const uint8_t *ip = got + ETHER, *tcp = ip + ip_header(is_v6);
    size_t headers = ETHER + ip_header(is_v6) + TCP_HEADER, length;
    uint32_t sum;

    if (frame->size <= headers)
        return 0;
    length = is_v6 ? read16(ip + IPV6_LENGTH) : read16(ip + IPV4_LENGTH) - IPV4_HEADER;
    sum = pseudo_sum(ip, is_v6, length);
    if (length != frame->size - ETHER - ip_header(is_v6) ||
        (!is_v6 && add(0, ip, IPV4_HEADER) != 0xffff) ||
        (!frame->is_csum_blank && add(sum, tcp, length) != 0xffff) ||
        read32(tcp + TCP_SEQUENCE) != (uint32_t)(SEQUENCE + done) ||
        memcmp(tcp + TCP_HEADER, sent + headers + done, frame->size - headers) != 0)
        return 0;
    return frame->size - headers;
}

/* Sends a TCP frame and waits for its payload. Gives the number of frames in which it came, 0 if it
 * did not come right. */
static unsigned int pass(struct netfront *to, bool is_v6, size_t payload, bool is_large)
{
    uint64_t end = time_now() + CHECK_PATIENCE;
    struct netfront_frame frame = {.bytes = sent, .is_csum_blank = true};
    size_t done = 0, part = 1;
    unsigned int count = 0;

    frame.size = make_tcp(to, is_v6, payload);
    if (is_large) {
        frame.gso_size = SEGMENT;
        frame.gso_type = is_v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
    }
    if (netfront_send(&net_left, &frame) != 0)
        return 0;
    netfront_push(&net_left);
    while (done < payload && part != 0 && netfront_wait_frame(to, end)) {
        frame = (struct netfront_frame){.bytes = got, .size = FRAME_PAGES * PAGE_SIZE};
        if (netfront_receive(to, &frame) != 1)
            return 0;
        /* What was sent before may still be on its way, and what a bridge sent everywhere. */
        if (memcmp(got, to->mac, NETFRONT_MAC_SIZE) != 0 ||
            read16(got + ETHER - 2) != (is_v6 ? TYPE_IPV6 : TYPE_IPV4))
            continue;
        if (frame.is_csum_blank && !(to->features & NETFRONT_OFFLOAD))
            return 0;
        part = payload_of(&frame, is_v6, done);
        done += part;
        count++;
    }
    return done == payload ? count : 0;
}

static void checksums_and_segments(void)
{
    unsigned int pieces = (PAYLOAD + SEGMENT - 1) / SEGMENT;

    check("net/blank checksum, IPv4, to one that does not take it",
          pass(&net_victim, false, SEGMENT + 1, false), 1);
    check("net/blank checksum, IPv6, to one that does not take it",
          pass(&net_victim, true, SEGMENT + 1, false), 1);
    check("net/blank checksum, IPv4, to one that takes it", pass(&net_right, false, SEGMENT, false),
          1);
    check("net/blank checksum, IPv6, to one that takes it", pass(&net_right, true, SEGMENT, false),
          1);
    check("net/large frame, IPv4, to one that does not take it",
          pass(&net_victim, false, PAYLOAD, true), pieces);
    check("net/large frame, IPv6, to one that does not take it",
          pass(&net_victim, true, PAYLOAD, true), pieces);
    check("net/large frame, IPv4, to one that takes it", pass(&net_right, false, PAYLOAD, true), 1);
    check("net/large frame, IPv6, to one that takes it", pass(&net_right, true, PAYLOAD, true), 1);
}

static bool connect_with(unsigned int left_and_right, unsigned int victim)
{
    return netfront_close(&net_left) == 0 && netfront_close(&net_right) == 0 &&
           netfront_close(&net_victim) == 0 && net_connect(&net_left, 0, left_and_right) == 0 &&
           net_connect(&net_right, 1, left_and_right) == 0 &&
           net_connect(&net_victim, NET_VICTIM, victim) == 0 && net_others_go_on();
}

/* Joins or leaves a group of receivers; gives the answer's status. */
static int16_t change_group(uint8_t type, const uint8_t *group)
{
    static struct raw_answers answers;
    struct netif_tx_request *request = raw_put();
    struct netif_extra_info *extra = (struct netif_extra_info *)(void *)raw_put();

    request->flags = NETTXF_extra_info;
    request->size = 0;
    *extra = (struct netif_extra_info){.type = type};
    memcpy(extra->u.mcast.addr, group, NETFRONT_MAC_SIZE);
    raw_run(&answers, 2);
    if (answers.count != 2 || answers.each[1].status != NETIF_RSP_NULL)
        return NETIF_RSP_ERROR;
    return answers.each[0].status;
}

/* Frames keep their order: what is sent to a group comes before another frame, or not at all. */
static bool hears(const uint8_t *to)
{
    uint64_t before = net_group_frames;

    check_true("net/frame to a group is sent, and one behind it arrives",
               net_send(&net_left, to) && net_exchange(&net_left, &net_victim, RAW_FRAME_SIZE));
    return net_group_frames != before;
}

static void groups_of_receivers(void)
{
    static const uint8_t everybody[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    /* Multicast DNS (RFC 6762, 3), as Ethernet has it (RFC 1112, 6.4). */
    uint8_t group[] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb};
    unsigned int refused = 0;

    check_true("net/group heard without control", hears(group));
    check("net/asks for control", xenbus_write(net_path("request-multicast-control"), "1"), 0);
    check_true("net/control begins with the connection", net_begin_anew());
    check_true("net/group not heard with control", !hears(group));
    check_true("net/broadcast heard with control", hears(everybody));
    check("net/joins a group", change_group(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, group), 0);
    check_true("net/group heard that was joined", hears(group));
    check("net/leaves the group", change_group(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, group), 0);
    check_true("net/group not heard that was left", !hears(group));
    for (unsigned int i = 0; i < MANY_GROUPS; i++) {
        write16(group + 4, i);
        refused += change_group(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, group) != 0;
    }
    check_true("net/groups have an end", refused > 0 && refused < MANY_GROUPS);
    check("net/asks for no control", xenbus_write(net_path("request-multicast-control"), "0"), 0);
    check_true("net/no control", net_begin_anew() && hears(group));
}

void net_feature_cases(void)
{
    sent = pages_alloc(FRAME_PAGES, 1);
    got = pages_alloc(FRAME_PAGES, 1);
    if (sent == NULL || got == NULL)
        guest_panic("no memory");
    if (check_true("net/two with everything, one with nothing", connect_with(EVERYTHING, 0)))
        checksums_and_segments();
    check_true("net/three as before", connect_with(NETFRONT_SPLIT, NETFRONT_SPLIT));
    groups_of_receivers();
    pages_free(sent, FRAME_PAGES);
    pages_free(got, FRAME_PAGES);
}
