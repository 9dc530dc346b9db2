/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The back end's side of a guest's console ring (pv-abi/io_console.h). The guest may write anything
 * into the page at any time: its indices are read once and believed only within the ring's size,
 * the back end's own indices are kept here and never read back.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct xencons_interface;

struct pvring {
    volatile struct xencons_interface *page; /* NULL: not connected */
    uint32_t out_cons;
    uint32_t in_prod;
};

/* Connects to a zeroed page. */
void pvring_connect(struct pvring *ring, volatile struct xencons_interface *page);

/* Takes at most `size` bytes that the guest has written; returns how many. An index that cannot be
 * right drops what is in the ring. */
size_t pvring_take(struct pvring *ring, char *buffer, size_t size);

/* Puts at most `size` bytes of input; returns how many there was room for. */
size_t pvring_put(struct pvring *ring, const char *bytes, size_t size);
