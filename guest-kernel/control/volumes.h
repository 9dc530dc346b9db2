/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Volumes: what a guest's disk can be. A disk (`vda`), one of its partitions (`vda3`, or its name
 * in the GPT), a boot module (in RAM, gone at the next boot), and `null`, which only answers. The
 * option boot-partition=GUID names the partition that the machine boots from. Main loop only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/pci/disk.h"
#include "guest-kernel/control/guest_config.h"
#include "guest-kernel/control/partitions.h"
#include "lib/compiler.h"

#define VOLUME_NAME_MAX GUEST_NAME_MAX

struct virtio_blk;

struct volume {
    char name[VOLUME_NAME_MAX];
    char label[PARTITION_NAME_MAX]; /* a partition's other name, or "" */
    struct virtio_blk *disk;        /* NULL: in memory, or `null` */
    uint8_t *memory;                /* NULL: on a disk, or `null` */
    uint64_t start;                 /* on the disk, in sectors */
    uint64_t sector_count;
    bool is_read_only;
    bool is_boot; /* it has what the machine boots from: no guest may write it */
    unsigned int reader_count;
    char writer[GUEST_NAME_MAX]; /* the domain that may write, or "" */
};

/* Finds the disks and reads their partition tables. What goes wrong is told by `notice`. */
void volumes_init(void (*notice)(const char *sentence));

/* Opens the volume with this name for a domain. `sentence` (GUEST_ERROR_MAX bytes) says why not.
 * -ENOENT: there is none; -EROFS: it cannot be written; -EBUSY: it is written, or is to be written
 * and is read; so for what overlaps it. */
int MUST_CHECK volume_open(const char *name, const char *domain, bool is_write,
                           struct volume **volume, char *sentence);
void volume_close(struct volume *volume, bool is_write);

bool volume_can_discard(const struct volume *volume);

/* Front ends are offered to use the same grants for all requests, which stay mapped: the control
 * domain's option says so, and the volume is none in memory. */
bool volume_keeps_grants(const struct volume *volume);

/* The most sectors that one discard may have. */
uint64_t volume_discard_max(const struct volume *volume);

/* The most segments that a request to the volume may have. */
unsigned int volume_segments_max(const struct volume *volume);

/* Passes a request on, its sectors counted from the volume's start and within it (the caller has
 * checked that); not for volumes in memory. done() is called from volumes_step(), or at once. */
void volume_submit(struct volume *volume, struct disk_request *request);

/* Shows the disks what was submitted. */
void volumes_kick(void);

/* True if volumes_step() has something to do. For the main loop, with interrupts off. */
bool volumes_have_work(void);

/* Ends the requests that disks have done. */
void volumes_step(void);

/* Volume `index` for lists, or NULL. */
const struct volume *volume_at(unsigned int index);
