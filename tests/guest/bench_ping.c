/* SPDX-License-Identifier: BSD-2-Clause */
/* The round trip of an event between two domains that are halted in between. */
#include "tests/guest/bench_ping.h"

#include "guest-kernel/events.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/time.h"
#include "lib/insn.h"

#define CONNECT_TIME (10 * NS_PER_SECOND)
#define SEARCH_PORTS 64
#define SEARCH_PAUSE (10 * NS_PER_MS)

static evtchn_port_t port;
static bool has_come;

static void come(void *arg)
{
    *(bool *)arg = true;
}

/* With interrupts off: halts until the other side's event has been handled. */
static void wait(void)
{
    while (!__atomic_load_n(&has_come, __ATOMIC_RELAXED))
        irq_enable_and_halt();
    __atomic_store_n(&has_come, false, __ATOMIC_RELAXED);
}

bool ping_connect(uint64_t peer)
{
    uint64_t end = time_now() + CONNECT_TIME;

    if (event_alloc_unbound((domid_t)peer, &port) != 0 ||
        event_set_handler(port, come, &has_come) != 0)
        return false;
    while (!__atomic_load_n(&has_come, __ATOMIC_RELAXED) && time_now() < end)
        time_sleep(SEARCH_PAUSE);
    return __atomic_exchange_n(&has_come, false, __ATOMIC_RELAXED);
}

uint64_t ping_once(void)
{
    uint64_t start, ticks;

    irq_disable();
    start = rdtsc();
    event_send(port);
    wait();
    ticks = rdtsc() - start;
    irq_enable();
    return ticks;
}

void ping_answer(uint64_t domid)
{
    uint64_t end = time_now() + CONNECT_TIME;
    evtchn_port_t remote = 1;

    while (event_bind_interdomain((domid_t)domid, remote, come, &has_come, &port) != 0) {
        if (time_now() > end)
            guest_panic("domain %lu has no port for this one", domid);
        remote = remote % SEARCH_PORTS + 1;
        if (remote == 1)
            time_sleep(SEARCH_PAUSE);
    }
    irq_disable();
    __atomic_store_n(&has_come, false, __ATOMIC_RELAXED);
    event_send(port);
    for (unsigned int i = 0; i < BENCH_ROUNDS; i++) {
        wait();
        event_send(port);
    }
    irq_enable();
}
