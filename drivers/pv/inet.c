/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns ARP and ICMP echo: reads and writes single packets. */
#include "drivers/pv/inet.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

/* Ethernet (IEEE 802.3, 3.2). */
#define ETHER_SOURCE 6u
#define ETHER_TYPE   12u
#define ETHER_HEADER 14u

/* ARP for IPv4 on Ethernet (RFC 826, "Packet format"), offsets behind the Ethernet header. */
#define ARP_OPERATION      6u
#define ARP_SENDER_MAC     8u
#define ARP_SENDER_ADDRESS 14u
#define ARP_TARGET_MAC     18u
#define ARP_TARGET_ADDRESS 24u
#define ARP_SIZE           28u
#define ARP_REQUEST        1u
#define ARP_REPLY          2u
/* Hardware type 1, protocol type IPv4, sizes of their addresses. */
static const uint8_t arp_start[ARP_OPERATION] = {0, 1, 0x08, 0x00, 6, 4};

/* IPv4 (RFC 791, 3.1). */
#define IP_VERSION_4     4u
#define IP_LENGTH        2u
#define IP_FRAGMENT      6u
#define IP_FRAGMENT_MASK 0x3fffu /* more fragments, and the offset */
#define IP_TTL           8u
#define IP_PROTOCOL      9u
#define IP_CHECKSUM      10u
#define IP_SOURCE        12u
#define IP_DESTINATION   16u
#define IP_HEADER        20u
#define IP_TTL_DEFAULT   64u
#define PROTOCOL_ICMP    1u

/* ICMP echo (RFC 792, "Echo or Echo Reply Message"). */
#define ICMP_CHECKSUM   2u
#define ICMP_IDENTIFIER 4u
#define ICMP_SEQUENCE   6u
#define ICMP_HEADER     8u
#define ICMP_REPLY      0u
#define ICMP_REQUEST    8u
/* Any number: it tells this host's pings from others'. */
#define IDENTIFIER 0xa701u

static const uint8_t broadcast[INET_MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

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

static void write32(uint8_t *at, uint32_t value)
{
    write16(at, value >> 16);
    write16(at + 2, value);
}

/* The Internet checksum (RFC 1071): 0 over what has a right one in it. */
static uint16_t checksum(const uint8_t *bytes, size_t size)
{
    uint64_t sum = 0;

    for (size_t i = 0; i + 1 < size; i += 2)
        sum += read16(bytes + i);
    if (size % 2 != 0)
        sum += (uint64_t)bytes[size - 1] << 8;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

void inet_init(struct inet *inet, const uint8_t *mac, uint32_t address)
{
    *inet = (struct inet){.address = address};
    memcpy(inet->mac, mac, INET_MAC_SIZE);
}

static struct inet_neighbour *find(struct inet *inet, uint32_t address)
{
    for (unsigned int i = 0; i < INET_NEIGHBOURS; i++) {
        if (inet->neighbours[i].address == address)
            return &inet->neighbours[i];
    }
    return NULL;
}

bool inet_knows(const struct inet *inet, uint32_t address)
{
    for (unsigned int i = 0; i < INET_NEIGHBOURS; i++) {
        if (inet->neighbours[i].address == address && address != 0)
            return true;
    }
    return false;
}

static void learn(struct inet *inet, uint32_t address, const uint8_t *mac)
{
    struct inet_neighbour *neighbour = find(inet, address);

    if (address == 0)
        return;
    if (neighbour == NULL)
        neighbour = &inet->neighbours[inet->next_neighbour++ % INET_NEIGHBOURS];
    neighbour->address = address;
    memcpy(neighbour->mac, mac, INET_MAC_SIZE);
}

static void write_ether(const struct inet *inet, uint8_t *frame, const uint8_t *to, uint32_t type)
{
    memcpy(frame, to, INET_MAC_SIZE);
    memcpy(frame + ETHER_SOURCE, inet->mac, INET_MAC_SIZE);
    write16(frame + ETHER_TYPE, type);
}

static size_t write_arp(const struct inet *inet, uint8_t *frame, uint32_t operation,
                        const uint8_t *mac, uint32_t address)
{
    uint8_t *arp = frame + ETHER_HEADER;

    write_ether(inet, frame, mac, INET_TYPE_ARP);
    memcpy(arp, arp_start, sizeof(arp_start));
    write16(arp + ARP_OPERATION, operation);
    memcpy(arp + ARP_SENDER_MAC, inet->mac, INET_MAC_SIZE);
    write32(arp + ARP_SENDER_ADDRESS, inet->address);
    memcpy(arp + ARP_TARGET_MAC, mac, INET_MAC_SIZE);
    write32(arp + ARP_TARGET_ADDRESS, address);
    return ETHER_HEADER + ARP_SIZE;
}

static size_t take_arp(struct inet *inet, const uint8_t *frame, size_t size, uint8_t *answer)
{
    const uint8_t *arp = frame + ETHER_HEADER;

    if (size < ETHER_HEADER + ARP_SIZE || memcmp(arp, arp_start, sizeof(arp_start)) != 0 ||
        read32(arp + ARP_TARGET_ADDRESS) != inet->address)
        return 0;
    learn(inet, read32(arp + ARP_SENDER_ADDRESS), arp + ARP_SENDER_MAC);
    if (read16(arp + ARP_OPERATION) != ARP_REQUEST)
        return 0;
    inet->arps_answered++;
    return write_arp(inet, answer, ARP_REPLY, arp + ARP_SENDER_MAC,
                     read32(arp + ARP_SENDER_ADDRESS));
}

/* Writes the headers of an ICMP packet with `size` bytes, which stand behind them, and both
 * checksums. */
static size_t finish_icmp(const struct inet *inet, uint8_t *frame, const uint8_t *mac,
                          uint32_t address, size_t size)
{
    uint8_t *ip = frame + ETHER_HEADER, *icmp = ip + IP_HEADER;

    write_ether(inet, frame, mac, INET_TYPE_IPV4);
    memset(ip, 0, IP_HEADER);
    ip[0] = IP_VERSION_4 << 4 | IP_HEADER / 4;
    write16(ip + IP_LENGTH, (uint32_t)(IP_HEADER + size));
    ip[IP_TTL] = IP_TTL_DEFAULT;
    ip[IP_PROTOCOL] = PROTOCOL_ICMP;
    write32(ip + IP_SOURCE, inet->address);
    write32(ip + IP_DESTINATION, address);
    write16(ip + IP_CHECKSUM, checksum(ip, IP_HEADER));
    write16(icmp + ICMP_CHECKSUM, 0);
    write16(icmp + ICMP_CHECKSUM, checksum(icmp, size));
    return ETHER_HEADER + IP_HEADER + size;
}

static size_t take_icmp(struct inet *inet, const uint8_t *frame, const uint8_t *icmp, size_t size,
                        uint8_t *answer)
{
    const uint8_t *ip = frame + ETHER_HEADER;
    uint32_t from = read32(ip + IP_SOURCE);

    /* Type and code, which is 0, together. */
    if (size < ICMP_HEADER || checksum(icmp, size) != 0)
        return 0;
    if (read16(icmp) == ICMP_REPLY << 8 && read16(icmp + ICMP_IDENTIFIER) == IDENTIFIER) {
        inet->pongs++;
        inet->pong_from = from;
        inet->pong_sequence = read16(icmp + ICMP_SEQUENCE);
        return 0;
    }
    if (read16(icmp) != ICMP_REQUEST << 8)
        return 0;
    inet->pings_answered++;
    memcpy(answer + ETHER_HEADER + IP_HEADER, icmp, size);
    answer[ETHER_HEADER + IP_HEADER] = ICMP_REPLY;
    /* To where it came from, whatever ARP says: the way back needs no question. */
    return finish_icmp(inet, answer, frame + ETHER_SOURCE, from, size);
}

static size_t take_ip(struct inet *inet, const uint8_t *frame, size_t size, uint8_t *answer)
{
    const uint8_t *ip = frame + ETHER_HEADER;
    size_t room = size - ETHER_HEADER, header, length;

    if (room < IP_HEADER || ip[0] >> 4 != IP_VERSION_4)
        return 0;
    header = (ip[0] & 0xfu) * 4u;
    length = read16(ip + IP_LENGTH);
    if (header < IP_HEADER || length < header || length > room || checksum(ip, header) != 0 ||
        read32(ip + IP_DESTINATION) != inet->address || ip[IP_PROTOCOL] != PROTOCOL_ICMP ||
        (read16(ip + IP_FRAGMENT) & IP_FRAGMENT_MASK) != 0)
        return 0;
    return take_icmp(inet, frame, ip + header, length - header, answer);
}

size_t inet_take(struct inet *inet, const uint8_t *frame, size_t size, uint8_t *answer)
{
    if (size < ETHER_HEADER || (memcmp(frame, inet->mac, INET_MAC_SIZE) != 0 &&
                                memcmp(frame, broadcast, INET_MAC_SIZE) != 0))
        return 0;
    switch (read16(frame + ETHER_TYPE)) {
    case INET_TYPE_ARP:
        return take_arp(inet, frame, size, answer);
    case INET_TYPE_IPV4:
        return take_ip(inet, frame, size, answer);
    default:
        return 0;
    }
}

size_t inet_make_ping(struct inet *inet, uint32_t target, uint16_t sequence, uint8_t *frame)
{
    uint8_t *icmp = frame + ETHER_HEADER + IP_HEADER;

    if (!inet_knows(inet, target))
        return write_arp(inet, frame, ARP_REQUEST, broadcast, target);
    memset(icmp, 0, ICMP_HEADER);
    icmp[0] = ICMP_REQUEST;
    write16(icmp + ICMP_IDENTIFIER, IDENTIFIER);
    write16(icmp + ICMP_SEQUENCE, sequence);
    for (unsigned int i = 0; i < INET_PING_SIZE; i++)
        icmp[ICMP_HEADER + i] = (uint8_t)i;
    return finish_icmp(inet, frame, find(inet, target)->mac, target, ICMP_HEADER + INET_PING_SIZE);
}

int inet_parse_address(const char *text, uint32_t *address)
{
    uint32_t result = 0;

    for (unsigned int i = 0; i < 4; i++, text++) {
        uint64_t number;

        if (str_to_u64(text, 10, &number, &text) != 0 || number > UINT8_MAX ||
            *text != (i < 3 ? '.' : '\0'))
            return -EINVAL;
        result = result << 8 | (uint32_t)number;
    }
    *address = result;
    return 0;
}

const char *inet_address_text(uint32_t address, char *text)
{
    format_str(text, INET_ADDRESS_TEXT, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
               address >> 8 & 0xff, address & 0xff);
    return text;
}
