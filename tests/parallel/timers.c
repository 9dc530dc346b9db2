/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers alone: CPU 0 fires those whose handler sets them again, as a periodic one does; the others
 * cancel them at any moment, and write over what is theirs then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/timer.h"
#include "tests/fake/fake_cpu.h"
#include "tests/parallel/parallel.h"
#include "tests/parallel/threads.h"

#define CANCELS 500u /* of each CPU */

static struct periodic {
    struct timer timer;
    uint32_t fired;
    _Atomic bool is_set; /* false: the canceller's; true: set by CPU 0, and the canceller's then */
} periodic[CPUS];
static _Atomic uint32_t cancelling = CPUS - 1;
static _Atomic uint32_t fired;

static void fire(struct timer *timer)
{
    struct periodic *p = container_of(timer, struct periodic, timer);

    p->fired++;
    timer_set(timer, fake_ns + random_below(8));
}

static void run_cpu(uint32_t cpu)
{
    struct periodic *p = &periodic[cpu];

    fake_be_cpu(cpu);
    random_seed(cpu + 1);
    while (cpu == 0 && atomic_load(&cancelling) != 0) {
        fake_ns++;
        for (uint32_t i = 1; i < CPUS; i++)
            if (!atomic_load(&periodic[i].is_set)) {
                timer_init(&periodic[i].timer, fire);
                timer_set(&periodic[i].timer, fake_ns);
                atomic_store(&periodic[i].is_set, true);
            }
        timer_run();
    }
    for (uint32_t cancels = 0; cpu != 0 && cancels < CANCELS;) {
        if (!atomic_load(&p->is_set))
            continue;
        for (uint32_t i = random_below(1000); i != 0; i--)
            cpu_relax();
        timer_cancel(&p->timer);
        fired += p->fired;
        p->fired = 0;
        memset(&p->timer, 0, sizeof(p->timer));
        if (++cancels == CANCELS)
            atomic_fetch_sub(&cancelling, 1);
        else
            atomic_store(&p->is_set, false);
    }
}

void timers_at_once(void)
{
    threads_run(CPUS, run_cpu);
    assert_true(fired > CANCELS);
    assert_int_equal(timer_next(), UINT64_MAX);
}
