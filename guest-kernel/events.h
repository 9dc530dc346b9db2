/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels, two-level, delivered by the callback vector. A port's handler runs with
 * interrupts off on the vcpu to which the port is bound; the pending bit is cleared before the
 * handler runs, so an event sent while it runs brings it again. Functions return 0 or a negative
 * XEN_E number.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/xen.h"

/* Ports are 1..EVENT_PORTS_MAX - 1. */
#define EVENT_PORTS_MAX 4096

/* The vector of HVM_PARAM_CALLBACK_IRQ. */
#define EVENT_CALLBACK_VECTOR 0x30

typedef void event_handler(void *arg);

/* Sets what runs on an open port, and unmasks it. */
int MUST_CHECK event_set_handler(evtchn_port_t port, event_handler *handler, void *arg);

/* Opens a port and, if `handler` is not NULL, sets it as event_set_handler() does; without one the
 * port stays masked. */
int MUST_CHECK event_alloc_unbound(domid_t remote, evtchn_port_t *port);
int MUST_CHECK event_bind_interdomain(domid_t remote, evtchn_port_t remote_port,
                                      event_handler *handler, void *arg, evtchn_port_t *port);
int MUST_CHECK event_bind_virq(uint32_t virq, unsigned int vcpu, event_handler *handler, void *arg,
                               evtchn_port_t *port);
int MUST_CHECK event_bind_ipi(unsigned int vcpu, event_handler *handler, void *arg,
                              evtchn_port_t *port);
int MUST_CHECK event_bind_pirq(uint32_t pirq, bool will_share, event_handler *handler, void *arg,
                               evtchn_port_t *port);

/* Masks the port, closes it and takes its handler away. */
void event_close(evtchn_port_t port);

int event_send(evtchn_port_t port);

/* A masked port collects its event; unmasking delivers it. */
void event_mask(evtchn_port_t port);
void event_unmask(evtchn_port_t port);
bool event_is_pending(evtchn_port_t port);
void event_clear(evtchn_port_t port);

/* Halts until done(arg) is true. done() is asked with interrupts off and again after each
 * interrupt, so an event between the question and the halt is not lost. Interrupts are enabled
 * while it waits; on return they are as they were. */
void event_wait_until(bool (*done)(void *arg), void *arg);

/* Halts until at least one event interrupt has been handled. The caller's check for work and this
 * call must be in one section with interrupts off (irq_save()); they are off on return. */
void event_wait(void);

/* The page shared with the hypervisor, and the calling vcpu's part of it. */
extern struct shared_info *shared_info;
struct vcpu_info *event_vcpu_info(void);

/* Called by start.c. */
void events_init(void);
