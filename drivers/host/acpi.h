/* SPDX-License-Identifier: BSD-2-Clause */
/* What the hypervisor reads of the firmware's ACPI tables (ACPI 6.4 chapter 5): CPUs, interrupt
 * controllers, timers, the way to power off. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define ACPI_CPU_MAX      64u
#define ACPI_IOAPIC_MAX   8u
#define ACPI_OVERRIDE_MAX 16u

struct acpi_ioapic {
    uint64_t paddr;
    uint32_t gsi_base;
};

/* An ISA interrupt that arrives at another GSI or with another polarity or trigger (MADT type 2).
 */
struct acpi_override {
    uint8_t irq;
    uint32_t gsi;
    uint16_t flags;
};

struct acpi_info {
    uint32_t cpu_count; /* enabled ones, at most ACPI_CPU_MAX are listed */
    uint8_t cpu_apic_id[ACPI_CPU_MAX];
    uint32_t ioapic_count;
    struct acpi_ioapic ioapic[ACPI_IOAPIC_MAX];
    uint32_t override_count;
    struct acpi_override override[ACPI_OVERRIDE_MAX];
    uint16_t pm_timer_port; /* 0: none */
    uint16_t pm1a_control_port, pm1b_control_port;
    bool has_s5;
    uint8_t s5_type_a, s5_type_b; /* SLP_TYP values of \_S5 */
    bool has_reset;
    uint16_t reset_port;
    uint8_t reset_value;
    uint64_t hpet_paddr; /* 0: none */
    uint64_t ecam_paddr; /* of PCI segment 0, 0: none */
    uint8_t ecam_bus_first, ecam_bus_last;
};

extern struct acpi_info acpi;

/* Reads the tables from the root pointer at RSDP_PADDR; MAP makes SIZE bytes of physical memory
 * readable. Tables with a bad checksum or length are left out. -ENOENT: no root pointer, -EBADMSG:
 * the root table is damaged. */
int acpi_read(uint64_t rsdp_paddr, const void *(*map)(uint64_t paddr, size_t size)) MUST_CHECK;
