/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reference guest's disks: connects to each that the store shows, reads from it and closes it
 * again. With `write-disks` on the command line it also writes to those that it may, into their
 * last pages, reads that back, and leaves it there.
 */
#include "drivers/pv/blkfront.h"
#include "guest-kernel/console.h"
#include "guest-kernel/demo/demo.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "lib/format.h"
#include "lib/string.h"
#include "pv-abi/errno.h"

#define PAGES            BLKIF_MAX_SEGMENTS_PER_REQUEST
#define NAMES_MAX        128u
#define SECTORS_PER_PAGE (PAGE_SIZE / BLKFRONT_SECTOR_SIZE)
/* Knuth's 64-bit linear congruential generator (MMIX). */
#define NEXT(x) ((x)*UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407))

static void fill(uint64_t *words, uint64_t seed)
{
    for (size_t i = 0; i < PAGES * PAGE_SIZE / sizeof(*words); i++)
        words[i] = seed = NEXT(seed);
}

/* Writes and reads the last pages of a disk. */
static int write_end(struct blkfront *disk, uint64_t *words)
{
    uint64_t at = disk->sector_count - PAGES * SECTORS_PER_PAGE, seed = at;
    int err;

    fill(words, seed);
    err = blkfront_transfer(disk, true, at, words, PAGES);
    if (err == 0)
        err = blkfront_flush(disk);
    memset(words, 0, PAGES * PAGE_SIZE);
    if (err == 0)
        err = blkfront_transfer(disk, false, at, words, PAGES);
    for (size_t i = 0; err == 0 && i < PAGES * PAGE_SIZE / sizeof(*words); i++) {
        seed = NEXT(seed);
        if (words[i] != seed)
            err = -XEN_EIO;
    }
    return err;
}

/* A request beyond the end of the disk must fail, and nothing else. */
static bool is_end_kept(struct blkfront *disk, void *buffer)
{
    return blkfront_transfer(disk, false, disk->sector_count, buffer, 1) == -XEN_EIO &&
           blkfront_transfer(disk, false, UINT64_MAX - 3, buffer, 1) == -XEN_EIO;
}

static bool show_disk(const char *number, void *buffer)
{
    static struct blkfront disk;
    char node[XENBUS_PATH_MAX / 2];
    const uint8_t *bytes = buffer;
    bool is_small, can_write;
    int err;

    format_str(node, sizeof(node), "device/vbd/%s", number);
    err = blkfront_connect(&disk, node, false);
    if (err != 0) {
        console_printf("demo: disk %s does not connect: error %d\n", number, -err);
        return false;
    }
    is_small = disk.sector_count < PAGES * SECTORS_PER_PAGE;
    err = blkfront_transfer(&disk, false, 0, buffer, is_small ? 1 : PAGES);
    console_printf("demo: disk %s, %lu KiB%s, begins with %02x%02x%02x%02x, ends with %02x%02x\n",
                   number, disk.sector_count / 2, disk.is_read_only ? ", read only" : "", bytes[0],
                   bytes[1], bytes[2], bytes[3], bytes[510], bytes[511]);
    can_write = guest_has_option("write-disks") && !disk.is_read_only && !is_small;
    if (err == 0 && can_write) {
        err = write_end(&disk, buffer);
        console_printf("demo: disk %s, written and read back: error %d\n", number, -err);
    }
    if (err == 0 && !is_end_kept(&disk, buffer))
        err = -XEN_ERANGE;
    if (err != 0)
        console_printf("demo: disk %s: error %d\n", number, -err);
    return blkfront_close(&disk) == 0 && err == 0;
}

bool demo_disks(void)
{
    char names[NAMES_MAX];
    void *buffer;
    size_t count = 0;
    bool works = true;

    if (!xenbus_init() || xenbus_list("device/vbd", names, sizeof(names), &count) != 0 ||
        count == 0) {
        console_printf("demo: no disks\n");
        return true;
    }
    buffer = pages_alloc(PAGES, 1);
    if (buffer == NULL)
        return false;
    for (const char *name = names; count > 0; count--, name += strlen(name) + 1)
        works = show_disk(name, buffer) && works;
    pages_free(buffer, PAGES);
    return works;
}
