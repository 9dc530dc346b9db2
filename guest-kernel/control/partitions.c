/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the reading of partition tables, whose every byte may be a guest's. */
#include "guest-kernel/control/partitions.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/errno.h"
#include "lib/string.h"

#define SECTOR_SIZE 512u

/* The master boot record (UEFI 2.10, 5.2.1). */
#define MBR_SIGNATURE_AT  510u
#define MBR_SIGNATURE     0xaa55u
#define MBR_RECORDS_AT    446u
#define MBR_RECORD_SIZE   16u
#define MBR_RECORDS       4u
#define MBR_TYPE_AT       4u
#define MBR_START_AT      8u
#define MBR_COUNT_AT      12u
#define MBR_TYPE_GPT      0xeeu
#define MBR_TYPE_EXTENDED 0x05u
#define MBR_TYPE_LBA_EXT  0x0fu

/* The GPT's header and entries (5.3.2 and 5.3.3). */
#define GPT_HEADER_SECTOR 1u
#define GPT_SIGNATURE     "EFI PART"
#define GPT_SIZE_AT       12u
#define GPT_SIZE_MIN      92u
#define GPT_CRC_AT        16u
#define GPT_ENTRIES_AT    72u
#define GPT_COUNT_AT      80u
#define GPT_ENTRY_SIZE_AT 84u
#define GPT_ENTRIES_CRC   88u
#define ENTRY_SIZE        128u
#define ENTRY_GUID_AT     16u
#define ENTRY_FIRST_AT    32u
#define ENTRY_LAST_AT     40u
#define ENTRY_NAME_AT     56u
#define CRC_POLYNOMIAL    0xedb88320u /* CRC-32 of IEEE 802.3, reflected */

static uint8_t entries[PARTITION_MAX * ENTRY_SIZE];

static uint64_t little(const uint8_t *at, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static uint32_t crc32(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) ? CRC_POLYNOMIAL : 0);
    }
    return ~crc;
}

/* Tells of a partition if the disk has all of it. */
static void tell(const struct partition_source *source, const struct partition *partition,
                 void (*found)(const struct partition *partition, void *arg), void *arg)
{
    if (partition->start != 0 && partition->sector_count != 0 &&
        partition->start < source->sector_count &&
        partition->sector_count <= source->sector_count - partition->start)
        found(partition, arg);
}

static void read_mbr(const struct partition_source *source, const uint8_t *sector,
                     void (*found)(const struct partition *partition, void *arg), void *arg)
{
    for (unsigned int i = 0; i < MBR_RECORDS; i++) {
        const uint8_t *record = sector + MBR_RECORDS_AT + i * MBR_RECORD_SIZE;
        struct partition partition = {.number = i + 1,
                                      .start = little(record + MBR_START_AT, 4),
                                      .sector_count = little(record + MBR_COUNT_AT, 4)};
        uint8_t type = record[MBR_TYPE_AT];

        if (type != 0 && type != MBR_TYPE_EXTENDED && type != MBR_TYPE_LBA_EXT)
            tell(source, &partition, found, arg);
    }
}

static void read_name(const uint8_t *entry, char name[PARTITION_NAME_MAX])
{
    for (unsigned int i = 0; i < PARTITION_NAME_MAX - 1; i++) {
        uint64_t unit = little(entry + ENTRY_NAME_AT + 2 * i, 2);

        name[i] = unit == 0 ? '\0' : unit > ' ' && unit <= '~' ? (char)unit : '?';
        if (unit == 0)
            return;
    }
    name[PARTITION_NAME_MAX - 1] = '\0';
}

static void read_entries(const struct partition_source *source, unsigned int count,
                         void (*found)(const struct partition *partition, void *arg), void *arg)
{
    static const uint8_t unused[16];

    for (unsigned int i = 0; i < count; i++) {
        const uint8_t *entry = entries + i * ENTRY_SIZE;
        uint64_t first = little(entry + ENTRY_FIRST_AT, 8), last = little(entry + ENTRY_LAST_AT, 8);
        struct partition partition = {.number = i + 1, .start = first};

        if (memcmp(entry, unused, sizeof(unused)) == 0 || last < first || last == UINT64_MAX)
            continue;
        partition.sector_count = last - first + 1;
        memcpy(partition.guid, entry + ENTRY_GUID_AT, sizeof(partition.guid));
        read_name(entry, partition.name);
        tell(source, &partition, found, arg);
    }
}

static bool is_header(uint8_t *header)
{
    uint32_t crc = (uint32_t)little(header + GPT_CRC_AT, 4);
    uint64_t size = little(header + GPT_SIZE_AT, 4);

    if (memcmp(header, GPT_SIGNATURE, strlen(GPT_SIGNATURE)) != 0 || size < GPT_SIZE_MIN ||
        size > SECTOR_SIZE)
        return false;
    memset(header + GPT_CRC_AT, 0, 4);
    return crc32(header, size) == crc;
}

static int read_gpt(const struct partition_source *source,
                    void (*found)(const struct partition *partition, void *arg), void *arg)
{
    uint8_t header[SECTOR_SIZE];
    int err = source->read(source, GPT_HEADER_SECTOR, header);
    uint64_t at, count, sectors;

    if (err != 0)
        return err;
    if (!is_header(header))
        return -EBADMSG;
    at = little(header + GPT_ENTRIES_AT, 8);
    count = little(header + GPT_COUNT_AT, 4);
    if (count > PARTITION_MAX || little(header + GPT_ENTRY_SIZE_AT, 4) != ENTRY_SIZE)
        return -EBADMSG;
    sectors = (count * ENTRY_SIZE + SECTOR_SIZE - 1) / SECTOR_SIZE;
    if (at >= source->sector_count || sectors > source->sector_count - at)
        return -EBADMSG;
    for (uint64_t i = 0; err == 0 && i < sectors; i++)
        err = source->read(source, at + i, entries + i * SECTOR_SIZE);
    if (err != 0)
        return err;
    if (crc32(entries, count * ENTRY_SIZE) != little(header + GPT_ENTRIES_CRC, 4))
        return -EBADMSG;
    read_entries(source, (unsigned int)count, found, arg);
    return 0;
}

int partitions_read(const struct partition_source *source,
                    void (*found)(const struct partition *partition, void *arg), void *arg)
{
    uint8_t sector[SECTOR_SIZE];
    int err = source->read(source, 0, sector);

    if (err != 0 || little(sector + MBR_SIGNATURE_AT, 2) != MBR_SIGNATURE)
        return err;
    for (unsigned int i = 0; i < MBR_RECORDS; i++) {
        if (sector[MBR_RECORDS_AT + i * MBR_RECORD_SIZE + MBR_TYPE_AT] == MBR_TYPE_GPT)
            return read_gpt(source, found, arg);
    }
    read_mbr(source, sector, found, arg);
    return 0;
}
