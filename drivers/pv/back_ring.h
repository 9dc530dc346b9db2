/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The back end's side of a ring of requests and responses (pv-abi/io_ring.h). The front end may
 * write anything into the shared pages at any time: its index is read once and believed only
 * within the ring's size, requests are copied, and the own indices are kept here and never read
 * back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

struct xen_sring;

struct back_ring {
    struct xen_sring *shared;
    uint32_t entry_count; /* a power of two */
    uint32_t entry_size;
    uint32_t req_cons; /* requests taken */
    uint32_t rsp_prod; /* responses put, at most as many */
    uint32_t rsp_sent; /* of these, shown to the front end */
};

/* Connects to `size` bytes of shared pages that follow one another; an entry has `entry_size`. The
 * front end has initialised them. */
void back_ring_connect(struct back_ring *ring, void *pages, size_t size, uint32_t entry_size);

/* Copies the next request, of entry_size bytes. 1: done; 0: there is none; -EBADMSG: the front
 * end's index cannot be right. */
int MUST_CHECK back_ring_take(struct back_ring *ring, void *request);

/* How many requests wait to be taken. -EBADMSG: as above. */
int MUST_CHECK back_ring_waiting(const struct back_ring *ring);

/* Asks for an event with the next request. True: one has come meanwhile, and there may be no event
 * for it. */
bool MUST_CHECK back_ring_sleep(struct back_ring *ring);

/* Asks for an event when `count` requests wait, of which there are fewer. True: there are as many
 * meanwhile. */
bool MUST_CHECK back_ring_sleep_until(struct back_ring *ring, uint32_t count);

/* Puts a response of at most entry_size bytes; back_ring_show() shows it. One for each request
 * taken. */
void back_ring_put(struct back_ring *ring, const void *response, size_t size);

/* Shows the responses to the front end. True: it wants an event. */
bool MUST_CHECK back_ring_show(struct back_ring *ring);

/* True if the front end wants an event, and has not looked at what it was to tell of. */
bool MUST_CHECK back_ring_is_awaited(const struct back_ring *ring);
