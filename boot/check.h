/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold before the system is started: the CPU's features and the form of the two ELF
 * files. Pure functions of what the caller gathered; boot/cpu.c gathers the CPU's part.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/refusal.h"
#include "lib/compiler.h"

/* The image moves in steps of this size. */
#define CHECK_IMAGE_ALIGN UINT64_C(0x200000)

/* Registers of the CPU, 0 where the CPU has none of them. */
struct check_cpu {
    uint32_t max_extended_leaf; /* CPUID Fn8000_0000 EAX */
    uint32_t extended_ecx;      /* CPUID Fn8000_0001 ECX */
    uint32_t extended_edx;      /* CPUID Fn8000_0001 EDX */
    uint32_t svm_edx;           /* CPUID Fn8000_000A EDX */
    uint64_t vm_cr;             /* MSR C001_0114, where the CPU has SVM */
};

/* An ELF file's extent in memory, in the physical addresses of its program headers. */
struct check_elf {
    uint64_t paddr;
    uint64_t size;
    uint64_t entry_paddr; /* of e_entry, within the above */
};

/* Reads the registers of the CPU that it runs on. */
void check_gather_cpu(struct check_cpu *cpu);

/* -ENODEV, with the sentence: the CPU lacks something or its firmware has switched it off. */
int MUST_CHECK check_cpu(const struct check_cpu *cpu, struct refusal *refusal);

/* Checks that the `size` bytes at `file` are a whole x86-64 ELF program whose segments do not
 * overlap and whose entry lies in an executable one. `name` is for the sentence. -ENOEXEC, with the
 * sentence, if not. */
int MUST_CHECK check_elf(const char *name, const void *file, size_t size, struct check_elf *elf,
                         struct refusal *refusal);
