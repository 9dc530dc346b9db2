/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The work of a block back end: requests from a front end's ring to a volume, and the answers. Data
 * goes straight between the device and the guest's frames, which are mapped for the device alone
 * (GNTMAP_device_map) and unmapped before the answer, unless the front end's grants are persistent;
 * for a volume in memory the hypervisor copies. Main loop only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pv/back_ring.h"
#include "guest-kernel/control/blk_kept.h"
#include "guest-kernel/control/volumes.h"
#include "lib/compiler.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/xen.h"

struct blk_job;

struct blk_queue {
    struct back_ring ring;
    domid_t domid;
    evtchn_port_t port;
    struct volume *volume;
    bool is_read_only;
    bool is_32bit;      /* the front end's layout of requests */
    bool is_persistent; /* it uses the same grants for all of them */
    struct blk_kept_table kept;
    bool has_event;       /* the front end has something to say */
    bool is_broken;       /* it has broken the protocol: its ring is not looked at any more */
    struct blk_job *jobs; /* one for each entry of the ring */
    struct blk_job *free, *finished;
    struct blk_job *held; /* waits until no other is active, and no request is taken meanwhile */
    unsigned int active_count;
};

/* Starts a queue whose ring, domid, port, volume, layout and use of grants are set. -ENOMEM. */
int MUST_CHECK blk_queue_start(struct blk_queue *queue);

/* True if blk_queue_step() has something to do. */
bool blk_queue_has_work(const struct blk_queue *queue);

/* Takes requests and answers those that are done. */
void blk_queue_step(struct blk_queue *queue);

/* Stops a queue, which may not have been started. Waits for the requests that are with the device,
 * without answers, and frees the jobs. False: the device has not done them in time; they stay with
 * it, and so does the queue. */
bool MUST_CHECK blk_queue_stop(struct blk_queue *queue);
