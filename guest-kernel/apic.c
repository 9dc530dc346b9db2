/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC: enabling it and sending interrupts. */
#include "guest-kernel/apic.h"

#include "guest-kernel/traps.h"

#define ICR_DESTINATION_SHIFT 32

/* A spurious interrupt has no bit in service: there is nothing to end. */
static void spurious(void)
{
}

void apic_enable(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
    traps_set_handler(APIC_SPURIOUS_VECTOR, spurious);
    apic_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | APIC_SPURIOUS_VECTOR);
}

uint32_t apic_id(void)
{
    return (uint32_t)apic_read(APIC_ID);
}

void apic_send(uint32_t id, uint32_t command)
{
    apic_write(APIC_ICR, (uint64_t)id << ICR_DESTINATION_SHIFT | command);
}
