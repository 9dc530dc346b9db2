/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front end's side of a ring of requests and responses (pv-abi/io_ring.h), one page. Responses
 * are copied before they are looked at, and the own indices are kept here and never read back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

struct xen_sring;

struct front_ring {
    struct xen_sring *shared;
    uint32_t entry_count; /* a power of two */
    uint32_t entry_size;
    uint32_t req_prod; /* requests put */
    uint32_t req_sent; /* of these, shown to the back end */
    uint32_t rsp_cons; /* responses taken */
};

/* Initialises a ring in `size` bytes at `page`, which are zeroed; an entry has `entry_size`, the
 * larger one of request and response. */
void front_ring_init(struct front_ring *ring, void *page, size_t size, uint32_t entry_size);

/* How many requests may still be put: those that are put and not answered occupy their entries. */
uint32_t front_ring_room(const struct front_ring *ring);

/* The entry of the next request, to be filled in; there is room. front_ring_show() shows it. */
void *front_ring_put(struct front_ring *ring);

/* Shows the requests to the back end. True: it wants an event. */
bool MUST_CHECK front_ring_show(struct front_ring *ring);

/* Copies the next response, of `size` bytes at most. 1: done; 0: there is none; -EBADMSG: the back
 * end's index cannot be right. */
int MUST_CHECK front_ring_take(struct front_ring *ring, void *response, size_t size);

/* Asks for an event with the next response. True: one has come meanwhile, and there may be no event
 * for it. */
bool MUST_CHECK front_ring_sleep(struct front_ring *ring);
