/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least that makes a host of an Ethernet interface: ARP (RFC 826) and ICMP echo (RFC 792) over
 * IPv4 (RFC 791), for one address and for neighbours on the same network. Packets in, packets out;
 * no memory and no I/O of its own. What comes in is checked and not believed; what is not for this
 * host, or not understood, is dropped. IPv4 addresses are numbers: 10.0.2.16 is 0x0a000210.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define INET_MAC_SIZE     6u
#define INET_NEIGHBOURS   8u  /* whose hardware addresses are kept */
#define INET_PING_SIZE    56u /* data bytes of a ping, as those of ping(8) */
#define INET_ANSWER_MIN   98u /* bytes of the largest frame that is not an answer to a ping */
#define INET_ADDRESS_TEXT 16u /* bytes of an address as text, with the NUL */
#define INET_TYPE_IPV4    0x0800u
#define INET_TYPE_ARP     0x0806u

struct inet_neighbour {
    uint32_t address; /* 0: none */
    uint8_t mac[INET_MAC_SIZE];
};

struct inet {
    uint8_t mac[INET_MAC_SIZE];
    uint32_t address;
    struct inet_neighbour neighbours[INET_NEIGHBOURS];
    unsigned int next_neighbour; /* gives way to a new one */
    uint64_t arps_answered, pings_answered, pongs;
    uint32_t pong_from; /* the last answer to a ping of ours */
    uint16_t pong_sequence;
};

void inet_init(struct inet *inet, const uint8_t *mac, uint32_t address);

/* Takes a frame that has come. Gives the size of the answer that is to be sent, at most the larger
 * one of `size` and INET_ANSWER_MIN, or 0: there is none. */
size_t inet_take(struct inet *inet, const uint8_t *frame, size_t size, uint8_t *answer);

/* Makes a ping, or while the hardware address of its target is not known, the question for that;
 * once the answer to that has come, the next call makes the ping. `frame` has INET_ANSWER_MIN
 * bytes; gives the size. */
size_t inet_make_ping(struct inet *inet, uint32_t target, uint16_t sequence, uint8_t *frame);

/* True once the hardware address is known. */
bool inet_knows(const struct inet *inet, uint32_t address);

/* Four decimal numbers with dots between them. -EINVAL. */
int MUST_CHECK inet_parse_address(const char *text, uint32_t *address);

/* Writes an address as text into INET_ADDRESS_TEXT bytes; returns them. */
const char *inet_address_text(uint32_t address, char *text);
