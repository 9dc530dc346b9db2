/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the host's local APICs. Registers lie 16 bytes apart (APM Vol. 2 16.3). */
#include "arch/x86/apic.h"

#include "arch/x86/apic_bits.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "lib/cpu_bits.h"
#include "lib/insn.h"

#define APIC_BASE_ENABLE  (1u << 11)
#define APIC_BASE_ADDRESS UINT64_C(0x000ffffffffff000)

#define LVT_NMI (4u << 8)
/* 8259A data sheet, OCW1: the interrupt mask */
#define PIC_PRIMARY_MASK   0x21u
#define PIC_SECONDARY_MASK 0xa1u

static volatile uint32_t (*registers)[4]; /* 32 bits each */

void apic_boot(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE) & APIC_BASE_ADDRESS;

    /* The firmware's timer may still run: its line must fall before LINT0 is masked, or the
     * processor is left with an interrupt that nobody claims. */
    out8(PIC_PRIMARY_MASK, 0xff);
    out8(PIC_SECONDARY_MASK, 0xff);
    registers = host_map((paddr_t){base}, PAGE_SIZE, PT_REGISTERS);
}

void apic_init_cpu(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
    registers[APIC_REG_SVR][0] = APIC_SVR_ENABLE | VECTOR_SPURIOUS;
    registers[APIC_REG_TPR][0] = 0;
    registers[APIC_REG_LVT_LINT0][0] = APIC_LVT_MASKED;
    registers[APIC_REG_LVT_LINT1][0] = LVT_NMI;
    registers[APIC_REG_LVT_ERROR][0] = APIC_LVT_MASKED;
    registers[APIC_REG_TIMER_DIVIDE][0] = APIC_TIMER_DIVIDE_BY_1;
    registers[APIC_REG_LVT][0] = VECTOR_TIMER;
}

uint32_t apic_id(void)
{
    return registers[APIC_REG_ID][0] >> APIC_PAGE_ID_SHIFT;
}

void apic_eoi(void)
{
    registers[APIC_REG_EOI][0] = 0;
}

/* The two halves of the command register are one command: interrupts are off, nobody comes between.
 */
void apic_send(uint32_t id, uint32_t command)
{
    while (registers[APIC_REG_ICR][0] & ICR_BUSY)
        cpu_relax();
    registers[APIC_REG_ICR_HIGH][0] = id << APIC_PAGE_ID_SHIFT;
    registers[APIC_REG_ICR][0] = command;
}

/* The kicker's half of the kick protocol (kick.h). */
void cpu_kick(struct cpu *cpu, uint32_t bits)
{
    /* Pairs with the exchange of in_guest in cpu_enter_begin(). Whoever set the first bit sends. */
    uint32_t before = atomic_fetch_or(&cpu->pending, bits);

    if (before != 0 || cpu == this_cpu()->cpu)
        return;
    if (atomic_load(&cpu->in_guest) != 0)
        apic_send(cpu->apic_id, APIC_FIXED | VECTOR_KICK);
}

void apic_timer_start(uint32_t count)
{
    registers[APIC_REG_TIMER_INIT][0] = count;
}

uint32_t apic_timer_remaining(void)
{
    return registers[APIC_REG_TIMER_NOW][0];
}
