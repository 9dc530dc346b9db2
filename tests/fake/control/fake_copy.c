/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the pages. */
#include "tests/fake/control/fake_copy.h"

#include <stdlib.h>
#include <string.h>

#include "guest-kernel/control/net_adapt.h"
#include "lib/errno.h"

uint8_t fake_pages[FAKE_DOMAINS][FAKE_PAGES][FAKE_PAGE_SIZE];

static uint8_t *granted(domid_t domid, grant_ref_t ref, uint32_t offset, uint32_t size)
{
    if (domid == 0 || domid > FAKE_DOMAINS || offset > FAKE_PAGE_SIZE ||
        size > FAKE_PAGE_SIZE - offset)
        abort();
    return ref < FAKE_PAGES ? fake_pages[domid - 1][ref] + offset : NULL;
}

void net_copy_add(struct net_frame *frame, const struct net_segment *piece,
                  const struct net_target *to, int *status)
{
    const uint8_t *from = piece->bytes;
    uint8_t *into = to->bytes;

    if (piece->size == 0)
        return;
    if (from == NULL)
        from = granted(piece->domid, piece->ref, piece->offset, piece->size);
    if (into == NULL)
        into = granted(to->domid, to->ref, to->offset, piece->size);
    if (from == NULL)
        frame->status = -EIO;
    if (from == NULL || into == NULL)
        *status = -EIO;
    else
        memmove(into, from, piece->size);
}

void net_copy_run(void)
{
    while (net_adapt_finish())
        continue;
    net_adapt_clear();
}
