/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grants and events between two domains, and the death of one of them. Two of these guests run side
 * by side: the one with `peer=DOMID granter` gives pages and dies first, the one with `peer=DOMID`
 * uses them and prints the cases. Alone, with no peer, it skips everything.
 */
#include "guest-kernel/events.h"
#include "guest-kernel/grants.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "tests/guest/check.h"

#define PAUSE   (5 * NS_PER_MS)
#define PATTERN 0x77

/* The granter's references: the first two that grants.c gives. */
#define REF_SHARED   GRANT_FIRST_FREE
#define REF_READONLY (GRANT_FIRST_FREE + 1)

/* The granted page's first words: steps that each side has reached, by count. */
struct shared {
    uint32_t is_ready; /* both pages are granted */
    uint32_t granter_step;
    uint32_t user_step;
    uint32_t port;      /* the granter's unbound port */
    int32_t end_result; /* what ending the access gave while it was mapped */
    uint8_t bytes[256];
};

static unsigned int events;

static void on_event(void *arg)
{
    __atomic_fetch_add((unsigned int *)arg, 1, __ATOMIC_SEQ_CST);
}

/* Waits until *word is `wanted` at least. */
static bool reaches(const uint32_t *word, uint32_t wanted)
{
    uint64_t end = time_now() + CHECK_PATIENCE;

    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) < wanted && time_now() < end)
        time_sleep(PAUSE);
    return __atomic_load_n(word, __ATOMIC_ACQUIRE) >= wanted;
}

static void granter(domid_t peer)
{
    struct shared *shared = page_alloc();
    uint8_t *readonly = page_alloc();
    evtchn_port_t port = 0;

    if (!shared || !readonly || event_alloc_unbound(peer, &port) != 0 ||
        event_set_handler(port, on_event, &events) != 0)
        guest_panic("no memory or no port");
    shared->port = port;
    memset(shared->bytes, PATTERN, sizeof(shared->bytes));
    memset(readonly, PATTERN + 1, PAGE_SIZE);
    check("pair/granter's first reference", grant_access(peer, virt_to_gfn(shared), false),
          REF_SHARED);
    check("pair/granter's second reference", grant_access(peer, virt_to_gfn(readonly), true),
          REF_READONLY);
    __atomic_store_n(&shared->is_ready, 1, __ATOMIC_RELEASE);
    check_true("pair/the user has mapped the page", reaches(&shared->user_step, 1));
    check("pair/what the user wrote is here", shared->bytes[0], PATTERN + 2);
    shared->end_result = grant_end(REF_SHARED);
    check("pair/a mapped page stays granted", shared->end_result, -XEN_EBUSY);
    __atomic_store_n(&shared->granter_step, 1, __ATOMIC_RELEASE);
    check_true("pair/an event of the user", reaches(&events, 1));
    event_send(port);
    check_true("pair/the user has had the answer", reaches(&shared->user_step, 2));
    check("pair/what the user copied is here", shared->bytes[1], PATTERN + 3);
}

/* The granter may start later than this one: tries until there is something to map. */
static bool map_shared(domid_t peer, struct grant_mapping *mapping)
{
    uint64_t end = time_now() + CHECK_PATIENCE;

    while (grant_map(peer, REF_SHARED, false, mapping) != GNTST_okay) {
        if (time_now() > end)
            return false;
        time_sleep(PAUSE);
    }
    return true;
}

static void grants_between(domid_t peer, struct shared *shared)
{
    struct grant_mapping readonly;
    uint8_t *copy = page_alloc();

    check("pair/the mapped page shows the granter's bytes", shared->bytes[0], PATTERN);
    shared->bytes[0] = PATTERN + 2;
    check("pair/map for writing of a readonly page",
          grant_map(peer, REF_READONLY, false, &readonly), GNTST_general_error);
    check("pair/map of a readonly page", grant_map(peer, REF_READONLY, true, &readonly),
          GNTST_okay);
    check("pair/the readonly page shows its bytes", *(volatile uint8_t *)readonly.page,
          PATTERN + 1);
    check("pair/unmap of the readonly page", grant_unmap(&readonly), GNTST_okay);
    check("pair/copy from the readonly page", grant_copy_from(copy, peer, REF_READONLY, 16, 16),
          GNTST_okay);
    check("pair/the copy has its bytes", copy[15], PATTERN + 1);
    check("pair/copy to the readonly page", grant_copy_to(peer, REF_READONLY, 0, copy, 16),
          GNTST_general_error);
    copy[0] = PATTERN + 3;
    check("pair/copy to the shared page",
          grant_copy_to(peer, REF_SHARED, offsetof(struct shared, bytes) + 1, copy, 1), GNTST_okay);
    check("pair/the mapping shows the copy", ((volatile uint8_t *)shared->bytes)[1], PATTERN + 3);
    check("pair/map of a reference that is free",
          grant_map(peer, REF_READONLY + 1, true, &readonly), GNTST_general_error);
    page_free(copy);
}

static void events_between(domid_t peer, struct shared *shared, evtchn_port_t *port)
{
    check("pair/bind to the granter's port",
          event_bind_interdomain(peer, shared->port, on_event, &events, port), 0);
    __atomic_store_n(&shared->user_step, 1, __ATOMIC_RELEASE);
    check_true("pair/the granter has seen it", reaches(&shared->granter_step, 1));
    check("pair/the granter could not end the access", shared->end_result, -XEN_EBUSY);
    /* Binding has raised the port once. */
    __atomic_store_n(&events, 0, __ATOMIC_SEQ_CST);
    check("pair/send", event_send(*port), 0);
    check_true("pair/the granter answers", reaches(&events, 1));
}

/* The granter powers off at its step 2; its page stays as long as it is mapped. */
static void death(domid_t peer, struct shared *shared, struct grant_mapping *mapping,
                  evtchn_port_t port)
{
    struct evtchn_status status = {.dom = DOMID_SELF, .port = port};
    struct grant_mapping late;
    uint64_t end = time_now() + CHECK_PATIENCE;

    __atomic_store_n(&shared->user_step, 2, __ATOMIC_RELEASE);
    while (hypercall_event_channel_op(EVTCHNOP_status, &status) == 0 &&
           status.status == EVTCHNSTAT_interdomain && time_now() < end)
        time_sleep(PAUSE);
    check("pair/the port is unbound after the death", status.status, EVTCHNSTAT_unbound);
    check("pair/send to nobody", event_send(port), 0);
    check("pair/the page is still there", ((volatile uint8_t *)shared->bytes)[2], PATTERN);
    shared->bytes[2] = PATTERN + 4;
    check("pair/it may still be written", ((volatile uint8_t *)shared->bytes)[2], PATTERN + 4);
    check_either("pair/map of a page of the dead", grant_map(peer, REF_READONLY, true, &late),
                 GNTST_bad_domain, GNTST_bad_page);
    check("pair/unmap after the death", grant_unmap(mapping), GNTST_okay);
    event_close(port);
    check_either("pair/bind to a port of the dead",
                 event_bind_interdomain(peer, 5, NULL, NULL, &port), -XEN_ESRCH, -XEN_EINVAL);
}

static void user(domid_t peer)
{
    struct grant_mapping mapping;
    struct shared *shared;
    evtchn_port_t port = 0;

    if (!check_true("pair/map of a page of the granter", map_shared(peer, &mapping)))
        return;
    shared = mapping.page;
    check_true("pair/the granter is ready", reaches(&shared->is_ready, 1));
    grants_between(peer, shared);
    events_between(peer, shared, &port);
    death(peer, shared, &mapping, port);
}

void test_cases(void)
{
    char value[16];
    uint64_t peer;

    if (!str_option(guest_command_line(), "peer", value, sizeof(value)) ||
        str_parse_u64(value, &peer) != 0) {
        check_skip("pair", "no peer");
        check_true("pair/alone", true);
    } else if (guest_has_option("granter")) {
        granter((domid_t)peer);
    } else {
        user((domid_t)peer);
    }
}
