/* SPDX-License-Identifier: BSD-2-Clause */
/* The multiboot2 information, checked and turned into what the start needs of it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"
#include "boot/refusal.h"
#include "lib/compiler.h"

/* Of an ACPI 2.0 root pointer (ACPI 6.5, section 5.2.5.3); the old one is 20 bytes. */
#define MB2_RSDP_MAX 36u

struct mb2_boot {
    char cmdline[BOOT_OPTIONS_MAX]; /* of the image */
    uint8_t rsdp[MB2_RSDP_MAX];     /* the loader's copy of the root pointer */
    uint32_t rsdp_size;             /* 0: none */
    uint32_t module_count;
    struct boot_module module[BOOT_MODULE_MAX]; /* name: first word; cmdline: what follows it */
};

/* Reads the `size` bytes of information at `bytes`: memory map into `info`, the rest into `boot`.
 * Tags that nothing here uses are skipped. -EBADMSG: a tag that reaches past the end or contradicts
 * itself, or no memory map; -ENOSPC: more ranges or modules than fit; with the sentence. */
int MUST_CHECK mb2_parse(const void *bytes, size_t size, struct boot_info *info,
                         struct mb2_boot *boot, struct refusal *refusal);
