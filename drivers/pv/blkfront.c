/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the front end's side of a block ring. */
#include "drivers/pv/blkfront.h"

#include "guest-kernel/grants.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/errno.h"
#include "pv-abi/io_ring.h"
#include "pv-abi/io_xenbus.h"

#define IO_TIME          (60 * NS_PER_SECOND)
#define SECTORS_PER_PAGE (PAGE_SIZE / BLKFRONT_SECTOR_SIZE)

static void on_event(void *arg)
{
    struct blkfront *disk = arg;

    blkfront_poll(disk);
}

/* Makes the ring and what the back end needs to reach it. */
static int make_ring(struct blkfront *disk)
{
    int ref, err;

    disk->ring = page_alloc();
    if (disk->ring == NULL)
        return -XEN_ENOMEM;
    /* SHARED_RING_INIT of <xen/io/ring.h>. */
    disk->ring->req_event = disk->ring->rsp_event = 1;
    disk->req_prod = disk->rsp_cons = 0;
    memset(disk->slots, 0, sizeof(disk->slots));
    ref = grant_access(disk->back_end, virt_to_gfn(disk->ring), false);
    if (ref < 0) {
        page_free(disk->ring);
        return ref;
    }
    disk->ring_ref = (grant_ref_t)ref;
    err = event_alloc_unbound(disk->back_end, &disk->port);
    if (err == 0)
        err = event_set_handler(disk->port, on_event, disk);
    if (err != 0 && grant_end(disk->ring_ref) == 0)
        page_free(disk->ring);
    return err;
}

/* The page goes back if the back end has let go of it. */
static int drop_ring(struct blkfront *disk)
{
    int err;

    event_close(disk->port);
    err = grant_end(disk->ring_ref);
    if (err == 0)
        page_free(disk->ring);
    return err;
}

static int introduce(const struct blkfront *disk)
{
    int err = xenbus_write(xenbus_path(disk->node, "ring-ref"), "%u", disk->ring_ref);

    if (err == 0)
        err = xenbus_write(xenbus_path(disk->node, "event-channel"), "%u", disk->port);
    if (err == 0)
        err = xenbus_write(xenbus_path(disk->node, "protocol"), "x86_64-abi");
    if (err == 0)
        err =
            xenbus_write(xenbus_path(disk->node, "feature-persistent"), "%d", disk->is_persistent);
    if (err == 0)
        err = xenbus_write(xenbus_path(disk->node, "state"), "%d", XenbusStateInitialised);
    if (err == 0)
        err = xenbus_wait(xenbus_path(disk->back_node, "state"), XenbusStateConnected);
    return err;
}

static int learn(struct blkfront *disk)
{
    uint64_t info = 0, flush = 0, persistent = 0;
    int err = xenbus_read_u64(xenbus_path(disk->back_node, "sectors"), &disk->sector_count);

    if (err == 0)
        err = xenbus_read_u64(xenbus_path(disk->back_node, "info"), &info);
    disk->is_read_only = (info & VDISK_READONLY) != 0;
    /* Optional, as is every feature. */
    disk->can_flush =
        xenbus_read_u64(xenbus_path(disk->back_node, "feature-flush-cache"), &flush) == 0 &&
        flush != 0;
    if (disk->is_persistent)
        disk->is_persistent =
            xenbus_read_u64(xenbus_path(disk->back_node, "feature-persistent"), &persistent) == 0 &&
            persistent != 0;
    if (err == 0)
        err = xenbus_write(xenbus_path(disk->node, "state"), "%d", XenbusStateConnected);
    return err;
}

int blkfront_connect(struct blkfront *disk, const char *node, bool is_persistent)
{
    int err;

    memset(disk, 0, sizeof(*disk));
    disk->is_persistent = is_persistent;
    if (!str_copy(disk->node, sizeof(disk->node), node))
        return -XEN_E2BIG;
    err =
        xenbus_find_back_end(disk->node, disk->back_node, sizeof(disk->back_node), &disk->back_end);
    if (err == 0)
        err = xenbus_wait(xenbus_path(disk->back_node, "state"), XenbusStateInitWait);
    if (err == 0)
        err = make_ring(disk);
    if (err != 0)
        return err;
    err = introduce(disk);
    if (err == 0)
        err = learn(disk);
    if (err != 0) {
        int closed = blkfront_close(disk);

        return closed != 0 ? closed : err;
    }
    return 0;
}

int blkfront_close(struct blkfront *disk)
{
    int err = xenbus_close(disk->node, disk->back_node), dropped = drop_ring(disk);

    /* The next to connect finds the node as it was. */
    if (err == 0)
        err = xenbus_write(xenbus_path(disk->node, "state"), "%d", XenbusStateInitialising);
    return err != 0 ? err : dropped;
}

static struct blkif_request *request_at(const struct blkfront *disk, uint32_t index)
{
    struct blkif_request *requests = (struct blkif_request *)(void *)disk->ring->ring;

    return &requests[index % BLKFRONT_ENTRIES];
}

int blkfront_submit(struct blkfront *disk, struct blkfront_io *io)
{
    uint32_t slot = 0;
    struct blkif_request *request;

    while (slot < BLKFRONT_ENTRIES && disk->slots[slot] != NULL)
        slot++;
    if (slot == BLKFRONT_ENTRIES)
        return -XEN_ENOSPC;
    disk->slots[slot] = io;
    io->is_done = false;
    request = request_at(disk, disk->req_prod++);
    request->operation = io->operation;
    request->nr_segments = io->page_count;
    request->handle = 0;
    request->id = slot;
    request->sector_number = io->sector;
    for (unsigned int i = 0; i < io->page_count; i++)
        request->seg[i] = (struct blkif_request_segment){io->refs[i], 0, SECTORS_PER_PAGE - 1};
    return 0;
}

void blkfront_push(struct blkfront *disk)
{
    uint32_t old = disk->ring->req_prod, event;

    __atomic_store_n(&disk->ring->req_prod, disk->req_prod, __ATOMIC_RELEASE);
    /* Pairs with the back end's barrier between its req_event and its look at req_prod. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    event = __atomic_load_n(&disk->ring->req_event, __ATOMIC_RELAXED);
    if (disk->req_prod - event < disk->req_prod - old)
        event_send(disk->port);
}

/* Ends the request of one response. */
static void take_response(struct blkfront *disk, const struct blkif_response *response)
{
    struct blkfront_io *io = response->id < BLKFRONT_ENTRIES ? disk->slots[response->id] : NULL;

    if (io == NULL) {
        disk->is_broken = true;
        return;
    }
    disk->slots[response->id] = NULL;
    io->status = response->status;
    io->is_done = true;
}

void blkfront_poll(struct blkfront *disk)
{
    do {
        /* Pairs with the back end's release of rsp_prod: the responses are there. */
        uint32_t prod = __atomic_load_n(&disk->ring->rsp_prod, __ATOMIC_ACQUIRE);

        if (prod - disk->rsp_cons > BLKFRONT_ENTRIES)
            disk->is_broken = true;
        while (disk->rsp_cons != prod && !disk->is_broken) {
            struct blkif_response copy;

            memcpy(&copy, request_at(disk, disk->rsp_cons), sizeof(copy));
            disk->rsp_cons++;
            take_response(disk, &copy);
        }
        __atomic_store_n(&disk->ring->rsp_event, disk->rsp_cons + 1, __ATOMIC_RELAXED);
        /* Pairs with the back end's barrier between its rsp_prod and its look at rsp_event. */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    } while (!disk->is_broken &&
             __atomic_load_n(&disk->ring->rsp_prod, __ATOMIC_RELAXED) != disk->rsp_cons);
}

/* What a wait is about; a timer ends it when nothing comes. */
struct io_wait {
    struct timer timer; /* the first member */
    const struct blkfront *disk;
    const struct blkfront_io *io;
    bool is_over;
};

static void give_up(struct timer *timer)
{
    struct io_wait *wait = (struct io_wait *)timer;

    wait->is_over = true;
}

static bool is_over(void *arg)
{
    const struct io_wait *wait = arg;

    return __atomic_load_n(&wait->io->is_done, __ATOMIC_ACQUIRE) || wait->disk->is_broken ||
           __atomic_load_n(&wait->is_over, __ATOMIC_ACQUIRE);
}

int blkfront_wait(struct blkfront *disk, const struct blkfront_io *io)
{
    struct io_wait wait = {.timer = {.expire = give_up}, .disk = disk, .io = io};

    if (!io->is_done) {
        timer_start(&wait.timer, time_now() + IO_TIME);
        event_wait_until(is_over, &wait);
        timer_stop(&wait.timer);
    }
    if (disk->is_broken)
        return -XEN_EIO;
    if (!io->is_done)
        return -XEN_ETIMEDOUT;
    if (io->status == BLKIF_RSP_EOPNOTSUPP)
        return -XEN_EOPNOTSUPP;
    return io->status == BLKIF_RSP_OKAY ? 0 : -XEN_EIO;
}

static int run(struct blkfront *disk, struct blkfront_io *io)
{
    int err = blkfront_submit(disk, io);

    if (err != 0)
        return err;
    blkfront_push(disk);
    return blkfront_wait(disk, io);
}

int blkfront_transfer(struct blkfront *disk, bool is_write, uint64_t sector, void *buffer,
                      unsigned int page_count)
{
    /* Static: after a time-out the back end may still answer. */
    static struct blkfront_io io;
    int err = page_count <= BLKIF_MAX_SEGMENTS_PER_REQUEST ? 0 : -XEN_EINVAL;

    io = (struct blkfront_io){.operation = is_write ? BLKIF_OP_WRITE : BLKIF_OP_READ,
                              .sector = sector};
    while (err == 0 && io.page_count < page_count) {
        int ref = grant_access(disk->back_end, virt_to_gfn(buffer) + io.page_count, is_write);

        if (ref < 0)
            err = ref;
        else
            io.refs[io.page_count++] = (grant_ref_t)ref;
    }
    if (err == 0)
        err = run(disk, &io);
    for (unsigned int i = 0; i < io.page_count; i++) {
        int ended = grant_end(io.refs[i]);

        if (err == 0)
            err = ended;
    }
    return err;
}

int blkfront_flush(struct blkfront *disk)
{
    static struct blkfront_io io;

    io = (struct blkfront_io){.operation = BLKIF_OP_FLUSH_DISKCACHE};
    return disk->can_flush ? run(disk, &io) : 0;
}
