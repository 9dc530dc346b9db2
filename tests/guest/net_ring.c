/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases in which a front end breaks its rings or its connection: afterwards it begins anew. */
#include "guest-kernel/grants.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/format.h"
#include "lib/string.h"
#include "pv-abi/errno.h"
#include "pv-abi/io_ring.h"
#include "pv-abi/io_xenbus.h"
#include "pv-abi/memory.h"
#include "tests/guest/check.h"
#include "tests/guest/net_raw.h"

#define PAUSE       (50 * NS_PER_MS)
#define CONNECTIONS 5u

/* An index that cannot be right: nothing of the ring is answered, and the others go on. */
static void index_that_jumps(const char *name, uint32_t distance)
{
    uint32_t answered = net_victim.tx.ring.shared->rsp_prod;

    __atomic_store_n(&net_victim.tx.ring.shared->req_prod, net_victim.tx.ring.req_prod + distance,
                     __ATOMIC_SEQ_CST);
    event_send(net_victim.tx.port);
    time_sleep(PAUSE);
    check(name, net_victim.tx.ring.shared->rsp_prod, answered);
    check_true(name, net_others_go_on());
    check_true(name, net_recover());
}

/* As that for pages to receive in: a back end may use what stands in the ring, or nothing. */
static void receive_index_that_jumps(const char *name, uint32_t distance)
{
    __atomic_store_n(&net_victim.rx.ring.shared->req_prod, net_victim.rx.ring.req_prod + distance,
                     __ATOMIC_SEQ_CST);
    event_send(net_victim.rx.port);
    for (unsigned int i = 0; i < 4; i++)
        check_true(name, net_others_go_on());
    check_true(name, net_begin_anew());
}

/* Waits until a frame that was sent to the one under test is answered with an error. */
static bool fails_to_arrive(void)
{
    static uint8_t bytes[PAGE_SIZE];
    uint64_t end = time_now() + CHECK_PATIENCE, errors = net_victim.rx_errors;

    while (net_victim.rx_errors == errors && netfront_wait_frame(&net_victim, end)) {
        struct netfront_frame frame = {.bytes = bytes, .size = sizeof(bytes)};

        if (netfront_receive(&net_victim, &frame) == 1 || net_victim.is_broken)
            return false;
    }
    return net_victim.rx_errors != errors;
}

/* Ends the grants of all pages that wait in the ring, and gives them anew, read-only or not at all
 * until the connection ends. Every frame that comes is answered with an error. */
static void pages_that_cannot_be_written(const char *name, bool is_readonly)
{
    uint64_t ended = 0;

    for (unsigned int i = 0; i < NETFRONT_BUFFERS; i++) {
        struct grant_entry_v1 *entry = grant_entry(net_victim.rx.refs[i]);
        uint16_t flags = is_readonly ? GTF_permit_access | GTF_readonly : 0;
        uint16_t was = GTF_permit_access;

        ended += __atomic_compare_exchange_n(&entry->flags, &was, flags, false, __ATOMIC_SEQ_CST,
                                             __ATOMIC_RELAXED);
    }
    check(name, (int64_t)ended, NETFRONT_BUFFERS);
    check_true(name, net_send(&net_right, net_victim.mac) && fails_to_arrive());
    check_true(name, net_others_go_on());
    for (unsigned int i = 0; i < NETFRONT_BUFFERS; i++)
        __atomic_store_n(&grant_entry(net_victim.rx.refs[i])->flags, GTF_permit_access,
                         __ATOMIC_SEQ_CST);
    check_true(name, net_begin_anew());
}

/* One that never takes what has come: the others' frames do not wait for it. */
static void one_that_takes_nothing(void)
{
    bool all = true;

    for (unsigned int i = 0; i < 2 * NETFRONT_BUFFERS; i++)
        all = net_send_unheard(&net_right, &net_victim) && all;
    check_true("net/one that takes nothing", all);
    for (unsigned int i = 0; i < NETFRONT_BUFFERS; i++)
        all = net_others_go_on() && all;
    check_true("net/the others do not wait for it", all);
    check_true("net/it begins anew after that", net_begin_anew());
}

/* The ring's page is gone from this guest's memory; the back end keeps it until it lets go. */
static void ring_page_given_away(const char *name, struct netfront_queue *queue)
{
    uint64_t gfn = virt_to_gfn(queue->ring.shared), end = time_now() + CHECK_PATIENCE;
    struct xen_memory_reservation arg = {
        .extent_start = (uintptr_t)&gfn, .nr_extents = 1, .domid = DOMID_SELF};

    check(name, hypercall_memory_op(XENMEM_decrease_reservation, &arg), 1);
    event_send(queue->port);
    time_sleep(PAUSE);
    check_true(name, net_others_go_on());
    /* The page counts as this guest's until the back end lets go of it. */
    check(name, netfront_close(&net_victim), 0);
    while (hypercall_memory_op(XENMEM_populate_physmap, &arg) != 1 && time_now() < end)
        time_sleep(PAUSE);
    check_true(name, time_now() < end);
    check_true(name, net_begin_anew());
}

static void ring_grants_cannot_end(void)
{
    check("net/grant of the tx ring is held", grant_end(net_victim.tx.ring_ref), -XEN_EBUSY);
    check("net/grant of the rx ring is held", grant_end(net_victim.rx.ring_ref), -XEN_EBUSY);
}

/* Frames are with the back end, and others come, when the front end leaves. */
static void leave_in_the_middle(void)
{
    for (unsigned int i = 0; i < NETIF_TX_RING_SIZE; i++)
        raw_put();
    netfront_push(&net_victim);
    check_true("net/leaves with 256 frames under way", net_begin_anew());
}

static void connect_again_and_again(void)
{
    bool all = true;

    for (unsigned int i = 0; i < CONNECTIONS; i++)
        all = net_begin_anew() && net_others_go_on() && all;
    check_true("net/connects again and again", all);
}

/* With a wrong value in a node nothing is connected; with the right ones it is. */
static void wrong_node(const char *name, const char *node, const char *value)
{
    char back[XENBUS_PATH_MAX];

    format_str(back, sizeof(back), "%s/state", net_victim.back_node);
    if (!check(name, netfront_close(&net_victim), 0) ||
        !check(name, xenbus_wait(back, XenbusStateInitWait), 0))
        return;
    check(name, xenbus_write(net_path(node), "%s", value), 0);
    check(name, xenbus_write(net_path("state"), "%d", XenbusStateConnected), 0);
    time_sleep(2 * PAUSE);
    check_true(name, net_others_go_on());
    check(name, xenbus_close(net_victim.node, net_victim.back_node), 0);
    check(name, xenbus_write(net_path("state"), "%d", XenbusStateInitialising), 0);
    check_true(name, net_connect_victim());
}

void net_ring_cases(void)
{
    connect_again_and_again();
    ring_grants_cannot_end();
    leave_in_the_middle();
    one_that_takes_nothing();
    pages_that_cannot_be_written("net/pages whose grants are gone", false);
    pages_that_cannot_be_written("net/pages that may only be read", true);
    ring_page_given_away("net/tx ring's page given away", &net_victim.tx);
    ring_page_given_away("net/rx ring's page given away", &net_victim.rx);
    wrong_node("net/tx-ring-ref not given", "tx-ring-ref", "2040");
    wrong_node("net/rx-ring-ref no number", "rx-ring-ref", "eight");
    wrong_node("net/tx-ring-ref too large", "tx-ring-ref", "99999999999999999999");
    wrong_node("net/event-channel-rx closed", "event-channel-rx", "1000");
    wrong_node("net/no copies asked for", "request-rx-copy", "0");
    receive_index_that_jumps("net/rx index one too far", NETIF_RX_RING_SIZE + 1);
    receive_index_that_jumps("net/rx index backward", (uint32_t)-1);
    index_that_jumps("net/tx index one too far", NETIF_TX_RING_SIZE + 1);
    index_that_jumps("net/tx index far ahead", 0x7fffffff);
    index_that_jumps("net/tx index backward", (uint32_t)-1);
}
