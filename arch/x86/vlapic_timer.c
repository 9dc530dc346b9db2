/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the timer of a guest's local APIC. It counts at 100 MHz before the divider, as Xen's does:
 * kernels calibrate it, and those that know Xen take its figure. */
#include "arch/x86/vlapic.h"

#include "arch/x86/apic_bits.h"
#include "core/domain.h"

#define BUS_CYCLE_NS UINT64_C(10)
/* A shorter period (as on Xen) would keep the host busy with this guest's timer; the guest sees
 * interrupts merge as it would on a slow machine. A guest that has not taken the last one, perhaps
 * because it does not run, takes no CPU time from others for the next ones. */
#define PERIOD_MIN_NS        UINT64_C(100000)
#define PERIOD_MIN_UNSEEN_NS UINT64_C(1000000)
/* TSC deadlines further away than this are not armed: nobody waits for them. */
#define DEADLINE_TICKS_MAX (UINT64_C(1) << 56)

static uint32_t mode(const struct vlapic *l)
{
    return l->reg[APIC_REG_LVT] & APIC_LVT_TIMER_MODE;
}

uint32_t vlapic_timer_divisor(const struct vlapic *l)
{
    /* SDM Vol. 3A figure 11-10: 000 is 2, 001 is 4, ... 110 is 128, 111 is 1. */
    uint32_t divide = l->reg[APIC_REG_TIMER_DIVIDE];
    uint32_t code = (divide & 3) | (divide >> 1 & 4);

    return 1u << ((code + 1) & 7);
}

static uint64_t tick_ns(const struct vlapic *l)
{
    return BUS_CYCLE_NS * vlapic_timer_divisor(l);
}

uint32_t vlapic_timer_count(const struct vlapic *l)
{
    uint32_t initial = l->reg[APIC_REG_TIMER_INIT];
    uint64_t ticks;

    if (initial == 0 || mode(l) == APIC_TIMER_DEADLINE)
        return 0;
    ticks = (time_ns() - l->timer_start_ns) / tick_ns(l);
    if (mode(l) == APIC_TIMER_PERIODIC)
        ticks %= initial;
    return ticks >= initial ? 0 : initial - (uint32_t)ticks;
}

void vlapic_timer_start(struct vlapic *l, uint32_t now)
{
    uint32_t initial = l->reg[APIC_REG_TIMER_INIT];

    if (mode(l) == APIC_TIMER_DEADLINE)
        return;
    if (now > initial)
        now = initial;
    l->timer_start_ns = time_ns() - (initial - now) * tick_ns(l);
    if (now == 0)
        timer_cancel(&l->timer);
    else
        timer_set(&l->timer, time_ns() + now * tick_ns(l));
}

/* SDM Vol. 3A 11.5.4.1: ignored in deadline mode. */
void vlapic_timer_write_initial(struct vlapic *l, uint32_t value)
{
    if (mode(l) != APIC_TIMER_DEADLINE)
        l->reg[APIC_REG_TIMER_INIT] = value;
    vlapic_timer_start(l, value);
}

void vlapic_timer_fire(struct timer *timer)
{
    struct vlapic *l = container_of(timer, struct vlapic, timer);
    struct vcpu *v = container_of(l, struct vcpu, arch.vlapic);
    uint32_t entry = READ_ONCE(l->reg[APIC_REG_LVT]), initial = l->reg[APIC_REG_TIMER_INIT];
    uint32_t vector = entry & ICR_VECTOR_MASK, irr = l->reg[APIC_REG_IRR + vector / 32];
    bool is_seen = !(entry & APIC_LVT_MASKED) && !(irr >> vector % 32 & 1);

    if (mode(l) == APIC_TIMER_DEADLINE) {
        l->tsc_deadline = 0;
    } else if (mode(l) == APIC_TIMER_PERIODIC && initial != 0) {
        uint64_t period = initial * tick_ns(l), now = time_ns(), next;

        l->timer_start_ns += (now - l->timer_start_ns) / period * period;
        next = now + (is_seen ? PERIOD_MIN_NS : PERIOD_MIN_UNSEEN_NS);
        if (next < l->timer_start_ns + period)
            next = l->timer_start_ns + period;
        timer_set(timer, next);
    }
    if (is_seen && vector >= APIC_VECTOR_MIN)
        vlapic_set_irq(v, (uint8_t)vector);
}

void vlapic_timer_mode_changed(struct vlapic *l)
{
    /* SDM Vol. 3A 11.5.4.1: a change into or out of deadline mode disarms the timer. */
    l->tsc_deadline = 0;
    timer_cancel(&l->timer);
    if (mode(l) == APIC_TIMER_DEADLINE)
        l->reg[APIC_REG_TIMER_INIT] = 0;
    vlapic_timer_start(l, vlapic_timer_count(l));
}

uint64_t vlapic_read_deadline(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.vlapic;

    return mode(l) == APIC_TIMER_DEADLINE ? l->tsc_deadline : 0;
}

void vlapic_write_deadline(struct vcpu *v, uint64_t value)
{
    struct vlapic *l = &v->arch.vlapic;
    uint64_t host = value - v->arch.tsc_offset, now = tsc_read();

    if (mode(l) != APIC_TIMER_DEADLINE)
        return;
    l->tsc_deadline = value;
    if (value != 0 && value <= now + v->arch.tsc_offset)
        timer_set(&l->timer, 0);
    else if (value != 0 && host - now < DEADLINE_TICKS_MAX)
        timer_set(&l->timer, time_ns_of_tsc(host));
    else
        timer_cancel(&l->timer);
}
