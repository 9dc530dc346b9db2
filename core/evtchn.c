/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port table of a domain: allocation by page, binding, closing. Each table has one lock; a
 * change to an interdomain pair holds the locks of both tables. Delivery is in evtchn_deliver.c.
 */
#include "core/evtchn.h"

#include "core/domain.h"
#include "core/heap.h"
#include "core/log.h"
#include "core/pirq.h"
#include "lib/errno.h"

#include "pv-abi/event_channel.h"

_Static_assert(EVTCHN_PORTS == EVTCHN_2L_NR_CHANNELS, "two-level ports");
_Static_assert(EVTCHN_PORTS_32 == COMPAT_EVTCHN_2L_NR_CHANNELS, "two-level ports, 32 bit");
_Static_assert(sizeof(struct evtchn) == 16, "a page holds whole ports");

int evtchn_init(struct domain *d)
{
    struct evtchn_table *table = &d->evtchn;

    lock_init(&table->lock, LOCK_EVTCHN);
    table->page[0] = heap_alloc(d, 1);
    if (!table->page[0])
        return -ENOMEM;
    table->port_count = EVTCHN_PORTS_IN_PAGE;
    table->port_limit = EVTCHN_PORTS;
    /* Port 0 says "no port" in many places of the ABI. */
    table->page[0][0].state = EVTCHN_RESERVED;
    table->free_hint = 1;
    return 0;
}

/* Finds a free port, adding a page where the table is full. The port stays free: nothing is to be
 * undone if the caller goes no further. */
static int find_free(struct domain *d, uint32_t *port)
{
    struct evtchn_table *table = &d->evtchn;
    uint32_t limit = d->is_32bit ? EVTCHN_PORTS_32 : EVTCHN_PORTS;
    uint32_t candidate = table->free_hint;

    if (table->port_limit < limit)
        limit = table->port_limit;
    if (atomic_load(&d->state) >= DOMAIN_DYING)
        return -EINVAL;
    while (candidate < table->port_count &&
           evtchn_find(&d->evtchn, candidate)->state != EVTCHN_FREE)
        candidate++;
    table->free_hint = candidate;
    if (candidate >= limit)
        return -ENOSPC;
    if (candidate == table->port_count) {
        struct evtchn *page = heap_alloc(d, 1);

        if (!page)
            return -ENOMEM;
        table->page[candidate / EVTCHN_PORTS_IN_PAGE] = page;
        table->port_count += EVTCHN_PORTS_IN_PAGE;
    }
    *port = candidate;
    return 0;
}

int evtchn_alloc_local(struct domain *d, enum evtchn_state state, uint32_t vcpu, uint32_t what,
                       uint32_t *port)
{
    struct evtchn *entry;
    int error = find_free(d, port);

    if (error)
        return error;
    entry = evtchn_find(&d->evtchn, *port);
    entry->vcpu = (uint16_t)vcpu;
    entry->virq = what;
    entry->state = (uint8_t)state;
    return 0;
}

int evtchn_alloc_unbound(struct domain *d, uint16_t remote, uint32_t *port)
{
    int error;

    lock_take(&d->evtchn.lock);
    error = evtchn_alloc_local(d, EVTCHN_UNBOUND, 0, 0, port);
    if (!error)
        evtchn_find(&d->evtchn, *port)->remote_domid = remote;
    lock_drop(&d->evtchn.lock);
    return error;
}

static void connect(struct domain *d, uint32_t port, struct domain *remote, uint32_t rport)
{
    struct evtchn *entry = evtchn_find(&d->evtchn, port);

    entry->remote = remote;
    entry->remote_port = rport;
    entry->state = EVTCHN_INTERDOMAIN;
}

int evtchn_bind_interdomain(struct domain *d, struct domain *remote, uint32_t rport, uint32_t *port)
{
    struct evtchn *far;
    int error;

    lock_take_pair(&d->evtchn.lock, &remote->evtchn.lock);
    error = find_free(d, port);
    if (error)
        goto unlock;
    far = evtchn_find(&remote->evtchn, rport);
    if (!far || far->state != EVTCHN_UNBOUND || far->remote_domid != d->id) {
        error = -EINVAL;
        goto unlock;
    }
    evtchn_find(&d->evtchn, *port)->vcpu = 0;
    connect(d, *port, remote, rport);
    connect(remote, rport, d, *port);
    /* What the far end sent while it was unbound would be lost without this. */
    evtchn_set_pending(d, *port);
unlock:
    lock_drop_pair(&d->evtchn.lock, &remote->evtchn.lock);
    return error;
}

static void close_virq(struct domain *d, uint32_t port, uint32_t virq)
{
    for (uint32_t i = 0; i < d->vcpu_max; i++)
        if (d->vcpu[i]->virq_port[virq] == port)
            WRITE_ONCE(d->vcpu[i]->virq_port[virq], 0);
}

/* Undoes the binding of D's PORT, which is open, and frees it. Needs the lock, and the far end's.
 */
static void close_entry(struct domain *d, uint32_t port, struct evtchn *entry)
{
    if (entry->state == EVTCHN_INTERDOMAIN) {
        struct evtchn *far = evtchn_find(&entry->remote->evtchn, entry->remote_port);

        far->state = EVTCHN_UNBOUND;
        far->remote = NULL;
        far->remote_domid = d->id;
    } else if (entry->state == EVTCHN_VIRQ) {
        close_virq(d, port, entry->virq);
    } else if (entry->state == EVTCHN_PIRQ) {
        d->evtchn.pirq_port[entry->pirq] = 0;
        BUG_ON(pirq_mask(d, entry->pirq, true) != 0);
    }
    evtchn_clear_pending(d, port);
    *entry = (struct evtchn){.state = EVTCHN_FREE};
    if (port < d->evtchn.free_hint)
        d->evtchn.free_hint = port;
}

int evtchn_close(struct domain *d, uint32_t port)
{
    struct domain *remote = d, *held;
    int error = -EINVAL;

    domain_hold(remote);
    for (;;) {
        struct evtchn *entry;

        lock_take_pair(&d->evtchn.lock, &remote->evtchn.lock);
        entry = evtchn_find(&d->evtchn, port);
        if (!entry || entry->state == EVTCHN_FREE || entry->state == EVTCHN_RESERVED)
            break;
        if (entry->state != EVTCHN_INTERDOMAIN || entry->remote == remote) {
            close_entry(d, port, entry);
            error = 0;
            break;
        }
        /* The far end's lock is needed too. Its end of the pair is open, so that it is not
         * destroyed while D's lock is held. */
        held = remote;
        remote = entry->remote;
        domain_hold(remote);
        lock_drop_pair(&d->evtchn.lock, &held->evtchn.lock);
        domain_put(held);
    }
    lock_drop_pair(&d->evtchn.lock, &remote->evtchn.lock);
    domain_put(remote);
    return error;
}

void evtchn_destroy(struct domain *d)
{
    struct evtchn_table *table = &d->evtchn;

    for (uint32_t port = 1; port < table->port_count; port++) {
        int error = evtchn_close(d, port);

        /* A port that is free already is the one thing that close refuses here. */
        BUG_ON(error && error != -EINVAL);
    }
    lock_take(&table->lock);
    table->port_count = 0;
    for (uint32_t i = 0; i < EVTCHN_PAGES && table->page[i]; i++) {
        heap_free(d, table->page[i], 1);
        table->page[i] = NULL;
    }
    heap_free(d, table->pirq_port, 1);
    table->pirq_port = NULL;
    lock_drop(&table->lock);
}
