/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's making, running and waiting. Whether it may run is in atomics; the scheduler is told
 * after each change. */

#include "core/domain.h"

#include "core/heap.h"
#include "lib/errno.h"
#include "pv-abi/sched.h"
#include "pv-abi/vcpu.h"

static void singleshot_fired(struct timer *timer)
{
    evtchn_raise_virq(container_of(timer, struct vcpu, singleshot), VIRQ_TIMER);
}

static void poll_timed_out(struct timer *timer)
{
    struct vcpu *v = container_of(timer, struct vcpu, poll_timer);

    if (READ_ONCE(v->poll_port))
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
    atomic_store(&v->stop, VCPU_DOWN | VCPU_PAUSED);
    v->info = first_info(v);
    v->runstate = RUNSTATE_offline;
    v->runstate_entry_ns = time_ns();
    timer_init(&v->singleshot, singleshot_fired);
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
    timer_cancel(&v->poll_timer);
    WRITE_ONCE(v->info, first_info(v));
    area_drop(&v->info_area);
    area_drop(&v->runstate_area);
    area_drop(&v->time_area);
    arch_vcpu_destroy(v);
    sched_vcpu_destroy(v);
}

void vcpu_stop(struct vcpu *v, uint32_t reason)
{
    atomic_fetch_or(&v->stop, reason);
    sched_sleep(v);
}

void vcpu_go(struct vcpu *v, uint32_t reason)
{
    if ((atomic_fetch_and(&v->stop, ~reason) & ~reason) == 0)
        sched_wake(v);
}

NOINLINE void vcpu_wake(struct vcpu *v)
{
    if (unlikely(READ_ONCE(v->poll_port) != 0))
        evtchn_poll_end(v);
    vcpu_go(v, VCPU_BLOCKED);
}

void vcpu_block(struct vcpu *v)
{
    /* A full barrier, as is the sender's setting of the event before it reads `stop` in
     * vcpu_notify(): one of the two sees the other. */
    atomic_fetch_or(&v->stop, VCPU_BLOCKED);
    if (unlikely(vcpu_has_news(v)) && (evtchn_upcall_pending(v) || arch_vcpu_has_event(v)))
        vcpu_wake(v);
    else
        cpu_look(CPU_PENDING_SCHED);
}

void vcpu_notify(struct vcpu *v)
{
    if (atomic_load(&v->stop) & VCPU_BLOCKED)
        vcpu_wake(v);
    else if (v != this_cpu()->current && atomic_load(&v->sched.is_running))
        cpu_kick(&cpus[READ_ONCE(v->sched.cpu)], CPU_PENDING_EVENT);
}

void vcpu_down(struct vcpu *v)
{
    struct domain *d = v->domain;

    /* Of those that go down at once, one or all see that they are the last. */
    vcpu_stop(v, VCPU_DOWN);
    for (uint32_t i = 0; i < d->vcpu_max; i++)
        if (vcpu_is_up(d->vcpu[i]))
            return;
    domain_shutdown(d, SHUTDOWN_poweroff);
}
