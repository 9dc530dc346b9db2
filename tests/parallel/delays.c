/* SPDX-License-Identifier: BSD-2-Clause */
/* What makes narrow races wide: a thread stops for a moment where it takes or drops a lock, as if
 * an NMI or a machine beneath held its CPU; and pages that go back to the heap are written over, so
 * that ThreadSanitizer sees whoever looks at them later, or may have looked at them still. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "core/domain.h"
#include "core/heap.h"
#include "core/log.h"
#include "tests/parallel/parallel.h"

/* One in so many times, on average; of a CPU's deadline queue more often: a handler runs behind it.
 */
#define DELAY_EVERY       512u
#define DELAY_EVERY_TIMER 16u
#define DELAY_US          100u
#define DELAY_LONG_US     2000u
#define STALE             0x5a

/* By ld --wrap. */
void __real_lock_take(struct lock *lock);
void __wrap_lock_take(struct lock *lock);
void __real_lock_drop(struct lock *lock);
void __wrap_lock_drop(struct lock *lock);
void __real_heap_free(struct domain *d, void *pages, unsigned count);
void __wrap_heap_free(struct domain *d, void *pages, unsigned count);
void __real_arch_get_hvm_record(struct vcpu *v, uint16_t type, void *record);
void __wrap_arch_get_hvm_record(struct vcpu *v, uint16_t type, void *record);

static void delay(const struct lock *lock)
{
    if (random_below(lock->order == LOCK_TIMER ? DELAY_EVERY_TIMER : DELAY_EVERY) == 0)
        usleep(random_below(random_below(8) != 0 ? DELAY_US : DELAY_LONG_US));
}

static void delay_load(UNUSED const volatile void *address)
{
    if (random_below(DELAY_EVERY) == 0)
        usleep(random_below(DELAY_US));
}

void delay_loads(void)
{
    fake_on_load = delay_load;
}

void __wrap_lock_take(struct lock *lock)
{
    delay(lock);
    __real_lock_take(lock);
}

void __wrap_lock_drop(struct lock *lock)
{
    __real_lock_drop(lock);
    delay(lock);
}

void __wrap_heap_free(struct domain *d, void *pages, unsigned count)
{
    if (pages != NULL)
        memset(pages, STALE, count * PAGE_SIZE);
    __real_heap_free(d, pages, count);
}

/* The registers of a vCPU that runs are its CPU's. */
void __wrap_arch_get_hvm_record(struct vcpu *v, uint16_t type, void *record)
{
    BUG_ON(!sched_is_stopped(v));
    __real_arch_get_hvm_record(v, type, record);
    BUG_ON(!sched_is_stopped(v));
}
