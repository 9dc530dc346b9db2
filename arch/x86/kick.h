/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kick protocol (design decision 18): how one CPU makes another look at its pending bits,
 * whether that runs the hypervisor, a guest or nothing.
 *
 * The kicker sets a bit in `pending` and then reads `in_guest`; the CPU that enters sets `in_guest`
 * and then reads `pending`. Both steps are sequentially consistent, so that at least one of the two
 * sees the other: either the kicker sends an interrupt, or the CPU does not enter. Interrupts are
 * off all the while, so that an early one stays pending and ends the guest or the HLT at once.
 */
#pragma once

#include "arch/x86/percpu.h"

/* Declares this CPU about to enter a guest or to halt. True: nothing is pending, go on. False: bits
 * are pending, in_guest is clear again, look at them. */
static inline MUST_CHECK bool cpu_enter_begin(struct cpu *self)
{
    /* Pairs with the fetch_or of pending in cpu_kick(). */
    atomic_exchange(&self->in_guest, 1);
    if (likely(atomic_load_explicit(&self->pending, memory_order_relaxed) == 0))
        return true;
    atomic_store_explicit(&self->in_guest, 0, memory_order_relaxed);
    return false;
}

/* Back in the hypervisor. A kicker that still reads 1 sends an interrupt too many, nothing worse.
 */
static inline void cpu_enter_end(struct cpu *self)
{
    atomic_store_explicit(&self->in_guest, 0, memory_order_relaxed);
}
