/* SPDX-License-Identifier: BSD-2-Clause */
/* A request to a disk, whatever drives it. */
#pragma once

#include <stdint.h>

#define DISK_SECTOR_SIZE  512u
#define DISK_SECTOR_SHIFT 9
/* The most segments of one request. */
#define DISK_SEGMENTS_MAX 128u

enum disk_op {
    DISK_READ,
    DISK_WRITE,
    DISK_FLUSH,  /* what was written before is to survive a power cut */
    DISK_DISCARD /* the sectors' contents are not needed any more */
};

/* Memory at a machine address; whole sectors. */
struct disk_segment {
    uint64_t paddr;
    uint32_t size;
};

/* Lies in direct-mapped memory and stays in place until done() is called, from the main loop. */
struct disk_request {
    enum disk_op op;
    uint64_t sector;       /* the first, of 512 bytes */
    uint64_t sector_count; /* DISK_DISCARD: how many */
    const struct disk_segment *segments;
    unsigned int segment_count;
    /* `status`: 0, -EIO, or -EOPNOTSUPP: the disk has no such operation. */
    void (*done)(struct disk_request *request, int status);
    struct disk_request *next; /* for whoever has the request */
    /* What the device reads and writes (VIRTIO 1.1, 5.2.6). */
    struct {
        uint32_t type;
        uint32_t reserved;
        uint64_t sector;
    } header;
    struct {
        uint64_t sector;
        uint32_t count;
        uint32_t flags;
    } discard;
    uint8_t device_status;
};
