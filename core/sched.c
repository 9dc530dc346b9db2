/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run queues: picking, switching, accounting. Each CPU has a queue with a lock (LOCK_SCHED);
 * the switch path takes only its own. A vCPU that leaves a CPU is queued again only after its state
 * is saved, so that no other CPU can load it too early. core/sched_place.c decides where a vCPU
 * waits.
 */

#include "core/sched.h"

#include "arch/x86/pt.h"
#include "core/domain.h"
#include "core/sched_queue.h"
#include "lib/errno.h"
#include "pv-abi/vcpu.h"

struct run_queue run_queues[CPU_MAX];
_Atomic uint64_t sched_idle_cpus;

static void slice_over(struct timer *timer)
{
    struct run_queue *rq = container_of(timer, struct run_queue, slice);

    sched_push(rq);
    cpu_kick(&cpus[rq->cpu], CPU_PENDING_SCHED);
}

void sched_init(void)
{
    timer_boot();
    for (uint32_t i = 0; i < CPU_MAX; i++) {
        run_queues[i] = (struct run_queue){.cpu = i};
        lock_init(&run_queues[i].lock, LOCK_SCHED);
        timer_init(&run_queues[i].slice, slice_over);
    }
    atomic_store(&sched_idle_cpus, 0);
}

/* CPU time in virtual time of a domain's weight. */
static uint64_t scaled(const struct domain *d, uint64_t ns)
{
    uint32_t weight = READ_ONCE(d->sched.weight);

    return weight == SCHED_WEIGHT_DEFAULT ? ns : ns * SCHED_WEIGHT_DEFAULT / weight;
}

/* What is left of D's cap in this period, UINT64_MAX without one; a new period begins as needed. */
static NOINLINE uint64_t cap_left_of(struct domain *d, uint32_t cap, uint64_t now)
{
    uint64_t start, periods, budget, used;

    budget = SCHED_CAP_PERIOD_NS / 100 * cap;
    start = atomic_load(&d->sched.period_start_ns);
    if (now >= start && now - start >= SCHED_CAP_PERIOD_NS) {
        periods = (now - start) / SCHED_CAP_PERIOD_NS;
        /* The CPU that wins gives the budget; what was overrun stays used. */
        if (atomic_compare_exchange_strong(&d->sched.period_start_ns, &start,
                                           start + periods * SCHED_CAP_PERIOD_NS)) {
            used = atomic_load(&d->sched.used_ns);
            atomic_fetch_sub(&d->sched.used_ns, used / periods < budget ? used : periods * budget);
        }
    }
    used = atomic_load(&d->sched.used_ns);
    return used < budget ? budget - used : 0;
}

static inline uint64_t cap_left(struct domain *d, uint64_t now)
{
    uint32_t cap = READ_ONCE(d->sched.cap);

    return likely(cap == 0) ? UINT64_MAX : cap_left_of(d, cap, now);
}

/* Charges what the running vCPU used since the last look. */
static void account(struct run_queue *rq, struct vcpu *v, uint64_t now)
{
    uint64_t delta = now - rq->start_ns;

    rq->start_ns = now;
    v->sched.runtime_ns += delta;
    v->sched.node.key += scaled(v->domain, delta);
    if (v->domain->sched.cap)
        atomic_fetch_add(&v->domain->sched.used_ns, delta);
}

static void unpark(struct timer *timer)
{
    struct vcpu *v = container_of(timer, struct vcpu, sched.park_timer);

    sched_lock_vcpu(v);
    v->sched.is_parked = false;
    sched_unlock_vcpu(v);
    sched_wake(v);
}

static void park(struct run_queue *rq, struct vcpu *v)
{
    uint64_t start = atomic_load(&v->domain->sched.period_start_ns);

    v->sched.is_parked = true;
    timer_set(&v->sched.park_timer, rq->cpu, start + SCHED_CAP_PERIOD_NS);
}

static bool may_stay(const struct run_queue *rq, const struct vcpu *v)
{
    return vcpu_may_run(v) && (v->sched.affinity >> rq->cpu & 1) && !v->sched.is_parked;
}

/* The vCPU to run: PREV if it may go on and nobody is before it, else the first one queued, which
 * is taken off the queue. NULL: none. */
static struct vcpu *pick(struct run_queue *rq, struct vcpu *prev, uint64_t now)
{
    struct vcpu *first;

    if (prev && vcpu_may_run(prev) && cap_left(prev->domain, now) == 0)
        park(rq, prev);
    while (rq->queue.root) {
        first = container_of(rq->queue.root, struct vcpu, sched.node);
        if (likely(vcpu_may_run(first) && cap_left(first->domain, now) > 0))
            break;
        run_queue_remove(rq, first);
        if (vcpu_may_run(first))
            park(rq, first);
    }
    first = rq->queue.root ? container_of(rq->queue.root, struct vcpu, sched.node) : NULL;
    if (prev && may_stay(rq, prev) &&
        (!first || (prev->sched.node.key < first->sched.node.key && !rq->is_yielding)))
        first = prev;
    rq->is_yielding = false;
    if (first && first != prev)
        run_queue_remove(rq, first);
    return first;
}

/* Looks again when the slice is over, if somebody else waits or the cap ends it. A look that is due
 * earlier, of who ran before, stays: it does no harm, and setting the timer costs more. */
static void set_slice(struct run_queue *rq, struct vcpu *v, uint64_t now)
{
    uint64_t left = cap_left(v->domain, now);

    if (unlikely(left != UINT64_MAX)) {
        if (rq->queue.root && left > SCHED_SLICE_NS)
            left = SCHED_SLICE_NS;
        timer_set(&rq->slice, rq->cpu,
                  now + (left > SCHED_GRANULARITY_NS ? left : SCHED_GRANULARITY_NS));
    } else if (rq->queue.root && !timer_is_set(&rq->slice)) {
        timer_set(&rq->slice, rq->cpu, now + SCHED_SLICE_NS);
    }
}

/* The state of a vCPU that does not run. */
static uint32_t idle_runstate(const struct vcpu *v)
{
    if (vcpu_may_run(v))
        return RUNSTATE_runnable;
    return atomic_load(&v->is_blocked) ? RUNSTATE_blocked : RUNSTATE_offline;
}

/* PREV, which waits for something, is saved: from here on other CPUs may have it. */
static void release_waiting(struct vcpu *prev)
{
    /* A full barrier, as is the queue's lock that sched_wake() takes: who lets PREV run and finds
     * it running is seen here. */
    atomic_store(&prev->sched.is_running, false);
    if (unlikely(vcpu_may_run(prev)))
        sched_wake(prev);
}

/* The same for one that could go on: it is queued, here unless its affinity changed. */
static void release_runnable(struct run_queue *rq, struct vcpu *prev, uint64_t now)
{
    bool stays;

    lock_take(&rq->lock);
    atomic_store(&prev->sched.is_running, false);
    stays = may_stay(rq, prev);
    if (!vcpu_may_run(prev)) /* stopped meanwhile */
        vcpu_set_runstate(prev, idle_runstate(prev), now);
    if (stays) {
        run_queue_insert(rq, prev);
        if (!timer_is_set(&rq->slice))
            timer_set(&rq->slice, rq->cpu, now + SCHED_SLICE_NS);
    }
    lock_drop(&rq->lock);
    if (!stays)
        sched_wake(prev);
}

/* The frames in this CPU's window are the domain's that it runs (design decision 3). */
static void change_domain(struct domain *d)
{
    struct cpu *cpu = this_cpu()->cpu;

    if (atomic_load_explicit(&cpu->loaded, memory_order_relaxed) == d)
        return;
    window_empty();
    /* Nothing is known to be flushed for D here until p2m_enter() says so. */
    atomic_store_explicit(&cpu->loaded_gen, 0, memory_order_relaxed);
    atomic_store(&cpu->loaded, d);
}

static void switch_to(struct run_queue *rq, struct vcpu *prev, struct vcpu *next, uint64_t now)
{
    if (prev)
        arch_vcpu_save(prev);
    this_cpu()->current = NULL;
    change_domain(next ? next->domain : NULL);
    if (next) {
        arch_vcpu_load(next);
        this_cpu()->current = next;
    }
    if (prev && prev->runstate == RUNSTATE_runnable)
        release_runnable(rq, prev, now);
    else if (prev)
        release_waiting(prev);
}

static void note_idle(const struct run_queue *rq, bool is_idle)
{
    uint64_t bit = UINT64_C(1) << rq->cpu;
    bool was_idle = atomic_load_explicit(&sched_idle_cpus, memory_order_relaxed) & bit;

    if (is_idle && !was_idle)
        atomic_fetch_or(&sched_idle_cpus, bit);
    else if (!is_idle && was_idle)
        atomic_fetch_and(&sched_idle_cpus, ~bit);
}

void sched_run(void)
{
    struct vcpu *prev = this_cpu()->current, *next;
    struct run_queue *rq = &run_queues[this_cpu()->id];
    uint64_t now = time_ns();

    lock_take(&rq->lock);
    if (prev) {
        account(rq, prev, now);
        sched_advance(rq, now);
    }
    next = pick(rq, prev, now);
    if (!next && sched_steal(rq))
        next = pick(rq, NULL, now);
    rq->current = next;
    WRITE_ONCE(rq->current_load, next ? next->domain->sched.weight : 0);
    rq->start_ns = now;
    note_idle(rq, next == NULL);
    if (prev && next != prev)
        vcpu_set_runstate(prev, idle_runstate(prev), now);
    if (next && next != prev) {
        atomic_store(&next->sched.is_running, true);
        vcpu_set_runstate(next, RUNSTATE_running, now);
    }
    if (next)
        set_slice(rq, next, now);
    lock_drop(&rq->lock);
    if (next != prev)
        switch_to(rq, prev, next, now);
}

void sched_yield(void)
{
    struct run_queue *rq = &run_queues[this_cpu()->id];

    lock_take(&rq->lock);
    rq->is_yielding = true;
    lock_drop(&rq->lock);
    cpu_kick(this_cpu()->cpu, CPU_PENDING_SCHED);
}

uint64_t sched_advance(struct run_queue *rq, uint64_t now)
{
    const struct vcpu *current = rq->current;
    uint64_t key, least;

    if (!current)
        return UINT64_MAX;
    key = current->sched.node.key + scaled(current->domain, now - rq->start_ns);
    least = rq->queue.root && rq->queue.root->key < key ? rq->queue.root->key : key;
    if (least > rq->min_key)
        rq->min_key = least;
    return key;
}

bool sched_is_stopped(const struct vcpu *v)
{
    return !atomic_load(&v->sched.is_running);
}

void sched_domain_init(struct domain *d)
{
    d->sched.weight = SCHED_WEIGHT_DEFAULT;
    d->sched.cap = 0;
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

void sched_park_init(struct vcpu *v)
{
    timer_init(&v->sched.park_timer, unpark);
}
