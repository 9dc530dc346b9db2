/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPUs' deadline queues. Each has its lock (LOCK_TIMER); a timer's cpu changes only under the
 * lock of the queue that it names. */

#include "core/timer.h"

#include "arch/x86/lock.h"
#include "arch/x86/percpu.h"

/* Timers that fire in one timer_run(). */
#define FIRE_MAX 32u

static struct timers {
    struct lock lock;
    struct queue queue;
    _Atomic uint64_t next_ns; /* deadline of the first, for looks without the lock */
} timers[CPU_MAX];

void timer_boot(void)
{
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        lock_init(&timers[i].lock, LOCK_TIMER);
        timers[i].queue.root = NULL;
        atomic_store(&timers[i].next_ns, UINT64_MAX);
    }
}

void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
    *timer = (struct timer){.fire = fire};
}

static struct timers *lock_timers_of(struct timer *timer)
{
    for (;;) {
        uint32_t cpu = READ_ONCE(timer->cpu);

        lock_take(&timers[cpu].lock);
        if (likely(timer->cpu == cpu))
            return &timers[cpu];
        lock_drop(&timers[cpu].lock);
    }
}

/* Notes the first deadline; true if it is earlier than before. */
static bool note_next(struct timers *t)
{
    uint64_t old = atomic_load_explicit(&t->next_ns, memory_order_relaxed);
    uint64_t next = t->queue.root ? t->queue.root->key : UINT64_MAX;

    atomic_store_explicit(&t->next_ns, next, memory_order_release);
    return next < old;
}

/* A CPU's first deadline has come nearer. */
static void arm(uint32_t cpu, uint64_t deadline_ns)
{
    if (cpu == this_cpu()->id)
        cpu_timer_arm(deadline_ns);
    else
        cpu_kick(&cpus[cpu], CPU_PENDING_TIMER);
}

static void insert(struct timer *timer, uint32_t cpu, uint64_t deadline_ns)
{
    struct timers *t = &timers[cpu];
    bool is_first;

    timer->node.key = deadline_ns;
    queue_insert(&t->queue, &timer->node);
    is_first = note_next(t);
    lock_drop(&t->lock);
    if (is_first)
        arm(cpu, deadline_ns);
}

void timer_set(struct timer *timer, uint32_t cpu, uint64_t deadline_ns)
{
    struct timers *t = lock_timers_of(timer);

    if (timer_is_set(timer)) {
        queue_remove(&t->queue, &timer->node);
        note_next(t);
    }
    if (timer->cpu != cpu) {
        timer->cpu = cpu;
        lock_drop(&t->lock);
        t = lock_timers_of(timer);
        /* Somebody else set it in between: the later call wins. */
        if (timer_is_set(timer))
            queue_remove(&t->queue, &timer->node);
    }
    insert(timer, timer->cpu, deadline_ns);
}

void timer_cancel(struct timer *timer)
{
    struct timers *t = lock_timers_of(timer);

    if (timer_is_set(timer)) {
        queue_remove(&t->queue, &timer->node);
        note_next(t);
    }
    lock_drop(&t->lock);
}

void timer_migrate(struct timer *timer, uint32_t cpu)
{
    struct timers *t = lock_timers_of(timer);
    bool is_set = timer_is_set(timer);

    lock_drop(&t->lock);
    if (is_set && READ_ONCE(timer->cpu) != cpu)
        timer_set(timer, cpu, timer->node.key);
}

void timer_run(void)
{
    uint32_t cpu = this_cpu()->id;
    struct timers *t = &timers[cpu];
    uint64_t next;

    lock_take(&t->lock);
    for (unsigned fired = 0; t->queue.root && t->queue.root->key <= time_ns(); fired++) {
        struct timer *timer = container_of(t->queue.root, struct timer, node);

        if (fired == FIRE_MAX)
            break;
        queue_remove(&t->queue, &timer->node);
        note_next(t);
        lock_drop(&t->lock);
        timer->fire(timer);
        lock_take(&t->lock);
    }
    note_next(t);
    next = atomic_load_explicit(&t->next_ns, memory_order_relaxed);
    lock_drop(&t->lock);
    cpu_timer_arm(next);
}

uint64_t timer_next(void)
{
    return atomic_load_explicit(&timers[this_cpu()->id].next_ns, memory_order_acquire);
}
