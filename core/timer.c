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

static void note_next(struct timers *t)
{
    atomic_store_explicit(&t->next_ns, t->queue.root ? t->queue.root->key : UINT64_MAX,
                          memory_order_release);
}

/* Locks the queue of TIMER's CPU, on which it is not from here on. */
static struct timers *take_out(struct timer *timer)
{
    for (;;) {
        struct timers *t = &timers[READ_ONCE(timer->cpu)];

        lock_take(&t->lock);
        if (likely(t == &timers[READ_ONCE(timer->cpu)])) {
            if (timer_is_set(timer)) {
                queue_remove(&t->queue, &timer->node);
                note_next(t);
            }
            return t;
        }
        lock_drop(&t->lock);
    }
}

void timer_set(struct timer *timer, uint64_t deadline_ns)
{
    uint32_t here = this_cpu()->id;
    struct timers *t;

    while ((t = take_out(timer)) != &timers[here]) {
        WRITE_ONCE(timer->cpu, here);
        lock_drop(&t->lock);
    }
    timer->node.key = deadline_ns;
    queue_insert(&t->queue, &timer->node);
    note_next(t);
    if (t->queue.root == &timer->node)
        cpu_timer_arm(deadline_ns);
    lock_drop(&t->lock);
}

void timer_cancel(struct timer *timer)
{
    struct timers *t = take_out(timer);

    /* Looked at under the lock: a handler that is seen done has not set the timer again since. */
    while (unlikely(atomic_load(&timer->firing) != 0)) {
        lock_drop(&t->lock);
        cpu_relax();
        t = take_out(timer);
    }
    lock_drop(&t->lock);
}

void timer_run(void)
{
    struct timers *t = &timers[this_cpu()->id];

    lock_take(&t->lock);
    for (unsigned fired = 0; fired < FIRE_MAX && t->queue.root; fired++) {
        struct timer *timer = container_of(t->queue.root, struct timer, node);

        if (timer->node.key > time_ns())
            break;
        queue_remove(&t->queue, &timer->node);
        atomic_fetch_add(&timer->firing, 1);
        lock_drop(&t->lock);
        timer->fire(timer);
        /* From here on whoever cancels it may free it. */
        atomic_fetch_sub(&timer->firing, 1);
        lock_take(&t->lock);
    }
    note_next(t);
    cpu_timer_arm(timer_next());
    lock_drop(&t->lock);
}

uint64_t timer_next(void)
{
    return atomic_load_explicit(&timers[this_cpu()->id].next_ns, memory_order_acquire);
}
