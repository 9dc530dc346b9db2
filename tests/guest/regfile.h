/* SPDX-License-Identifier: BSD-2-Clause */
/* Running one operation with every register set, and reading them all afterwards. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Indices in gpr[]. */
enum {
    REG_RAX,
    REG_RCX,
    REG_RDX,
    REG_RBX,
    REG_RBP,
    REG_RSI,
    REG_RDI,
    REG_R8,
    REG_R9,
    REG_R10,
    REG_R11,
    REG_R12,
    REG_R13,
    REG_R14,
    REG_R15,
    REG_COUNT
};

#define REG_VECTORS     16
#define REG_VECTOR_SIZE 32

/* regfile_run.asm has the same layout. */
struct regfile {
    uint64_t gpr[REG_COUNT];
    uint64_t flags;
    void (*operation)(void); /* ends with RET */
    uint64_t has_avx;
    uint8_t vectors[REG_VECTORS][REG_VECTOR_SIZE];
    uint32_t mxcsr;
};

/* Switches SSE, and AVX where CPUID has it, on for the calling vcpu. Returns whether there is AVX.
 */
bool regfile_enable_vectors(void);

/* Fills every register of the file with a pattern that `seed` changes. */
void regfile_fill(struct regfile *file, uint64_t seed, bool has_avx);

/* Loads the registers from the file, calls the operation and stores them back. */
void regfile_run(struct regfile *file);

/* Stores the SSE registers and MXCSR as they are. */
void regfile_store_vectors(struct regfile *file);

/* How many registers of the two files differ, leaving out the general ones whose bit (1 << REG_) is
 * in `changed`. */
unsigned int regfile_differences(const struct regfile *left, const struct regfile *right,
                                 uint32_t changed);
