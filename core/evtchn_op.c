/* SPDX-License-Identifier: BSD-2-Clause */
/* The event_channel_op hypercalls (event_channel.h): checks of what a guest asks, and answers. */
#include "core/domain.h"
#include "core/heap.h"
#include "core/hypercall_rows.h"
#include "core/pirq.h"
#include "lib/errno.h"

/* VIRQ_* that are bound once for a domain, at vCPU 0; the others once for each vCPU (xen.h). */
#define GLOBAL_VIRQS                                                                               \
    (1u << VIRQ_CONSOLE | 1u << VIRQ_DOM_EXC | 1u << VIRQ_TBUF | 1u << VIRQ_DEBUGGER |             \
     1u << VIRQ_CON_RING | 1u << VIRQ_PCPU_STATE | 1u << VIRQ_MEM_EVENT | 1u << VIRQ_ARGO |        \
     1u << VIRQ_ENOMEM)

_Static_assert(NR_VIRQS == VIRQ_COUNT, "virtual interrupts of a vCPU");

static bool virq_is_global(uint32_t virq)
{
    return GLOBAL_VIRQS >> virq & 1u;
}

int64_t evtchn_op_alloc_unbound(struct hypercall *call)
{
    struct evtchn_alloc_unbound *arg = call->arg;
    uint16_t remote = arg->remote_dom == DOMID_SELF ? call->d->id : arg->remote_dom;

    return evtchn_alloc_unbound(call->target, remote, &arg->port);
}

int64_t evtchn_op_bind_interdomain(struct hypercall *call)
{
    struct evtchn_bind_interdomain *arg = call->arg;
    struct domain *remote =
        domain_get(arg->remote_dom == DOMID_SELF ? call->d->id : arg->remote_dom);
    int error;

    if (!remote)
        return -ESRCH;
    error = evtchn_bind_interdomain(call->d, remote, arg->remote_port, &arg->local_port);
    domain_put(remote);
    return error;
}

int64_t evtchn_op_bind_virq(struct hypercall *call)
{
    struct evtchn_bind_virq *arg = call->arg;
    struct domain *d = call->d;
    struct vcpu *v;
    int error = -EEXIST;

    if (arg->virq >= NR_VIRQS || (virq_is_global(arg->virq) && arg->vcpu != 0))
        return -EINVAL;
    v = domain_vcpu(d, arg->vcpu);
    if (!v)
        return -ENOENT;
    lock_take(&d->evtchn.lock);
    if (!v->virq_port[arg->virq])
        error = evtchn_alloc_local(d, EVTCHN_VIRQ, arg->vcpu, arg->virq, &arg->port);
    if (!error)
        v->virq_port[arg->virq] = (uint16_t)arg->port;
    lock_drop(&d->evtchn.lock);
    return error;
}

int64_t evtchn_op_bind_ipi(struct hypercall *call)
{
    struct evtchn_bind_ipi *arg = call->arg;
    struct domain *d = call->d;
    int error;

    if (!domain_vcpu(d, arg->vcpu))
        return -ENOENT;
    lock_take(&d->evtchn.lock);
    error = evtchn_alloc_local(d, EVTCHN_IPI, arg->vcpu, 0, &arg->port);
    lock_drop(&d->evtchn.lock);
    return error;
}

int64_t evtchn_op_bind_pirq(struct hypercall *call)
{
    struct evtchn_bind_pirq *arg = call->arg;
    struct domain *d = call->d;
    struct evtchn_table *table = &d->evtchn;
    int error;

    if (arg->pirq >= EVTCHN_PIRQS || arg->flags & ~(uint32_t)BIND_PIRQ__WILL_SHARE)
        return -EINVAL;
    lock_take(&table->lock);
    if (!table->pirq_port)
        table->pirq_port = heap_alloc(d, 1);
    if (!table->pirq_port)
        error = -ENOMEM;
    else if (table->pirq_port[arg->pirq])
        error = -EEXIST;
    else
        error = evtchn_alloc_local(d, EVTCHN_PIRQ, 0, arg->pirq, &arg->port);
    if (!error) {
        /* The port comes first: the interrupt may fire as soon as it is bound. */
        table->pirq_port[arg->pirq] = (uint16_t)arg->port;
        error = pirq_mask(d, arg->pirq, false);
        if (error) {
            table->pirq_port[arg->pirq] = 0;
            evtchn_find(&d->evtchn, arg->port)->state = EVTCHN_FREE;
        }
    }
    lock_drop(&table->lock);
    return error;
}

int64_t evtchn_op_close(struct hypercall *call)
{
    const struct evtchn_close *arg = call->arg;

    return evtchn_close(call->d, arg->port);
}

int64_t evtchn_op_send(struct hypercall *call)
{
    const struct evtchn_send *arg = call->arg;

    return evtchn_send(call->d, arg->port);
}

static void fill_status(const struct evtchn *entry, struct evtchn_status *status)
{
    static const uint8_t status_of[] = {
        [EVTCHN_FREE] = EVTCHNSTAT_closed,     [EVTCHN_RESERVED] = EVTCHNSTAT_closed,
        [EVTCHN_UNBOUND] = EVTCHNSTAT_unbound, [EVTCHN_INTERDOMAIN] = EVTCHNSTAT_interdomain,
        [EVTCHN_PIRQ] = EVTCHNSTAT_pirq,       [EVTCHN_VIRQ] = EVTCHNSTAT_virq,
        [EVTCHN_IPI] = EVTCHNSTAT_ipi,
    };

    status->status = status_of[entry->state];
    status->vcpu = entry->vcpu;
    if (entry->state == EVTCHN_UNBOUND) {
        status->u.unbound.dom = entry->remote_domid;
    } else if (entry->state == EVTCHN_INTERDOMAIN) {
        status->u.interdomain.dom = entry->remote->id;
        status->u.interdomain.port = entry->remote_port;
    } else {
        status->u.pirq = entry->pirq; /* or the virtual interrupt */
    }
}

int64_t evtchn_op_status(struct hypercall *call)
{
    struct evtchn_status *arg = call->arg;
    struct evtchn_table *table = &call->target->evtchn;
    const struct evtchn *entry;

    lock_take(&table->lock);
    entry = evtchn_find(table, arg->port);
    if (entry)
        fill_status(entry, arg);
    lock_drop(&table->lock);
    return entry ? 0 : -EINVAL;
}

int64_t evtchn_op_bind_vcpu(struct hypercall *call)
{
    const struct evtchn_bind_vcpu *arg = call->arg;
    struct domain *d = call->d;
    struct evtchn *entry;
    int error = -EINVAL;

    if (!domain_vcpu(d, arg->vcpu))
        return -ENOENT;
    lock_take(&d->evtchn.lock);
    entry = evtchn_find(&d->evtchn, arg->port);
    if (entry && (entry->state == EVTCHN_UNBOUND || entry->state == EVTCHN_INTERDOMAIN ||
                  entry->state == EVTCHN_PIRQ ||
                  (entry->state == EVTCHN_VIRQ && virq_is_global(entry->virq)))) {
        /* Senders read it under the remote's lock alone. */
        WRITE_ONCE(entry->vcpu, (uint16_t)arg->vcpu);
        error = 0;
    }
    lock_drop(&d->evtchn.lock);
    return error;
}

int64_t evtchn_op_unmask(struct hypercall *call)
{
    const struct evtchn_unmask *arg = call->arg;

    return evtchn_unmask(call->d, arg->port);
}

int64_t evtchn_op_reset(struct hypercall *call)
{
    struct domain *d = call->target;

    if (d != call->d && atomic_load(&d->pause_count) == 0)
        return -EINVAL;
    /* The ports closed already are free: a continuation starts again and finds them so. */
    for (uint32_t port = 1; port < READ_ONCE(d->evtchn.port_count); port++)
        if (!evtchn_close(d, port) && hypercall_should_yield())
            return hypercall_continue(call, 0);
    return 0;
}

/* Events of two-level delivery have no priority. */
int64_t evtchn_op_set_priority(struct hypercall *call)
{
    const struct evtchn_set_priority *arg = call->arg;

    return arg->port < READ_ONCE(call->d->evtchn.port_count) ? -ENOSYS : -EINVAL;
}
