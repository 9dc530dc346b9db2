/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the list of guests' disks. */
#include "guest-kernel/control/vbd.h"

#include "drivers/pv/blk_request.h"
#include "guest-kernel/control/backend.h"
#include "guest-kernel/control/blk_queue.h"
#include "guest-kernel/control/vbd_ring.h"
#include "guest-kernel/control/volumes.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "pv-abi/io_blkif.h"

#define VBDS_MAX 64u

struct vbd {
    struct backend backend; /* the first member; its number is the virtual device */
    const char *name;       /* "xvda", while it is made */
    bool is_used;
    bool is_write;
    struct volume *volume;
    unsigned int queue_count; /* that the front end has asked for, 0: not connected */
    struct vbd_ring rings[VBD_QUEUES_MAX];
    struct blk_queue queues[VBD_QUEUES_MAX];
};

static struct vbd vbds[VBDS_MAX];
static unsigned int vbd_end; /* Behind the last one that was ever used. */
static uint64_t ring_gfns;   /* VBD_RING_PAGES for each queue of each of them */

int vbds_init(void)
{
    ring_gfns = gfn_hole_alloc((size_t)VBDS_MAX * VBD_QUEUES_MAX * VBD_RING_PAGES);
    return ring_gfns == 0 ? -ENOMEM : 0;
}

static void disconnect(struct backend *backend)
{
    struct vbd *vbd = (struct vbd *)backend;

    for (unsigned int i = 0; i < vbd->queue_count; i++) {
        vbd_ring_disconnect(&vbd->rings[i]);
        if (!blk_queue_stop(&vbd->queues[i]))
            backend_complain(backend, "its device does not finish what it has begun", -EIO);
    }
    vbd->queue_count = 0;
}

static int tell_disk(const struct vbd *vbd)
{
    const struct backend_value values[] = {
        {"/sectors", NULL, vbd->volume->sector_count},
        {"/sector-size", NULL, DISK_SECTOR_SIZE},
        {"/physical-sector-size", NULL, DISK_SECTOR_SIZE},
        {"/info", NULL, vbd->is_write ? 0 : VDISK_READONLY},
    };

    return backend_write(&vbd->backend, values, ARRAY_COUNT(values));
}

/* Connects queue `index`, whose nodes are below `front`. */
static int connect_queue(struct vbd *vbd, unsigned int index, const char *front, const char *nodes)
{
    struct vbd_ring *ring = &vbd->rings[index];
    struct blk_queue *queue = &vbd->queues[index];
    uint64_t place = (uint64_t)(vbd - vbds) * VBD_QUEUES_MAX + index;

    queue->domid = vbd->backend.domid;
    queue->volume = vbd->volume;
    queue->is_read_only = !vbd->is_write;
    ring->pages.gfn = ring_gfns + place * VBD_RING_PAGES;
    vbd->queue_count = index + 1;
    return vbd_ring_connect(ring, front, nodes, queue);
}

static int connect_queues(struct vbd *vbd)
{
    char front[STORE_PATH_MAX], nodes[STORE_PATH_MAX];
    unsigned int count;
    int err;

    backend_front_path(&vbd->backend, "", front);
    err = vbd_ring_count(front, &count);
    if (err == 0 && count == 1)
        return connect_queue(vbd, 0, front, front);
    for (unsigned int i = 0; err == 0 && i < count; i++) {
        format_str(nodes, sizeof(nodes), "%s/queue-%u", front, i);
        err = connect_queue(vbd, i, front, nodes);
    }
    return err;
}

/* No device has a request of it. */
static bool is_idle(const struct vbd *vbd)
{
    for (unsigned int i = 0; i < VBD_QUEUES_MAX; i++) {
        if (vbd->queues[i].jobs != NULL)
            return false;
    }
    return true;
}

static int connect(struct backend *backend)
{
    struct vbd *vbd = (struct vbd *)backend;
    int err = is_idle(vbd) ? connect_queues(vbd) : -EBUSY;

    return err != 0 ? err : tell_disk(vbd);
}

static const struct backend_kind kind = {
    .name = "vbd", .noun = "disk", .connect = connect, .disconnect = disconnect};

static int write_features(const struct vbd *vbd)
{
    const struct backend_value values[] = {
        {"/feature-flush-cache", NULL, 1},
        {"/feature-barrier", NULL, 1},
        {"/feature-persistent", NULL, volume_keeps_grants(vbd->volume)},
        {"/feature-max-indirect-segments", NULL, BLK_SEGMENTS_MAX},
        {"/max-ring-page-order", NULL, VBD_RING_ORDER},
        {"/multi-queue-max-queues", NULL, VBD_QUEUES_MAX},
        {"/feature-discard", NULL, volume_can_discard(vbd->volume)},
        {"/discard-enable", NULL, volume_can_discard(vbd->volume)},
        {"/discard-granularity", NULL, DISK_SECTOR_SIZE},
        {"/discard-alignment", NULL, 0},
        {"/discard-secure", NULL, 0},
    };

    return backend_write(&vbd->backend, values, ARRAY_COUNT(values));
}

static int write_own(struct backend *backend)
{
    const struct vbd *vbd = (const struct vbd *)backend;
    const struct backend_value values[] = {
        {"/removable", NULL, 0},
        {"/bootable", NULL, 1},
        {"/dev", vbd->name, 0},
        {"/type", "phy", 0},
        {"/params", vbd->volume->name, 0},
        {"/mode", vbd->is_write ? "w" : "r", 0},
        {"/device-type", "disk", 0},
    };
    const struct backend_value front[] = {{"/virtual-device", NULL, backend->number},
                                          {"/device-type", "disk", 0}};
    int err = write_features(vbd);

    if (err == 0)
        err = backend_write(backend, values, ARRAY_COUNT(values));
    return err != 0 ? err : backend_write_front(backend, front, ARRAY_COUNT(front));
}

static struct vbd *find_free(void)
{
    for (unsigned int i = 0; i < VBDS_MAX; i++) {
        if (!vbds[i].is_used && is_idle(&vbds[i])) {
            if (vbd_end <= i)
                vbd_end = i + 1;
            return &vbds[i];
        }
    }
    return NULL;
}

static int create(const struct guest_config *config, const struct guest_disk *disk, domid_t domid,
                  char *sentence)
{
    struct vbd *vbd = find_free();
    int err;

    if (vbd == NULL) {
        format_str(sentence, GUEST_ERROR_MAX, "there is no room for more disks");
        return -ENOSPC;
    }
    err = volume_open(disk->target, config->name, disk->is_write, &vbd->volume, sentence);
    if (err != 0)
        return err;
    vbd->is_used = true;
    vbd->is_write = disk->is_write;
    vbd->name = disk->name;
    vbd->backend.kind = &kind;
    vbd->backend.domid = domid;
    vbd->backend.number = disk->number;
    err = backend_create(&vbd->backend, write_own);
    if (err != 0)
        format_str(sentence, GUEST_ERROR_MAX, "disk %s cannot be shown in the store (error %d)",
                   disk->name, -err);
    return err;
}

int vbds_create(const struct guest_config *config, domid_t domid, char *sentence)
{
    int err = 0;

    for (unsigned int i = 0; err == 0 && i < config->disk_count; i++)
        err = create(config, &config->disks[i], domid, sentence);
    if (err != 0)
        vbds_remove(domid);
    return err;
}

static void remove(struct vbd *vbd)
{
    backend_remove(&vbd->backend);
    vbd->is_used = false;
    /* A volume that a device still writes stays taken. */
    if (is_idle(vbd))
        volume_close(vbd->volume, vbd->is_write);
}

void vbds_remove(domid_t domid)
{
    for (unsigned int i = 0; i < VBDS_MAX; i++) {
        if (vbds[i].is_used && vbds[i].backend.domid == domid)
            remove(&vbds[i]);
    }
}

bool vbds_have_work(void)
{
    for (unsigned int i = 0; i < vbd_end; i++) {
        for (unsigned int queue = 0; queue < vbds[i].queue_count; queue++) {
            if (blk_queue_has_work(&vbds[i].queues[queue]))
                return true;
        }
    }
    return false;
}

static void step(struct vbd *vbd, struct blk_queue *queue)
{
    bool was_broken = queue->is_broken;

    if (!blk_queue_has_work(queue))
        return;
    blk_queue_step(queue);
    if (queue->is_broken && !was_broken)
        backend_complain(&vbd->backend,
                         "its front end breaks the ring's protocol and is not served any more",
                         -EBADMSG);
}

void vbds_step(void)
{
    for (unsigned int i = 0; i < vbd_end; i++) {
        for (unsigned int queue = 0; queue < vbds[i].queue_count; queue++)
            step(&vbds[i], &vbds[i].queues[queue]);
    }
}
