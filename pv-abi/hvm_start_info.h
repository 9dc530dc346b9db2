/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PVH kernel finds at the address in EBX when it is entered
 * (<xen/arch-x86/hvm/start_info.h>). All addresses are guest-physical. 32-bit and 64-bit readers
 * see the same layout.
 */
#ifndef PV_ABI_HVM_START_INFO_H
#define PV_ABI_HVM_START_INFO_H

#include "pv-abi/layout.h"

/* "xEn3", the second byte with its top bit set. */
#define XEN_HVM_START_MAGIC_VALUE 0x336ec578

/* Types of hvm_memmap_table_entry, those of ACPI's address map (ACPI 6.2, section 15). */
#define XEN_HVM_MEMMAP_TYPE_RAM      1
#define XEN_HVM_MEMMAP_TYPE_RESERVED 2
#define XEN_HVM_MEMMAP_TYPE_ACPI     3
#define XEN_HVM_MEMMAP_TYPE_NVS      4
#define XEN_HVM_MEMMAP_TYPE_UNUSABLE 5
#define XEN_HVM_MEMMAP_TYPE_DISABLED 6
#define XEN_HVM_MEMMAP_TYPE_PMEM     7

struct hvm_start_info {
    uint32_t magic;          /* XEN_HVM_START_MAGIC_VALUE. */
    uint32_t version;        /* 1; the memory map exists from version 1 on. */
    uint32_t flags;          /* SIF_*. */
    uint32_t nr_modules;     /* Entries at modlist_paddr. */
    uint64_t modlist_paddr;  /* Array of hvm_modlist_entry. */
    uint64_t cmdline_paddr;  /* Zero-terminated string. */
    uint64_t rsdp_paddr;     /* ACPI root pointer. */
    uint64_t memmap_paddr;   /* Array of hvm_memmap_table_entry. */
    uint32_t memmap_entries; /* 0 means no memory map. */
    uint32_t reserved;       /* 0. */
};
ABI_LAYOUT(struct hvm_start_info, 56, magic, 0, version, 4, flags, 8, nr_modules, 12, modlist_paddr,
           16, cmdline_paddr, 24, rsdp_paddr, 32, memmap_paddr, 40, memmap_entries, 48);

struct hvm_modlist_entry {
    uint64_t paddr;
    uint64_t size; /* In bytes. */
    uint64_t cmdline_paddr;
    uint64_t reserved;
};
ABI_LAYOUT(struct hvm_modlist_entry, 32, paddr, 0, size, 8, cmdline_paddr, 16);

struct hvm_memmap_table_entry {
    uint64_t addr;
    uint64_t size;     /* In bytes. */
    uint32_t type;     /* XEN_HVM_MEMMAP_TYPE_*. */
    uint32_t reserved; /* 0. */
};
ABI_LAYOUT(struct hvm_memmap_table_entry, 24, addr, 0, size, 8, type, 16);

#endif
