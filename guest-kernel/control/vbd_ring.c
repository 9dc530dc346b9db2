/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the reading of what a front end says of its rings. Every value in the front end's nodes is
 * the guest's and may be anything. */
#include "guest-kernel/control/vbd_ring.h"

#include "drivers/pv/blk_request.h"
#include "guest-kernel/control/backend.h"
#include "guest-kernel/control/blk_queue.h"
#include "guest-kernel/control/store.h"
#include "guest-kernel/events.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

/* The references of the ring's pages: one in "ring-ref", or several in "ring-ref0" and on. */
static int read_refs(const char *front, const char *nodes, grant_ref_t refs[VBD_RING_PAGES],
                     unsigned int *count)
{
    uint64_t order, ref;
    int err = backend_read_number(front, "ring-page-order", VBD_RING_ORDER, &order);

    if (err == -ENOENT) {
        *count = 1;
        err = backend_read_number(nodes, "ring-ref", UINT32_MAX, &ref);
        refs[0] = (grant_ref_t)ref;
        return err;
    }
    *count = err == 0 ? 1u << order : 0;
    for (unsigned int i = 0; err == 0 && i < *count; i++) {
        char name[16];

        format_str(name, sizeof(name), "ring-ref%u", i);
        err = backend_read_number(nodes, name, UINT32_MAX, &ref);
        refs[i] = (grant_ref_t)ref;
    }
    return err;
}

static int read_protocol(const char *front, bool *is_32bit)
{
    char path[STORE_PATH_MAX], protocol[16];
    int err;

    format_str(path, sizeof(path), "%s/protocol", front);
    err = store_read(path, protocol, sizeof(protocol));
    *is_32bit = err == 0 && strcmp(protocol, "x86_32-abi") == 0;
    if (err == -ENOENT || *is_32bit)
        return 0;
    return err == 0 && strcmp(protocol, "x86_64-abi") == 0 ? 0 : -EINVAL;
}

static int read_persistent(const char *front, struct blk_queue *queue)
{
    uint64_t persistent = 0;
    int err = backend_read_number(front, "feature-persistent", UINT32_MAX, &persistent);

    queue->is_persistent = persistent != 0 && volume_keeps_grants(queue->volume);
    return err == -ENOENT ? 0 : err;
}

static void on_event(void *arg)
{
    struct blk_queue *queue = arg;

    __atomic_store_n(&queue->has_event, true, __ATOMIC_RELEASE);
}

int vbd_ring_count(const char *front, unsigned int *count)
{
    uint64_t number = 1;
    int err = backend_read_number(front, "multi-queue-num-queues", VBD_QUEUES_MAX, &number);

    if (err != 0 && err != -ENOENT)
        return err;
    *count = (unsigned int)number;
    return number == 0 ? -EINVAL : 0;
}

int vbd_ring_connect(struct vbd_ring *ring, const char *front, const char *nodes,
                     struct blk_queue *queue)
{
    grant_ref_t refs[VBD_RING_PAGES];
    unsigned int count;
    uint64_t port;
    int err = read_refs(front, nodes, refs, &count);

    ring->pages.count = 0;
    ring->has_port = false;
    if (err == 0)
        err = backend_read_number(nodes, "event-channel", UINT32_MAX, &port);
    if (err == 0)
        err = read_protocol(front, &queue->is_32bit);
    if (err == 0)
        err = read_persistent(front, queue);
    if (err == 0)
        err = ring_pages_map(&ring->pages, queue->domid, refs, count);
    if (err != 0)
        return err == -ENOENT ? -EINVAL : err;
    back_ring_connect(&queue->ring, ring_pages_address(&ring->pages), (size_t)count * PAGE_SIZE,
                      queue->is_32bit ? sizeof(struct compat_blkif_request)
                                      : sizeof(struct blkif_request));
    err = event_bind_interdomain(queue->domid, (evtchn_port_t)port, on_event, queue, &ring->port);
    if (err != 0)
        return err;
    ring->has_port = true;
    queue->port = ring->port;
    return blk_queue_start(queue);
}

void vbd_ring_disconnect(struct vbd_ring *ring)
{
    if (ring->has_port)
        event_close(ring->port);
    ring->has_port = false;
    ring_pages_unmap(&ring->pages);
}
