/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio network device (VIRTIO 1.1, 5.1). Frames go through buffers of the driver's own, which
 * are all of memory that the device has; frames from it are read where they lie, frames to it are
 * copied. Main loop only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pci/virtio.h"
#include "drivers/pv/net_offload.h"
#include "lib/compiler.h"

#define VIRTIO_NET_ADDRESS_SIZE 6u
/* A frame of 64 KiB that begins behind a header. */
#define VIRTIO_NET_PIECES_MAX 17u

struct virtio_net {
    struct virtio_device device;
    struct virtqueue rx, tx;
    uint8_t address[VIRTIO_NET_ADDRESS_SIZE];
    uint32_t mtu; /* bytes behind the Ethernet header */
    /* What the device does for a frame that is sent. */
    bool can_csum, can_gso4, can_gso6;
    bool has_mtu, has_status, can_merge; /* negotiated features */
    bool has_event;                      /* set by the interrupts */
    bool is_config_stale;                /* set by the one that may tell of the configuration */
    bool is_broken;                      /* it has broken its protocol and is stopped */
    uint64_t bad_count;                  /* frames from it that were not right */
    /* Pages for frames to it: one for each descriptor, in a list of those that it does not have. */
    uint8_t *tx_pages;
    uint16_t tx_next[VIRTQUEUE_SIZE_MAX];
    uint16_t tx_free, tx_free_count;
};

/* A frame from the device, in its buffers. */
struct virtio_net_frame {
    struct net_piece pieces[VIRTIO_NET_PIECES_MAX]; /* none crosses a page */
    unsigned int piece_count; /* the first piece has NET_HEAD_MAX bytes, or all */
    uint32_t size;
    struct net_offload offload;
};

/* Bytes of a frame to the device, which continue the part before. */
struct virtio_net_part {
    const uint8_t *bytes;
    uint32_t size;
};

/* Starts the device of this function. -ENODEV: it is no network device; -EIO, -ENOMEM: it cannot be
 * used. */
int MUST_CHECK virtio_net_start(struct virtio_net *net, const struct pci_function *function);

/* False while the cable is not there. */
bool virtio_net_has_link(const struct virtio_net *net);

/* True if virtio_net_has_link() may have changed since it was true before; an event tells of it. */
bool MUST_CHECK virtio_net_may_have_changed(struct virtio_net *net);

/* The next frame from the device, which stays as it is until virtio_net_recycle() gives its buffers
 * back. False: there is none. */
bool MUST_CHECK virtio_net_receive(struct virtio_net *net, struct virtio_net_frame *frame);
void virtio_net_recycle(struct virtio_net *net, const struct virtio_net_frame *frame);

/* True if virtio_net_send() would find room for `count` frames of this size, or could have no more.
 * If not, there will be an event when there may be room. */
bool virtio_net_has_room(struct virtio_net *net, uint32_t size, uint32_t count);

/* Copies a frame for the device; its headers lie in the first of its parts. -ENOSPC: no room now,
 * and there will be an event when there may be; -EMSGSIZE: it is too large, or too small for an
 * Ethernet header; -EBADMSG: its headers do not suit `offload`; -EOPNOTSUPP: the device does not do
 * what `offload` asks for; -EIO: the device is stopped. */
int MUST_CHECK virtio_net_send(struct virtio_net *net, const struct virtio_net_part *parts,
                               unsigned int count, const struct net_offload *offload);

/* Shows the device what was sent and recycled. */
void virtio_net_kick(struct virtio_net *net);

/* True if the device has had something to say since virtio_net_wake(). */
bool virtio_net_has_event(const struct virtio_net *net);

/* Before frames are received: no events until virtio_net_sleep(), but for what virtio_net_send()
 * and virtio_net_has_room() wait for. */
void virtio_net_wake(struct virtio_net *net);

/* Asks for an event with the next frame; it comes at once if there is one. */
void virtio_net_sleep(struct virtio_net *net);
