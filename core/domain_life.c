/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a domain: pausing, its clock, shutting down, crashing; and its destruction, in steps
 * that are short enough for one hypercall each. */

#include <stdarg.h>

#include "core/domain.h"
#include "core/log.h"
#include "core/physmap.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "pv-abi/sched.h"

#define NS_PER_SECOND UINT64_C(1000000000)

static void stop_all(struct domain *d, uint32_t reason)
{
    for (uint32_t i = 0; i < d->vcpu_max; i++)
        vcpu_stop(d->vcpu[i], reason);
}

void domain_pause(struct domain *d)
{
    lock_take(&d->lock);
    if (atomic_fetch_add(&d->pause_count, 1) == 0)
        stop_all(d, VCPU_PAUSED);
    lock_drop(&d->lock);
}

int domain_unpause(struct domain *d)
{
    uint32_t building = DOMAIN_BUILDING;
    int error = 0;

    lock_take(&d->lock);
    if (atomic_load(&d->pause_count) == 0 || atomic_load(&d->state) >= DOMAIN_DYING) {
        error = -EINVAL;
    } else if (atomic_fetch_sub(&d->pause_count, 1) == 1) {
        atomic_compare_exchange_strong(&d->state, &building, DOMAIN_ALIVE);
        for (uint32_t i = 0; i < d->vcpu_max; i++)
            vcpu_go(d->vcpu[i], VCPU_PAUSED);
    }
    lock_drop(&d->lock);
    return error;
}

bool domain_is_stopped(struct domain *d)
{
    if (atomic_load(&d->pause_count) == 0)
        return false;
    for (uint32_t i = 0; i < d->vcpu_max; i++)
        if (!sched_is_stopped(d->vcpu[i]))
            return false;
    return true;
}

static void shut_machine_down(uint32_t reason) NORETURN;
static void shut_machine_down(uint32_t reason)
{
    log_line(LOG_NOTICE, "the control domain shut down, reason %u", reason);
    if (reason == SHUTDOWN_poweroff)
        machine_power_off();
    machine_reset();
}

void domain_shutdown(struct domain *d, uint32_t reason)
{
    bool is_first;

    lock_take(&d->lock);
    is_first = d->shutdown_reason == SHUTDOWN_REASON_NONE;
    if (is_first)
        d->shutdown_reason = reason;
    if (is_first && !d->is_privileged)
        stop_all(d, VCPU_SHUTDOWN);
    lock_drop(&d->lock);
    if (is_first && d->is_privileged)
        shut_machine_down(reason);
    if (is_first)
        evtchn_raise_control_virq(VIRQ_DOM_EXC);
}

/* What is known of the vCPU that this CPU has loaded. */
static void record_vcpu(struct atoll_death *death, struct vcpu *v)
{
    const struct guest_regs *regs = &vcpu_private()->regs;

    death->vcpu = v->id;
    memcpy(death->gpr, regs->gpr, sizeof(death->gpr));
    death->rip = regs->rip;
    death->rflags = regs->rflags;
    death->cr0 = virt->get_reg(VM_CR0);
    death->cr3 = virt->get_reg(VM_CR3);
    death->cr4 = virt->get_reg(VM_CR4);
    for (uint32_t i = 0; i < VCPU_EXIT_HISTORY; i++) {
        const struct vm_exit *exit =
            &v->arch.history[(v->arch.history_next - 1 - i) % VCPU_EXIT_HISTORY];

        death->exits[i].kind = exit->kind;
        death->exits[i].rip = exit->rip;
        death->exits[i].info = exit->info;
    }
}

void domain_crash(struct domain *d, const char *format, ...)
{
    struct vcpu *v = this_cpu()->current;
    bool is_first;
    va_list args;

    lock_take(&d->lock);
    is_first = !d->death.reason[0];
    if (is_first) {
        va_start(args, format);
        format_va(d->death.reason, sizeof(d->death.reason), format, args);
        va_end(args);
        if (v && v->domain == d)
            record_vcpu(&d->death, v);
    }
    lock_drop(&d->lock);
    if (is_first)
        log_line(LOG_NOTICE, "domain %u crashed on vCPU %u: %s (rip %llx)", d->id, d->death.vcpu,
                 d->death.reason, (unsigned long long)d->death.rip);
    domain_shutdown(d, SHUTDOWN_crash);
}

/* The version is odd while it is written (xen.h). */
void domain_update_wall_clock(struct domain *d)
{
    struct shared_info *info = d->shared_info;
    struct compat_shared_info *info32 = (struct compat_shared_info *)(void *)info;
    /* Version, seconds, nanoseconds; the seconds' upper half lies elsewhere in 32-bit form. */
    uint32_t *clock = d->is_32bit ? &info32->wc_version : &info->wc_version;
    uint32_t *sec_hi = d->is_32bit ? &info32->arch.wc_sec_hi : &info->wc_sec_hi;

    WRITE_ONCE(clock[0], READ_ONCE(clock[0]) | 1);
    atomic_signal_fence(memory_order_seq_cst);
    clock[1] = (uint32_t)(wall_ns_at_start / NS_PER_SECOND);
    clock[2] = (uint32_t)(wall_ns_at_start % NS_PER_SECOND);
    *sec_hi = (uint32_t)(wall_ns_at_start / NS_PER_SECOND >> 32);
    atomic_signal_fence(memory_order_seq_cst);
    WRITE_ONCE(clock[0], READ_ONCE(clock[0]) + 1);
}

void domain_set_32bit(struct domain *d, bool is_32bit)
{
    lock_take(&d->lock);
    if (d->is_32bit != is_32bit) {
        d->is_32bit = is_32bit;
        domain_update_wall_clock(d);
    }
    lock_drop(&d->lock);
}

/* In this order: events and mappings of others need the vCPUs and the domain whole; frames go last,
 * when nothing of the hypervisor's holds one. */
int domain_destroy_step(struct domain *d)
{
    enum { STEP_STOP, STEP_EVENTS, STEP_P2M, STEP_GRANTS, STEP_VCPUS, STEP_FRAMES, STEP_LAST };
    bool is_done = true;

    switch (d->destroy_step) {
    case STEP_STOP:
        if (atomic_exchange(&d->state, DOMAIN_DYING) != DOMAIN_DYING)
            domain_pause(d);
        is_done = domain_is_stopped(d);
        break;
    case STEP_EVENTS:
        evtchn_destroy(d);
        break;
    case STEP_P2M:
        is_done = p2m_destroy_step(d) == 0;
        break;
    case STEP_GRANTS:
        grant_drop_maps(d);
        physmap_poll(d);
        break;
    case STEP_VCPUS:
        for (uint32_t i = 0; i < d->vcpu_max; i++)
            vcpu_destroy(d->vcpu[i]);
        break;
    case STEP_FRAMES:
        is_done = frame_destroy_step(d) == 0;
        break;
    case STEP_LAST:
        /* Whoever else has found it in the table and destroys it is late. */
        if (atomic_exchange(&d->state, DOMAIN_DEAD) == DOMAIN_DEAD)
            return 0;
        domain_unlist(d);
        domain_put(d);
        evtchn_raise_control_virq(VIRQ_DOM_EXC);
        return 0;
    }
    d->destroy_step += is_done;
    return 1;
}
