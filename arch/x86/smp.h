/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the other CPUs. */
#pragma once

#include "core/types.h"

/* Starts up to LIMIT CPUs in all, one after the other, through the page at TRAMPOLINE (below 1
 * MiB). A CPU that does not come is left out with a line in the log. Returns whether all TSCs
 * agree. */
bool smp_boot(uint64_t trampoline, uint32_t limit);
/* Fills this CPU's struct percpu, as soon as its private region is mapped. */
void smp_init_percpu(uint32_t id);
/* What every CPU does once its tables and stack are its own: APIC, virtualisation. */
void smp_init_this_cpu(void);
