/* SPDX-License-Identifier: BSD-2-Clause */
/* What core asks about the machine; arch/x86 answers from boot_info. */
#ifndef ATOLL_CORE_MACHINE_H
#define ATOLL_CORE_MACHINE_H

#include "core/types.h"

/* Range INDEX (0: the first) of machine memory in address order: base and size in bytes, type as
 * BIOS call E820h has it (1 RAM, 2 reserved, 3 ACPI). False past the last. */
bool machine_memory_range(uint32_t index, uint64_t *base, uint64_t *size,
                          uint32_t *type) MUST_CHECK;

#endif
