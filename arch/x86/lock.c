/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket locks. With DEBUG=1 each CPU's held locks are listed in its struct percpu, and a lock out
 * of order stops the machine. A lock that waits too long is not looked for: the holder never
 * sleeps.
 */
#include "arch/x86/lock.h"

#include "arch/x86/percpu.h"
#include "core/log.h"

/* DEBUG only: LOCK may be taken when every held lock comes before it; a pair has one order. */
static void note_taken(const struct lock *lock, bool is_second)
{
    struct percpu *percpu;

    if (!DEBUG || !lock_knows_cpu)
        return;
    percpu = this_cpu();
    for (unsigned i = 0; i < percpu->lock_depth; i++)
        ASSERT(percpu->lock_held[i]->order < lock->order + is_second);
    ASSERT(percpu->lock_depth < ARRAY_SIZE(percpu->lock_held));
    percpu->lock_held[percpu->lock_depth++] = lock;
}

static void note_dropped(const struct lock *lock)
{
    struct percpu *percpu;

    if (!DEBUG || !lock_knows_cpu)
        return;
    percpu = this_cpu();
    for (unsigned i = 0; i < percpu->lock_depth; i++)
        if (percpu->lock_held[i] == lock)
            percpu->lock_held[i] = percpu->lock_held[--percpu->lock_depth];
}

void lock_init(struct lock *lock, enum lock_order order)
{
    *lock = (struct lock)LOCK_INIT(order);
}

static void take(struct lock *lock, bool is_second)
{
    uint32_t ticket;

    note_taken(lock, is_second);
    ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    while (unlikely(atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket))
        cpu_relax();
}

void lock_take(struct lock *lock)
{
    take(lock, false);
}

void lock_drop(struct lock *lock)
{
    uint32_t serving = atomic_load_explicit(&lock->serving, memory_order_relaxed);

    note_dropped(lock);
    atomic_store_explicit(&lock->serving, serving + 1, memory_order_release);
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
