/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of frames' pieces between granted pages and own memory, collected and made by few
 * hypercalls. No granted page is ever mapped. Main loop only.
 */
#pragma once

#include <stdint.h>

#include "guest-kernel/control/net_frame.h"

/* Where a piece goes: own memory, or a granted page. */
struct net_target {
    uint8_t *bytes; /* own memory, or NULL: a granted page */
    grant_ref_t ref;
    domid_t domid;   /* the granter */
    uint16_t offset; /* in the granted page, which the piece does not leave */
};

/* Asks for a copy of a piece of `frame` to `to`. *status, which like the frame stays in place until
 * net_copy_run() is done, becomes -EIO if it fails, and so does frame->status if that is the fault
 * of the frame's maker. */
void net_copy_add(struct net_frame *frame, const struct net_segment *piece,
                  const struct net_target *to, int *status);

/* Makes all copies that were asked for. */
void net_copy_run(void);
