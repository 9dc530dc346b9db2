/* SPDX-License-Identifier: BSD-2-Clause */
/* What core asks about the machine; arch/x86 answers from boot_info. */
#pragma once

#include "core/types.h"

/* True for a page with registers that stay the hypervisor's: interrupt controllers, HPET, and PCI's
 * configuration space in memory (design decision 7). */
bool machine_keeps_frame(mfn_t mfn);
/* What the CPUs can do, as Xen's toolstack shows it: CPUID leaf 1 EDX and ECX, 0x80000001 EDX and
 * ECX, 0xd subleaf 1 EAX, 7 EBX and ECX, 0x80000007 EDX. */
void machine_features(uint32_t words[8]);
