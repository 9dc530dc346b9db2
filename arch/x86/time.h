/* SPDX-License-Identifier: BSD-2-Clause */
/* Start of the time base (percpu.h has what is used afterwards). */
#pragma once

#include "core/types.h"

struct boot_info;

/* Measures TSC and APIC timer against the PM timer, the HPET or the PIT, whichever the platform
 * has, and fixes the origin of time_ns(). Needs ACPI tables and the boot CPU's APIC. */
void time_boot(const struct boot_info *bi);
/* One line in the log: stable by CPUID, or because all CPUs agreed. */
void time_report(bool cpus_agree);
