/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler (design decision 12): per-CPU queues by weighted virtual time, caps, affinity,
 * wake-up preemption. A vCPU is runnable when it is up, not blocked, and nobody paused it or its
 * domain.
 */
#ifndef ATOLL_CORE_SCHED_H
#define ATOLL_CORE_SCHED_H

#include "core/types.h"

struct vcpu;
struct domain;

#define SCHED_WEIGHT_DEFAULT 256u

/* Inside struct vcpu; under the queue lock of `cpu`. */
struct sched_entity {
    uint64_t vruntime;   /* ns of CPU time scaled by SCHED_WEIGHT_DEFAULT / weight */
    uint64_t runtime_ns; /* total CPU time */
    uint64_t cap_used_ns, cap_period_start_ns;
    uint32_t cpu;            /* whose queue it is on or runs on */
    uint32_t heap_index;     /* + 1; 0: not queued */
    uint64_t affinity;       /* bit per CPU: hard affinity */
    _Atomic bool is_running; /* loaded on `cpu` */
};

void sched_init(void);                /* once, before any vCPU */
void sched_vcpu_init(struct vcpu *v); /* picks a CPU */
void sched_vcpu_destroy(struct vcpu *v);
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

#endif
