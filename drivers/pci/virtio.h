/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio 1.0 device on PCI (VIRTIO 1.1, 4.1): finding its registers, the steps of its start, and
 * its queues. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pci/pci.h"
#include "drivers/pci/virtqueue.h"
#include "lib/compiler.h"

/* Device types (VIRTIO 1.1, 5). */
#define VIRTIO_TYPE_NET   1u
#define VIRTIO_TYPE_BLOCK 2u

#define VIRTIO_QUEUES_MAX 2u

struct virtio_device {
    struct pci_address at;
    uint8_t *common, *notify, *config;
    uint32_t notify_size, notify_multiplier;
    uint32_t config_size;
    uint8_t *queue_notify[VIRTIO_QUEUES_MAX]; /* of each queue that was added */
};

/* Fills in the device if the function is one of this type with the registers of virtio 1.0.
 * -ENODEV: it is not; -EIO: its registers cannot be reached. */
int MUST_CHECK virtio_find(struct virtio_device *device, const struct pci_function *function,
                           unsigned int type);

/* The features that the device has. */
uint64_t virtio_features(const struct virtio_device *device);

/* Resets the device and agrees on the features of `*features` that it has, which are returned
 * there; VIRTIO_F_VERSION_1 is asked for by itself. -EIO: it does not agree. */
int MUST_CHECK virtio_start(struct virtio_device *device, uint64_t *features);

/* Gives the device queue `index`, below VIRTIO_QUEUES_MAX, of at most `size` descriptors, in fresh
 * memory; `vector` is its MSI-X entry. -ENOMEM; -EIO: the device has no such queue, or not with
 * that vector. */
int MUST_CHECK virtio_add_queue(struct virtio_device *device, uint16_t index, uint16_t size,
                                uint16_t vector, struct virtqueue *queue);

/* Has it send MSI-X entry `vector` when its own configuration changes. -EIO: it cannot. */
int MUST_CHECK virtio_set_config_vector(struct virtio_device *device, uint16_t vector);

/* Lets it work, after its queues are there. */
void virtio_run(struct virtio_device *device);

/* Stops it: it forgets its queues and writes to no memory any more. */
void virtio_reset(struct virtio_device *device);

/* Tells it that queue `index`, which was added, has something for it. */
void virtio_notify(struct virtio_device *device, uint16_t index);

/* Of its own configuration, at a multiple of the size; 0 beyond its end. */
uint8_t virtio_config8(const struct virtio_device *device, unsigned int offset);
uint16_t virtio_config16(const struct virtio_device *device, unsigned int offset);
uint32_t virtio_config32(const struct virtio_device *device, unsigned int offset);
uint64_t virtio_config64(const struct virtio_device *device, unsigned int offset);
