/* SPDX-License-Identifier: BSD-2-Clause */
/* The run queue, for the two files of the scheduler. */
#pragma once

#include "arch/x86/lock.h"
#include "arch/x86/percpu.h"
#include "core/queue.h"
#include "core/timer.h"
#include "core/types.h"

struct vcpu;

#define SCHED_SLICE_NS       UINT64_C(5000000)   /* between two looks when others wait */
#define SCHED_GRANULARITY_NS UINT64_C(1000000)   /* virtual time ahead that preempts */
#define SCHED_PREEMPT_NS     UINT64_C(30000)     /* until one on this CPU is preempted */
#define SCHED_CREDIT_NS      UINT64_C(3000000)   /* virtual time that a sleeper may be behind */
#define SCHED_CAP_PERIOD_NS  UINT64_C(100000000) /* in which a cap holds */
#define SCHED_ROTATE_NS      UINT64_C(50000000)  /* between moves that only change who is alone */
#define SCHED_WEIGHT_MAX     65535u
#define SCHED_CAP_MAX        (100u * CPU_MAX)

/* Under its lock, except cpu. */
struct run_queue {
    struct lock lock;
    uint32_t cpu;
    uint32_t load;        /* weights of those that wait or run; read by others without the lock */
    struct queue queue;   /* of vcpu.sched.node: who waits */
    struct vcpu *current; /* who runs, or is about to; NULL: idle */
    uint64_t start_ns;    /* since when current is not accounted */
    uint64_t min_key;     /* virtual time of the queue; never falls */
    uint64_t pushed_ns;   /* when one came or went last by sched_push() */
    struct timer slice;
} ALIGNED(64);

extern struct run_queue run_queues[CPU_MAX];
extern _Atomic uint64_t sched_idle_cpus; /* bit per CPU that runs nothing */

/* Charges who runs with what was used since the last look, and brings min_key up to NOW. Needs the
 * lock, as the next two. */
void run_queue_account(struct run_queue *rq, uint64_t now);
/* V, which is of this queue but neither waits nor runs, waits on it from NOW on, unless its cap is
 * used up; the queue's CPU looks when it should. */
void run_queue_enter(struct run_queue *rq, struct vcpu *v, uint64_t now);
/* V, which waits on this queue or runs there, does so no more. */
void run_queue_leave(struct run_queue *rq, struct vcpu *v);
/* Moves V, unless it is queued or runs, to the CPU where it should wait. */
void sched_place(struct vcpu *v);
/* Takes a vCPU that waits on another CPU over to RQ, which is idle. Needs no lock, as the next. */
void sched_pull(struct run_queue *rq);
/* Moves one that waits on RQ to a CPU with less to do, if that evens the load. */
void sched_push(struct run_queue *rq);
