/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler (design decision 12): per-CPU queues by weighted virtual time, caps, affinity,
 * wake-up preemption. A vCPU is runnable when it is up, not blocked, and nobody paused it or its
 * domain.
 */
#pragma once

#include "core/queue.h"
#include "core/timer.h"
#include "core/types.h"

struct vcpu;
struct domain;

#define SCHED_WEIGHT_DEFAULT 256u

/* Inside struct vcpu; under the queue lock of `cpu`, which changes only under that lock. A runnable
 * vCPU is queued or running, or its domain's cap is used up until park_timer fires. */
struct sched_entity {
    struct queue_node node;  /* key: virtual time, ns of CPU time scaled by SCHED_WEIGHT_DEFAULT /
                                weight */
    uint32_t load;           /* its domain's weight when it was queued */
    uint32_t cpu;            /* whose queue it is on or runs on */
    uint64_t affinity;       /* bit per CPU: hard affinity */
    _Atomic bool is_running; /* loaded on `cpu`, or about to be */
    struct timer park_timer;
};

/* Inside struct domain: CPU time against the cap, in periods. */
struct sched_domain {
    uint32_t weight;
    uint32_t cap; /* percent of one CPU, 0: none */
    _Atomic uint64_t period_start_ns;
    _Atomic uint64_t used_ns; /* in this period */
};

/* Once, before any vCPU and any timer. */
void sched_init(void);
void sched_domain_init(struct domain *d);
void sched_vcpu_init(struct vcpu *v); /* picks a CPU */
/* V is stopped for good. */
void sched_vcpu_destroy(struct vcpu *v);
/* Keeps V's fields of this header still: it is neither picked, queued nor moved meanwhile. */
void sched_lock_vcpu(struct vcpu *v);
void sched_unlock_vcpu(struct vcpu *v);
/* Something that decides whether V may run changed in its favour (event, unpause, up): queues it
 * and preempts if it should. */
void sched_wake(struct vcpu *v);
/* The same to its disfavour: if it runs, its CPU is kicked and switches away; the caller sees it
 * stopped by sched_is_stopped(). */
void sched_sleep(struct vcpu *v);
/* True when V is loaded nowhere (its private pages may be touched by others that hold it paused).
 */
bool sched_is_stopped(const struct vcpu *v);
/* Called by the CPU loop when CPU_PENDING_SCHED is set: accounts, picks, switches; current may
 * change. */
void sched_run(void);
void sched_yield(void); /* current goes behind its peers */
int sched_set_affinity(struct vcpu *v, uint64_t cpus) MUST_CHECK; /* -EINVAL: no such CPU */
/* Weight 1..65535, cap in percent of one CPU, 0: none. -EINVAL */
int sched_set_params(struct domain *d, uint32_t weight, uint32_t cap) MUST_CHECK;
