/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the timer of a guest's local APIC. It counts at 100 MHz before the divider, as Xen's does:
 * kernels calibrate it, and those that know Xen take its figure. */
#include "arch/x86/vlapic_timer.h"

#include "arch/x86/vlapic_bits.h"
#include "core/domain.h"

#define BUS_CYCLE_NS UINT64_C(10)
/* A shorter period would keep the host busy with this guest's timer; the guest sees interrupts
 * merge as it would on a slow machine. */
#define PERIOD_MIN_NS UINT64_C(20000)
/* TSC deadlines further away than this are not armed: nobody waits for them. */
#define DEADLINE_TICKS_MAX (UINT64_C(1) << 56)

static bool is_deadline_mode(const struct vlapic *l)
{
    return (l->lvt[LVT_TIMER] & APIC_LVT_TIMER_MODE) == APIC_TIMER_DEADLINE;
}

static bool is_periodic(const struct vlapic *l)
{
    return (l->lvt[LVT_TIMER] & APIC_LVT_TIMER_MODE) == APIC_TIMER_PERIODIC;
}

uint32_t vlapic_timer_divisor(const struct vlapic *l)
{
    /* SDM Vol. 3A figure 11-10: 000 is 2, 001 is 4, ... 110 is 128, 111 is 1. */
    uint32_t code = (l->timer_divide & 3) | (l->timer_divide >> 1 & 4);

    return 1u << ((code + 1) & 7);
}

static uint64_t tick_ns(const struct vlapic *l)
{
    return BUS_CYCLE_NS * vlapic_timer_divisor(l);
}

uint32_t vlapic_timer_count(const struct vlapic *l)
{
    uint64_t ticks;

    if (l->timer_initial == 0 || is_deadline_mode(l))
        return 0;
    ticks = (time_ns() - l->timer_start_ns) / tick_ns(l);
    if (is_periodic(l))
        return l->timer_initial - (uint32_t)(ticks % l->timer_initial);
    return ticks >= l->timer_initial ? 0 : l->timer_initial - (uint32_t)ticks;
}

static void arm(struct vcpu *v)
{
    struct vlapic *l = &v->arch.vlapic;

    if (l->timer_initial == 0 || is_deadline_mode(l))
        timer_cancel(&l->timer);
    else
        timer_set(&l->timer, l->timer_start_ns + l->timer_initial * tick_ns(l));
}

void vlapic_timer_fire(struct timer *timer)
{
    struct vlapic *l = container_of(timer, struct vlapic, timer);
    struct vcpu *v = container_of(l, struct vcpu, arch.vlapic);
    uint32_t entry = READ_ONCE(l->lvt[LVT_TIMER]);

    if (is_deadline_mode(l)) {
        l->tsc_deadline = 0;
    } else if (is_periodic(l) && l->timer_initial != 0) {
        uint64_t period = l->timer_initial * tick_ns(l), now = time_ns();
        uint64_t passed = (now - l->timer_start_ns) / period;
        uint64_t next;

        l->timer_start_ns += passed * period;
        next = l->timer_start_ns + period;
        timer_set(timer, next > now + PERIOD_MIN_NS ? next : now + PERIOD_MIN_NS);
    }
    if (!(entry & APIC_LVT_MASKED) && (entry & ICR_VECTOR_MASK) >= APIC_VECTOR_MIN)
        vlapic_set_irq(v, (uint8_t)entry);
}

void vlapic_timer_mode_changed(struct vcpu *v)
{
    /* SDM Vol. 3A 11.5.4.1: a change into or out of deadline mode disarms the timer. */
    v->arch.vlapic.tsc_deadline = 0;
    if (is_deadline_mode(&v->arch.vlapic))
        v->arch.vlapic.timer_initial = 0;
    arm(v);
}

void vlapic_timer_write_initial(struct vcpu *v, uint32_t value)
{
    struct vlapic *l = &v->arch.vlapic;

    if (is_deadline_mode(l))
        return;
    l->timer_initial = value;
    l->timer_start_ns = time_ns();
    arm(v);
}

void vlapic_timer_write_divide(struct vcpu *v, uint32_t value)
{
    struct vlapic *l = &v->arch.vlapic;
    uint32_t left = vlapic_timer_count(l);

    l->timer_divide = value & APIC_TIMER_DIVIDE_MASK;
    vlapic_timer_restore(v, l->timer_initial, left);
}

void vlapic_timer_restore(struct vcpu *v, uint32_t initial, uint32_t now)
{
    struct vlapic *l = &v->arch.vlapic;

    if (now > initial)
        now = initial;
    l->timer_initial = initial;
    l->timer_start_ns = time_ns() - (initial - now) * tick_ns(l);
    if (now != 0)
        arm(v);
}

uint64_t vlapic_read_deadline(const struct vcpu *v)
{
    return is_deadline_mode(&v->arch.vlapic) ? v->arch.vlapic.tsc_deadline : 0;
}

void vlapic_write_deadline(struct vcpu *v, uint64_t value)
{
    struct vlapic *l = &v->arch.vlapic;
    uint64_t ticks = value - v->arch.tsc_offset - tsc_read();

    if (!is_deadline_mode(l))
        return;
    l->tsc_deadline = value;
    if (value == 0)
        timer_cancel(&l->timer);
    else if (value <= tsc_read() + v->arch.tsc_offset)
        timer_set(&l->timer, 0);
    else if (ticks < DEADLINE_TICKS_MAX)
        timer_set(&l->timer, time_ns_of_tsc(value - v->arch.tsc_offset));
    else
        timer_cancel(&l->timer);
}

void vlapic_timer_restore_deadline(struct vcpu *v)
{
    if (v->arch.vlapic.tsc_deadline != 0)
        vlapic_write_deadline(v, v->arch.vlapic.tsc_deadline);
}
