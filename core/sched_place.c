/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where vCPUs wait: affinity, moving between CPUs, weights. A vCPU's cpu changes only while it is
 * neither queued nor running, under the locks of both queues (LOCK_SCHED, lower CPU first).
 */

#include "core/domain.h"
#include "core/sched.h"
#include "core/sched_queue.h"
#include "lib/errno.h"

static uint64_t online_cpus(void)
{
    return UINT64_MAX >> (CPU_MAX - cpu_count);
}

/* The queue with the least load of the CPUs in MASK, which is not empty. */
static struct run_queue *least_loaded(uint64_t mask)
{
    struct run_queue *least = &run_queues[__builtin_ctzll(mask)];

    for (; mask; mask &= mask - 1) {
        struct run_queue *rq = &run_queues[__builtin_ctzll(mask)];

        if (READ_ONCE(rq->load) < READ_ONCE(least->load))
            least = rq;
    }
    return least;
}

/* Virtual time is relative to the queue's. Needs both locks. */
static void move(struct vcpu *v, struct run_queue *from, struct run_queue *to, uint64_t now)
{
    uint64_t key = v->sched.node.key;

    run_queue_account(to, now);
    v->sched.node.key = key > from->min_key ? to->min_key + (key - from->min_key) : to->min_key;
    WRITE_ONCE(v->sched.cpu, to->cpu);
}

void sched_place(struct vcpu *v)
{
    uint64_t allowed = READ_ONCE(v->sched.affinity);
    uint64_t idle = atomic_load(&sched_idle_cpus) & allowed;
    struct run_queue *to = idle ? &run_queues[__builtin_ctzll(idle)] : least_loaded(allowed);
    struct run_queue *from = &run_queues[READ_ONCE(v->sched.cpu)];

    lock_take_pair(&from->lock, &to->lock);
    if (v->sched.cpu == from->cpu && !queue_holds(&v->sched.node) &&
        !atomic_load(&v->sched.is_running))
        move(v, from, to, time_ns());
    lock_drop_pair(&from->lock, &to->lock);
}

/* Moves the first of FROM's waiting vCPUs, or one of a few behind it, that may run on the CPU of
 * TO and has at most this LOAD. Needs both locks. */
static bool move_waiting(struct run_queue *from, struct run_queue *to, uint32_t load, uint64_t now)
{
    struct queue_node *node = from->queue.root;

    for (unsigned looks = 0; node && looks < 8; looks++) {
        struct vcpu *v = container_of(node, struct vcpu, sched.node);

        if ((v->sched.affinity >> to->cpu & 1) && v->sched.load <= load) {
            run_queue_leave(from, v);
            move(v, from, to, now);
            run_queue_enter(to, v, now);
            return true;
        }
        node = node->left;
    }
    return false;
}

void sched_pull(struct run_queue *rq)
{
    for (uint32_t i = 1; i < cpu_count && !READ_ONCE(rq->queue.root); i++) {
        struct run_queue *from = &run_queues[(rq->cpu + i) % cpu_count];

        if (!READ_ONCE(from->queue.root))
            continue;
        lock_take_pair(&rq->lock, &from->lock);
        move_waiting(from, rq, UINT32_MAX, time_ns());
        lock_drop_pair(&rq->lock, &from->lock);
    }
}

/* A move that makes the loads change places lets each of three equal vCPUs be alone on one of two
 * CPUs in turn; it happens rarely. */
void sched_push(struct run_queue *rq)
{
    struct run_queue *to = least_loaded(online_cpus());
    uint64_t now = time_ns();
    uint32_t gap;

    if (to == rq || READ_ONCE(rq->load) <= READ_ONCE(to->load))
        return;
    lock_take_pair(&rq->lock, &to->lock);
    gap = rq->load > to->load ? rq->load - to->load : 0;
    if (gap > 0 && (now - rq->pushed_ns < SCHED_ROTATE_NS || now - to->pushed_ns < SCHED_ROTATE_NS))
        gap--;
    if (move_waiting(rq, to, gap, now))
        rq->pushed_ns = to->pushed_ns = now;
    lock_drop_pair(&rq->lock, &to->lock);
}

static void unpark(struct timer *timer)
{
    sched_wake(container_of(timer, struct vcpu, sched.park_timer));
}

void sched_vcpu_init(struct vcpu *v)
{
    timer_init(&v->sched.park_timer, unpark);
    v->sched.affinity = online_cpus();
    v->sched.cpu = least_loaded(online_cpus())->cpu;
}

void sched_vcpu_destroy(struct vcpu *v)
{
    timer_cancel(&v->sched.park_timer);
}

int sched_set_affinity(struct vcpu *v, uint64_t mask)
{
    bool is_queued;

    mask &= online_cpus();
    if (!mask)
        return -EINVAL;
    sched_lock_vcpu(v);
    WRITE_ONCE(v->sched.affinity, mask);
    is_queued = queue_holds(&v->sched.node);
    if (is_queued)
        run_queue_leave(&run_queues[v->sched.cpu], v);
    else if (atomic_load(&v->sched.is_running))
        cpu_kick(&cpus[v->sched.cpu], CPU_PENDING_SCHED);
    sched_unlock_vcpu(v);
    if (is_queued)
        sched_wake(v);
    return 0;
}

void sched_domain_init(struct domain *d)
{
    d->sched.weight = SCHED_WEIGHT_DEFAULT;
    atomic_store(&d->sched.period_start_ns, time_ns());
}

int sched_set_params(struct domain *d, uint32_t weight, uint32_t cap)
{
    if (weight == 0 || weight > SCHED_WEIGHT_MAX || cap > SCHED_CAP_MAX)
        return -EINVAL;
    WRITE_ONCE(d->sched.weight, weight);
    WRITE_ONCE(d->sched.cap, cap);
    return 0;
}
