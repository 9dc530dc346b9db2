/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's making, running and waiting. Whether it may run is in atomics; the scheduler is told
 * after each change. */

#include "core/vcpu.h"

#include "arch/x86/percpu.h"
#include "core/heap.h"
#include "lib/errno.h"
#include "pv-abi/sched.h"
#include "pv-abi/vcpu.h"
#include "pv-abi/xen.h"

static void singleshot_fired(struct timer *timer)
{
    evtchn_raise_virq(container_of(timer, struct vcpu, singleshot), VIRQ_TIMER);
}

static void periodic_fired(struct timer *timer)
{
    struct vcpu *v = container_of(timer, struct vcpu, periodic);
    uint64_t period = READ_ONCE(v->periodic_ns);

    evtchn_raise_virq(v, VIRQ_TIMER);
    if (!period)
        return;
    timer_set(timer, READ_ONCE(v->sched.cpu), time_ns() + period);
    /* Whoever stops it clears the period before it cancels the timer: one of the two undoes this.
     */
    if (!READ_ONCE(v->periodic_ns))
        timer_cancel(timer);
}

static void poll_timed_out(struct timer *timer)
{
    struct vcpu *v = container_of(timer, struct vcpu, poll_timer);

    if (READ_ONCE(v->is_polling))
        vcpu_wake(v);
}

static struct vcpu_info *first_info(struct vcpu *v)
{
    if (v->id < XEN_LEGACY_MAX_VCPUS)
        return &v->domain->shared_info->vcpu_info[v->id];
    return (struct vcpu_info *)(void *)v->info_spare;
}

int vcpu_create(struct domain *d, uint32_t id)
{
    struct vcpu *v = heap_alloc(d, 1);
    int rc;

    if (!v)
        return -ENOMEM;
    v->domain = d;
    v->id = id;
    v->info = first_info(v);
    v->runstate = RUNSTATE_offline;
    v->runstate_entry_ns = time_ns();
    timer_init(&v->singleshot, singleshot_fired);
    timer_init(&v->periodic, periodic_fired);
    timer_init(&v->poll_timer, poll_timed_out);
    sched_vcpu_init(v);
    rc = arch_vcpu_init(v);
    if (rc) {
        sched_vcpu_destroy(v);
        heap_free(d, v, 1);
        return rc;
    }
    vcpu_update_time(v);
    d->vcpu[id] = v;
    return 0;
}

void vcpu_destroy(struct vcpu *v)
{
    timer_cancel(&v->singleshot);
    WRITE_ONCE(v->periodic_ns, 0);
    timer_cancel(&v->periodic);
    timer_cancel(&v->poll_timer);
    vcpu_drop_areas(v);
    arch_vcpu_destroy(v);
    sched_vcpu_destroy(v);
}

void vcpu_drop_areas(struct vcpu *v)
{
    struct area runstate, time;

    sched_lock_vcpu(v);
    runstate = v->runstate_area;
    v->runstate_area = (struct area){0};
    time = v->time_area;
    v->time_area = (struct area){0};
    sched_unlock_vcpu(v);
    WRITE_ONCE(v->info, first_info(v));
    area_drop(&runstate);
    area_drop(&time);
    area_drop(&v->info_area);
}

void vcpu_wake(struct vcpu *v)
{
    atomic_store(&v->is_blocked, false);
    if (READ_ONCE(v->is_polling))
        evtchn_poll_end(v);
    if (vcpu_may_run(v))
        sched_wake(v);
}

void vcpu_block(struct vcpu *v)
{
    /* A full barrier, as is the sender's setting of the pending flag before it reads is_blocked in
     * vcpu_notify(): one of the two sees the other. */
    atomic_store(&v->is_blocked, true);
    if (evtchn_upcall_pending(v))
        atomic_store(&v->is_blocked, false);
    else
        cpu_kick(this_cpu()->cpu, CPU_PENDING_SCHED);
}

void vcpu_notify(struct vcpu *v)
{
    if (atomic_load(&v->is_blocked))
        vcpu_wake(v);
    else if (v != this_cpu()->current && atomic_load(&v->sched.is_running))
        cpu_kick(&cpus[READ_ONCE(v->sched.cpu)], CPU_PENDING_EVENT);
}

void vcpu_up(struct vcpu *v)
{
    atomic_store(&v->is_up, true);
    if (vcpu_may_run(v))
        sched_wake(v);
}

void vcpu_down(struct vcpu *v)
{
    struct domain *d = v->domain;
    bool is_last = true;

    for (uint32_t i = 0; i < d->vcpu_max; i++)
        if (d->vcpu[i] != v && atomic_load(&d->vcpu[i]->is_up))
            is_last = false;
    if (is_last) {
        domain_shutdown(d, SHUTDOWN_poweroff);
        return;
    }
    atomic_store(&v->is_up, false);
    sched_sleep(v);
}
