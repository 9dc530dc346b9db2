/* SPDX-License-Identifier: BSD-2-Clause */
/* The ACPI tables of a guest: RSDP, XSDT, a hardware-reduced FADT, MADT, an empty DSDT. They tell
 * Linux that it runs as PVH: no VGA, no CMOS clock, no keyboard controller. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ACPI_VCPUS_MAX 64u

/* Bytes that the tables of this many vcpus take. */
size_t acpi_size(unsigned int vcpus);

/* Builds the tables of `vcpus` (1..ACPI_VCPUS_MAX) in the acpi_size() bytes at `to`, for a guest
 * that sees them at `paddr`. The RSDP is the first one. */
void acpi_build(void *to, uint64_t paddr, unsigned int vcpus);
