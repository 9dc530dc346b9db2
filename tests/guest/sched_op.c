/* SPDX-License-Identifier: BSD-2-Clause */
/* sched_op: yielding, waiting and what is refused. How a domain ends is for the demo to show. */
#include "guest-kernel/events.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/time.h"
#include "lib/compiler.h"
#include "pv-abi/sched.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"
#include "tests/guest/pointers.h"

#define UNKNOWN    99
#define PORTS_MAX  128
#define POLLS_MAX  20
#define BAD_PORT   (EVTCHN_2L_NR_CHANNELS + 1)
#define BLOCK_TIME (5 * NS_PER_MS)

static evtchn_port_t port;

static int64_t op(unsigned int command, void *arg)
{
    return hypercall_sched_op(command, arg);
}

static int64_t poll(const evtchn_port_t *ports, uint32_t count, uint64_t timeout)
{
    struct sched_poll arg = {.ports = (uintptr_t)ports, .nr_ports = count, .timeout = timeout};

    return op(SCHEDOP_poll, &arg);
}

/* Polls until 5 ms have gone. Other events may end a poll before its time, but few come: a poll
 * that does not wait is one that returns more often. */
static int64_t poll_for(const evtchn_port_t *ports, uint32_t count)
{
    uint64_t end = time_now() + 5 * NS_PER_MS;
    unsigned int polls = 0;
    int64_t result = 0;

    while (result == 0 && time_now() < end && polls++ < POLLS_MAX)
        result = poll(ports, count, end);
    return time_now() < end ? -XEN_ETIME : result;
}

static void polling(void)
{
    static evtchn_port_t many[PORTS_MAX + 1];
    evtchn_port_t bad = BAD_PORT;

    event_send(port);
    check("sched_op/poll of a pending port", poll(&port, 1, 0), 0);
    check_true("sched_op/poll leaves it pending", event_is_pending(port));
    event_clear(port);
    check("sched_op/poll with a time", poll_for(&port, 1), 0);
    check("sched_op/poll with a time in the past", poll(&port, 1, 1), 0);
    check("sched_op/poll of no ports with a time", poll_for(&port, 0), 0);
    check("sched_op/poll of too many ports", poll(many, PORTS_MAX + 1, 1), -XEN_EINVAL);
    check("sched_op/poll of a port past the end", poll(&bad, 1, 1), -XEN_EINVAL);
    check("sched_op/poll with a bad list",
          poll((const evtchn_port_t *)(uintptr_t)UNMAPPED_ADDRESS, 1, 1), -XEN_EFAULT);
}

static unsigned int expirations;

/* Again and again: one that comes before the vcpu blocks does not end the block. */
static void expire(struct timer *timer)
{
    __atomic_fetch_add(&expirations, 1, __ATOMIC_RELAXED);
    timer_start(timer, time_now() + BLOCK_TIME);
}

/* Other events, such as the console's, may end a block before the timer does. */
static void blocking(void)
{
    struct timer timer = {.expire = expire};
    uint64_t start = time_now();
    int64_t result = 0;

    timer_start(&timer, start + BLOCK_TIME);
    while (result == 0 && __atomic_load_n(&expirations, __ATOMIC_RELAXED) == 0)
        result = op(SCHEDOP_block, NULL);
    timer_stop(&timer);
    check("sched_op/block", result, 0);
    check_true("sched_op/block has waited", time_now() - start >= BLOCK_TIME);
    check("sched_op/yield", op(SCHEDOP_yield, NULL), 0);
}

static void refusals(void)
{
    struct sched_remote_shutdown remote = {.domain_id = 0, .reason = SHUTDOWN_crash};

    check("sched_op/remote_shutdown of domain 0", op(SCHEDOP_remote_shutdown, &remote), -XEN_EPERM);
    remote.domain_id = 0x7abc;
    check_no_domain("sched_op/remote_shutdown of no domain", op(SCHEDOP_remote_shutdown, &remote));
    check("sched_op/unknown", op(UNKNOWN, &remote), -XEN_ENOSYS);
}

static void pointers(void)
{
    static struct sched_poll poll_arg = {.nr_ports = 0, .timeout = 1};
    static struct compat_sched_poll compat_poll = {.nr_ports = 0, .timeout = 1};
    static const struct pointer_call call = {
        "sched_op/poll", __HYPERVISOR_sched_op, {SCHEDOP_poll}, 1, &poll_arg, sizeof(poll_arg), 0};
    static const struct pointer_call compat_call = {"sched_op/poll",
                                                    __HYPERVISOR_sched_op,
                                                    {SCHEDOP_poll},
                                                    1,
                                                    &compat_poll,
                                                    sizeof(compat_poll),
                                                    0};

    check_pointers(&call);
    check_compat(&compat_call);
}

/* A list of ports from 32-bit code. */
static void compat_polling(void)
{
    struct compat_sched_poll *arg = low_alloc(sizeof(*arg));
    evtchn_port_t *ports = crossing_buffer(2 * sizeof(*ports));

    ports[0] = ports[1] = port;
    *arg = (struct compat_sched_poll){.ports = low_address(ports), .nr_ports = 2};
    event_send(port);
    check("sched_op/poll/32-bit of a pending port",
          hypercall_compat(__HYPERVISOR_sched_op, SCHEDOP_poll, low_address(arg), 0, 0, 0), 0);
    event_clear(port);
    arg->ports = UNMAPPED_ADDRESS;
    check("sched_op/poll/32-bit with a bad list",
          hypercall_compat(__HYPERVISOR_sched_op, SCHEDOP_poll, low_address(arg), 0, 0, 0),
          -XEN_EFAULT);
    check("sched_op/yield/32-bit",
          hypercall_compat(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0), 0);
}

void test_cases(void)
{
    check("a port that stays masked", event_bind_ipi(0, NULL, NULL, &port), 0);
    polling();
    blocking();
    refusals();
    pointers();
    compat_polling();
}
