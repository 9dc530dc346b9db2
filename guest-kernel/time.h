/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: the hypervisor's system time from the time page, the wall clock, and timers on the first
 * vcpu's single-shot timer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_PER_MS     UINT64_C(1000000)
#define NS_PER_US     UINT64_C(1000)

/* System time in nanoseconds: since the hypervisor's start, the same on every vcpu. */
uint64_t time_now(void);

/* System time at a TSC value, by the calling vcpu's time page. */
uint64_t time_at_tsc(uint64_t tsc);

/* TSC ticks in one second, by the time page. */
uint64_t time_tsc_hz(void);

/* Nanoseconds since 1970-01-01 UTC. */
uint64_t time_wall_clock(void);

/* A timer belongs to its caller; it must stay in place while it is armed. */
struct timer {
    uint64_t deadline; /* system time */
    void (*expire)(struct timer *timer);
    struct timer *next; /* the armed timers, by deadline */
    bool is_armed;
};

/* Calls timer->expire, once, with interrupts off on the first vcpu, when system time has reached
 * `deadline`; one in the past fires at once. An armed timer is armed anew. expire() may start
 * timers again, its own too. First vcpu only. */
void timer_start(struct timer *timer, uint64_t deadline);
void timer_stop(struct timer *timer);

/* Halts for at least `ns` nanoseconds; other interrupts are handled meanwhile. First vcpu only. */
void time_sleep(uint64_t ns);

/* Called by start.c. */
void time_init(void);
