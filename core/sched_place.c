/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where vCPUs wait: waking, sleeping, affinity, moving between CPUs. A vCPU's cpu changes only
 * while it is neither queued nor running, under the locks of both queues (LOCK_SCHED, lower CPU
 * first).
 */

#include "core/domain.h"
#include "core/sched.h"
#include "core/sched_queue.h"
#include "lib/errno.h"
#include "pv-abi/vcpu.h"

void run_queue_insert(struct run_queue *rq, struct vcpu *v)
{
    queue_insert(&rq->queue, &v->sched.node);
    rq->count++;
    v->sched.load = READ_ONCE(v->domain->sched.weight);
    rq->load += v->sched.load;
}

void run_queue_remove(struct run_queue *rq, struct vcpu *v)
{
    queue_remove(&rq->queue, &v->sched.node);
    rq->count--;
    rq->load -= v->sched.load;
}

/* Locks the queue on which V is, and that of another CPU. */
static struct run_queue *lock_queue_of(struct vcpu *v, struct run_queue *other)
{
    for (;;) {
        uint32_t cpu = READ_ONCE(v->sched.cpu);
        struct run_queue *rq = &run_queues[cpu];

        if (other)
            lock_take_pair(&rq->lock, &other->lock);
        else
            lock_take(&rq->lock);
        if (likely(v->sched.cpu == cpu))
            return rq;
        if (other)
            lock_drop_pair(&rq->lock, &other->lock);
        else
            lock_drop(&rq->lock);
    }
}

void sched_lock_vcpu(struct vcpu *v)
{
    lock_queue_of(v, NULL);
}

void sched_unlock_vcpu(struct vcpu *v)
{
    lock_drop(&run_queues[v->sched.cpu].lock);
}

static uint64_t online_cpus(void)
{
    uint64_t mask = 0;

    for (uint32_t i = 0; i < cpu_count; i++)
        if (atomic_load_explicit(&cpus[i].is_online, memory_order_relaxed))
            mask |= UINT64_C(1) << i;
    return mask;
}

/* The CPU of MASK (not empty) that has the fewest vCPUs. */
static uint32_t least_assigned(uint64_t mask)
{
    uint32_t best = (uint32_t)__builtin_ctzll(mask);

    for (uint64_t rest = mask; rest; rest &= rest - 1) {
        uint32_t cpu = (uint32_t)__builtin_ctzll(rest);

        if (READ_ONCE(run_queues[cpu].assigned) < READ_ONCE(run_queues[best].assigned))
            best = cpu;
    }
    return best;
}

/* Where V should wait: where it was if that CPU idles or no allowed one does. */
static uint32_t choose_cpu(const struct vcpu *v)
{
    uint32_t cpu = READ_ONCE(v->sched.cpu);
    uint64_t allowed = READ_ONCE(v->sched.affinity);
    uint64_t idle = atomic_load_explicit(&sched_idle_cpus, memory_order_relaxed) & allowed;

    if (idle && !(idle >> cpu & 1))
        return (uint32_t)__builtin_ctzll(idle);
    if (allowed >> cpu & 1)
        return cpu;
    return least_assigned(allowed);
}

/* Virtual time is relative to the queue's. Needs both locks. */
static void move(struct vcpu *v, struct run_queue *from, struct run_queue *to)
{
    uint64_t key = v->sched.node.key;

    v->sched.node.key = key > from->min_key ? to->min_key + (key - from->min_key) : to->min_key;
    v->sched.cpu = to->cpu;
    from->assigned--;
    to->assigned++;
}

/* V waits on RQ, where the one that runs is at virtual time RUNNING: another CPU looks at once if V
 * is behind enough; this one in a moment, for whoever woke V is likely to wait for it of its own
 * accord; otherwise after a slice. Needs the lock. */
static void look_at(struct run_queue *rq, const struct vcpu *v, uint64_t running, uint64_t now)
{
    bool is_behind = running == UINT64_MAX || v->sched.node.key + SCHED_GRANULARITY_NS < running;
    uint64_t at = now + (is_behind ? SCHED_PREEMPT_NS : SCHED_SLICE_NS);

    /* The next one to be placed finds another CPU idle. */
    if (!rq->current)
        atomic_fetch_and(&sched_idle_cpus, ~(UINT64_C(1) << rq->cpu));
    if (is_behind && (rq->cpu != this_cpu()->id || !rq->current))
        cpu_kick(&cpus[rq->cpu], CPU_PENDING_SCHED);
    else if (!timer_is_set(&rq->slice) || (is_behind && timer_deadline(&rq->slice) > at))
        timer_set(&rq->slice, rq->cpu, at);
}

void sched_wake(struct vcpu *v)
{
    struct run_queue *to = &run_queues[choose_cpu(v)];
    struct run_queue *from = lock_queue_of(v, to);
    uint64_t now = time_ns(), least, running;

    if (!queue_holds(&v->sched.node) && !atomic_load(&v->sched.is_running) && !v->sched.is_parked &&
        vcpu_may_run(v)) {
        running = sched_advance(to, now);
        if (from != to)
            move(v, from, to);
        least = to->min_key > SCHED_CREDIT_NS ? to->min_key - SCHED_CREDIT_NS : 0;
        if (v->sched.node.key < least)
            v->sched.node.key = least;
        vcpu_set_runstate(v, RUNSTATE_runnable, now);
        run_queue_insert(to, v);
        look_at(to, v, running, now);
    }
    lock_drop_pair(&from->lock, &to->lock);
}

void sched_sleep(struct vcpu *v)
{
    struct run_queue *rq = lock_queue_of(v, NULL);

    if (queue_holds(&v->sched.node)) {
        run_queue_remove(rq, v);
        vcpu_set_runstate(v, atomic_load(&v->is_blocked) ? RUNSTATE_blocked : RUNSTATE_offline,
                          time_ns());
    } else if (atomic_load(&v->sched.is_running)) {
        cpu_kick(&cpus[rq->cpu], CPU_PENDING_SCHED);
    }
    lock_drop(&rq->lock);
}

/* The first of RQ's waiting vCPUs, or one of those next to it, that may run on CPU and has at most
 * this LOAD. */
static struct vcpu *find_movable(const struct run_queue *rq, uint32_t cpu, uint32_t load)
{
    struct queue_node *node = rq->queue.root;

    for (unsigned looks = 0; node && looks < 8; looks++) {
        struct vcpu *v = container_of(node, struct vcpu, sched.node);

        if ((v->sched.affinity >> cpu & 1) && v->sched.load <= load)
            return v;
        node = looks == 0 ? node->child : node->next;
    }
    return NULL;
}

/* Moves one that waits on FROM to TO. Needs both locks. */
static struct vcpu *move_one(struct run_queue *from, struct run_queue *to, uint32_t load)
{
    struct vcpu *v = find_movable(from, to->cpu, load);

    if (v) {
        run_queue_remove(from, v);
        move(v, from, to);
        run_queue_insert(to, v);
    }
    return v;
}

bool sched_steal(struct run_queue *rq)
{
    for (uint32_t i = 1; i < cpu_count; i++) {
        struct run_queue *from = &run_queues[(rq->cpu + i) % cpu_count];

        if (READ_ONCE(from->count) == 0)
            continue;
        lock_drop(&rq->lock);
        lock_take_pair(&rq->lock, &from->lock);
        if (!rq->queue.root && !move_one(from, rq, UINT32_MAX)) {
            lock_drop(&from->lock);
            continue;
        }
        lock_drop(&from->lock);
        return true;
    }
    return rq->queue.root != NULL;
}

static uint32_t whole_load(const struct run_queue *rq)
{
    return READ_ONCE(rq->load) + READ_ONCE(rq->current_load);
}

static struct run_queue *least_loaded(void)
{
    struct run_queue *least = &run_queues[0];

    for (uint32_t i = 1; i < cpu_count; i++)
        if (whole_load(&run_queues[i]) < whole_load(least))
            least = &run_queues[i];
    return least;
}

/* A move that makes the loads change places lets each of three equal vCPUs be alone on one of two
 * CPUs in turn; it happens rarely. */
void sched_push(struct run_queue *rq)
{
    struct run_queue *to = least_loaded();
    uint64_t now = time_ns(), running;
    uint32_t gap;
    struct vcpu *v;

    if (to == rq || whole_load(rq) <= whole_load(to))
        return;
    lock_take_pair(&rq->lock, &to->lock);
    gap = whole_load(rq) > whole_load(to) ? whole_load(rq) - whole_load(to) : 0;
    if (gap > 0 && (now - rq->pushed_ns < SCHED_ROTATE_NS || now - to->pushed_ns < SCHED_ROTATE_NS))
        gap--;
    running = sched_advance(to, now);
    v = move_one(rq, to, gap);
    if (v) {
        rq->pushed_ns = now;
        to->pushed_ns = now;
        look_at(to, v, running, now);
    }
    lock_drop_pair(&rq->lock, &to->lock);
}

void sched_vcpu_init(struct vcpu *v)
{
    uint64_t online = online_cpus();
    struct run_queue *rq;

    sched_park_init(v);
    v->sched.affinity = UINT64_MAX;
    v->sched.cpu = least_assigned(online ? online : 1);
    rq = &run_queues[v->sched.cpu];
    lock_take(&rq->lock);
    v->sched.node.key = rq->min_key;
    rq->assigned++;
    lock_drop(&rq->lock);
}

void sched_vcpu_destroy(struct vcpu *v)
{
    struct run_queue *rq = lock_queue_of(v, NULL);

    if (queue_holds(&v->sched.node))
        run_queue_remove(rq, v);
    rq->assigned--;
    lock_drop(&rq->lock);
    timer_cancel(&v->sched.park_timer);
}

int sched_set_affinity(struct vcpu *v, uint64_t mask)
{
    struct run_queue *rq;
    bool is_queued;

    if (!(mask & online_cpus()))
        return -EINVAL;
    rq = lock_queue_of(v, NULL);
    v->sched.affinity = mask & online_cpus();
    is_queued = queue_holds(&v->sched.node);
    if (is_queued)
        run_queue_remove(rq, v);
    else if (atomic_load(&v->sched.is_running))
        cpu_kick(&cpus[rq->cpu], CPU_PENDING_SCHED);
    lock_drop(&rq->lock);
    if (is_queued)
        sched_wake(v);
    return 0;
}
