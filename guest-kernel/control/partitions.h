/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk's partitions: GPT (UEFI 2.10, 5.3), or the four primary ones of an MBR (5.2.1). */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

#define PARTITION_NAME_MAX 37u /* bytes with the NUL: 36 characters (UEFI 2.10, 5.3.3) */
#define PARTITION_MAX      128u

struct partition {
    unsigned int number; /* from 1 */
    uint64_t start;      /* sectors of 512 bytes */
    uint64_t sector_count;
    uint8_t guid[16];              /* its own, 0 in an MBR */
    char name[PARTITION_NAME_MAX]; /* "" if none; what is not printable ASCII is '?' */
};

struct partition_source {
    uint64_t sector_count;
    /* Reads one sector into `to`. 0 or a negative errno. */
    int (*read)(const struct partition_source *source, uint64_t sector, uint8_t to[512]);
    void *owner; /* for read() */
};

/* Calls found(partition, arg) for each partition that lies within the disk. 0, also where there is
 * no table; -EBADMSG: a GPT whose checksums or limits are wrong; errors of read(). One caller at a
 * time. */
int MUST_CHECK partitions_read(const struct partition_source *source,
                               void (*found)(const struct partition *partition, void *arg),
                               void *arg);
