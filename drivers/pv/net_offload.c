/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the reading of headers, checksums (RFC 1071) and segments. */
#include "drivers/pv/net_offload.h"

#include "lib/errno.h"
#include "lib/string.h"

/* Ethernet (IEEE 802.3, 3.2). */
#define ETHER_TYPE   12u
#define ETHER_HEADER 14u
#define TYPE_IPV4    0x0800u
#define TYPE_IPV6    0x86ddu

/* IPv4 (RFC 791, 3.1), offsets in its header. */
#define IPV4_LENGTH        2u
#define IPV4_ID            4u
#define IPV4_FRAGMENT      6u
#define IPV4_FRAGMENT_MASK 0x3fffu /* more fragments, and the offset */
#define IPV4_PROTOCOL      9u
#define IPV4_CHECKSUM      10u
#define IPV4_ADDRESSES     12u
#define IPV4_HEADER        20u

/* IPv6 (RFC 8200, 3) and the extension headers that may stand before TCP (4.3, 4.6). A routing
 * header (4.4) changes the address that the checksum counts: not such a packet. */
#define IPV6_LENGTH       4u
#define IPV6_NEXT         6u
#define IPV6_ADDRESSES    8u
#define IPV6_HEADER       40u
#define IPV6_HOP_BY_HOP   0u
#define IPV6_DESTINATION  60u
#define IPV6_EXTENSIONS   8u
#define IPV6_ADDRESS_SIZE 16u
#define IPV4_ADDRESS_SIZE 4u

/* TCP (RFC 9293, 3.1) and UDP (RFC 768). */
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define TCP_SEQUENCE 4u
#define TCP_OFFSET   12u
#define TCP_FLAGS    13u
#define TCP_CHECKSUM 16u
#define TCP_HEADER   20u
#define TCP_FIN      0x01u
#define TCP_PSH      0x08u
#define TCP_CWR      0x80u
#define UDP_CHECKSUM 6u
#define UDP_HEADER   8u

/* Loads of any alignment. */
typedef uint64_t word_t __attribute__((may_alias, aligned(1)));

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)read16(at) << 16 | read16(at + 2);
}

static void write16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Sets headers->transport behind the IP header. Gives the protocol, or -EBADMSG. */
static int read_ipv4(struct net_headers *headers, const uint8_t *head, size_t head_size)
{
    const uint8_t *ip = head + ETHER_HEADER;
    uint32_t header;

    if (head_size < ETHER_HEADER + IPV4_HEADER || ip[0] >> 4 != 4)
        return -EBADMSG;
    header = (ip[0] & 0xfu) * 4u;
    headers->end = ETHER_HEADER + (uint32_t)read16(ip + IPV4_LENGTH);
    if (header < IPV4_HEADER || read16(ip + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK)
        return -EBADMSG;
    headers->transport = (uint16_t)(ETHER_HEADER + header);
    return ip[IPV4_PROTOCOL];
}

static int read_ipv6(struct net_headers *headers, const uint8_t *head, size_t head_size)
{
    const uint8_t *ip = head + ETHER_HEADER;
    uint32_t at = ETHER_HEADER + IPV6_HEADER;
    uint8_t next;

    if (head_size < at || ip[0] >> 4 != 6)
        return -EBADMSG;
    headers->end = at + read16(ip + IPV6_LENGTH);
    next = ip[IPV6_NEXT];
    for (unsigned int i = 0; i < IPV6_EXTENSIONS; i++) {
        if (next != IPV6_HOP_BY_HOP && next != IPV6_DESTINATION)
            break;
        if (at + 2 > head_size)
            return -EBADMSG;
        next = head[at];
        at += (head[at + 1] + 1u) * 8u;
    }
    headers->transport = (uint16_t)at;
    return next;
}

int net_headers_read(struct net_headers *headers, const uint8_t *head, size_t head_size,
                     size_t frame_size)
{
    uint32_t type = head_size >= ETHER_HEADER ? read16(head + ETHER_TYPE) : 0, size;
    int protocol = -EBADMSG;

    *headers = (struct net_headers){.network = ETHER_HEADER, .is_ipv6 = type == TYPE_IPV6};
    if (type == TYPE_IPV4)
        protocol = read_ipv4(headers, head, head_size);
    else if (type == TYPE_IPV6)
        protocol = read_ipv6(headers, head, head_size);
    if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP)
        return -EBADMSG;
    headers->is_tcp = protocol == PROTOCOL_TCP;
    size = headers->is_tcp ? TCP_HEADER : UDP_HEADER;
    if (headers->transport + size > head_size)
        return -EBADMSG;
    if (headers->is_tcp)
        size = (head[headers->transport + TCP_OFFSET] >> 4) * 4u;
    headers->payload = (uint16_t)(headers->transport + size);
    headers->csum =
        (uint16_t)(headers->transport + (headers->is_tcp ? TCP_CHECKSUM : UDP_CHECKSUM));
    if ((headers->is_tcp && size < TCP_HEADER) || headers->payload > head_size ||
        headers->payload > headers->end || headers->end > frame_size)
        return -EBADMSG;
    return 0;
}

/* Sums are of 16-bit words in the order of memory; folding keeps their value modulo 0xffff. */
static uint32_t fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

/* Modulo 2^64 - 1, a multiple of 0xffff: what is carried out comes in at the other end. */
static uint64_t add(uint64_t sum, uint64_t word)
{
    uint64_t total;
    bool is_carried = __builtin_add_overflow(sum, word, &total);

    return total + is_carried;
}

static uint64_t add_words(uint64_t sum, const uint8_t *bytes)
{
    const word_t *words = (const void *)bytes;

    sum = add(sum, words[0]);
    sum = add(sum, words[1]);
    sum = add(sum, words[2]);
    sum = add(sum, words[3]);
    sum = add(sum, words[4]);
    sum = add(sum, words[5]);
    sum = add(sum, words[6]);
    return add(sum, words[7]);
}

static uint32_t sum_of(const uint8_t *bytes, size_t size)
{
    uint64_t sum = 0;
    uint8_t rest[sizeof(word_t)] = {0};

    for (; size >= 8 * sizeof(word_t); bytes += 8 * sizeof(word_t), size -= 8 * sizeof(word_t))
        sum = add_words(sum, bytes);
    for (; size >= sizeof(word_t); bytes += sizeof(word_t), size -= sizeof(word_t))
        sum = add(sum, *(const word_t *)(const void *)bytes);
    if (size == 0)
        return fold(sum);
    for (size_t i = 0; i < size; i++)
        rest[i] = bytes[i];
    return fold(add(sum, *(const word_t *)(const void *)rest));
}

/* In the order of memory, as sum_of(). */
static uint32_t word_of(uint32_t value)
{
    return (value & 0xff) << 8 | (value >> 8 & 0xff);
}

static uint32_t pseudo_sum(const struct net_headers *headers, const uint8_t *head)
{
    uint32_t size = headers->end - headers->transport;
    uint32_t addresses = headers->network + (headers->is_ipv6 ? IPV6_ADDRESSES : IPV4_ADDRESSES);
    uint32_t address_size = headers->is_ipv6 ? IPV6_ADDRESS_SIZE : IPV4_ADDRESS_SIZE;

    return fold((uint64_t)sum_of(head + addresses, 2 * (size_t)address_size) +
                word_of(headers->is_tcp ? PROTOCOL_TCP : PROTOCOL_UDP) + word_of(size));
}

static void put_sum(uint8_t *at, uint32_t sum)
{
    memcpy(at, &(const uint16_t){(uint16_t)sum}, sizeof(uint16_t));
}

void net_checksum_blank(const struct net_headers *headers, uint8_t *head)
{
    put_sum(head + headers->csum, pseudo_sum(headers, head));
}

void net_checksum_finish(const struct net_headers *headers, const struct net_piece *pieces,
                         unsigned int count)
{
    uint8_t *head = pieces[0].bytes;
    uint64_t sum = pseudo_sum(headers, head);
    uint32_t from = headers->transport, at = 0;

    put_sum(head + headers->csum, 0);
    for (unsigned int i = 0; i < count && at < headers->end; at += pieces[i++].size) {
        uint32_t skip = i == 0 ? from : 0;
        uint32_t left = headers->end - at;
        uint32_t size = pieces[i].size < left ? pieces[i].size : left, part;

        part = sum_of(pieces[i].bytes + skip, size - skip);
        /* A piece at an odd place has the bytes of its words swapped (RFC 1071, 2B). */
        if ((at + skip - from) % 2 != 0)
            part = (part & 0xff) << 8 | part >> 8;
        sum += part;
    }
    sum = ~fold(sum) & 0xffff;
    /* UDP: 0 says that there is none (RFC 768). */
    put_sum(head + headers->csum, sum == 0 && !headers->is_tcp ? 0xffff : (uint32_t)sum);
}

int net_cut_start(struct net_cut *cut, const struct net_offload *offload, const uint8_t *head,
                  size_t head_size, size_t frame_size)
{
    uint32_t count;
    int err = net_headers_read(&cut->headers, head, head_size, frame_size);

    if (err != 0)
        return err;
    if (!cut->headers.is_tcp ||
        offload->gso != (cut->headers.is_ipv6 ? NET_GSO_TCP6 : NET_GSO_TCP4))
        return -EBADMSG;
    cut->head = head;
    cut->gso_size = offload->gso_size;
    cut->payload_size = cut->headers.end - cut->headers.payload;
    if (cut->gso_size == 0 || cut->payload_size == 0)
        return -EINVAL;
    count = (cut->payload_size + cut->gso_size - 1) / cut->gso_size;
    if (count > NET_CUTS_MAX)
        return -EINVAL;
    cut->segment_count = (uint16_t)count;
    return 0;
}

uint32_t net_cut_payload(const struct net_cut *cut, unsigned int index, uint32_t *offset)
{
    uint32_t before = index * (uint32_t)cut->gso_size, left = cut->payload_size - before;

    *offset = cut->headers.payload + before;
    return left < cut->gso_size ? left : cut->gso_size;
}

static void set_ipv4(const struct net_headers *headers, unsigned int index, uint8_t *ip)
{
    write16(ip + IPV4_LENGTH, headers->end - headers->network);
    write16(ip + IPV4_ID, read16(ip + IPV4_ID) + index);
    put_sum(ip + IPV4_CHECKSUM, 0);
    put_sum(ip + IPV4_CHECKSUM, ~sum_of(ip, headers->transport - (size_t)headers->network));
}

void net_cut_head(const struct net_cut *cut, unsigned int index, uint8_t *head,
                  struct net_headers *headers)
{
    bool is_last = index + 1u == cut->segment_count;
    uint32_t offset, size = net_cut_payload(cut, index, &offset), sequence;
    uint8_t *tcp = head + cut->headers.transport;

    memcpy(head, cut->head, cut->headers.payload);
    *headers = cut->headers;
    headers->end = headers->payload + size;
    if (headers->is_ipv6)
        write16(head + headers->network + IPV6_LENGTH,
                headers->end - headers->network - IPV6_HEADER);
    else
        set_ipv4(headers, index, head + headers->network);
    sequence = read32(tcp + TCP_SEQUENCE) + (offset - headers->payload);
    write16(tcp + TCP_SEQUENCE, sequence >> 16);
    write16(tcp + TCP_SEQUENCE + 2, sequence);
    /* The end of the data belongs to the last segment, the answer to congestion to the first
     * (RFC 3168, 6.1.2). */
    if (!is_last)
        tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (index != 0)
        tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
    net_checksum_blank(headers, head);
}
