/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan of a start: what atoll.cfg and the guest configurations that it names ask for. Common to
 * the UEFI loader and the multiboot2 entry, which differ in where a file comes from: that is the
 * callback.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"
#include "boot/refusal.h"
#include "lib/cfg.h"
#include "lib/compiler.h"

#define PLAN_CONFIG_NAME "atoll.cfg"

/* Limits of one configuration file. */
#define PLAN_CONFIG_MAX 16384u
#define PLAN_ENTRY_MAX  256u

/* MiB that the hypervisor may need beside what the domains are given: its image, heap, tables, and
 * what it charges to small domains. */
#define PLAN_HYPERVISOR_MEMORY 16u

/* A module to load, in the order of boot_info: 0 is the control domain's ELF file, 1 is atoll.cfg.
 */
struct plan_file {
    char name[BOOT_NAME_MAX];
    const char *named_by;  /* "atoll.cfg" or the name of an earlier file */
    uint32_t domain_count; /* how often `domains` lists it; 0: it is no guest configuration */
};

struct plan {
    char hypervisor[BOOT_NAME_MAX];
    char options[BOOT_OPTIONS_MAX];
    char control_options[BOOT_CMDLINE_MAX];
    uint32_t control_memory; /* MiB */
    uint64_t guest_memory;   /* MiB, of all the guests that start at boot */
    uint32_t file_count;
    struct plan_file file[BOOT_MODULE_MAX];
};

/* Where plan_make finds a configuration file and works on it. */
struct plan_source {
    /* Reads the whole file into `buf` of `size` bytes and tells its length. -ENOENT: there is none;
     * -ENOSPC: it is larger; any other error: it cannot be read. */
    int (*read)(void *files, const char *name, char *buf, size_t size, size_t *length);
    void *files; /* the callback's own */
    /* Tells the reader what to do about a file that is missing; ends in a full stop. */
    const char *advice;
    char text[PLAN_CONFIG_MAX];
    struct cfg_entry entries[PLAN_ENTRY_MAX];
};

/* Reads atoll.cfg and the guest configurations. -ENOENT, -EINVAL, -ENOSPC or the callback's error,
 * with the sentence. */
int MUST_CHECK plan_make(struct plan *plan, struct plan_source *source, struct refusal *refusal);

/* Refuses with -ENOMEM if the plan needs more than the `free_bytes` that are left beside the image
 * and the modules. */
int MUST_CHECK plan_check_memory(const struct plan *plan, uint64_t free_bytes,
                                 struct refusal *refusal);

/* The refusal of a planned file that is not there. Returns -ENOENT. */
int plan_refuse_missing(const struct plan_source *source, const char *name, const char *named_by,
                        struct refusal *refusal);
