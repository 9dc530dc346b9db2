/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the time page's reading and the list of armed timers. */
#include "guest-kernel/time.h"

#include <stddef.h>

#include "guest-kernel/events.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/traps.h"
#include "lib/insn.h"
#include "pv-abi/vcpu.h"

static struct timer *armed;
static evtchn_port_t timer_port;

/* Copies the time page of the calling vcpu; the hypervisor makes the version odd while it writes.
 */
static struct vcpu_time_info time_page(void)
{
    const struct vcpu_time_info *page = &event_vcpu_info()->time;
    struct vcpu_time_info copy;
    uint32_t version;

    do {
        version = __atomic_load_n(&page->version, __ATOMIC_ACQUIRE);
        copy = *(const volatile struct vcpu_time_info *)page;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) || __atomic_load_n(&page->version, __ATOMIC_RELAXED) != version);
    return copy;
}

static uint64_t scale(const struct vcpu_time_info *page, uint64_t ticks)
{
    unsigned __int128 wide;

    ticks = page->tsc_shift >= 0 ? ticks << page->tsc_shift : ticks >> -page->tsc_shift;
    wide = (unsigned __int128)ticks * page->tsc_to_system_mul;
    return (uint64_t)(wide >> 32);
}

uint64_t time_at_tsc(uint64_t tsc)
{
    struct vcpu_time_info page = time_page();

    return page.system_time + scale(&page, tsc - page.tsc_timestamp);
}

uint64_t time_now(void)
{
    bool irqs;
    uint64_t now;

    if (!shared_info)
        return 0;
    irqs = irq_save();
    now = time_at_tsc(rdtsc_ordered());
    irq_restore(irqs);
    return now;
}

uint64_t time_tsc_hz(void)
{
    struct vcpu_time_info page = time_page();
    uint64_t hz = (NS_PER_SECOND << 32) / page.tsc_to_system_mul;

    return page.tsc_shift >= 0 ? hz >> page.tsc_shift : hz << -page.tsc_shift;
}

uint64_t time_wall_clock(void)
{
    volatile struct shared_info *info = shared_info;
    uint64_t seconds, ns;
    uint32_t version;

    do {
        version = __atomic_load_n(&info->wc_version, __ATOMIC_ACQUIRE);
        seconds = (uint64_t)info->wc_sec_hi << 32 | info->wc_sec;
        ns = info->wc_nsec;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) || __atomic_load_n(&info->wc_version, __ATOMIC_RELAXED) != version);
    return seconds * NS_PER_SECOND + ns + time_now();
}

/* Sets the hypervisor's timer for the first armed timer. */
static void set_hypervisor_timer(void)
{
    struct vcpu_set_singleshot_timer arg = {.timeout_abs_ns = armed ? armed->deadline : 0};
    int64_t err;

    if (!armed)
        return;
    err = hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &arg);
    if (err)
        guest_panic("cannot set the timer: error %ld", err);
}

static void unlink_timer(struct timer *timer)
{
    struct timer **at = &armed;

    while (*at && *at != timer)
        at = &(*at)->next;
    if (*at)
        *at = timer->next;
    timer->is_armed = false;
}

void timer_start(struct timer *timer, uint64_t deadline)
{
    bool irqs = irq_save();
    struct timer **at = &armed;

    if (timer->is_armed)
        unlink_timer(timer);
    while (*at && (*at)->deadline <= deadline)
        at = &(*at)->next;
    timer->deadline = deadline;
    timer->next = *at;
    timer->is_armed = true;
    *at = timer;
    if (armed == timer)
        set_hypervisor_timer();
    irq_restore(irqs);
}

void timer_stop(struct timer *timer)
{
    bool irqs = irq_save();

    if (timer->is_armed)
        unlink_timer(timer);
    irq_restore(irqs);
}

static void timer_event(void *arg)
{
    struct timer **list = arg;

    while (*list && (*list)->deadline <= time_now()) {
        struct timer *timer = *list;

        unlink_timer(timer);
        timer->expire(timer);
    }
    set_hypervisor_timer();
}

struct sleeper {
    struct timer timer; /* first: a timer is its sleeper */
    bool is_over;
};

static void sleep_expire(struct timer *timer)
{
    ((struct sleeper *)(void *)timer)->is_over = true;
}

static bool sleep_is_over(void *arg)
{
    struct sleeper *sleeper = arg;

    return __atomic_load_n(&sleeper->is_over, __ATOMIC_ACQUIRE);
}

void time_sleep(uint64_t ns)
{
    struct sleeper sleeper = {.timer.expire = sleep_expire};

    timer_start(&sleeper.timer, time_now() + ns);
    event_wait_until(sleep_is_over, &sleeper);
}

void time_init(void)
{
    int err = event_bind_virq(VIRQ_TIMER, 0, timer_event, &armed, &timer_port);

    if (err)
        guest_panic("no timer interrupt: error %d", err);
}
