/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the requests that a block device has. */
#include "drivers/pci/virtio_blk.h"

#include "drivers/pci/msix.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"

#define QUEUE_SIZE   256u
#define QUEUE_VECTOR 0

/* Features (VIRTIO 1.1, 5.2.3) and configuration (5.2.4). */
#define FEATURE_SEG_MAX    (UINT64_C(1) << 2)
#define FEATURE_RO         (UINT64_C(1) << 5)
#define FEATURE_FLUSH      (UINT64_C(1) << 9)
#define FEATURE_DISCARD    (UINT64_C(1) << 13)
#define CONFIG_CAPACITY    0
#define CONFIG_SEG_MAX     12
#define CONFIG_DISCARD_MAX 36

/* Types and statuses (5.2.6). */
#define TYPE_IN       0u
#define TYPE_OUT      1u
#define TYPE_FLUSH    4u
#define TYPE_DISCARD  11u
#define STATUS_OK     0u
#define STATUS_UNSUPP 2u
#define STATUS_NONE   0xffu /* none of theirs: the device has not written it */
#define PIECES_AROUND 2u    /* header and status */

static void on_interrupt(void *arg)
{
    struct virtio_blk *disk = arg;

    __atomic_store_n(&disk->has_event, true, __ATOMIC_RELEASE);
}

int virtio_blk_start(struct virtio_blk *disk, const struct pci_function *function)
{
    uint64_t features = FEATURE_SEG_MAX | FEATURE_RO | FEATURE_FLUSH | FEATURE_DISCARD;
    int err = virtio_find(&disk->device, function, VIRTIO_TYPE_BLOCK);

    if (err == 0)
        err = virtio_start(&disk->device, &features);
    if (err == 0)
        err = msix_bind(function->at, QUEUE_VECTOR, on_interrupt, disk);
    if (err == 0)
        err = virtio_add_queue(&disk->device, 0, QUEUE_SIZE, QUEUE_VECTOR, &disk->queue);
    if (err != 0)
        return err;
    virtio_run(&disk->device);
    disk->sector_count = virtio_config64(&disk->device, CONFIG_CAPACITY);
    disk->is_read_only = (features & FEATURE_RO) != 0;
    disk->can_flush = (features & FEATURE_FLUSH) != 0;
    disk->can_discard = (features & FEATURE_DISCARD) != 0;
    disk->discard_max = disk->can_discard ? virtio_config32(&disk->device, CONFIG_DISCARD_MAX) : 0;
    disk->segments_max = DISK_SEGMENTS_MAX;
    if (features & FEATURE_SEG_MAX)
        disk->segments_max = virtio_config32(&disk->device, CONFIG_SEG_MAX);
    if (disk->segments_max + PIECES_AROUND > disk->queue.size)
        disk->segments_max = disk->queue.size - PIECES_AROUND;
    if (disk->segments_max > DISK_SEGMENTS_MAX)
        disk->segments_max = DISK_SEGMENTS_MAX;
    disk->waiting = NULL;
    disk->waiting_end = &disk->waiting;
    disk->is_broken = false;
    return disk->segments_max == 0 || disk->sector_count == 0 ? -EIO : 0;
}

static int type_of(const struct virtio_blk *disk, const struct disk_request *request,
                   uint32_t *type)
{
    switch (request->op) {
    case DISK_READ:
        *type = TYPE_IN;
        return 0;
    case DISK_WRITE:
        *type = TYPE_OUT;
        return disk->is_read_only ? -EIO : 0;
    case DISK_FLUSH:
        *type = TYPE_FLUSH;
        return 0;
    case DISK_DISCARD:
        *type = TYPE_DISCARD;
        return disk->can_discard && request->sector_count <= disk->discard_max ? 0 : -EOPNOTSUPP;
    }
    return -EOPNOTSUPP;
}

/* Puts the request into the queue. -ENOSPC: no room now. */
static int add(struct virtio_blk *disk, struct disk_request *request)
{
    struct virtq_piece pieces[DISK_SEGMENTS_MAX + PIECES_AROUND];
    unsigned int count = 0;

    pieces[count++] =
        (struct virtq_piece){virt_to_phys(&request->header), sizeof(request->header), false};
    for (unsigned int i = 0; i < request->segment_count; i++)
        pieces[count++] = (struct virtq_piece){request->segments[i].paddr,
                                               request->segments[i].size, request->op == DISK_READ};
    if (request->op == DISK_DISCARD)
        pieces[count++] =
            (struct virtq_piece){virt_to_phys(&request->discard), sizeof(request->discard), false};
    pieces[count++] = (struct virtq_piece){virt_to_phys(&request->device_status), 1, true};
    return virtqueue_add(&disk->queue, pieces, count, request);
}

void virtio_blk_submit(struct virtio_blk *disk, struct disk_request *request)
{
    uint32_t type = 0;
    int err = type_of(disk, request, &type);

    if (disk->is_broken || request->segment_count > disk->segments_max)
        err = -EIO;
    /* Without that feature a device has no cache that could lose anything (5.2.6.2). */
    if (err != 0 || (request->op == DISK_FLUSH && !disk->can_flush)) {
        request->done(request, err);
        return;
    }
    request->header.type = type;
    request->header.reserved = 0;
    request->header.sector =
        request->op == DISK_READ || request->op == DISK_WRITE ? request->sector : 0;
    request->discard.sector = request->sector;
    request->discard.count = (uint32_t)request->sector_count;
    request->discard.flags = 0;
    request->device_status = STATUS_NONE;
    request->next = NULL;
    if (disk->waiting != NULL || add(disk, request) != 0) {
        *disk->waiting_end = request;
        disk->waiting_end = &request->next;
    }
}

void virtio_blk_kick(struct virtio_blk *disk)
{
    if (virtqueue_publish(&disk->queue))
        virtio_notify(&disk->device, 0);
}

bool virtio_blk_has_work(const struct virtio_blk *disk)
{
    return __atomic_load_n(&disk->has_event, __ATOMIC_ACQUIRE);
}

static int status_of(const struct disk_request *request)
{
    switch (__atomic_load_n(&request->device_status, __ATOMIC_RELAXED)) {
    case STATUS_OK:
        return 0;
    case STATUS_UNSUPP:
        return -EOPNOTSUPP;
    default:
        return -EIO;
    }
}

/* Moves waiting requests into the queue. */
static void start_waiting(struct virtio_blk *disk)
{
    while (disk->waiting != NULL && add(disk, disk->waiting) == 0)
        disk->waiting = disk->waiting->next;
    if (disk->waiting == NULL)
        disk->waiting_end = &disk->waiting;
}

void virtio_blk_stop(struct virtio_blk *disk)
{
    disk->is_broken = true;
    virtio_reset(&disk->device);
    for (unsigned int i = 0; i < disk->queue.size; i++) {
        struct disk_request *request = disk->queue.owner[i];

        disk->queue.owner[i] = NULL;
        if (request != NULL)
            request->done(request, -EIO);
    }
    while (disk->waiting != NULL) {
        struct disk_request *request = disk->waiting;

        disk->waiting = request->next;
        request->done(request, -EIO);
    }
    disk->waiting_end = &disk->waiting;
}

void virtio_blk_poll(struct virtio_blk *disk)
{
    struct disk_request *request;
    uint32_t written;

    __atomic_store_n(&disk->has_event, false, __ATOMIC_SEQ_CST);
    while ((request = virtqueue_take(&disk->queue, &written)) != NULL)
        request->done(request, status_of(request));
    if (disk->queue.is_broken && !disk->is_broken)
        virtio_blk_stop(disk);
    start_waiting(disk);
    /* What done() has submitted too. */
    virtio_blk_kick(disk);
}
