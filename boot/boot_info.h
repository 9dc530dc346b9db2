/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_info: the one contract between whatever starts the hypervisor (the UEFI loader, or the
 * multiboot2 entry of the image itself) and the hypervisor. Fixed sizes, no pointers: physical
 * addresses in bytes, sizes in bytes.
 *
 * The 64-bit entry (ELF e_entry) is reached in long mode with interrupts off, the image, boot_info
 * and all modules identity mapped, RDI = physical address of boot_info. The image lies at a 2 MiB
 * boundary below 4 GiB in one piece; boot_info lies below 4 GiB, and the modules page aligned.
 */
#pragma once

#include <stdint.h>

#define BOOT_INFO_MAGIC   UINT64_C(0x0049424c4c4f5441) /* "ATOLLBI\0", little endian */
#define BOOT_INFO_VERSION 1u
#define BOOT_MEM_MAX      256u
#define BOOT_MODULE_MAX   64u
#define BOOT_NAME_MAX     64u  /* bytes of a module name with its NUL */
#define BOOT_CMDLINE_MAX  256u /* bytes of a command line with its NUL */
#define BOOT_OPTIONS_MAX  512u

/* What a range of machine memory is. Ranges are sorted, page aligned and do not overlap. */
enum boot_mem_type {
    BOOT_MEM_FREE = 1,     /* RAM that the hypervisor may use at once */
    BOOT_MEM_IMAGE = 2,    /* RAM, the hypervisor's own: its image in whole 2 MiB pages, and the
                              trampoline page */
    BOOT_MEM_MODULE = 3,   /* RAM: boot modules; goes to the control domain */
    BOOT_MEM_BOOT = 4,     /* RAM: boot_info itself; free once it is copied */
    BOOT_MEM_ACPI = 5,     /* RAM that holds ACPI tables: read only, never reused */
    BOOT_MEM_RESERVED = 6, /* anything else: firmware, NVS, device memory */
};

struct boot_mem {
    uint64_t base;
    uint64_t size;
    uint32_t type; /* enum boot_mem_type */
    uint32_t reserved;
};

/* A file that the loader read. Module 0 is the control domain's ELF file; its cmdline is the
 * control domain's command line. The others are named as the configuration names them. */
struct boot_module {
    uint64_t paddr;
    uint64_t size;
    char name[BOOT_NAME_MAX];
    char cmdline[BOOT_CMDLINE_MAX];
};

enum boot_firmware { BOOT_FIRMWARE_UEFI = 1, BOOT_FIRMWARE_BIOS = 2 };

struct boot_info {
    uint64_t magic;
    uint32_t version;
    uint32_t size;             /* sizeof(struct boot_info) */
    uint64_t image_paddr;      /* where the image lies: a multiple of 2 MiB */
    uint64_t image_size;       /* multiple of 2 MiB, .bss included */
    uint64_t rsdp_paddr;       /* ACPI root pointer, 0: none found */
    uint64_t trampoline_paddr; /* a page below 1 MiB, the hypervisor's own, for starting CPUs */
    uint64_t wall_seconds;     /* UTC, seconds since 1970-01-01, when the TSC was wall_tsc */
    uint64_t wall_tsc;
    uint32_t firmware;       /* enum boot_firmware */
    uint32_t control_memory; /* RAM of the control domain, MiB */
    uint32_t mem_count;
    uint32_t module_count;
    char options[BOOT_OPTIONS_MAX]; /* the hypervisor's options */
    struct boot_mem mem[BOOT_MEM_MAX];
    struct boot_module module[BOOT_MODULE_MAX];
};
