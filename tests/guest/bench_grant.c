/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages that the guest grants to itself stand for those of a sender and a receiver: a back end for
 * networks copies so from one guest to another. */
#include "tests/guest/bench_grant.h"

#include "guest-kernel/grants.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "lib/insn.h"

#define COPIES 16u
#define LENGTH 1500u /* a frame of Ethernet without its header */

static struct gnttab_copy ops[COPIES];

bool bench_grant_init(void)
{
    domid_t own = (domid_t)hypervisor_info.domid;
    uint8_t *pages = pages_alloc((size_t)2 * COPIES, 1);

    for (unsigned int i = 0; pages != NULL && i < COPIES; i++) {
        int from = grant_access(own, virt_to_gfn(pages + (size_t)2 * i * PAGE_SIZE), true);
        int to = grant_access(own, virt_to_gfn(pages + (size_t)(2 * i + 1) * PAGE_SIZE), false);

        if (from < 0 || to < 0)
            return false;
        ops[i] = (struct gnttab_copy){.source = {.u.ref = (grant_ref_t)from, .domid = own},
                                      .dest = {.u.ref = (grant_ref_t)to, .domid = own},
                                      .len = LENGTH,
                                      .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref};
    }
    return pages != NULL;
}

uint64_t bench_grant_copy(void)
{
    uint64_t start = rdtsc(), ticks;
    int64_t result = hypercall_grant_table_op(GNTTABOP_copy, ops, COPIES);

    ticks = rdtsc() - start;
    for (unsigned int i = 0; i < COPIES; i++) {
        if (result != 0 || ops[i].status != GNTST_okay)
            guest_panic("copy %u ends with status %d", i, ops[i].status);
    }
    return ticks;
}
