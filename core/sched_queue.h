/* SPDX-License-Identifier: BSD-2-Clause */
/* The run queue, for the two files of the scheduler. */
#ifndef ATOLL_CORE_SCHED_QUEUE_H
#define ATOLL_CORE_SCHED_QUEUE_H

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
    struct queue queue; /* of vcpu.sched.node: who waits */
    /* Read by others without the lock: how many wait; their weights; the weight of current. */
    uint32_t count, load, current_load;
    uint32_t assigned;    /* vCPUs whose sched.cpu is this one */
    struct vcpu *current; /* who runs, or is about to; NULL: idle */
    uint64_t start_ns;    /* since when current is not accounted */
    uint64_t min_key;     /* virtual time of the queue; never falls */
    bool is_yielding;     /* the next pick prefers others than current */
    uint64_t pushed_ns;   /* when one came or went last by sched_push() */
    struct timer slice;
};

extern struct run_queue run_queues[CPU_MAX];
extern _Atomic uint64_t sched_idle_cpus; /* bit per CPU that runs nothing */

/* Need the queue's lock. */
void run_queue_insert(struct run_queue *rq, struct vcpu *v);
void run_queue_remove(struct run_queue *rq, struct vcpu *v);
/* Moves a waiting vCPU of another CPU to RQ, which is empty. The lock is dropped and taken again.
 * True: RQ has one. */
bool sched_steal(struct run_queue *rq) MUST_CHECK;
/* Moves one that waits on RQ to a CPU with less to do, if that evens the load. Needs no lock. */
void sched_push(struct run_queue *rq);
/* Brings min_key up to NOW; returns the virtual time of who runs, UINT64_MAX: nobody. Needs the
 * lock.
 */
uint64_t sched_advance(struct run_queue *rq, uint64_t now);
void sched_park_init(struct vcpu *v);

#endif
