/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the IO-APICs (82093AA data sheet, section 3), device vectors and pirqs (design decision 7).
 * Each source in use has one vector, on the boot CPU. A level interrupt stays masked from its
 * arrival until the domain's EOI; an edge is just passed on. irq_lock guards the tables and the
 * registers; the dispatch path reads one source without it, which is written whole before its line
 * is unmasked.
 */
#include "arch/x86/irq.h"

#include "arch/x86/host_pt.h"
#include "arch/x86/trap.h"
#include "core/domain.h"
#include "core/pirq.h"
#include "drivers/host/acpi.h"
#include "lib/errno.h"

#define IOAPIC_SELECT      (0x00u / 4)
#define IOAPIC_WINDOW      (0x10u / 4)
#define IOAPIC_VERSION     0x01u /* bits 23..16: index of the last line */
#define IOAPIC_REDIRECTION 0x10u /* two registers a line */
#define LINE_LOW_ACTIVE    (1u << 13)
#define LINE_LEVEL         (1u << 15)
#define LINE_MASKED        (1u << 16)

#define ISA_IRQS           16u
#define FLAG_POLARITY_MASK 3u /* MADT INTI flags, ACPI 6.4 table 5.25 */
#define FLAG_ACTIVE_LOW    3u
#define FLAG_TRIGGER_MASK  (3u << 2)
#define FLAG_LEVEL         (3u << 2)

static struct {
    volatile uint32_t *registers;
    uint32_t gsi_base, line_count;
} ioapics[ACPI_IOAPIC_MAX];

/* What a vector from VECTOR_DEVICE_FIRST on is for. */
static struct source {
    uint32_t name; /* its GSI or PIRQ_MSIX word, plus 1; 0: nothing */
    uint32_t pirq;
    struct domain *domain; /* NULL: the hypervisor's own */
    void (*handler)(void);
    bool is_level;
} sources[VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1];

static struct lock irq_lock = LOCK_INIT(LOCK_IRQ);

static uint32_t ioapic_read(volatile uint32_t *registers, uint32_t index)
{
    registers[IOAPIC_SELECT] = index;
    return registers[IOAPIC_WINDOW];
}

static void ioapic_write(volatile uint32_t *registers, uint32_t index, uint32_t value)
{
    registers[IOAPIC_SELECT] = index;
    registers[IOAPIC_WINDOW] = value;
}

void irq_boot(void)
{
    for (unsigned i = 0; i < acpi.ioapic_count; i++) {
        volatile uint32_t *registers =
            host_map((paddr_t){acpi.ioapic[i].paddr}, PAGE_SIZE, PT_REGISTERS);

        ioapics[i].registers = registers;
        ioapics[i].gsi_base = acpi.ioapic[i].gsi_base;
        ioapics[i].line_count = (ioapic_read(registers, IOAPIC_VERSION) >> 16 & 0xff) + 1;
        for (uint32_t line = 0; line < ioapics[i].line_count; line++)
            ioapic_write(registers, IOAPIC_REDIRECTION + 2 * line, LINE_MASKED);
    }
}

/* The IO-APIC that has GSI, and the register of the line's lower half. NULL: none has it. */
static volatile uint32_t *find_line(uint32_t gsi, uint32_t *index)
{
    for (unsigned i = 0; i < acpi.ioapic_count; i++) {
        uint32_t line = gsi - ioapics[i].gsi_base;

        *index = IOAPIC_REDIRECTION + 2 * line;
        if (line < ioapics[i].line_count)
            return ioapics[i].registers;
    }
    return NULL;
}

/* Masks the line of S or lets it come; MSI-X has none. */
static void mask(const struct source *s, bool is_masked)
{
    uint32_t index, value;
    volatile uint32_t *registers = find_line(s->name - 1, &index);

    if (registers == NULL)
        return;
    value = ioapic_read(registers, index);
    ioapic_write(registers, index, is_masked ? value | LINE_MASKED : value & ~LINE_MASKED);
}

/* Sends what S names as its vector; a line of an IO-APIC stays masked. Lines below 16 are ISA's,
 * edge and high, others PCI's, level and low, unless the firmware says otherwise. -EINVAL: there is
 * no such line or entry. */
static int route(struct source *s)
{
    uint32_t gsi = s->name - 1, index, word;
    uint8_t vector = (uint8_t)(VECTOR_DEVICE_FIRST + (unsigned)(s - sources));
    volatile uint32_t *registers = find_line(gsi, &index);
    bool is_low = gsi >= ISA_IRQS;

    if (gsi & PIRQ_MSIX)
        return msix_route((uint16_t)gsi, gsi >> 16 & 0x7ff, vector, cpus[0].apic_id);
    if (registers == NULL)
        return -EINVAL;
    s->is_level = is_low;
    for (unsigned i = 0; i < acpi.override_count; i++) {
        if (acpi.override[i].gsi == gsi) {
            is_low = (acpi.override[i].flags & FLAG_POLARITY_MASK) == FLAG_ACTIVE_LOW;
            s->is_level = (acpi.override[i].flags & FLAG_TRIGGER_MASK) == FLAG_LEVEL;
        }
    }
    word = LINE_MASKED | (s->is_level ? LINE_LEVEL : 0) | (is_low ? LINE_LOW_ACTIVE : 0) | vector;
    ioapic_write(registers, index, LINE_MASKED);
    ioapic_write(registers, index + 1, cpus[0].apic_id << 24);
    ioapic_write(registers, index, word);
    return 0;
}

void irq_dispatch(unsigned vector)
{
    struct source *s = &sources[vector - VECTOR_DEVICE_FIRST];

    if (s->handler != NULL) {
        s->handler();
    } else if (s->domain != NULL) {
        if (s->is_level) {
            lock_take(&irq_lock);
            mask(s, true);
            lock_drop(&irq_lock);
        }
        evtchn_raise_pirq(s->domain, s->pirq);
    }
}

/* The source with NAME; 0: a free one. NULL: there is none. */
static struct source *find_name(uint32_t name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(sources); i++)
        if (sources[i].name == name)
            return &sources[i];
    return NULL;
}

static struct source *find_pirq(const struct domain *d, uint32_t pirq)
{
    for (unsigned i = 0; i < ARRAY_SIZE(sources); i++)
        if (sources[i].domain == d && sources[i].pirq == pirq)
            return &sources[i];
    return NULL;
}

/* Makes WANTED one of the sources. -EBUSY, -ENOSPC, or route()'s error. */
static int add(const struct source *wanted)
{
    struct source *s = find_name(0);
    int error;

    if (find_name(wanted->name) != NULL)
        return -EBUSY;
    if (s == NULL)
        return -ENOSPC;
    *s = *wanted;
    error = route(s);
    if (error != 0)
        *s = (struct source){.name = 0};
    else if (s->handler != NULL)
        mask(s, false);
    return error;
}

int irq_take_isa(uint8_t isa_irq, void (*handler)(void))
{
    struct source wanted = {.name = isa_irq + 1u, .handler = handler};
    int error;

    for (unsigned i = 0; i < acpi.override_count; i++)
        if (acpi.override[i].irq == isa_irq)
            wanted.name = acpi.override[i].gsi + 1;
    lock_take(&irq_lock);
    error = add(&wanted);
    lock_drop(&irq_lock);
    return error;
}

int pirq_map(struct domain *d, uint32_t gsi, uint32_t *pirq)
{
    struct source wanted = {.name = gsi + 1, .pirq = *pirq, .domain = d};
    const struct source *s;
    int error;

    lock_take(&irq_lock);
    s = find_name(wanted.name);
    if (s != NULL && s->domain == d && (*pirq == PIRQ_ANY || *pirq == s->pirq)) {
        *pirq = s->pirq;
        lock_drop(&irq_lock);
        return 0;
    }
    if (*pirq == PIRQ_ANY) {
        wanted.pirq = gsi & PIRQ_MSIX ? EVTCHN_PIRQS - 1 : gsi;
        while (gsi & PIRQ_MSIX && find_pirq(d, wanted.pirq) != NULL)
            wanted.pirq--;
    }
    error = find_pirq(d, wanted.pirq) != NULL ? -EBUSY : add(&wanted);
    lock_drop(&irq_lock);
    if (error == 0)
        *pirq = wanted.pirq;
    return error;
}

int pirq_mask(const struct domain *d, uint32_t pirq, bool is_masked)
{
    const struct source *s;

    lock_take(&irq_lock);
    s = find_pirq(d, pirq);
    if (s != NULL)
        mask(s, is_masked);
    lock_drop(&irq_lock);
    return s == NULL ? -EINVAL : 0;
}
