/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the kicker's half of the kick protocol (kick.h). */
#include "arch/x86/kick.h"

#include "arch/x86/apic.h"
#include "arch/x86/trap.h"

void cpu_kick(struct cpu *cpu, uint32_t bits)
{
    /* Pairs with the exchange of in_guest in cpu_enter_begin(). Whoever set the first bit sends. */
    uint32_t before = atomic_fetch_or(&cpu->pending, bits);

    if (before != 0 || cpu == this_cpu()->cpu)
        return;
    if (atomic_load(&cpu->in_guest) != 0)
        apic_send(cpu->apic_id, APIC_FIXED | VECTOR_KICK);
}
