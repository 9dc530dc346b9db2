/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain's memory map as its builder set it (XENMEM_set_memory_map): one heap page. Persistent:
 * no HVM record holds it, a builder sets it again. */
#pragma once

#include "core/types.h"

/* An entry as BIOS call INT 15h, EAX=E820h gives it: 20 bytes (memory.h, struct xen_memory_map). */
struct memory_map_entry {
    uint64_t base, size;
    uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct memory_map_entry) == 20, "INT 15h, EAX=E820h");

#define MEMORY_MAP_ENTRIES 128u /* as Xen takes */

struct memory_map {
    uint32_t count;
    struct memory_map_entry entry[MEMORY_MAP_ENTRIES];
};
