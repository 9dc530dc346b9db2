/* SPDX-License-Identifier: BSD-2-Clause */
/* The multiboot2 boot information: Multiboot2 specification 2.0, section 3.6. */
#pragma once

#include <stdint.h>

#define MB2_LOADER_MAGIC 0x36d76289u /* in EAX at the entry */
#define MB2_TAG_ALIGN    8u

#define MB2_TAG_END      0u
#define MB2_TAG_CMDLINE  1u
#define MB2_TAG_MODULE   3u
#define MB2_TAG_MMAP     6u
#define MB2_TAG_ACPI_OLD 14u
#define MB2_TAG_ACPI_NEW 15u

#define MB2_MMAP_AVAILABLE 1u
#define MB2_MMAP_ACPI      3u

struct mb2_info {
    uint32_t total_size;
    uint32_t reserved;
};

struct mb2_tag {
    uint32_t type;
    uint32_t size; /* with this header, without the padding to 8 bytes */
};

struct mb2_module { /* the command line follows */
    struct mb2_tag tag;
    uint32_t start;
    uint32_t end;
};

struct mb2_mmap { /* the entries follow */
    struct mb2_tag tag;
    uint32_t entry_size;
    uint32_t entry_version;
};

struct mb2_mmap_entry {
    uint64_t base;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};

_Static_assert(sizeof(struct mb2_module) == 16, "multiboot2 3.6.6");
_Static_assert(sizeof(struct mb2_mmap) == 16, "multiboot2 3.6.8");
_Static_assert(sizeof(struct mb2_mmap_entry) == 24, "multiboot2 3.6.8");
