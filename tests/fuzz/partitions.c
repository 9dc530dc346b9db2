/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk whose partition table may be anything. The input is the disk's first sectors; half of the
 * inputs get checksums that are right, or no table would ever be read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/control/partitions.h"

#define SECTOR       512u
#define SECTORS      48u
#define DISK_SECTORS (UINT64_C(1) << 33)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t disk[SECTORS * SECTOR];

static int read_sector(const struct partition_source *source, uint64_t sector, uint8_t to[512])
{
    if (sector >= source->sector_count)
        abort();
    if (sector < SECTORS)
        memcpy(to, disk + sector * SECTOR, SECTOR);
    else
        memset(to, 0, SECTOR);
    return 0;
}

static void found(const struct partition *partition, void *arg)
{
    const uint64_t *sectors = arg;

    if (partition->number == 0 || partition->number > PARTITION_MAX ||
        partition->sector_count == 0 || partition->start >= *sectors ||
        partition->sector_count > *sectors - partition->start ||
        memchr(partition->name, '\0', PARTITION_NAME_MAX) == NULL)
        abort();
}

static uint32_t crc32(const uint8_t *at, size_t size)
{
    uint32_t crc = UINT32_MAX;

    while (size-- > 0) {
        crc ^= *at++;
        for (int i = 0; i < 8; i++)
            crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1));
    }
    return ~crc;
}

/* A header of 92 bytes at sector 1, its entries from sector 2 on. */
static void seal(void)
{
    uint32_t crc;

    memcpy(disk + 510, "\x55\xaa", 2);
    disk[446 + 4] = 0xee;
    memcpy(disk + SECTOR, "EFI PART", 8);
    memcpy(disk + SECTOR + 12, "\x5c\0\0", 4);
    memcpy(disk + SECTOR + 72, "\x02\0\0\0\0\0\0", 8);
    memcpy(disk + SECTOR + 80, "\x10\0\0", 4);
    memcpy(disk + SECTOR + 84, "\x80\0\0", 4);
    crc = crc32(disk + 2 * SECTOR, 16 * 128);
    memcpy(disk + SECTOR + 88, &crc, sizeof(crc));
    memset(disk + SECTOR + 16, 0, 4);
    crc = crc32(disk + SECTOR, 92);
    memcpy(disk + SECTOR + 16, &crc, sizeof(crc));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint64_t sectors = size % 3 == 0 ? SECTORS : DISK_SECTORS;
    const struct partition_source source = {.sector_count = sectors, .read = read_sector};

    memset(disk, 0, sizeof(disk));
    memcpy(disk, bytes, size < sizeof(disk) ? size : sizeof(disk));
    if (size % 2 == 0)
        seal();
    /* Any error will do. */
    return partitions_read(&source, found, &sectors) > 0;
}
