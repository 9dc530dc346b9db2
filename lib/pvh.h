/* SPDX-License-Identifier: BSD-2-Clause */
/* What both domain builders know of a PVH kernel: its ELF segments, its entry note, and the state
 * that its first vCPU starts in (Xen's docs/misc/pvh: 32-bit flat protected mode, paging off, EBX =
 * start info). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "lib/elf.h"

#define PVH_SEGMENT_MAX 16u

struct hvm_hw_cpu;

/* How the kernel file is read: SIZE bytes at OFFSET into TO. Only called within the file's size. */
struct pvh_file {
    void (*read)(void *context, uint64_t offset, void *to, size_t size);
    void *context;
    uint64_t size;
};

struct pvh_kernel {
    uint32_t segment_count;
    struct elf_segment
        segment[PVH_SEGMENT_MAX];    /* PT_LOAD ones that are not empty, as the file has them */
    uint64_t paddr_start, paddr_end; /* what they cover */
    uint64_t entry;                  /* guest-physical, of the PHYS32_ENTRY note */
    bool can_move; /* a PHYS32_RELOC note: may be loaded at another multiple of 2 MiB */
};

/* Reads the headers and notes. -ENOEXEC and a sentence in *WHY: not an ELF file that starts by the
 * PVH protocol, cut short, or segments overlap. */
int pvh_read_kernel(const struct pvh_file *file, struct pvh_kernel *kernel,
                    const char **why) MUST_CHECK;
/* The first vCPU's record: ENTRY and START_INFO are guest-physical, below 4 GiB. */
void pvh_start_state(struct hvm_hw_cpu *cpu, uint64_t entry, uint64_t start_info);
