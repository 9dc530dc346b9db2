/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the domain builder share while one domain is being built. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/guest_config.h"
#include "guest-kernel/control/modules.h"
#include "lib/compiler.h"
#include "pv-abi/hvm_save.h"
#include "pv-abi/memory.h"
#include "pv-abi/xen.h"

#define BUILD_MAP_MAX 7u

struct build {
    const struct guest_config *config;
    domid_t domid;
    struct module kernel;
    struct module ramdisk; /* size 0: none */
    uint64_t low_end;      /* the end of RAM below 4 GiB */
    uint64_t high_end;     /* the end of RAM above 4 GiB; 4 GiB: none */
    struct e820entry map[BUILD_MAP_MAX];
    uint32_t map_count;
    uint64_t acpi_gpa;
    struct hvm_hw_cpu cpu; /* the first vcpu's state */
    char *sentence;        /* of GUEST_ERROR_MAX bytes: why it cannot be built */
};

/* Sets the sentence, with the error's number behind it if `err` is one of the hypervisor's (it is
 * not -EINVAL), and returns `err`. */
int build_refuse(struct build *build, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Serves the others; between the pieces of what takes long. */
void build_meanwhile(void);

/* build_memory.c: lays RAM out and gives it to the domain, with the reserved pages. */
int MUST_CHECK build_memory(struct build *build);

/* Frames that a domain has beside its RAM. */
uint64_t build_reserved_frames(const struct build *build);

/* Copies into the domain's RAM; refuses what does not fit below low_end. */
int MUST_CHECK build_copy(struct build *build, uint64_t gpa, const void *bytes, uint64_t size,
                          const char *what);

/* Copies the ramdisk, if there is one, to the first page at or after *gpa and moves *gpa to its
 * end; *start is where it lies. */
int MUST_CHECK build_ramdisk(struct build *build, uint64_t *gpa, uint64_t *start);

/* start_pvh.c and start_linux.c: load the kernel and ramdisk, tell the kernel what it must know and
 * set the first vcpu's state. */
int MUST_CHECK build_start_pvh(struct build *build);
int MUST_CHECK build_start_linux(struct build *build);
