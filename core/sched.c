/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run queues: waking, picking, switching, accounting. Each CPU has a queue with a lock
 * (LOCK_SCHED); the switch path takes only its own. A vCPU that leaves a CPU is queued again only
 * after its state is saved, so that no other CPU can load it too early. core/sched_place.c decides
 * where a vCPU waits.
 */

#include "core/sched.h"

#include "core/domain.h"
#include "core/sched_queue.h"
#include "pv-abi/vcpu.h"

struct run_queue run_queues[CPU_MAX];
_Atomic uint64_t sched_idle_cpus;

static void slice_over(struct timer *timer)
{
    struct run_queue *rq = container_of(timer, struct run_queue, slice);
    bool is_vain;

    lock_take(&rq->lock);
    /* Who waited runs or sleeps since. Who comes from here on finds the timer off, and sets it. */
    is_vain = !rq->queue.root && !(rq->current && rq->current->domain->sched.cap);
    lock_drop(&rq->lock);
    if (is_vain)
        return;
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

static inline struct run_queue *queue_of(uint32_t cpu)
{
    struct run_queue *rq = &run_queues[cpu];

    __asm__("" : "+r"(rq)); /* or the compiler makes the address at each use */
    return rq;
}

static inline struct vcpu *first_of(const struct run_queue *rq)
{
    return rq->queue.root ? container_of(rq->queue.root, struct vcpu, sched.node) : NULL;
}

static inline struct run_queue *lock_queue_of(struct vcpu *v)
{
    for (;;) {
        struct run_queue *rq = queue_of(READ_ONCE(v->sched.cpu));

        lock_take(&rq->lock);
        if (likely(READ_ONCE(v->sched.cpu) == rq->cpu))
            return rq;
        lock_drop(&rq->lock);
    }
}

void sched_lock_vcpu(struct vcpu *v)
{
    lock_queue_of(v);
}

void sched_unlock_vcpu(struct vcpu *v)
{
    lock_drop(&run_queues[v->sched.cpu].lock);
}

/* CPU time in virtual time of a domain's weight. */
static inline uint64_t scaled(const struct domain *d, uint64_t ns)
{
    uint32_t weight = READ_ONCE(d->sched.weight);

    return likely(weight == SCHED_WEIGHT_DEFAULT) ? ns : ns * SCHED_WEIGHT_DEFAULT / weight;
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

/* V's cap is used up: it comes again with the next period. */
static void park(struct vcpu *v)
{
    timer_set(&v->sched.park_timer,
              atomic_load(&v->domain->sched.period_start_ns) + SCHED_CAP_PERIOD_NS);
}

ALWAYS_INLINE void run_queue_account(struct run_queue *rq, uint64_t now)
{
    struct vcpu *v = rq->current;
    uint64_t delta = now - rq->start_ns, least;

    rq->start_ns = now;
    if (!v)
        return;
    least = v->sched.node.key += scaled(v->domain, delta);
    if (v->domain->sched.cap)
        atomic_fetch_add(&v->domain->sched.used_ns, delta);
    if (rq->queue.root && rq->queue.root->key < least)
        least = rq->queue.root->key;
    if (least > rq->min_key)
        rq->min_key = least;
}

/* V waits on RQ: another CPU looks at once if V is behind who runs; this one in a moment, for
 * whoever woke V is likely to wait for it of its own accord; otherwise after a slice. */
static inline void look_at(struct run_queue *rq, const struct vcpu *v, uint64_t now)
{
    bool is_behind =
        !rq->current || v->sched.node.key + SCHED_GRANULARITY_NS < rq->current->sched.node.key;
    uint64_t at = now + (is_behind ? SCHED_PREEMPT_NS : SCHED_SLICE_NS);

    /* The next one to be placed finds another CPU idle. */
    if (!rq->current)
        atomic_fetch_and(&sched_idle_cpus, ~(UINT64_C(1) << rq->cpu));
    if (is_behind && (rq->cpu != this_cpu()->id || !rq->current))
        cpu_kick(&cpus[rq->cpu], CPU_PENDING_SCHED);
    else if (!timer_is_set(&rq->slice) || (is_behind && timer_deadline(&rq->slice) > at))
        timer_set(&rq->slice, at);
}

ALWAYS_INLINE void run_queue_enter(struct run_queue *rq, struct vcpu *v, uint64_t now)
{
    uint64_t least;

    vcpu_set_runstate(v, RUNSTATE_runnable, now);
    if (unlikely(cap_left(v->domain, now) == 0)) {
        park(v);
        return;
    }
    run_queue_account(rq, now);
    least = rq->min_key > SCHED_CREDIT_NS ? rq->min_key - SCHED_CREDIT_NS : 0;
    if (v->sched.node.key < least)
        v->sched.node.key = least;
    v->sched.load = READ_ONCE(v->domain->sched.weight);
    rq->load += v->sched.load;
    queue_insert(&rq->queue, &v->sched.node);
    look_at(rq, v, now);
}

void run_queue_leave(struct run_queue *rq, struct vcpu *v)
{
    rq->load -= v->sched.load;
    if (queue_holds(&v->sched.node))
        queue_remove(&rq->queue, &v->sched.node);
}

void sched_wake(struct vcpu *v)
{
    uint64_t allowed = READ_ONCE(v->sched.affinity);
    uint64_t idle = atomic_load_explicit(&sched_idle_cpus, memory_order_relaxed) & allowed;
    uint32_t cpu = READ_ONCE(v->sched.cpu);
    struct run_queue *rq;

    if (unlikely(!(allowed >> cpu & 1) || (idle && !(idle >> cpu & 1))))
        sched_place(v);
    rq = lock_queue_of(v);
    if (!queue_holds(&v->sched.node) && !atomic_load(&v->sched.is_running) && vcpu_may_run(v))
        run_queue_enter(rq, v, time_ns());
    lock_drop(&rq->lock);
}

/* The state of a vCPU that does not run. */
static uint32_t waiting_runstate(const struct vcpu *v)
{
    uint32_t stop = atomic_load(&v->stop);

    if (stop == 0)
        return RUNSTATE_runnable;
    return stop & VCPU_BLOCKED ? RUNSTATE_blocked : RUNSTATE_offline;
}

void sched_sleep(struct vcpu *v)
{
    struct run_queue *rq = lock_queue_of(v);

    if (queue_holds(&v->sched.node)) {
        run_queue_leave(rq, v);
        vcpu_set_runstate(v, waiting_runstate(v), time_ns());
    } else if (atomic_load(&v->sched.is_running)) {
        cpu_kick(&cpus[rq->cpu], CPU_PENDING_SCHED);
    }
    lock_drop(&rq->lock);
}

/* The vCPU to run: PREV if it may go on and nobody is before it, else the first one queued, which
 * is taken off the queue. NULL: none. Whoever stops a queued vCPU that is picked meanwhile finds it
 * running. */
static inline struct vcpu *pick(struct run_queue *rq, struct vcpu *prev, uint64_t now)
{
    for (;;) {
        struct vcpu *first = first_of(rq);

        if (prev && vcpu_may_run(prev) && (prev->sched.affinity >> rq->cpu & 1) &&
            (!first || prev->sched.node.key < first->sched.node.key) &&
            cap_left(prev->domain, now) > 0)
            return prev;
        if (!first)
            return NULL;
        queue_remove(&rq->queue, &first->sched.node);
        if (likely(cap_left(first->domain, now) > 0))
            return first;
        rq->load -= first->sched.load;
        park(first);
    }
}

/* Looks again when the slice is over, if somebody else waits or the cap ends it. A look that is due
 * earlier, of who ran before, stays: where nobody waits it does nothing, and setting the timer at
 * each switch costs more. */
static inline void set_slice(struct run_queue *rq, struct vcpu *v, uint64_t now)
{
    uint64_t left = cap_left(v->domain, now);

    if (unlikely(left != UINT64_MAX)) {
        if (rq->queue.root && left > SCHED_SLICE_NS)
            left = SCHED_SLICE_NS;
        timer_set(&rq->slice, now + (left > SCHED_GRANULARITY_NS ? left : SCHED_GRANULARITY_NS));
    } else if (rq->queue.root && !timer_is_set(&rq->slice)) {
        timer_set(&rq->slice, now + SCHED_SLICE_NS);
    }
}

/* PREV's state leaves this CPU, NEXT's comes. True: PREV may run, and its domain is held. Needs the
 * queue's lock: who lets PREV run and finds it running is seen here, or finds it stopped. */
static inline bool switch_to(struct run_queue *rq, struct vcpu *prev, struct vcpu *next,
                             uint64_t now)
{
    struct percpu *self = this_cpu();
    struct cpu *cpu = self->cpu;
    bool may_run;

    if (prev) {
        rq->load -= prev->sched.load;
        vcpu_set_runstate(prev, waiting_runstate(prev), now);
    } else {
        atomic_fetch_and(&sched_idle_cpus, ~(UINT64_C(1) << rq->cpu));
    }
    if (next) {
        /* Before a full barrier, the note of what is loaded: vcpu_notify() sees it, or the entry
         * sees the event. */
        atomic_store_explicit(&next->sched.is_running, true, memory_order_relaxed);
        vcpu_set_runstate(next, RUNSTATE_running, now);
    }
    rq->current = next;
    arch_vcpu_switch(prev, next);
    self->current = next;
    atomic_store_explicit(&cpu->loaded_gen, next ? next->arch.tlb_gen : 0, memory_order_relaxed);
    atomic_store(&cpu->loaded, next ? next->domain : NULL);
    if (!prev)
        return false;
    may_run = vcpu_may_run(prev);
    if (unlikely(may_run))
        domain_hold(prev->domain);
    /* PREV is saved: from here on others may destroy it. */
    atomic_store_explicit(&prev->sched.is_running, false, memory_order_release);
    return may_run;
}

void sched_run(void)
{
    struct run_queue *rq = queue_of(this_cpu()->id);
    struct vcpu *prev = this_cpu()->current, *next;
    uint64_t now;
    bool may_run = false;

    lock_take(&rq->lock);
    now = time_ns();
    run_queue_account(rq, now);
    next = pick(rq, prev, now);
    if (next)
        set_slice(rq, next, now);
    else
        atomic_fetch_or(&sched_idle_cpus, UINT64_C(1) << rq->cpu);
    if (next != prev)
        may_run = switch_to(rq, prev, next, now);
    lock_drop(&rq->lock);
    if (unlikely(may_run)) {
        sched_wake(prev);
        domain_put(prev->domain);
    }
    if (!next)
        sched_pull(rq);
}

void sched_yield(void)
{
    struct run_queue *rq = &run_queues[this_cpu()->id];

    lock_take(&rq->lock);
    run_queue_account(rq, time_ns());
    if (rq->queue.root && rq->current->sched.node.key < rq->queue.root->key)
        rq->current->sched.node.key = rq->queue.root->key;
    lock_drop(&rq->lock);
    cpu_look(CPU_PENDING_SCHED);
}

bool sched_is_stopped(const struct vcpu *v)
{
    return !atomic_load(&v->sched.is_running);
}
