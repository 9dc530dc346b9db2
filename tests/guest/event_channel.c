/* SPDX-License-Identifier: BSD-2-Clause */
/* event_channel_op: opening, binding, sending, closing ports, and what each refuses. */
#include "guest-kernel/events.h"
#include "guest-kernel/hypercall.h"
#include "lib/compiler.h"
#include "pv-abi/event_channel.h"
#include "tests/guest/check.h"
#include "tests/guest/pointers.h"

#define NO_DOMAIN 0x7abcu /* an identifier that no domain has */
#define NO_VCPU   77u
#define FREE_PORT 1000u
#define BAD_PORT  (EVTCHN_2L_NR_CHANNELS + 1)
#define UNKNOWN   99

static int64_t op(unsigned int command, void *arg)
{
    return hypercall_event_channel_op(command, arg);
}

static int64_t alloc_unbound(domid_t dom, domid_t remote, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound arg = {.dom = dom, .remote_dom = remote};
    int64_t result = op(EVTCHNOP_alloc_unbound, &arg);

    *port = arg.port;
    return result;
}

static int64_t status_of(evtchn_port_t port, struct evtchn_status *status)
{
    *status = (struct evtchn_status){.dom = DOMID_SELF, .port = port};
    return op(EVTCHNOP_status, status);
}

static int64_t close_port(evtchn_port_t port)
{
    struct evtchn_close arg = {.port = port};

    return op(EVTCHNOP_close, &arg);
}

static void opening(void)
{
    struct evtchn_status status;
    evtchn_port_t port, other;

    check("event_channel_op/alloc_unbound", alloc_unbound(DOMID_SELF, 0, &port), 0);
    check_true("event_channel_op/alloc_unbound gives a port", port != 0);
    check("event_channel_op/status of an unbound port", status_of(port, &status), 0);
    check("event_channel_op/status says unbound", status.status, EVTCHNSTAT_unbound);
    check("event_channel_op/status says for whom", status.u.unbound.dom, 0);
    check("event_channel_op/alloc_unbound again", alloc_unbound(DOMID_SELF, 0, &other), 0);
    check_true("event_channel_op/alloc_unbound gives another port", port != other);
    check("event_channel_op/close", close_port(port), 0);
    check("event_channel_op/status of a closed port", status_of(port, &status), 0);
    check("event_channel_op/status says closed", status.status, EVTCHNSTAT_closed);
    check("event_channel_op/close twice", close_port(port), -XEN_EINVAL);
    check("event_channel_op/close port 0", close_port(0), -XEN_EINVAL);
    check("event_channel_op/close past the end", close_port(BAD_PORT), -XEN_EINVAL);
    close_port(other);
    check("event_channel_op/alloc_unbound in domain 0", alloc_unbound(0, 0, &port), -XEN_EPERM);
    check_no_domain("event_channel_op/alloc_unbound in no domain",
                    alloc_unbound(NO_DOMAIN, 0, &port));
    check("event_channel_op/unknown", op(UNKNOWN, &status), -XEN_ENOSYS);
}

static void interdomain(void)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_status status;
    evtchn_port_t waiting;

    alloc_unbound(DOMID_SELF, DOMID_SELF, &waiting);
    bind.remote_port = waiting;
    check("event_channel_op/bind_interdomain to self", op(EVTCHNOP_bind_interdomain, &bind), 0);
    check_true("event_channel_op/bind_interdomain raises the new port",
               event_is_pending(bind.local_port));
    check_true("event_channel_op/bind_interdomain leaves the far port", !event_is_pending(waiting));
    status_of(waiting, &status);
    check("event_channel_op/status says interdomain", status.status, EVTCHNSTAT_interdomain);
    check("event_channel_op/status says the far port", status.u.interdomain.port, bind.local_port);
    check("event_channel_op/send", event_send(bind.local_port), 0);
    check_true("event_channel_op/send raises the far port", event_is_pending(waiting));
    event_clear(bind.local_port);
    event_send(waiting);
    check_true("event_channel_op/send raises the other way", event_is_pending(bind.local_port));
    check("event_channel_op/close of one end", close_port(bind.local_port), 0);
    status_of(waiting, &status);
    check("event_channel_op/close leaves the far end unbound", status.status, EVTCHNSTAT_unbound);
    check("event_channel_op/send to nobody", event_send(waiting), 0);
    event_clear(waiting);
    bind.remote_port = FREE_PORT;
    check("event_channel_op/bind_interdomain to a closed port",
          op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
    bind.remote_port = BAD_PORT;
    check("event_channel_op/bind_interdomain past the end", op(EVTCHNOP_bind_interdomain, &bind),
          -XEN_EINVAL);
    bind.remote_dom = NO_DOMAIN;
    check("event_channel_op/bind_interdomain to no domain", op(EVTCHNOP_bind_interdomain, &bind),
          -XEN_ESRCH);
    close_port(waiting);
    alloc_unbound(DOMID_SELF, 0, &waiting);
    bind = (struct evtchn_bind_interdomain){.remote_dom = DOMID_SELF, .remote_port = waiting};
    check("event_channel_op/bind_interdomain to a port for another",
          op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
    close_port(waiting);
}

static void virtual_interrupts(void)
{
    struct evtchn_bind_virq debug = {.virq = VIRQ_DEBUG, .vcpu = 0};
    struct evtchn_bind_virq arg = {.virq = VIRQ_TIMER, .vcpu = 0};
    struct evtchn_status status;

    check("event_channel_op/bind_virq", op(EVTCHNOP_bind_virq, &debug), 0);
    status_of(debug.port, &status);
    check("event_channel_op/status says virq", status.status, EVTCHNSTAT_virq);
    check("event_channel_op/status says which virq", status.u.virq, VIRQ_DEBUG);
    check("event_channel_op/send to a virq", event_send(debug.port), -XEN_EINVAL);
    close_port(debug.port);
    check("event_channel_op/bind_virq after close", op(EVTCHNOP_bind_virq, &debug), 0);
    close_port(debug.port);
    check("event_channel_op/bind_virq twice", op(EVTCHNOP_bind_virq, &arg), -XEN_EEXIST);
    arg.vcpu = NO_VCPU;
    check("event_channel_op/bind_virq on no vcpu", op(EVTCHNOP_bind_virq, &arg), -XEN_ENOENT);
    arg = (struct evtchn_bind_virq){.virq = NR_VIRQS, .vcpu = 0};
    check("event_channel_op/bind_virq past the end", op(EVTCHNOP_bind_virq, &arg), -XEN_EINVAL);
    arg = (struct evtchn_bind_virq){.virq = VIRQ_CONSOLE, .vcpu = 1};
    check("event_channel_op/bind_virq of a global one on vcpu 1", op(EVTCHNOP_bind_virq, &arg),
          -XEN_EINVAL);
}

static void inter_processor(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 1};
    struct evtchn_bind_vcpu move;
    struct evtchn_status status;
    evtchn_port_t port;

    check("event_channel_op/bind_ipi", op(EVTCHNOP_bind_ipi, &ipi), 0);
    status_of(ipi.port, &status);
    check("event_channel_op/status says ipi", status.status, EVTCHNSTAT_ipi);
    check("event_channel_op/status says the vcpu", status.vcpu, 1);
    move = (struct evtchn_bind_vcpu){.port = ipi.port, .vcpu = 0};
    check("event_channel_op/bind_vcpu of an ipi", op(EVTCHNOP_bind_vcpu, &move), -XEN_EINVAL);
    close_port(ipi.port);
    ipi.vcpu = NO_VCPU;
    check("event_channel_op/bind_ipi on no vcpu", op(EVTCHNOP_bind_ipi, &ipi), -XEN_ENOENT);
    alloc_unbound(DOMID_SELF, 0, &port);
    move = (struct evtchn_bind_vcpu){.port = port, .vcpu = 1};
    check("event_channel_op/bind_vcpu", op(EVTCHNOP_bind_vcpu, &move), 0);
    status_of(port, &status);
    check("event_channel_op/bind_vcpu moves the port", status.vcpu, 1);
    move.vcpu = NO_VCPU;
    check("event_channel_op/bind_vcpu to no vcpu", op(EVTCHNOP_bind_vcpu, &move), -XEN_ENOENT);
    close_port(port);
    move.vcpu = 0;
    check("event_channel_op/bind_vcpu of a closed port", op(EVTCHNOP_bind_vcpu, &move),
          -XEN_EINVAL);
    move.port = BAD_PORT;
    check("event_channel_op/bind_vcpu past the end", op(EVTCHNOP_bind_vcpu, &move), -XEN_EINVAL);
}

static void count_event(void *arg)
{
    (*(unsigned int *)arg)++;
}

static void delivery(void)
{
    static volatile unsigned int count;
    struct evtchn_unmask bad = {.port = BAD_PORT};
    evtchn_port_t port = 0;

    check("event_channel_op/bind_ipi to self",
          event_bind_ipi(0, count_event, (void *)&count, &port), 0);
    event_send(port);
    check("event_channel_op/the handler has run before the next instruction", count, 1);
    event_mask(port);
    event_send(port);
    check("event_channel_op/a masked port is not delivered", count, 1);
    check_true("event_channel_op/a masked port collects its event", event_is_pending(port));
    event_unmask(port);
    check("event_channel_op/unmask delivers it", count, 2);
    event_unmask(port);
    check("event_channel_op/unmask delivers nothing twice", count, 2);
    event_close(port);
    check("event_channel_op/send to a closed port", event_send(port), -XEN_EINVAL);
    check("event_channel_op/send past the end", event_send(BAD_PORT), -XEN_EINVAL);
    check("event_channel_op/unmask past the end", op(EVTCHNOP_unmask, &bad), -XEN_EINVAL);
}

static void others(void)
{
    struct evtchn_status status = {.dom = 0, .port = 1};
    struct evtchn_reset reset = {.dom = 0};

    check("event_channel_op/status of domain 0", op(EVTCHNOP_status, &status), -XEN_EPERM);
    status.dom = NO_DOMAIN;
    check_no_domain("event_channel_op/status of no domain", op(EVTCHNOP_status, &status));
    status = (struct evtchn_status){.dom = DOMID_SELF, .port = BAD_PORT};
    check("event_channel_op/status past the end", op(EVTCHNOP_status, &status), -XEN_EINVAL);
    check("event_channel_op/reset of domain 0", op(EVTCHNOP_reset, &reset), -XEN_EPERM);
    reset.dom = NO_DOMAIN;
    check_no_domain("event_channel_op/reset of no domain", op(EVTCHNOP_reset, &reset));
}

static void pointers(void)
{
    static struct evtchn_send send;
    static struct evtchn_status status = {.dom = DOMID_SELF};
    static const struct pointer_call calls[] = {
        {"event_channel_op/send",
         __HYPERVISOR_event_channel_op,
         {EVTCHNOP_send},
         1,
         &send,
         sizeof(send),
         0},
        {"event_channel_op/status",
         __HYPERVISOR_event_channel_op,
         {EVTCHNOP_status},
         1,
         &status,
         sizeof(status),
         0},
    };
    const struct evtchn_status *copy;
    evtchn_port_t port;

    alloc_unbound(DOMID_SELF, 0, &port);
    send.port = status.port = port;
    for (unsigned int i = 0; i < ARRAY_COUNT(calls); i++)
        check_pointers(&calls[i]);
    check_readonly(&calls[1]);
    check_compat(&calls[0]);
    copy = check_compat(&calls[1]);
    check("event_channel_op/status/32-bit says unbound", copy->status, EVTCHNSTAT_unbound);
    close_port(port);
}

void test_cases(void)
{
    opening();
    interdomain();
    virtual_interrupts();
    inter_processor();
    delivery();
    others();
    pointers();
}
