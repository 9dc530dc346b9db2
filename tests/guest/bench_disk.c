/* SPDX-License-Identifier: BSD-2-Clause */
/* Round trips to a disk by the front end of drivers/pv. Pages are granted once; the guest halts
 * until the last response is there. */
#include "tests/guest/bench_disk.h"

#include "drivers/pv/blkfront.h"
#include "guest-kernel/console.h"
#include "guest-kernel/grants.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "lib/format.h"
#include "lib/insn.h"

#define BATCH     16u
#define NAMES_MAX 128u

static struct blkfront disk;
static struct blkfront_io ios[BATCH];
static grant_ref_t refs[BLKIF_MAX_SEGMENTS_PER_REQUEST];

static bool grant_pages(void)
{
    uint8_t *pages = pages_alloc(BLKIF_MAX_SEGMENTS_PER_REQUEST, 1);

    for (unsigned int i = 0; pages != NULL && i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++) {
        int ref = grant_access(disk.back_end, virt_to_gfn(pages + i * PAGE_SIZE), false);

        if (ref < 0)
            return false;
        refs[i] = (grant_ref_t)ref;
    }
    return pages != NULL;
}

bool bench_disk_connect(bool is_persistent)
{
    static bool is_open;
    char names[NAMES_MAX], node[XENBUS_PATH_MAX / 2];
    size_t count = 0;
    int err;

    if (is_open && blkfront_close(&disk) != 0)
        guest_panic("the disk does not close");

    if (!xenbus_init() || xenbus_list("device/vbd", names, sizeof(names), &count) != 0 ||
        count == 0)
        return false;
    format_str(node, sizeof(node), "device/vbd/%s", names);
    err = blkfront_connect(&disk, node, is_persistent);
    if (err != 0)
        console_printf("bench: the disk does not connect: error %d\n", -err);
    is_open = err == 0;
    return is_open && (refs[0] != 0 || grant_pages());
}

/* One round trip of `count` requests of `page_count` pages each. */
static uint64_t trip(unsigned int count, uint8_t page_count)
{
    uint64_t start, ticks;

    irq_disable();
    start = rdtsc();
    for (unsigned int i = 0; i < count; i++) {
        ios[i].operation = BLKIF_OP_READ;
        ios[i].page_count = page_count;
        ios[i].sector = 0;
        for (unsigned int page = 0; page < page_count; page++)
            ios[i].refs[page] = refs[page];
        if (blkfront_submit(&disk, &ios[i]) != 0)
            guest_panic("the ring is full");
    }
    blkfront_push(&disk);
    for (unsigned int i = 0; i < count; i++) {
        while (!__atomic_load_n(&ios[i].is_done, __ATOMIC_RELAXED))
            irq_enable_and_halt();
    }
    ticks = rdtsc() - start;
    irq_enable();
    return ticks;
}

uint64_t bench_disk_page(void)
{
    return trip(1, 1);
}

uint64_t bench_disk_large(void)
{
    return trip(1, BLKIF_MAX_SEGMENTS_PER_REQUEST);
}

uint64_t bench_disk_batch(void)
{
    return trip(BATCH, 1);
}
