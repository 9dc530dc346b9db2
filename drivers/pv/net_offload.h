/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sender leaves to its network interface, done in software: the checksum of a TCP or UDP
 * packet, and the cutting of a TCP packet that is larger than the medium takes into segments.
 * Frames are Ethernet without VLAN tags, packets IPv4 (RFC 791) or IPv6 (RFC 8200). Nothing in a
 * frame is believed. No state, no memory beside the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

/* A frame's first bytes, in which its headers lie. */
#define NET_HEAD_MAX 256u
/* Of one packet that is cut. 64 KiB of the smallest segments that IPv4 asks every host to take (RFC
 * 9293, 3.7.1: 536 bytes). */
#define NET_CUTS_MAX 128u

enum net_gso { NET_GSO_NONE, NET_GSO_TCP4, NET_GSO_TCP6 };

/* What is left to be done with a frame, and what is known of it. */
struct net_offload {
    bool is_csum_blank; /* its TCP or UDP checksum holds the sum of the pseudo header alone */
    bool is_csum_valid; /* whoever made it vouches for its checksums */
    enum net_gso gso;   /* not NONE: one TCP segment that is to be cut, is_csum_blank too */
    uint16_t gso_size;  /* into pieces with so many bytes behind the TCP header, at least 1 */
};

/* Bytes of a frame, which continue the piece before. */
struct net_piece {
    uint8_t *bytes;
    uint32_t size;
};

/* Where a frame's parts lie, counted from its first byte. */
struct net_headers {
    uint16_t network;   /* IP header */
    uint16_t transport; /* TCP or UDP header */
    uint16_t payload;   /* behind it; all before lies in the head */
    uint16_t csum;      /* the TCP or UDP checksum */
    uint32_t end;       /* behind the packet; the Ethernet frame may be longer */
    bool is_ipv6, is_tcp;
};

/* Reads the headers in `head`, the first `head_size` bytes (all, or NET_HEAD_MAX at least) of a
 * frame of `frame_size`. -EBADMSG: there is no whole TCP or UDP packet in the frame, or its headers
 * take more than the head. */
int MUST_CHECK net_headers_read(struct net_headers *headers, const uint8_t *head, size_t head_size,
                                size_t frame_size);

/* Leaves in the checksum field what a blank one has: the sum of the addresses, the protocol and the
 * length, from which a device or a guest goes on. */
void net_checksum_blank(const struct net_headers *headers, uint8_t *head);

/* Computes the checksum of a frame in `count` pieces, of which the first has the headers. What the
 * field holds before does not matter. */
void net_checksum_finish(const struct net_headers *headers, const struct net_piece *pieces,
                         unsigned int count);

/* A packet that is cut. */
struct net_cut {
    struct net_headers headers;
    const uint8_t *head;
    uint32_t payload_size;
    uint16_t gso_size;
    uint16_t segment_count;
};

/* Prepares the cutting of a frame by its offload information. `head`, as for net_headers_read(),
 * stays with the cut. -EBADMSG: it is no packet of this kind; -EINVAL: it would have no segment, or
 * more than NET_CUTS_MAX. */
int MUST_CHECK net_cut_start(struct net_cut *cut, const struct net_offload *offload,
                             const uint8_t *head, size_t head_size, size_t frame_size);

/* The payload of segment `index` (below segment_count): bytes from *offset of the frame on. */
uint32_t net_cut_payload(const struct net_cut *cut, unsigned int index, uint32_t *offset);

/* Writes the headers of segment `index`, headers.payload bytes; the checksum is blank.
 * `headers` are the segment's, for net_checksum_finish(). */
void net_cut_head(const struct net_cut *cut, unsigned int index, uint8_t *head,
                  struct net_headers *headers);
