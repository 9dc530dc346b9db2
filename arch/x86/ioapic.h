/* SPDX-License-Identifier: BSD-2-Clause */
/* The IO-APICs (82093AA data sheet, section 3). A line is named by its GSI. */
#ifndef ATOLL_X86_IOAPIC_H
#define ATOLL_X86_IOAPIC_H

#include "core/types.h"

/* Maps them and masks every line. */
void ioapic_boot(void);
bool ioapic_has(uint32_t gsi);
/* Sends GSI as VECTOR to the CPU with DESTINATION as APIC ID; the line stays masked. */
void ioapic_route(uint32_t gsi, uint8_t vector, uint32_t destination, bool is_level, bool is_low);
void ioapic_mask(uint32_t gsi, bool is_masked);

#endif
