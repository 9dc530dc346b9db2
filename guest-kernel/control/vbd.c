/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the list of guests' disks. The front end's state decides (io/blkif.h of Xen, "State
 * diagrams"): Initialised or Connected connects, Closing and Closed disconnect, Initialising after
 * that begins anew.
 */
#include "guest-kernel/control/vbd.h"

#include "guest-kernel/control/blk_queue.h"
#include "guest-kernel/control/domains.h"
#include "guest-kernel/control/store.h"
#include "guest-kernel/control/vbd_ring.h"
#include "guest-kernel/control/volumes.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/io_blkif.h"
#include "pv-abi/io_xenbus.h"

#define VBDS_MAX       64u
#define COMPLAINTS_MAX 4u

struct vbd {
    struct store_watch watch; /* the first member: of the front end's state */
    bool is_used;
    bool is_write;
    unsigned int complaint_count;
    domid_t domid;
    uint32_t number; /* the virtual device */
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

static void front_path(const struct vbd *vbd, const char *name, char path[STORE_PATH_MAX])
{
    format_str(path, STORE_PATH_MAX, "/local/domain/%u/device/vbd/%u%s", vbd->domid, vbd->number,
               name);
}

static void back_path(const struct vbd *vbd, const char *name, char path[STORE_PATH_MAX])
{
    format_str(path, STORE_PATH_MAX, "/local/domain/0/backend/vbd/%u/%u%s", vbd->domid, vbd->number,
               name);
}

/* A node's value, which is a number unless `text` is set. */
struct value {
    const char *name;
    const char *text;
    uint64_t number;
};

static int write_value(const char *path, const struct value *value)
{
    if (value->text != NULL)
        return store_write(path, value->text);
    return store_printf(path, "%llu", (unsigned long long)value->number);
}

static int write_back(const struct vbd *vbd, const struct value *values, size_t count)
{
    char path[STORE_PATH_MAX];
    int err = 0;

    for (size_t i = 0; err == 0 && i < count; i++) {
        back_path(vbd, values[i].name, path);
        err = write_value(path, &values[i]);
    }
    return err;
}

/* A node that cannot be written leaves the front end waiting: that is told, and no more can be done
 * about it. */
static void set_state(const struct vbd *vbd, uint64_t state)
{
    const struct value value = {"/state", NULL, state};

    if (write_back(vbd, &value, 1) != 0)
        domains_notice("there is no memory to tell a front end of its disk's state");
}

static uint64_t back_state(const struct vbd *vbd)
{
    char path[STORE_PATH_MAX];
    uint64_t state;

    back_path(vbd, "/state", path);
    return store_read_u64(path, &state) == 0 ? state : XenbusStateUnknown;
}

/* A front end that is wrong again and again is told of a few times only. */
static void complain(struct vbd *vbd, const char *what, int err)
{
    char sentence[GUEST_ERROR_MAX];

    if (vbd->complaint_count == COMPLAINTS_MAX)
        return;
    vbd->complaint_count++;
    format_str(sentence, sizeof(sentence), "disk %u of domain %u: %s (error %d)", vbd->number,
               vbd->domid, what, -err);
    domains_notice(sentence);
}

static void disconnect(struct vbd *vbd)
{
    for (unsigned int i = 0; i < vbd->queue_count; i++) {
        vbd_ring_disconnect(&vbd->rings[i]);
        if (!blk_queue_stop(&vbd->queues[i]))
            complain(vbd, "its device does not finish what it has begun", -EIO);
    }
    vbd->queue_count = 0;
}

static int tell_disk(const struct vbd *vbd)
{
    const struct value values[] = {
        {"/sectors", NULL, vbd->volume->sector_count},
        {"/sector-size", NULL, DISK_SECTOR_SIZE},
        {"/physical-sector-size", NULL, DISK_SECTOR_SIZE},
        {"/info", NULL, vbd->is_write ? 0 : VDISK_READONLY},
    };

    return write_back(vbd, values, ARRAY_COUNT(values));
}

/* Connects queue `index`, whose nodes are below `front`. */
static int connect_queue(struct vbd *vbd, unsigned int index, const char *front, const char *nodes)
{
    struct vbd_ring *ring = &vbd->rings[index];
    struct blk_queue *queue = &vbd->queues[index];
    uint64_t place = (uint64_t)(vbd - vbds) * VBD_QUEUES_MAX + index;

    queue->domid = vbd->domid;
    queue->volume = vbd->volume;
    queue->is_read_only = !vbd->is_write;
    ring->gfn = ring_gfns + place * VBD_RING_PAGES;
    vbd->queue_count = index + 1;
    return vbd_ring_connect(ring, front, nodes, queue);
}

static int connect_queues(struct vbd *vbd)
{
    char front[STORE_PATH_MAX], nodes[STORE_PATH_MAX];
    unsigned int count;
    int err;

    front_path(vbd, "", front);
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

static void connect(struct vbd *vbd)
{
    int err;

    if (vbd->queue_count != 0)
        return;
    err = is_idle(vbd) ? connect_queues(vbd) : -EBUSY;
    if (err == 0)
        err = tell_disk(vbd);
    if (err != 0) {
        complain(vbd, "its front end cannot be connected", err);
        disconnect(vbd);
        set_state(vbd, XenbusStateClosing);
        return;
    }
    set_state(vbd, XenbusStateConnected);
}

static void changed(struct store_watch *watch, const char *path)
{
    struct vbd *vbd = (struct vbd *)watch;
    uint64_t state, own = back_state(vbd);

    if (store_read_u64(path, &state) != 0)
        return;
    switch (state) {
    case XenbusStateInitialising:
        if (own != XenbusStateInitWait) {
            disconnect(vbd);
            set_state(vbd, XenbusStateInitWait);
        }
        break;
    case XenbusStateInitialised:
    case XenbusStateConnected:
        if (own == XenbusStateInitWait)
            connect(vbd);
        break;
    case XenbusStateClosing:
    case XenbusStateClosed:
        disconnect(vbd);
        if (own != state)
            set_state(vbd, state);
        break;
    default:
        break;
    }
}

static int write_front(const struct vbd *vbd)
{
    char path[STORE_PATH_MAX], back[STORE_PATH_MAX];
    const struct value values[] = {
        {"/backend", back, 0},
        {"/backend-id", NULL, 0},
        {"/state", NULL, XenbusStateInitialising},
        {"/virtual-device", NULL, vbd->number},
        {"/device-type", "disk", 0},
        {"/trusted", NULL, 1},
    };
    int err;

    back_path(vbd, "", back);
    front_path(vbd, "", path);
    err = store_mkdir(path);
    if (err == 0)
        err = store_set_access(path, vbd->domid, 0);
    for (size_t i = 0; err == 0 && i < ARRAY_COUNT(values); i++) {
        front_path(vbd, values[i].name, path);
        err = write_value(path, &values[i]);
    }
    return err;
}

static int write_features(const struct vbd *vbd)
{
    const struct value values[] = {
        {"/feature-flush-cache", NULL, 1},
        {"/feature-barrier", NULL, 1},
        {"/feature-persistent", NULL, 0},
        {"/feature-max-indirect-segments", NULL, BLK_SEGMENTS_MAX},
        {"/max-ring-page-order", NULL, VBD_RING_ORDER},
        {"/multi-queue-max-queues", NULL, VBD_QUEUES_MAX},
        {"/feature-discard", NULL, volume_can_discard(vbd->volume)},
        {"/discard-enable", NULL, volume_can_discard(vbd->volume)},
        {"/discard-granularity", NULL, DISK_SECTOR_SIZE},
        {"/discard-alignment", NULL, 0},
        {"/discard-secure", NULL, 0},
    };

    return write_back(vbd, values, ARRAY_COUNT(values));
}

static int write_backend(const struct vbd *vbd, const char *name)
{
    char path[STORE_PATH_MAX], front[STORE_PATH_MAX];
    const struct value values[] = {
        {"/frontend", front, 0},
        {"/frontend-id", NULL, vbd->domid},
        {"/online", NULL, 1},
        {"/removable", NULL, 0},
        {"/bootable", NULL, 1},
        {"/dev", name, 0},
        {"/type", "phy", 0},
        {"/params", vbd->volume->name, 0},
        {"/mode", vbd->is_write ? "w" : "r", 0},
        {"/device-type", "disk", 0},
        {"/hotplug-status", "connected", 0},
        {"/state", NULL, XenbusStateInitWait},
    };
    int err;

    front_path(vbd, "", front);
    back_path(vbd, "", path);
    err = store_mkdir(path);
    if (err == 0)
        err = store_set_access(path, 0, vbd->domid);
    if (err == 0)
        err = write_features(vbd);
    return err != 0 ? err : write_back(vbd, values, ARRAY_COUNT(values));
}

static int make_nodes(struct vbd *vbd, const char *name)
{
    char path[STORE_PATH_MAX];
    int err = store_begin(), ended;

    if (err != 0)
        return err;
    err = write_backend(vbd, name);
    if (err == 0)
        err = write_front(vbd);
    ended = store_end(err == 0);
    if (err == 0)
        err = ended;
    front_path(vbd, "/state", path);
    vbd->watch.changed = changed;
    return err != 0 ? err : store_watch(&vbd->watch, path);
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
    vbd->complaint_count = 0;
    vbd->is_write = disk->is_write;
    vbd->domid = domid;
    vbd->number = disk->number;
    err = make_nodes(vbd, disk->name);
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
    char path[STORE_PATH_MAX];

    front_path(vbd, "/state", path);
    store_unwatch(&vbd->watch, path);
    disconnect(vbd);
    back_path(vbd, "", path);
    store_remove(path);
    front_path(vbd, "", path);
    store_remove(path);
    vbd->is_used = false;
    /* A volume that a device still writes stays taken. */
    if (is_idle(vbd))
        volume_close(vbd->volume, vbd->is_write);
}

void vbds_remove(domid_t domid)
{
    for (unsigned int i = 0; i < VBDS_MAX; i++) {
        if (vbds[i].is_used && vbds[i].domid == domid)
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
        complain(vbd, "its front end breaks the ring's protocol and is not served any more",
                 -EBADMSG);
}

void vbds_step(void)
{
    for (unsigned int i = 0; i < vbd_end; i++) {
        for (unsigned int queue = 0; queue < vbds[i].queue_count; queue++)
            step(&vbds[i], &vbds[i].queues[queue]);
    }
}
