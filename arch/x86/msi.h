/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts of PCI functions by MSI-X. */
#pragma once

#include "core/types.h"

/* Makes ENTRY of the function BDF (bus in bits 15 to 8) send VECTOR to the CPU with APIC_ID, and
 * enables the function's MSI-X. -EINVAL: it has no such entry. */
int msix_route(uint16_t bdf, uint32_t entry, uint8_t vector, uint32_t apic_id) MUST_CHECK;
