/* SPDX-License-Identifier: BSD-2-Clause */
/* One deadline queue per CPU (design decision 11). Times are time_ns(). A timer belongs to the CPU
 * that set it until it fires, is cancelled or is set again. */
#pragma once

#include "core/queue.h"
#include "core/types.h"

#include <stdatomic.h>

struct timer {
    struct queue_node node;            /* key: the deadline; under the queue's lock */
    void (*fire)(struct timer *timer); /* runs on the timer's CPU, no lock held, interrupts off */
    uint32_t cpu;                      /* where it is queued; under that queue's lock */
    _Atomic uint32_t firing;           /* CPUs whose handler runs; rises under that lock */
};

/* Once, before any other use. */
void timer_boot(void);
void timer_init(struct timer *timer, void (*fire)(struct timer *timer));
/* Sets TIMER for DEADLINE_NS on this CPU; replaces an earlier setting. A deadline in the past fires
 * at the next look. */
void timer_set(struct timer *timer, uint64_t deadline_ns);
/* After this it neither fires nor is set: a handler that runs on another CPU, and may set it again,
 * is waited for. Not for the handler itself, nor with a lock held that a handler takes (LOCK_EVTCHN
 * and those further down). */
void timer_cancel(struct timer *timer);
/* Fires everything due on this CPU, at most a bounded count, and arms the CPU's timer for the next.
 */
void timer_run(void);
/* The next deadline of this CPU, UINT64_MAX: none. */
uint64_t timer_next(void);
static inline bool timer_is_set(const struct timer *timer)
{
    return queue_holds(&timer->node);
}
static inline uint64_t timer_deadline(const struct timer *timer)
{
    return timer->node.key;
}
