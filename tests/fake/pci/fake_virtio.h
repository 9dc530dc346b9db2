/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio device whose part a test plays: it stands in for virtio.c, interrupts and pages, and
 * keeps what a driver tells it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pci/virtio.h"
#include "guest-kernel/events.h"

#define FAKE_CONFIG_SIZE 16u

struct fake_virtio {
    uint64_t offered, agreed; /* features */
    uint8_t config[FAKE_CONFIG_SIZE];
    uint16_t config_vector;
    bool is_running;
    struct virtqueue *queues[VIRTIO_QUEUES_MAX];
    uint16_t queue_size_max;
    unsigned int notices[VIRTIO_QUEUES_MAX];
    unsigned int pages_left;          /* pages_alloc() fails when they are used up */
    uint16_t seen[VIRTIO_QUEUES_MAX]; /* chains that the device has taken */
};

extern struct fake_virtio fake_virtio;

/* Forgets everything and frees what was allocated. */
void fake_virtio_clear(void);

/* The device takes the next chain: its first descriptor's number, or -1: there is none. */
int fake_virtio_take(unsigned int queue);

/* A descriptor's memory. */
uint8_t *fake_virtio_bytes(unsigned int queue, unsigned int descriptor);

/* The device returns a chain, of which it says to have written `written` bytes. */
void fake_virtio_return(unsigned int queue, uint32_t id, uint32_t written);

/* The device changes a byte of its configuration and tells of it. */
void fake_virtio_change_config(unsigned int offset, uint8_t value);

/* The device sends its interrupts, if they are wanted; true: they were. */
bool fake_virtio_interrupt(unsigned int queue);
