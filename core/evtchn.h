/* SPDX-License-Identifier: BSD-2-Clause */
/* Event channels (event_channel.h): ports of a domain, allocated by page; delivery behind three
 * verbs, two-level bitmaps. */
#ifndef ATOLL_CORE_EVTCHN_H
#define ATOLL_CORE_EVTCHN_H

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

struct evtchn {
    uint8_t state; /* enum evtchn_state */
    uint8_t is_polled;
    uint16_t vcpu; /* notified vCPU */
    union {
        struct {
            uint16_t remote_domid;
        } unbound;
        struct {
            uint16_t remote_domid;
            uint32_t remote_port;
        } interdomain;
        uint32_t pirq;
        uint32_t virq;
    };
};

#define EVTCHN_PORTS 4096u /* two-level, 64-bit guests */
#define EVTCHN_PAGES 32u
struct evtchn_table {
    struct lock lock;
    struct evtchn *page[EVTCHN_PAGES]; /* PAGE_SIZE / sizeof(struct evtchn) each */
    uint32_t port_count;               /* valid ports are below */
};

int evtchn_init(struct domain *d) MUST_CHECK;
void evtchn_destroy(struct domain *d); /* closes every port; remotes become unbound */

/* The three delivery verbs, on D's port; lock not needed for the bits. */
void evtchn_set_pending(struct domain *d, uint32_t port);
bool evtchn_is_pending(struct domain *d, uint32_t port);
int evtchn_unmask(struct domain *d, uint32_t port) MUST_CHECK; /* -EINVAL */

/* Raises a global or per-vCPU virtual interrupt (VIRQ_*) if bound. */
void evtchn_raise_virq(struct vcpu *v, uint32_t virq);
void evtchn_raise_global_virq(struct domain *d, uint32_t virq);
/* Raises D's port bound to PIRQ, if any. */
void evtchn_raise_pirq(struct domain *d, uint32_t pirq);
/* An upcall is due for V: evtchn_upcall_pending is set. (Whether it can be delivered now is the
 * vendor layer's question.) */
bool evtchn_upcall_pending(const struct vcpu *v);
/* Allocates an unbound port for REMOTE in D, as EVTCHNOP_alloc_unbound (builder, store, console).
 * -ENOSPC, -ENOMEM */
int evtchn_alloc_unbound(struct domain *d, uint16_t remote, uint32_t *port) MUST_CHECK;
/* vcpu_info moved to a new place (registration): selector filled, upcall raised, so that no event
 * is lost. */
void evtchn_vcpu_info_moved(struct vcpu *v);

#endif
