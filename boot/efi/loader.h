/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UEFI loader, BOOTX64.EFI: what its files share. One instance, one CPU, firmware services
 * available until memory_exit_boot_services; every function that can fail writes the refusal.
 */
#pragma once

#include <efi.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"
#include "boot/plan.h"
#include "boot/refusal.h"
#include "lib/compiler.h"

/* Modules, the image, its file, boot_info, the trampoline and the memory map. */
#define LOADER_BLOCK_MAX (BOOT_MODULE_MAX + 8u)

/* What memory is taken for; it decides where it may lie. Everything lies below 4 GiB, which is what
 * the early page tables map. */
enum memory_use {
    MEMORY_FOR_FILE,       /* files, boot_info, the firmware's memory map */
    MEMORY_FOR_IMAGE,      /* the hypervisor's image: 2 MiB aligned, executable for the firmware */
    MEMORY_FOR_TRAMPOLINE, /* below the BIOS area under 1 MiB */
};

/* How far the way out of the firmware has gone. */
enum loader_stage {
    LOADER_IN_FIRMWARE,
    LOADER_LEAVING, /* ExitBootServices has failed: only memory services may be used */
    LOADER_LEFT,    /* there is no firmware to go back to */
};

/* Memory taken from the firmware, given back on a refusal. */
struct loader_block {
    uint64_t paddr;
    uint64_t page_count;
};

struct loader {
    EFI_HANDLE handle;
    EFI_SYSTEM_TABLE *system;
    EFI_FILE_PROTOCOL *volume;
    const CHAR16 *directory; /* of atoll.cfg, with a backslash at its end */
    struct boot_info *info;
    enum loader_stage stage;
    uint64_t entry_paddr; /* of the loaded image */
    uint32_t block_count;
    struct loader_block block[LOADER_BLOCK_MAX];
    struct refusal refusal;
    struct plan plan;
    struct plan_source source;
};

/* files.c. -ENOENT, -EISDIR, -ENOSPC or -EIO, without a refusal. */
int MUST_CHECK files_open_volume(struct loader *loader);
int MUST_CHECK files_read(struct loader *loader, const char *name, char *buf, size_t size,
                          size_t *length);
/* Reads a whole file into pages of its own. With a refusal; `named_by` is for the sentence. */
int MUST_CHECK files_load(struct loader *loader, const char *name, const char *named_by,
                          struct loader_block *block, uint64_t *size);

/* memory.c. Takes pages. -ENOMEM without a refusal. */
int MUST_CHECK memory_take(struct loader *loader, enum memory_use use, uint64_t page_count,
                           struct loader_block *block);
void memory_give_back(struct loader *loader, const struct loader_block *block);
/* Gives back everything that was taken. */
void memory_give_back_all(struct loader *loader);
/* Fills in boot_info's memory map from the firmware's, and checks that the plan fits. */
int MUST_CHECK memory_fill_map(struct loader *loader);
/* Ends the firmware's services with the final memory map in boot_info. After an error `stage` says
 * what is left of the firmware. */
int MUST_CHECK memory_exit_boot_services(struct loader *loader);

/* image.c. Loads the hypervisor's ELF file to a place of its own and notes it in boot_info. */
int MUST_CHECK image_load(struct loader *loader);

/* partition.c. Adds to the plan's control_options which partition of a GPT the loader came from, if
 * it is one. With a refusal: there is no room. */
int MUST_CHECK partition_note(struct loader *loader);
