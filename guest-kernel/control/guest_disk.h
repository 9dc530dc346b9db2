/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk of a guest's configuration, in xl's words (xl-disk-configuration(5)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define GUEST_DISKS_MAX       8u
#define GUEST_DISK_NAME_MAX   16u
#define GUEST_DISK_TARGET_MAX 64u

struct guest_disk {
    char target[GUEST_DISK_TARGET_MAX]; /* the volume's name */
    char name[GUEST_DISK_NAME_MAX];     /* xvda and so on */
    uint32_t number;                    /* what stands for the name in the store */
    bool is_write;
};

/* Reads "phy:TARGET,xvda,w" and "target=TARGET, vdev=xvda, access=w". -EINVAL: `why` says what is
 * wrong and what would be right. */
int MUST_CHECK guest_disk_read(struct guest_disk *disk, const char *text, char *why, size_t size);

/* The number of xvda, xvdb3 and so on (xen-vbd-interface(7)). -EINVAL: not such a name. */
int MUST_CHECK guest_disk_number(const char *name, uint32_t *number);
