/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store's side of a guest's store page (pv-abi/io_xs_wire.h). The guest may write anything into
 * the page at any time: its indices are read once and believed only within the ring's size, the
 * store's own are kept here and never read back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

struct xenstore_domain_interface;

struct xs_ring {
    volatile struct xenstore_domain_interface *page;
    uint32_t req_cons;
    uint32_t rsp_prod;
};

/* Connects to a zeroed page and says there what this side can do. */
void xs_ring_connect(struct xs_ring *ring, volatile struct xenstore_domain_interface *page);

/* Takes at most `size` bytes of requests; sets *count. -EINVAL: an index that cannot be right. */
int MUST_CHECK xs_ring_take(struct xs_ring *ring, void *buffer, size_t size, size_t *count);

/* Puts at most `size` bytes of answers; sets *count. -EINVAL as above. */
int MUST_CHECK xs_ring_put(struct xs_ring *ring, const void *bytes, size_t size, size_t *count);

/* Tells the guest what is wrong: XENSTORE_ERROR_. */
void xs_ring_set_error(const struct xs_ring *ring, uint32_t error);

/* True if the guest wants to begin anew: it waits for xs_ring_reset(), which empties both rings. */
bool xs_ring_wants_reset(const struct xs_ring *ring);
void xs_ring_reset(struct xs_ring *ring);
