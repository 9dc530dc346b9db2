/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A paravirtual disk as its guest uses it (<xen/io/blkif.h>): one ring of one page, requests of up
 * to eleven pages. The back end is not trusted with more than the pages that a request grants.
 * First vcpu only, interrupts enabled. Errors are negative XEN_E numbers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/pv/xenbus.h"
#include "guest-kernel/events.h"
#include "lib/compiler.h"
#include "pv-abi/io_blkif.h"

#define BLKFRONT_ENTRIES     32u /* of a ring of one page */
#define BLKFRONT_SECTOR_SIZE 512u

/* A request; it stays in place until it is done. */
struct blkfront_io {
    uint8_t operation; /* BLKIF_OP_READ, _WRITE, _WRITE_BARRIER or _FLUSH_DISKCACHE */
    uint8_t page_count;
    uint64_t sector;
    grant_ref_t refs[BLKIF_MAX_SEGMENTS_PER_REQUEST]; /* whole pages */
    bool is_done;
    int16_t status; /* BLKIF_RSP_* */
};

struct blkfront {
    struct xen_sring *ring;
    grant_ref_t ring_ref;
    evtchn_port_t port;
    domid_t back_end;
    char node[XENBUS_PATH_MAX / 2]; /* "device/vbd/N" */
    char back_node[XENBUS_PATH_MAX / 2];
    uint64_t sector_count;
    bool is_read_only, can_flush;
    bool is_persistent; /* the back end keeps the pages of requests: their grants do not end */
    bool is_broken;     /* the back end has answered what nobody asked */
    uint32_t req_prod, rsp_cons;
    struct blkfront_io *slots[BLKFRONT_ENTRIES];
};

/* Connects to the disk of this node of the store. Undone on failure. -XEN_ETIMEDOUT: the back end
 * does not answer; errors of the store, of grants and events. `is_persistent`: all requests will
 * use the same few pages, granted for writing and until the disk is closed, so that the back end
 * may keep them mapped. */
int MUST_CHECK blkfront_connect(struct blkfront *disk, const char *node, bool is_persistent);

/* Closes it; no request is under way. -XEN_ETIMEDOUT: the back end does not let go, and the ring's
 * page stays lost. */
int MUST_CHECK blkfront_close(struct blkfront *disk);

/* Puts a request into the ring, which has room for BLKFRONT_ENTRIES of them; blkfront_push() shows
 * it to the back end. -XEN_ENOSPC. */
int MUST_CHECK blkfront_submit(struct blkfront *disk, struct blkfront_io *io);
void blkfront_push(struct blkfront *disk);

/* Takes the responses that are there. */
void blkfront_poll(struct blkfront *disk);

/* Halts until the request is done. -XEN_EIO: it failed; -XEN_EOPNOTSUPP; -XEN_ETIMEDOUT. */
int MUST_CHECK blkfront_wait(struct blkfront *disk, const struct blkfront_io *io);

/* Reads or writes `page_count` (eleven at most) whole pages at `buffer`, and waits. Not for a
 * persistent disk: the pages are granted for this request. */
int MUST_CHECK blkfront_transfer(struct blkfront *disk, bool is_write, uint64_t sector,
                                 void *buffer, unsigned int page_count);

/* Waits until what was written would survive a power cut. */
int MUST_CHECK blkfront_flush(struct blkfront *disk);
