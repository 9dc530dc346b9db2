/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket locks. With DEBUG=1 each CPU's held locks are listed in its struct percpu, and a lock out
 * of order stops the machine. A lock that waits too long is not looked for: the holder never
 * sleeps.
 */
#include "arch/x86/lock.h"

#include "arch/x86/percpu.h"
#include "core/log.h"

static uint16_t self(void)
{
    return lock_knows_cpu ? (uint16_t)(this_cpu()->id + 1) : 1;
}

/* DEBUG only: ORDER may be taken when every held lock comes before it; a pair has one order. */
static void note_taken(uint16_t order, bool is_second)
{
    struct percpu *percpu;

    if (!DEBUG || !lock_knows_cpu)
        return;
    percpu = this_cpu();
    for (unsigned i = 0; i < percpu->lock_depth; i++)
        ASSERT(percpu->lock_held[i] < order || (is_second && percpu->lock_held[i] == order));
    ASSERT(percpu->lock_depth < ARRAY_SIZE(percpu->lock_held));
    percpu->lock_held[percpu->lock_depth++] = (uint8_t)order;
}

static void note_dropped(uint16_t order)
{
    struct percpu *percpu;

    if (!DEBUG || !lock_knows_cpu)
        return;
    percpu = this_cpu();
    for (unsigned i = percpu->lock_depth; i-- != 0;) {
        if (percpu->lock_held[i] == order) {
            percpu->lock_held[i] = percpu->lock_held[--percpu->lock_depth];
            return;
        }
    }
}

void lock_init(struct lock *lock, enum lock_order order)
{
    *lock = (struct lock)LOCK_INIT((uint16_t)order);
}

static void take(struct lock *lock, bool is_second)
{
    uint32_t ticket;

    note_taken(lock->order, is_second);
    ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    while (atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket)
        cpu_relax();
    if (DEBUG)
        atomic_store_explicit(&lock->holder, self(), memory_order_relaxed);
}

void lock_take(struct lock *lock)
{
    take(lock, false);
}

void lock_drop(struct lock *lock)
{
    uint32_t serving = atomic_load_explicit(&lock->serving, memory_order_relaxed);

    if (DEBUG)
        atomic_store_explicit(&lock->holder, 0, memory_order_relaxed);
    atomic_store_explicit(&lock->serving, serving + 1, memory_order_release);
    note_dropped(lock->order);
}

void lock_take_pair(struct lock *a, struct lock *b)
{
    struct lock *first = a < b ? a : b;
    struct lock *second = a < b ? b : a;

    take(first, false);
    if (first != second)
        take(second, true);
}

void lock_drop_pair(struct lock *a, struct lock *b)
{
    if (a != b)
        lock_drop(b);
    lock_drop(a);
}

bool lock_is_held(const struct lock *lock)
{
    return atomic_load_explicit(&lock->holder, memory_order_relaxed) == self();
}
