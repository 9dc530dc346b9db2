/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's bzImage and its 32-bit boot protocol: what its header promises, and the boot_params page
 * that it is started with (Linux's Documentation/arch/x86/boot.rst and zero-page.rst). Compressed
 * data is never looked at: the kernel's own stub unpacks it inside the guest.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define BZIMAGE_PARAMS_SIZE 4096u
/* The selectors that the protocol asks for, and the table that holds them. */
#define BZIMAGE_CODE_SELECTOR 0x10u
#define BZIMAGE_DATA_SELECTOR 0x18u
#define BZIMAGE_GDT_SIZE      32u

struct bzimage {
    const uint8_t *header;  /* the setup header in the file, at BZIMAGE_HEADER */
    size_t header_size;     /* in bytes */
    uint64_t code_offset;   /* of the 32-bit code, in the file */
    uint64_t code_size;     /* in bytes */
    uint64_t load_address;  /* guest-physical: where it wants to be */
    uint64_t init_size;     /* bytes from there that must be free */
    uint32_t cmdline_max;   /* bytes without the NUL */
    uint64_t ramdisk_limit; /* the highest byte that a ramdisk may take */
};

/* True if the file has the setup header's magic number. */
bool bzimage_is(const uint8_t *file, uint64_t size);

/* Reads the header. -ENOEXEC and a sentence in *why: the kernel cannot be started that way. */
int MUST_CHECK bzimage_read(const uint8_t *file, uint64_t size, struct bzimage *image,
                            const char **why);

/* What the kernel is told. Addresses are guest-physical and below 4 GiB. */
struct bzimage_start {
    uint64_t cmdline;
    uint64_t ramdisk, ramdisk_size; /* size 0: none */
    uint64_t rsdp;
};

/* Fills the BZIMAGE_PARAMS_SIZE bytes at `params`, without the memory map. */
void bzimage_params(const struct bzimage *image, const struct bzimage_start *start, void *params);

/* Adds a range to the memory map in `params`: at most 128 of them. `type` as in ACPI. */
void bzimage_add_memory(void *params, uint64_t start, uint64_t size, uint32_t type);

/* Fills the BZIMAGE_GDT_SIZE bytes of the GDT. */
void bzimage_gdt(void *gdt);
