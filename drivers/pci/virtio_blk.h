/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio block device (VIRTIO 1.1, 5.2). Main loop only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pci/disk.h"
#include "drivers/pci/virtio.h"
#include "lib/compiler.h"

struct virtio_blk {
    struct virtio_device device;
    struct virtqueue queue;
    uint64_t sector_count;
    bool is_read_only, can_flush, can_discard;
    uint32_t discard_max;         /* sectors in one request */
    uint32_t segments_max;        /* in one request */
    struct disk_request *waiting; /* for room in the queue */
    struct disk_request **waiting_end;
    bool has_event; /* set by the interrupt */
    bool is_broken; /* it has broken its protocol; every request fails */
};

/* Starts the device of this function. -ENODEV: it is no block device; -EIO, -ENOMEM: it cannot be
 * used. */
int MUST_CHECK virtio_blk_start(struct virtio_blk *disk, const struct pci_function *function);

/* Takes a request, whose sectors the disk has; virtio_blk_kick() shows it to the device, and done()
 * is called from virtio_blk_poll(), or at once where it cannot be done. */
void virtio_blk_submit(struct virtio_blk *disk, struct disk_request *request);
void virtio_blk_kick(struct virtio_blk *disk);

/* True if virtio_blk_poll() would find something. */
bool virtio_blk_has_work(const struct virtio_blk *disk);

/* Ends the requests that the device has done. */
void virtio_blk_poll(struct virtio_blk *disk);

/* Resets the device, which then touches no memory any more; all its requests fail, those to come
 * too. */
void virtio_blk_stop(struct virtio_blk *disk);
