/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases in which a front end breaks its ring or its connection: afterwards it begins anew. */
#include "guest-kernel/grants.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "lib/strutil.h"
#include "pv-abi/errno.h"
#include "pv-abi/io_ring.h"
#include "pv-abi/io_xenbus.h"
#include "pv-abi/memory.h"
#include "tests/guest/check.h"
#include "tests/guest/disk_raw.h"

#define PAUSE (50 * NS_PER_MS)

static int connect_again(void)
{
    char node[sizeof(disk.node)];

    str_copy(node, sizeof(node), disk.node);
    return blkfront_connect(&disk, node, false);
}

bool disk_begin_anew(void)
{
    return blkfront_close(&disk) == 0 && connect_again() == 0 && disk_is_well();
}

static void index_that_jumps(const char *name, uint32_t distance)
{
    uint32_t answered = disk.ring->rsp_prod;

    __atomic_store_n(&disk.ring->req_prod, disk.req_prod + distance, __ATOMIC_SEQ_CST);
    event_send(disk.port);
    time_sleep(PAUSE);
    check(name, disk.ring->rsp_prod, answered);
    check_true(name, disk_begin_anew());
}

/* The back end gives an id back as often as it was used. */
static void ids_used_twice(void)
{
    static struct blkfront_io first, second;
    uint32_t answered = disk.ring->rsp_prod;
    uint64_t end = time_now() + CHECK_PATIENCE;
    struct blkif_request *one = raw_request(&first, BLKIF_OP_READ);
    struct blkif_request *two = raw_request(&second, BLKIF_OP_READ);

    two->id = one->id;
    blkfront_push(&disk);
    while (__atomic_load_n(&disk.ring->rsp_prod, __ATOMIC_ACQUIRE) != answered + 2 &&
           time_now() < end)
        time_sleep(NS_PER_MS);
    check("disk/one id twice", disk.ring->rsp_prod, answered + 2);
    check_true("disk/one id twice: begins anew", disk_begin_anew());
}

/* The ring's page is gone from this guest's memory; the back end keeps it until it lets go. */
static void ring_page_given_away(void)
{
    uint64_t gfn = virt_to_gfn(disk.ring), end = time_now() + CHECK_PATIENCE;
    struct xen_memory_reservation arg = {
        .extent_start = (uintptr_t)&gfn, .nr_extents = 1, .domid = DOMID_SELF};

    check("disk/ring's page is given away", hypercall_memory_op(XENMEM_decrease_reservation, &arg),
          1);
    event_send(disk.port);
    time_sleep(PAUSE);
    /* The page counts as this guest's until the back end lets go of it. */
    check("disk/closes without its ring's page", blkfront_close(&disk), 0);
    while (hypercall_memory_op(XENMEM_populate_physmap, &arg) != 1 && time_now() < end)
        time_sleep(PAUSE);
    check_true("disk/another page comes in its place", time_now() < end);
    check("disk/connects after its ring's page was given away", connect_again(), 0);
}

static void ring_grant_cannot_end(void)
{
    check("disk/ring's grant is held", grant_end(disk.ring_ref), -XEN_EBUSY);
}

/* Thirty-two requests are with the back end when the front end leaves; all their pages come back.
 */
static void leave_in_the_middle(void)
{
    static struct blkfront_io ios[BLKFRONT_ENTRIES];
    char path[XENBUS_PATH_MAX];

    for (unsigned int i = 0; i < BLKFRONT_ENTRIES; i++)
        raw_request(&ios[i], BLKIF_OP_READ);
    blkfront_push(&disk);
    format_str(path, sizeof(path), "%s/state", disk.node);
    check("disk/leaves with 32 requests under way", xenbus_write(path, "%d", XenbusStateClosing),
          0);
    check_true("disk/begins anew after that", disk_begin_anew());
}

/* The back end closes what it cannot connect; with the right values it connects. */
static void wrong_node(const char *name, const char *node, const char *value)
{
    char path[XENBUS_PATH_MAX], state[XENBUS_PATH_MAX], back[XENBUS_PATH_MAX];

    format_str(state, sizeof(state), "%s/state", disk.node);
    format_str(back, sizeof(back), "%s/state", disk.back_node);
    format_str(path, sizeof(path), "%s/%s", disk.node, node);
    if (!check(name, blkfront_close(&disk), 0) ||
        !check(name, xenbus_wait(back, XenbusStateInitWait), 0))
        return;
    check(name, xenbus_write(path, "%s", value), 0);
    check(name, xenbus_write(state, "%d", XenbusStateInitialised), 0);
    check(name, xenbus_wait(back, XenbusStateClosing), 0);
    check(name, xenbus_write(state, "%d", XenbusStateClosed), 0);
    check(name, xenbus_wait(back, XenbusStateClosed), 0);
    check(name, xenbus_write(state, "%d", XenbusStateInitialising), 0);
    check(name, connect_again(), 0);
    check_true(name, disk_is_well());
}

void disk_ring_cases(void)
{
    index_that_jumps("disk/index one too far", BLKFRONT_ENTRIES + 1);
    index_that_jumps("disk/index far ahead", 0x7fffffff);
    index_that_jumps("disk/index backward", (uint32_t)-1);
    ids_used_twice();
    ring_grant_cannot_end();
    ring_page_given_away();
    leave_in_the_middle();
    wrong_node("disk/ring-ref not given", "ring-ref", "1999");
    wrong_node("disk/ring-ref no number", "ring-ref", "eight");
    wrong_node("disk/ring-ref too large", "ring-ref", "99999999999999999999");
    wrong_node("disk/event-channel closed", "event-channel", "1000");
    wrong_node("disk/protocol unknown", "protocol", "mips-abi");
}
