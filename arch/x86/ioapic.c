/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the IO-APICs' registers. Callers serialise (LOCK_IRQ). */
#include "arch/x86/ioapic.h"

#include "arch/x86/host_pt.h"
#include "core/log.h"
#include "drivers/host/acpi.h"

#define IOAPIC_SELECT      0x00u
#define IOAPIC_WINDOW      0x10u
#define IOAPIC_VERSION     0x01u /* bits 23..16: index of the last line */
#define IOAPIC_REDIRECTION 0x10u /* two registers a line */
#define LINE_LOW_ACTIVE    (1u << 13)
#define LINE_LEVEL         (1u << 15)
#define LINE_MASKED        (1u << 16)

static struct {
    volatile uint8_t *registers;
    uint32_t gsi_base;
    uint32_t line_count;
} ioapics[ACPI_IOAPIC_MAX];

static uint32_t ioapic_read(unsigned i, uint32_t index)
{
    *(volatile uint32_t *)(ioapics[i].registers + IOAPIC_SELECT) = index;
    return *(volatile uint32_t *)(ioapics[i].registers + IOAPIC_WINDOW);
}

static void ioapic_write(unsigned i, uint32_t index, uint32_t value)
{
    *(volatile uint32_t *)(ioapics[i].registers + IOAPIC_SELECT) = index;
    *(volatile uint32_t *)(ioapics[i].registers + IOAPIC_WINDOW) = value;
}

/* Which IO-APIC has GSI, and the register of the line's lower half. */
static bool find(uint32_t gsi, unsigned *i, uint32_t *index)
{
    for (*i = 0; *i < acpi.ioapic_count; (*i)++) {
        uint32_t line = gsi - ioapics[*i].gsi_base;

        if (gsi >= ioapics[*i].gsi_base && line < ioapics[*i].line_count) {
            *index = IOAPIC_REDIRECTION + 2 * line;
            return true;
        }
    }
    return false;
}

void ioapic_boot(void)
{
    for (unsigned i = 0; i < acpi.ioapic_count; i++) {
        ioapics[i].registers = host_map((paddr_t){acpi.ioapic[i].paddr}, PAGE_SIZE, PT_REGISTERS);
        ioapics[i].gsi_base = acpi.ioapic[i].gsi_base;
        ioapics[i].line_count = (ioapic_read(i, IOAPIC_VERSION) >> 16 & 0xff) + 1;
        for (uint32_t line = 0; line < ioapics[i].line_count; line++)
            ioapic_write(i, IOAPIC_REDIRECTION + 2 * line, LINE_MASKED);
    }
}

bool ioapic_has(uint32_t gsi)
{
    unsigned i;
    uint32_t index;

    return find(gsi, &i, &index);
}

void ioapic_route(uint32_t gsi, uint8_t vector, uint32_t destination, bool is_level, bool is_low)
{
    unsigned i;
    uint32_t index;

    if (!find(gsi, &i, &index))
        panic("no IO-APIC has GSI %u, though it was asked for", gsi);
    ioapic_write(i, index, LINE_MASKED);
    ioapic_write(i, index + 1, destination << 24);
    ioapic_write(i, index,
                 LINE_MASKED | (is_level ? LINE_LEVEL : 0) | (is_low ? LINE_LOW_ACTIVE : 0) |
                     vector);
}

void ioapic_mask(uint32_t gsi, bool is_masked)
{
    unsigned i;
    uint32_t index, value;

    if (!find(gsi, &i, &index))
        return;
    value = ioapic_read(i, index);
    ioapic_write(i, index, is_masked ? value | LINE_MASKED : value & ~LINE_MASKED);
}
