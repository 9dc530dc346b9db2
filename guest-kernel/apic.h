/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC in x2APIC mode (SDM Vol. 3A 10.12; APM Vol. 2 16.9). */
#pragma once

#include <stdint.h>

#include "lib/cpu_bits.h"
#include "lib/insn.h"

#define APIC_BASE_BSP     (1u << 8)
#define APIC_BASE_X2APIC  (1u << 10)
#define APIC_BASE_ENABLE  (1u << 11)
#define APIC_PAGE_DEFAULT 0xfee00000u

/* Registers by their offset in the APIC page; the MSR is 0x800 + offset / 16. */
#define APIC_ID            0x020u
#define APIC_VERSION       0x030u
#define APIC_TPR           0x080u
#define APIC_EOI           0x0b0u
#define APIC_LDR           0x0d0u
#define APIC_SPURIOUS      0x0f0u
#define APIC_ISR           0x100u
#define APIC_IRR           0x200u
#define APIC_ESR           0x280u
#define APIC_ICR           0x300u
#define APIC_ICR_HIGH      0x310u
#define APIC_LVT_TIMER     0x320u
#define APIC_LVT_LINT0     0x350u
#define APIC_LVT_ERROR     0x370u
#define APIC_TIMER_INITIAL 0x380u
#define APIC_TIMER_CURRENT 0x390u
#define APIC_TIMER_DIVIDE  0x3e0u
#define APIC_SELF_IPI      0x3f0u

#define APIC_SPURIOUS_ENABLE (1u << 8)
#define APIC_ICR_INIT        (5u << 8)
#define APIC_ICR_STARTUP     (6u << 8)
#define APIC_ICR_ASSERT      (1u << 14)
#define APIC_LVT_MASKED      (1u << 16)
#define APIC_TIMER_PERIODIC  (1u << 17)
#define APIC_TIMER_DEADLINE  (2u << 17)
#define APIC_DIVIDE_BY_1     0xbu

#define APIC_SPURIOUS_VECTOR 0xff

static inline uint32_t apic_msr(uint32_t offset)
{
    return 0x800u + (offset >> 4);
}

static inline uint64_t apic_read(uint32_t offset)
{
    return rdmsr(apic_msr(offset));
}

static inline void apic_write(uint32_t offset, uint64_t value)
{
    wrmsr(apic_msr(offset), value);
}

/* Enters x2APIC mode on the calling vcpu and enables the APIC. */
void apic_enable(void);

/* The calling vcpu's APIC ID. */
uint32_t apic_id(void);

/* Sends an interrupt to the vcpu with this APIC ID; `command` is the lower half of the ICR. */
void apic_send(uint32_t id, uint32_t command);

/* Ends the interrupt in service. Not for the event callback, which has no APIC state. */
static inline void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}
