/* SPDX-License-Identifier: BSD-2-Clause */
/* The two vCPUs of a domain that are up go down at once, again and again: one of them is the last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/fake/fake_cpu.h"
#include "tests/parallel/parallel.h"
#include "tests/parallel/threads.h"

#define DOWNS  2u
#define ROUNDS 20000u
#define SPINS  1000u /* until another thread has its turn: both are to run when they part */

static struct domain *d;
static _Atomic uint32_t arrived, missed;

/* The CPUs meet for the COUNTth time. */
static void meet(uint32_t count)
{
    atomic_fetch_add(&arrived, 1);
    for (uint32_t spins = 0; atomic_load(&arrived) < count * DOWNS; spins++)
        if (spins % SPINS == SPINS - 1)
            cpu_relax();
}

static void run_cpu(uint32_t cpu)
{
    fake_be_cpu(cpu);
    random_seed(cpu + 1);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        vcpu_go(d->vcpu[cpu], VCPU_DOWN | VCPU_SHUTDOWN);
        meet(3 * round + 1);
        vcpu_down(d->vcpu[cpu]);
        meet(3 * round + 2);
        if (cpu == 0) {
            missed += d->shutdown_reason == SHUTDOWN_REASON_NONE;
            d->shutdown_reason = SHUTDOWN_REASON_NONE;
        }
        meet(3 * round + 3);
    }
}

void downs_at_once(void)
{
    d = fake_domain_create(0, 64);
    assert_non_null(d);
    threads_run(DOWNS, run_cpu);
    assert_int_equal(missed, 0);
    fake_domain_destroy(d);
}
