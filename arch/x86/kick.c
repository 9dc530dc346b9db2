/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the kick protocol (design decision 18): how one CPU makes another look at its pending bits,
 * whether that runs the hypervisor, a guest or nothing.
 *
 * The kicker sets a bit in `pending` and then reads `in_guest`; the CPU that enters sets `in_guest`
 * and then reads `pending`. Both steps are sequentially consistent, so that at least one of the two
 * sees the other: either the kicker sends an interrupt, or the CPU does not enter. Interrupts are
 * off all the while, so that an early one stays pending and ends the guest or the HLT at once.
 */
#include "arch/x86/apic.h"
#include "arch/x86/percpu.h"

void cpu_kick(struct cpu *cpu, uint32_t bits)
{
    /* Pairs with the exchange of in_guest in cpu_enter_begin(). Whoever set the first bit sends. */
    uint32_t before = atomic_fetch_or(&cpu->pending, bits);

    if (before != 0 || cpu == this_cpu()->cpu)
        return;
    if (atomic_load(&cpu->in_guest) != 0)
        apic_send_kick(cpu->apic_id);
}

bool cpu_enter_begin(void)
{
    struct cpu *cpu = this_cpu()->cpu;

    /* Pairs with the fetch_or of pending in cpu_kick(). */
    atomic_exchange(&cpu->in_guest, 1);
    if (likely(atomic_load_explicit(&cpu->pending, memory_order_relaxed) == 0))
        return true;
    atomic_store_explicit(&cpu->in_guest, 0, memory_order_relaxed);
    return false;
}

void cpu_enter_end(void)
{
    /* A kicker that still reads 1 sends an interrupt too many, nothing worse. */
    atomic_store_explicit(&this_cpu()->cpu->in_guest, 0, memory_order_relaxed);
}
