/* SPDX-License-Identifier: BSD-2-Clause */
/* The sched_op hypercall. */

#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/insn.h"

#define POLL_PORTS_MAX 128u /* as Xen */

int64_t sched_op_yield(struct hypercall *call)
{
    if (call->v == this_cpu()->current)
        sched_yield();
    /* NetBSD waits, by yields, for the system time on its page to move. */
    vcpu_update_time(call->v);
    /* Who yields polls: the core's other thread gets on, or QEMU's next CPU (docs/testing.md). */
    cpu_pause();
    return 0;
}

int64_t sched_op_block(struct hypercall *call)
{
    WRITE_ONCE(READ_ONCE(call->v->info)->evtchn_upcall_mask, 0);
    vcpu_block(call->v);
    return 0;
}

int64_t sched_op_shutdown(struct hypercall *call)
{
    const struct sched_shutdown *shutdown = call->arg;

    domain_shutdown(call->d, (uint8_t)shutdown->reason);
    return 0;
}

/* 1: one of the ports is pending; 0: none; negative: errno. *LAST: the last port. */
static int look_at_ports(struct hypercall *call, uint32_t *last)
{
    const struct sched_poll *poll = call->arg;
    struct hypercall_cursor cursor;
    int rc = cursor_open(&cursor, call, 0, poll->ports, poll->nr_ports);

    for (uint32_t i = 0; rc == 0 && i < poll->nr_ports; i++) {
        rc = cursor_next(&cursor, last);
        if (rc)
            break;
        if (*last >= call->d->evtchn.port_limit)
            return -EINVAL;
        if (evtchn_is_pending(call->d, *last))
            return 1;
    }
    return rc;
}

int64_t sched_op_poll(struct hypercall *call)
{
    const struct sched_poll *poll = call->arg;
    struct vcpu *v = call->v;
    bool can_take = vcpu_private()->regs.rflags & RFLAGS_IF;
    uint32_t port = 0;
    int rc;

    if (poll->nr_ports > POLL_PORTS_MAX)
        return -EINVAL;
    timer_cancel(&v->poll_timer);
    /* In this order: a late waker of an earlier poll that ends this one lets V go afterwards. */
    atomic_fetch_or(&v->stop, VCPU_BLOCKED);
    /* Whoever raises an event after this ends the poll; who did before is seen by the look below.
     * tests/models/poll.pml is the model. */
    evtchn_poll_begin(v, UINT32_MAX);
    rc = can_take && evtchn_upcall_pending(v) ? 1 : look_at_ports(call, &port);
    if (rc) {
        vcpu_wake(v);
        return rc < 0 ? rc : 0;
    }
    if (poll->nr_ports == 1 && port != 0)
        WRITE_ONCE(v->poll_port, port);
    if (poll->timeout)
        timer_set(&v->poll_timer, poll->timeout);
    cpu_look(CPU_PENDING_SCHED);
    return 0;
}

int64_t sched_op_remote_shutdown(struct hypercall *call)
{
    const struct sched_remote_shutdown *shutdown = call->arg;

    domain_shutdown(call->target, (uint8_t)shutdown->reason);
    return 0;
}
