/* SPDX-License-Identifier: BSD-2-Clause */
/* Event channels (event_channel.h): ports of a domain, allocated by page; delivery behind three
 * verbs, two-level bitmaps. */
#pragma once

#include "arch/x86/lock.h"
#include "core/types.h"

struct domain;
struct vcpu;

enum evtchn_state {
    EVTCHN_FREE,
    EVTCHN_RESERVED,
    EVTCHN_UNBOUND,
    EVTCHN_INTERDOMAIN,
    EVTCHN_PIRQ,
    EVTCHN_VIRQ,
    EVTCHN_IPI
};

/* Under the table's lock; vcpu is also read by senders that hold the remote table's lock. An
 * interdomain pair changes only under both locks, so that each lock alone keeps the other end. */
struct evtchn {
    uint8_t state; /* enum evtchn_state */
    uint16_t vcpu; /* notified vCPU */
    union {
        uint32_t remote_port; /* interdomain */
        uint32_t pirq;
        uint32_t virq;
    };
    union {
        struct domain *remote; /* interdomain; not counted: its end closes first */
        uint16_t remote_domid; /* unbound: who may bind */
    };
};

#define EVTCHN_PORTS         4096u /* two-level, 64-bit guests */
#define EVTCHN_PORTS_32      1024u /* two-level, 32-bit guests */
#define EVTCHN_PORTS_IN_PAGE (PAGE_SIZE / sizeof(struct evtchn))
#define EVTCHN_PAGES         (EVTCHN_PORTS / EVTCHN_PORTS_IN_PAGE)
#define EVTCHN_PIRQS         2048u

struct evtchn_table {
    struct lock lock;
    struct evtchn *page[EVTCHN_PAGES];
    uint32_t port_count; /* valid ports are below */
    uint32_t port_limit; /* ports are below: createdomain's max_evtchn_port + 1 */
    uint32_t free_hint;  /* no port below is free */
    uint16_t *pirq_port; /* by pirq; a page from the first bind_pirq on; 0: unbound */
    /* Bit per vCPU in SCHEDOP_poll; a sender looks here only. */
    _Atomic uint64_t pollers;
};

/* The entry of a valid port, NULL: not valid. Needs the lock. */
static inline struct evtchn *evtchn_find(const struct evtchn_table *table, uint32_t port)
{
    if (unlikely(port >= READ_ONCE(table->port_count)))
        return NULL;
    port = (uint32_t)index_below(port, EVTCHN_PORTS);
    return &table->page[port / EVTCHN_PORTS_IN_PAGE][port % EVTCHN_PORTS_IN_PAGE];
}

int evtchn_init(struct domain *d) MUST_CHECK;
/* Closes every port and frees the table; remotes become unbound. */
void evtchn_destroy(struct domain *d);

/* The three delivery verbs, on D's port. set: the caller keeps the port's entry by its lock or the
 * remote's. */
void evtchn_set_pending(struct domain *d, uint32_t port);
bool evtchn_is_pending(const struct domain *d, uint32_t port); /* false for a port past the limit */
int evtchn_unmask(struct domain *d, uint32_t port) MUST_CHECK; /* -EINVAL */

/* SCHEDOP_poll of V. begin: from then on an event on PORT (UINT32_MAX: any) wakes V and ends the
 * poll; the caller then looks at its ports once more and blocks. end: V looks for itself. */
void evtchn_poll_begin(struct vcpu *v, uint32_t port);
void evtchn_poll_end(struct vcpu *v);

/* Raises a virtual interrupt (VIRQ_*) of V, or a global one of the control domain, if bound. */
void evtchn_raise_virq(struct vcpu *v, uint32_t virq);
void evtchn_raise_control_virq(uint32_t virq);
/* Raises D's port bound to PIRQ, if any. */
void evtchn_raise_pirq(struct domain *d, uint32_t pirq);
/* vcpu_info moved to a new place (registration): selector filled, upcall raised, so that no event
 * is lost. */
void evtchn_vcpu_info_moved(struct vcpu *v);

/* Allocates an unbound port for REMOTE in D, as EVTCHNOP_alloc_unbound (builder, store, console).
 * -ENOSPC, -ENOMEM, -EINVAL: D is dying. */
int evtchn_alloc_unbound(struct domain *d, uint16_t remote, uint32_t *port) MUST_CHECK;
/* Takes a free port for an event of D itself: STATE, its vCPU and what it stands for. Needs the
 * lock. Errors as evtchn_alloc_unbound(). */
int evtchn_alloc_local(struct domain *d, enum evtchn_state state, uint32_t vcpu, uint32_t what,
                       uint32_t *port) MUST_CHECK;
/* Connects a new port of D to RPORT of REMOTE, which waits for D, and raises it once. -EINVAL: it
 * does not; and as evtchn_alloc_unbound(). */
int evtchn_bind_interdomain(struct domain *d, struct domain *remote, uint32_t rport,
                            uint32_t *port) MUST_CHECK;
/* Raises the far end of D's PORT (an IPI: itself; unbound: nobody). -EINVAL: cannot be sent on. */
int evtchn_send(struct domain *d, uint32_t port) MUST_CHECK;
/* Frees D's PORT. -EINVAL: it is not open. */
int evtchn_close(struct domain *d, uint32_t port) MUST_CHECK;
/* Forgets an event on a port that is being freed, so that its next user does not get it. */
void evtchn_clear_pending(struct domain *d, uint32_t port);
