/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A paravirtual disk's back end against requests that are wrong: each is answered with an error,
 * and the next good one is served. Needs a disk of at least 1 MiB as its first, with nothing on it
 * that anybody needs; without one it skips everything. The last disk, which may be the same one, is
 * used with persistent grants.
 */
#include "guest-kernel/grants.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/format.h"
#include "lib/string.h"
#include "pv-abi/errno.h"
#include "pv-abi/io_ring.h"
#include "tests/guest/check.h"
#include "tests/guest/disk_raw.h"

#define NAMES_MAX   128u
#define NO_REF      1999u /* a reference that this guest has not given */
#define NEVER_REF   UINT32_MAX
#define LAST_SECTOR 7u

struct blkfront disk;
uint8_t *disk_page;
grant_ref_t disk_ref;

struct blkif_request *raw_request(struct blkfront_io *io, uint8_t operation)
{
    struct blkif_request *requests = (struct blkif_request *)(void *)disk.ring->ring;

    *io = (struct blkfront_io){.operation = operation, .page_count = 1, .refs = {disk_ref}};
    if (blkfront_submit(&disk, io) != 0)
        guest_panic("the disk's ring is full");
    return &requests[(disk.req_prod - 1) % BLKFRONT_ENTRIES];
}

int raw_run(const struct blkfront_io *io)
{
    blkfront_push(&disk);
    return blkfront_wait(&disk, io);
}

bool disk_is_well(void)
{
    static struct blkfront_io io;

    raw_request(&io, BLKIF_OP_READ);
    return raw_run(&io) == 0;
}

/* A request that spoil() has changed is answered with an error, and the disk goes on. */
static void expect(const char *name, uint8_t operation, void (*spoil)(struct blkif_request *),
                   int error)
{
    static struct blkfront_io io;

    spoil(raw_request(&io, operation));
    check(name, raw_run(&io), error);
    if (!disk_is_well())
        check_true(name, false);
}

static void beyond_the_end(struct blkif_request *request)
{
    request->sector_number = disk.sector_count - LAST_SECTOR;
}

static void far_beyond_the_end(struct blkif_request *request)
{
    request->sector_number = UINT64_MAX;
}

static void around_the_end(struct blkif_request *request)
{
    request->sector_number = UINT64_MAX - LAST_SECTOR + 1;
}

static void no_segments(struct blkif_request *request)
{
    request->nr_segments = 0;
}

static void twelve_segments(struct blkif_request *request)
{
    request->nr_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST + 1;
}

static void all_segments(struct blkif_request *request)
{
    request->nr_segments = UINT8_MAX;
}

static void backward_segment(struct blkif_request *request)
{
    request->seg[0].first_sect = 5;
    request->seg[0].last_sect = 4;
}

static void segment_off_the_page(struct blkif_request *request)
{
    request->seg[0].last_sect = LAST_SECTOR + 1;
}

static void bad_grant(struct blkif_request *request)
{
    request->seg[0].gref = NO_REF;
}

static void impossible_grant(struct blkif_request *request)
{
    request->seg[0].gref = NEVER_REF;
}

/* Good pages around a bad one are given back too: the case after this ends their grant. */
static void bad_grant_among_good_ones(struct blkif_request *request)
{
    request->nr_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
    for (unsigned int i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
        request->seg[i] =
            (struct blkif_request_segment){i == 5 ? NO_REF : disk_ref, 0, LAST_SECTOR};
}

static void unknown_operation(struct blkif_request *request)
{
    request->operation = 200;
}

static void reserved_operation(struct blkif_request *request)
{
    request->operation = BLKIF_OP_RESERVED_1;
}

static void discard_beyond_the_end(struct blkif_request *request)
{
    struct blkif_request_discard *discard = (struct blkif_request_discard *)(void *)request;

    discard->operation = BLKIF_OP_DISCARD;
    discard->flag = 0;
    discard->sector_number = 8;
    discard->nr_sectors = UINT64_MAX - 4;
}

static void make_indirect(struct blkif_request *request, uint16_t count, grant_ref_t ref)
{
    uint64_t id = request->id;
    struct blkif_request_indirect *indirect = (struct blkif_request_indirect *)(void *)request;

    *indirect = (struct blkif_request_indirect){.operation = BLKIF_OP_INDIRECT,
                                                .indirect_op = BLKIF_OP_READ,
                                                .nr_segments = count,
                                                .id = id,
                                                .indirect_grefs = {ref}};
}

static void too_many_indirect(struct blkif_request *request)
{
    make_indirect(request, 4096, disk_ref);
}

static void indirect_without_page(struct blkif_request *request)
{
    make_indirect(request, 1, NO_REF);
}

/* The page of segments holds no reference that was given. */
static void indirect_with_bad_segments(struct blkif_request *request)
{
    memset(disk_page, 0xff, PAGE_SIZE);
    make_indirect(request, 16, disk_ref);
}

static void requests_that_are_wrong(void)
{
    expect("disk/read beyond the end", BLKIF_OP_READ, beyond_the_end, -XEN_EIO);
    expect("disk/write beyond the end", BLKIF_OP_WRITE, beyond_the_end, -XEN_EIO);
    expect("disk/far beyond the end", BLKIF_OP_READ, far_beyond_the_end, -XEN_EIO);
    expect("disk/around the end of all numbers", BLKIF_OP_WRITE, around_the_end, -XEN_EIO);
    expect("disk/no segments", BLKIF_OP_READ, no_segments, -XEN_EIO);
    expect("disk/twelve segments", BLKIF_OP_READ, twelve_segments, -XEN_EIO);
    expect("disk/255 segments", BLKIF_OP_WRITE, all_segments, -XEN_EIO);
    expect("disk/segment backward", BLKIF_OP_READ, backward_segment, -XEN_EIO);
    expect("disk/segment off the page", BLKIF_OP_WRITE, segment_off_the_page, -XEN_EIO);
    expect("disk/grant not given", BLKIF_OP_READ, bad_grant, -XEN_EIO);
    expect("disk/grant beyond the table", BLKIF_OP_WRITE, impossible_grant, -XEN_EIO);
    expect("disk/bad grant among good ones", BLKIF_OP_READ, bad_grant_among_good_ones, -XEN_EIO);
    expect("disk/unknown operation", BLKIF_OP_READ, unknown_operation, -XEN_EOPNOTSUPP);
    expect("disk/reserved operation", BLKIF_OP_READ, reserved_operation, -XEN_EOPNOTSUPP);
    expect("disk/discard beyond the end", BLKIF_OP_READ, discard_beyond_the_end, -XEN_EIO);
    expect("disk/too many indirect segments", BLKIF_OP_READ, too_many_indirect, -XEN_EIO);
    expect("disk/indirect page not given", BLKIF_OP_READ, indirect_without_page, -XEN_EIO);
    expect("disk/nonsense in an indirect page", BLKIF_OP_READ, indirect_with_bad_segments,
           -XEN_EIO);
}

/* A page that may only be read cannot be read into. */
static void rights_of_grants(void)
{
    static struct blkfront_io io;
    int ref = grant_access(disk.back_end, virt_to_gfn(disk_page), true);

    raw_request(&io, BLKIF_OP_READ)->seg[0].gref = (grant_ref_t)ref;
    check("disk/read into a page that is only to be read", raw_run(&io), -XEN_EIO);
    raw_request(&io, BLKIF_OP_WRITE)->seg[0].gref = (grant_ref_t)ref;
    check("disk/write from such a page", raw_run(&io), 0);
    check("disk/its grant ends after the answer", grant_end((grant_ref_t)ref), 0);
    raw_request(&io, BLKIF_OP_WRITE)->seg[0].gref = (grant_ref_t)ref;
    check("disk/grant that was taken back", raw_run(&io), -XEN_EIO);
    check_true("disk/goes on", disk_is_well());
}

static void barriers_and_flushes(void)
{
    static struct blkfront_io io, others[8];
    bool all = true;

    raw_request(&io, BLKIF_OP_FLUSH_DISKCACHE)->nr_segments = 0;
    check("disk/flush", raw_run(&io), 0);
    for (unsigned int i = 0; i < 8; i++)
        raw_request(&others[i], i == 3 ? BLKIF_OP_WRITE_BARRIER : BLKIF_OP_WRITE);
    raw_request(&io, BLKIF_OP_FLUSH_DISKCACHE);
    check("disk/flush with data behind a barrier among writes", raw_run(&io), 0);
    for (unsigned int i = 0; i < 8; i++)
        all = all && others[i].is_done && others[i].status == BLKIF_RSP_OKAY;
    check_true("disk/what came before has ended", all);
    raw_request(&io, BLKIF_OP_WRITE_BARRIER)->nr_segments = 0;
    check("disk/barrier without data", raw_run(&io), 0);
}

/* Grants disk_page, and reads into it. */
static bool first_read(void)
{
    int ref = grant_access(disk.back_end, virt_to_gfn(disk_page), false);

    disk_ref = (grant_ref_t)ref;
    return check_true("disk/page granted", ref >= 0) &&
           check_true("disk/first read", disk_is_well());
}

/* The nodes of the first disk and of the last. */
static bool find_disks(char first[XENBUS_PATH_MAX / 2], char last[XENBUS_PATH_MAX / 2])
{
    char names[NAMES_MAX];
    const char *name = names;
    size_t count = 0;

    if (!xenbus_init() || xenbus_list("device/vbd", names, sizeof(names), &count) != 0 ||
        count == 0)
        return false;
    format_str(first, XENBUS_PATH_MAX / 2, "device/vbd/%s", names);
    while (--count > 0)
        name += strlen(name) + 1;
    format_str(last, XENBUS_PATH_MAX / 2, "device/vbd/%s", name);
    return true;
}

/* A page that the back end keeps serves all requests, whatever their direction, and is free when
 * the disk is closed. */
static void persistent_grants(const char *node)
{
    static struct blkfront_io io;

    if (!check("disk/connects for persistent grants", blkfront_connect(&disk, node, true), 0))
        return;
    if (!disk.is_persistent) {
        check_skip("disk/persistent grants", "the back end does not offer them");
    } else if (first_read()) {
        check("disk/persistent: the page is kept", grant_end(disk_ref), -XEN_EBUSY);
        raw_request(&io, BLKIF_OP_WRITE);
        check("disk/persistent: write from it", raw_run(&io), 0);
        check_true("disk/persistent: read into it again", disk_is_well());
        raw_request(&io, BLKIF_OP_READ)->seg[0].gref = NO_REF;
        check("disk/persistent: grant not given", raw_run(&io), -XEN_EIO);
        check_true("disk/persistent: goes on", disk_is_well());
    }
    check("disk/persistent: closes", blkfront_close(&disk), 0);
    if (disk.is_persistent)
        check("disk/persistent: the page is free", grant_end(disk_ref), 0);
}

void test_cases(void)
{
    char first[XENBUS_PATH_MAX / 2], last[XENBUS_PATH_MAX / 2];

    if (!find_disks(first, last)) {
        check_skip("disk", "there is none");
        return;
    }
    disk_page = page_alloc();
    if (!check("disk/connects", blkfront_connect(&disk, first, false), 0) || !first_read())
        return;
    requests_that_are_wrong();
    rights_of_grants();
    barriers_and_flushes();
    disk_ring_cases();
    check("disk/no grant is held", grant_end(disk_ref), 0);
    check("disk/closes", blkfront_close(&disk), 0);
    persistent_grants(last);
}
