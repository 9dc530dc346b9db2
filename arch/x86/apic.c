/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the host's local APICs. Register offsets and fields: APM Vol. 2 16.3, table 16-2. */
#include "arch/x86/apic.h"

#include "arch/x86/host_pt.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "lib/cpu_bits.h"
#include "lib/insn.h"

#define APIC_BASE_ENABLE  (1u << 11)
#define APIC_BASE_ADDRESS UINT64_C(0x000ffffffffff000)

#define APIC_ID            0x020u
#define APIC_TPR           0x080u
#define APIC_EOI           0x0b0u
#define APIC_SPURIOUS      0x0f0u
#define APIC_ICR_LOW       0x300u
#define APIC_ICR_HIGH      0x310u
#define APIC_LVT_TIMER     0x320u
#define APIC_LVT_LINT0     0x350u
#define APIC_LVT_LINT1     0x360u
#define APIC_LVT_ERROR     0x370u
#define APIC_TIMER_INITIAL 0x380u
#define APIC_TIMER_CURRENT 0x390u
#define APIC_TIMER_DIVIDE  0x3e0u

#define SPURIOUS_ENABLE   (1u << 8)
#define LVT_MASKED        (1u << 16)
#define LVT_NMI           (4u << 8)
#define TIMER_DIVIDE_BY_1 0xbu
/* 8259A data sheet, OCW1: the interrupt mask */
#define PIC_PRIMARY_MASK   0x21u
#define PIC_SECONDARY_MASK 0xa1u
#define ICR_BUSY           (1u << 12)

static volatile uint8_t *registers;

static uint32_t apic_read(uint32_t offset)
{
    return *(volatile uint32_t *)(registers + offset);
}

static void apic_write(uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(registers + offset) = value;
}

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
    apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    apic_write(APIC_TPR, 0);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_LVT_LINT1, LVT_NMI);
    apic_write(APIC_LVT_ERROR, LVT_MASKED);
    apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
}

uint32_t apic_id(void)
{
    return apic_read(APIC_ID) >> 24;
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

/* The two halves of the command register are one command: interrupts are off, nobody comes between.
 */
void apic_send(uint32_t id, uint32_t command)
{
    while (apic_read(APIC_ICR_LOW) & ICR_BUSY)
        cpu_relax();
    apic_write(APIC_ICR_HIGH, id << 24);
    apic_write(APIC_ICR_LOW, command);
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
    apic_write(APIC_TIMER_INITIAL, count);
}

uint32_t apic_timer_remaining(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}
