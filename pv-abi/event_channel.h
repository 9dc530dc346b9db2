/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event_channel_op hypercall (<xen/event_channel.h>): ports, their bindings and notifications.
 * All arguments have the same layout in 32 bit.
 */
#ifndef PV_ABI_EVENT_CHANNEL_H
#define PV_ABI_EVENT_CHANNEL_H

#include "pv-abi/xen.h"

#define EVTCHNOP_bind_interdomain 0
#define EVTCHNOP_bind_virq        1
#define EVTCHNOP_bind_pirq        2
#define EVTCHNOP_close            3
#define EVTCHNOP_send             4
#define EVTCHNOP_status           5
#define EVTCHNOP_alloc_unbound    6
#define EVTCHNOP_bind_ipi         7
#define EVTCHNOP_bind_vcpu        8
#define EVTCHNOP_unmask           9
#define EVTCHNOP_reset            10
#define EVTCHNOP_init_control     11
#define EVTCHNOP_expand_array     12
#define EVTCHNOP_set_priority     13

typedef uint32_t evtchn_port_t;

/* Makes a port of dom that remote_dom may connect to. Only a privileged caller names another dom.
 */
struct evtchn_alloc_unbound {
    domid_t dom;
    domid_t remote_dom;
    evtchn_port_t port; /* OUT. */
};
ABI_LAYOUT(struct evtchn_alloc_unbound, 8, dom, 0, remote_dom, 2, port, 4);

/* Connects a new port of the caller to an unbound port that waits for it, and raises it once. */
struct evtchn_bind_interdomain {
    domid_t remote_dom;
    evtchn_port_t remote_port;
    evtchn_port_t local_port; /* OUT. */
};
ABI_LAYOUT(struct evtchn_bind_interdomain, 12, remote_dom, 0, remote_port, 4, local_port, 8);

struct evtchn_bind_virq {
    uint32_t virq;      /* VIRQ_*. */
    uint32_t vcpu;      /* 0 for a global one. */
    evtchn_port_t port; /* OUT. */
};
ABI_LAYOUT(struct evtchn_bind_virq, 12, virq, 0, vcpu, 4, port, 8);

struct evtchn_bind_pirq {
    uint32_t pirq;
    uint32_t flags;     /* BIND_PIRQ__*. */
    evtchn_port_t port; /* OUT. */
};
ABI_LAYOUT(struct evtchn_bind_pirq, 12, pirq, 0, flags, 4, port, 8);

#define BIND_PIRQ__WILL_SHARE 1

struct evtchn_bind_ipi {
    uint32_t vcpu;
    evtchn_port_t port; /* OUT. */
};
ABI_LAYOUT(struct evtchn_bind_ipi, 8, vcpu, 0, port, 4);

/* The other end of an interdomain channel becomes unbound. */
struct evtchn_close {
    evtchn_port_t port;
};
ABI_LAYOUT(struct evtchn_close, 4, port, 0);

struct evtchn_send {
    evtchn_port_t port; /* The local end. */
};
ABI_LAYOUT(struct evtchn_send, 4, port, 0);

struct evtchn_status {
    domid_t dom;
    evtchn_port_t port;
    uint32_t status; /* OUT: EVTCHNSTAT_*. */
    uint32_t vcpu;   /* OUT: the vcpu that is notified. */
    union {          /* OUT. */
        struct {
            domid_t dom;
        } unbound;
        struct {
            domid_t dom;
            evtchn_port_t port;
        } interdomain;
        uint32_t pirq;
        uint32_t virq;
    } u;
};
ABI_LAYOUT(struct evtchn_status, 24, dom, 0, port, 4, status, 8, vcpu, 12, u, 16, u.unbound, 16,
           u.unbound.dom, 16, u.interdomain, 16, u.interdomain.dom, 16, u.interdomain.port, 20,
           u.pirq, 16, u.virq, 16);

#define EVTCHNSTAT_closed      0
#define EVTCHNSTAT_unbound     1
#define EVTCHNSTAT_interdomain 2
#define EVTCHNSTAT_pirq        3
#define EVTCHNSTAT_virq        4
#define EVTCHNSTAT_ipi         5

/* Refused for ports whose vcpu is fixed: IPIs and per-vcpu virtual interrupts. */
struct evtchn_bind_vcpu {
    evtchn_port_t port;
    uint32_t vcpu;
};
ABI_LAYOUT(struct evtchn_bind_vcpu, 8, port, 0, vcpu, 4);

struct evtchn_unmask {
    evtchn_port_t port;
};
ABI_LAYOUT(struct evtchn_unmask, 4, port, 0);

struct evtchn_reset {
    domid_t dom;
};
ABI_LAYOUT(struct evtchn_reset, 2, dom, 0);

/* FIFO delivery: one control block per vcpu, and pages of event words. */
struct evtchn_init_control {
    uint64_t control_gfn;
    uint32_t offset;
    uint32_t vcpu;
    uint8_t link_bits; /* OUT: EVTCHN_FIFO_LINK_BITS. */
    uint8_t _pad[7];
};
ABI_LAYOUT(struct evtchn_init_control, 24, control_gfn, 0, offset, 8, vcpu, 12, link_bits, 16);

struct evtchn_expand_array {
    uint64_t array_gfn;
};
ABI_LAYOUT(struct evtchn_expand_array, 8, array_gfn, 0);

struct evtchn_set_priority {
    evtchn_port_t port;
    uint32_t priority; /* EVTCHN_FIFO_PRIORITY_*. */
};
ABI_LAYOUT(struct evtchn_set_priority, 8, port, 0, priority, 4);

/* How many ports two-level delivery has. */
#define EVTCHN_2L_NR_CHANNELS        4096U
#define COMPAT_EVTCHN_2L_NR_CHANNELS 1024U

#define EVTCHN_FIFO_PRIORITY_MAX     0
#define EVTCHN_FIFO_PRIORITY_DEFAULT 7
#define EVTCHN_FIFO_PRIORITY_MIN     15
#define EVTCHN_FIFO_MAX_QUEUES       16

/* Bits of an event word; the low ones hold the port of the next event in the queue. */
#define EVTCHN_FIFO_PENDING     31
#define EVTCHN_FIFO_MASKED      30
#define EVTCHN_FIFO_LINKED      29
#define EVTCHN_FIFO_BUSY        28
#define EVTCHN_FIFO_LINK_BITS   17
#define EVTCHN_FIFO_LINK_MASK   0x1ffff
#define EVTCHN_FIFO_NR_CHANNELS (1 << EVTCHN_FIFO_LINK_BITS)

struct evtchn_fifo_control_block {
    uint32_t ready; /* Bit n: queue n has events. */
    uint32_t _rsvd;
    uint32_t head[EVTCHN_FIFO_MAX_QUEUES]; /* The first port of each queue. */
};
ABI_LAYOUT(struct evtchn_fifo_control_block, 72, ready, 0, head, 8);

#endif
