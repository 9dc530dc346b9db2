/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns device vectors and pirqs (design decision 7). Each source in use has one vector, on the boot
 * CPU. A level interrupt stays masked from its arrival until the domain's EOI; an edge is just
 * passed on. irq_lock guards the tables; the dispatch path reads one entry without it, which is
 * written whole before its line is unmasked.
 */
#include "arch/x86/irq.h"

#include "arch/x86/ioapic.h"
#include "arch/x86/msi.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "core/domain.h"
#include "core/evtchn.h"
#include "core/pirq.h"
#include "drivers/host/acpi.h"
#include "lib/errno.h"

#define VECTORS            (VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1)
#define ISA_IRQS           16u
#define FLAG_POLARITY_MASK 3u /* MADT INTI flags, ACPI 6.4 table 5.25 */
#define FLAG_ACTIVE_LOW    3u
#define FLAG_TRIGGER_MASK  (3u << 2)
#define FLAG_LEVEL         (3u << 2)

struct source {
    bool is_used;
    bool is_level;
    bool is_low;
    bool is_bound;
    uint32_t gsi;
    uint32_t pirq;
    struct domain *domain; /* NULL: the hypervisor's own */
    void (*handler)(void);
};

static struct lock irq_lock = LOCK_INIT(LOCK_IRQ);
static struct source sources[VECTORS];

void irq_boot(void)
{
    ioapic_boot();
}

void irq_dispatch(unsigned vector)
{
    struct source *s = &sources[vector - VECTOR_DEVICE_FIRST];

    if (s->handler != NULL) {
        s->handler();
    } else if (s->domain != NULL) {
        if (s->is_level) {
            lock_take(&irq_lock);
            ioapic_mask(s->gsi, true);
            lock_drop(&irq_lock);
        }
        evtchn_raise_pirq(s->domain, s->pirq);
    }
}

static struct source *find_pirq(const struct domain *d, uint32_t pirq)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        if (sources[i].is_used && sources[i].domain == d && sources[i].pirq == pirq)
            return &sources[i];
    }
    return NULL;
}

static struct source *find_gsi(uint32_t gsi)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        if (sources[i].is_used && sources[i].gsi == gsi)
            return &sources[i];
    }
    return NULL;
}

static struct source *find_free(void)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        if (!sources[i].is_used)
            return &sources[i];
    }
    return NULL;
}

/* GSI, polarity and trigger of an ISA interrupt: identity, edge, high, unless the firmware says
 * otherwise. */
static void resolve_isa(uint8_t irq, struct source *s)
{
    s->gsi = irq;
    for (unsigned i = 0; i < acpi.override_count; i++) {
        const struct acpi_override *o = &acpi.override[i];

        if (o->irq == irq) {
            s->gsi = o->gsi;
            s->is_low = (o->flags & FLAG_POLARITY_MASK) == FLAG_ACTIVE_LOW;
            s->is_level = (o->flags & FLAG_TRIGGER_MASK) == FLAG_LEVEL;
        }
    }
}

/* Lines below 16 are ISA's, edge and high; others PCI's, level and low. */
static void set_gsi(uint32_t gsi, struct source *s)
{
    s->gsi = gsi;
    s->is_level = s->is_low = gsi >= ISA_IRQS;
    for (unsigned i = 0; i < acpi.override_count; i++) {
        if (acpi.override[i].gsi == gsi)
            resolve_isa(acpi.override[i].irq, s);
    }
}

static void route(const struct source *s)
{
    ioapic_route(s->gsi, (uint8_t)(VECTOR_DEVICE_FIRST + (unsigned)(s - sources)), cpus[0].apic_id,
                 s->is_level, s->is_low);
}

int irq_take_isa(uint8_t isa_irq, void (*handler)(void))
{
    struct source wanted = {.is_used = true, .handler = handler};
    struct source *s;
    int err = -ENODEV;

    resolve_isa(isa_irq, &wanted);
    lock_take(&irq_lock);
    s = find_free();
    if (s != NULL && ioapic_has(wanted.gsi) && find_gsi(wanted.gsi) == NULL) {
        *s = wanted;
        route(s);
        ioapic_mask(s->gsi, false);
        err = 0;
    }
    lock_drop(&irq_lock);
    return err;
}

/* The pirq that D gets: the wanted one, which must be free, or for PIRQ_ANY the GSI's own number,
 * and with MSI-X one that no GSI has. */
static int choose_pirq(const struct domain *d, uint32_t gsi, uint32_t *pirq)
{
    if (*pirq == PIRQ_ANY)
        *pirq = gsi & PIRQ_MSIX ? EVTCHN_PIRQS - 1 : gsi;
    while (gsi & PIRQ_MSIX && find_pirq(d, *pirq) != NULL)
        --*pirq;
    return find_pirq(d, *pirq) != NULL ? -EBUSY : 0;
}

/* Lets the source of S interrupt; a line of an IO-APIC stays masked. */
static int set_up(struct source *s, uint32_t gsi)
{
    uint8_t vector = (uint8_t)(VECTOR_DEVICE_FIRST + (unsigned)(s - sources));

    if (gsi & PIRQ_MSIX) {
        s->gsi = gsi;
        return msix_route((uint16_t)gsi, gsi >> 16 & 0x7ff, vector, cpus[0].apic_id);
    }
    set_gsi(gsi, s);
    route(s);
    return 0;
}

int pirq_map(struct domain *d, uint32_t gsi, uint32_t *pirq)
{
    struct source *s;
    int err;

    lock_take(&irq_lock);
    s = find_gsi(gsi);
    if (!(gsi & PIRQ_MSIX) && !ioapic_has(gsi)) {
        err = -EINVAL;
    } else if (s != NULL) {
        err = s->domain == d && (*pirq == PIRQ_ANY || *pirq == s->pirq) ? 0 : -EBUSY;
        if (err == 0)
            *pirq = s->pirq;
    } else if ((err = choose_pirq(d, gsi, pirq)) == 0) {
        s = find_free();
        err = s == NULL ? -ENOSPC : 0;
        if (err == 0) {
            *s = (struct source){.is_used = true, .domain = d, .pirq = *pirq};
            err = set_up(s, gsi);
            s->is_used = err == 0;
        }
    }
    lock_drop(&irq_lock);
    return err;
}

int pirq_bind(struct domain *d, uint32_t pirq)
{
    struct source *s;
    int err = 0;

    lock_take(&irq_lock);
    s = find_pirq(d, pirq);
    if (s == NULL)
        err = -EINVAL;
    else if (s->is_bound)
        err = -EEXIST;
    if (err == 0) {
        s->is_bound = true;
        ioapic_mask(s->gsi, false);
    }
    lock_drop(&irq_lock);
    return err;
}

void pirq_unbind(struct domain *d, uint32_t pirq)
{
    struct source *s;

    lock_take(&irq_lock);
    s = find_pirq(d, pirq);
    if (s != NULL) {
        s->is_bound = false;
        ioapic_mask(s->gsi, true);
    }
    lock_drop(&irq_lock);
}

int pirq_eoi(struct domain *d, uint32_t pirq)
{
    struct source *s;

    lock_take(&irq_lock);
    s = find_pirq(d, pirq);
    if (s != NULL && s->is_level && s->is_bound)
        ioapic_mask(s->gsi, false);
    lock_drop(&irq_lock);
    return s == NULL ? -EINVAL : 0;
}
