/* SPDX-License-Identifier: BSD-2-Clause */
/* A front end's ring and event channel, as its nodes in the store describe them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/control/ring_pages.h"
#include "lib/compiler.h"

#define VBD_RING_ORDER 2u
#define VBD_RING_PAGES (1u << VBD_RING_ORDER) /* at most RING_PAGES_MAX */
#define VBD_QUEUES_MAX 4u

struct blk_queue;

struct vbd_ring {
    struct ring_pages pages;
    bool has_port;
    uint32_t port;
};

/* How many queues the front end has. -EINVAL. */
int MUST_CHECK vbd_ring_count(const char *front, unsigned int *count);

/* Maps the ring that the nodes below `nodes` name, binds its port and starts the queue, whose domid
 * and volume are set; what holds for all queues stands below `front`. On failure
 * vbd_ring_disconnect() undoes what was done. -EINVAL: the nodes are wrong; -EIO: a page cannot be
 * mapped; errors of the hypervisor. */
int MUST_CHECK vbd_ring_connect(struct vbd_ring *ring, const char *front, const char *nodes,
                                struct blk_queue *queue);
void vbd_ring_disconnect(struct vbd_ring *ring);
