/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the list of copies. */
#include "guest-kernel/control/net_copy.h"

#include "guest-kernel/control/net_adapt.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/string.h"

#define BATCH 512u /* copies in one hypercall */

/* Whom a failed copy hits. */
struct concerned {
    struct net_frame *frame;
    int *status;
};

static struct gnttab_copy copies[BATCH];
static struct concerned concerned[BATCH];
static unsigned int copy_count;

/* True if the piece that a failed copy was to read can be read. */
static bool can_read(const struct gnttab_copy *failed)
{
    static uint8_t scratch[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    struct gnttab_copy copy = *failed;

    if ((copy.flags & GNTCOPY_source_gref) == 0)
        return true;
    copy.flags = GNTCOPY_source_gref;
    copy.dest = (struct gnttab_copy_ptr){.u.gmfn = virt_to_gfn(scratch), .domid = DOMID_SELF};
    return hypercall_grant_table_op(GNTTABOP_copy, &copy, 1) == 0 && copy.status == GNTST_okay;
}

static void make_copies(void)
{
    unsigned int count = copy_count;

    copy_count = 0;
    if (count == 0)
        return;
    if (hypercall_grant_table_op(GNTTABOP_copy, copies, count) != 0)
        guest_panic("the hypervisor does not take a list of %u copies", count);
    for (unsigned int i = 0; i < count; i++) {
        if (copies[i].status == GNTST_okay)
            continue;
        *concerned[i].status = -EIO;
        if (!can_read(&copies[i]))
            concerned[i].frame->status = -EIO;
    }
}

/* The end of a copy at `bytes` in own memory. Returns how many bytes are left in its page. */
static uint32_t set_own(struct gnttab_copy_ptr *end, const uint8_t *bytes)
{
    uint32_t offset = (uint32_t)((uintptr_t)bytes & (PAGE_SIZE - 1));

    *end = (struct gnttab_copy_ptr){
        .u.gmfn = virt_to_gfn(bytes), .domid = DOMID_SELF, .offset = (uint16_t)offset};
    return PAGE_SIZE - offset;
}

static uint32_t set_granted(struct gnttab_copy_ptr *end, domid_t domid, grant_ref_t ref,
                            uint32_t offset)
{
    *end = (struct gnttab_copy_ptr){.u.ref = ref, .domid = domid, .offset = (uint16_t)offset};
    return PAGE_SIZE - offset;
}

/* Fills in a copy of what follows byte `done` of the piece; returns how many bytes it covers. */
static uint32_t set_copy(struct gnttab_copy *copy, const struct net_segment *piece,
                         const struct net_target *to, uint32_t done)
{
    uint32_t size = piece->size - done, fits;

    copy->flags = 0;
    if (piece->bytes != NULL) {
        fits = set_own(&copy->source, piece->bytes + done);
    } else {
        copy->flags |= GNTCOPY_source_gref;
        fits = set_granted(&copy->source, piece->domid, piece->ref, piece->offset + done);
    }
    size = size < fits ? size : fits;
    if (to->bytes != NULL) {
        fits = set_own(&copy->dest, to->bytes + done);
    } else {
        copy->flags |= GNTCOPY_dest_gref;
        fits = set_granted(&copy->dest, to->domid, to->ref, to->offset + done);
    }
    size = size < fits ? size : fits;
    copy->len = (uint16_t)size;
    copy->status = GNTST_general_error;
    return size;
}

void net_copy_add(struct net_frame *frame, const struct net_segment *piece,
                  const struct net_target *to, int *status)
{
    if (piece->bytes != NULL && to->bytes != NULL) {
        memcpy(to->bytes, piece->bytes, piece->size);
        return;
    }
    for (uint32_t done = 0; done < piece->size;) {
        if (copy_count == BATCH)
            make_copies();
        concerned[copy_count] = (struct concerned){frame, status};
        done += set_copy(&copies[copy_count], piece, to, done);
        copy_count++;
    }
}

void net_copy_run(void)
{
    make_copies();
    while (net_adapt_finish())
        make_copies();
    net_adapt_clear();
}
