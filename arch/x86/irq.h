/* SPDX-License-Identifier: BSD-2-Clause */
/* Device interrupts: IO-APICs, MSI-X, vectors, and the control domain's pirqs (core/pirq.h). */
#pragma once

#include "core/types.h"

/* Maps the IO-APICs and masks their lines. Needs ACPI. */
void irq_boot(void);
/* An interrupt on a device vector, with interrupts off, after EOI. */
void irq_dispatch(unsigned vector);
/* The hypervisor's own use of an ISA interrupt (its UART). An error: no IO-APIC
 * has the line, or it is taken. */
int irq_take_isa(uint8_t isa_irq, void (*handler)(void)) MUST_CHECK;
/* msi.c: makes ENTRY of the function BDF (bus in bits 15 to 8) send VECTOR to the CPU with APIC_ID,
 * and enables the function's MSI-X. -EINVAL: it has no such entry. */
int msix_route(uint16_t bdf, uint32_t entry, uint8_t vector, uint32_t apic_id) MUST_CHECK;
