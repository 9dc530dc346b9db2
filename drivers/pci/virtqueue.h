/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A split virtqueue (VIRTIO 1.1, 2.6): the driver's side of the ring that it shares with a device.
 * The device is not trusted: what it returns is checked against what it was given. One user at a
 * time, no locks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define VIRTQUEUE_SIZE_MAX 256u
/* Memory for a queue of any allowed size, at a multiple of 4096; where the three parts are. */
#define VIRTQUEUE_BYTES        8192u
#define VIRTQUEUE_AVAIL_OFFSET 4096u
#define VIRTQUEUE_USED_OFFSET  5120u

struct virtq_desc { /* 2.6.5 */
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct virtq_avail { /* 2.6.6 */
    uint16_t flags;
    uint16_t idx;
    uint16_t ring[];
};

struct virtq_used_elem {
    uint32_t id;
    uint32_t len;
};

struct virtq_used { /* 2.6.8 */
    uint16_t flags;
    uint16_t idx;
    struct virtq_used_elem ring[];
};

/* A piece of memory for the device, at a machine address. */
struct virtq_piece {
    uint64_t addr;
    uint32_t len;
    bool is_for_device_to_write;
};

struct virtqueue {
    struct virtq_desc *desc;
    struct virtq_avail *avail;
    struct virtq_used *used;
    uint16_t size;
    uint16_t free_head, free_count;
    uint16_t avail_idx; /* what avail->idx will be at the next virtqueue_publish() */
    uint16_t published; /* what it is */
    uint16_t used_idx;  /* entries of the used ring that were taken */
    bool is_broken;     /* the device has returned what it did not have */
    /* For the first descriptor of each chain that the device has: its owner, its length, and the
     * bytes in it that are the device's to write. */
    void *owner[VIRTQUEUE_SIZE_MAX];
    uint16_t length[VIRTQUEUE_SIZE_MAX];
    uint32_t writable[VIRTQUEUE_SIZE_MAX];
    /* The chains, as the device cannot change them. */
    uint16_t next[VIRTQUEUE_SIZE_MAX];
};

/* Starts an empty queue of `size` descriptors, a power of two up to VIRTQUEUE_SIZE_MAX, in
 * VIRTQUEUE_BYTES of zeroed memory. */
void virtqueue_init(struct virtqueue *queue, void *memory, uint16_t size);

/* Adds a chain of `count` pieces, those to be read before those to be written; `owner`, not NULL,
 * comes back with it. The device sees it after virtqueue_publish(). -ENOSPC: no room now. */
int MUST_CHECK virtqueue_add(struct virtqueue *queue, const struct virtq_piece *pieces,
                             unsigned int count, void *owner);

/* Shows the device what was added. True: there was something, and it wants to be notified. */
bool virtqueue_publish(struct virtqueue *queue);

/* The owner of the next chain that the device has done with, or NULL: none, or is_broken. *written
 * is how many bytes it says to have written, at most what it was given. */
void *virtqueue_take(struct virtqueue *queue, uint32_t *written);

/* True if virtqueue_take() would find something. */
bool virtqueue_has_used(const struct virtqueue *queue);

/* Asks the device for no interrupts, which may still come. From any context. */
void virtqueue_sleep_through(struct virtqueue *queue);

/* Asks for an interrupt with the next chain, as at first. True: one has come meanwhile, and there
 * may be no interrupt for it. */
bool MUST_CHECK virtqueue_want_interrupt(struct virtqueue *queue);
