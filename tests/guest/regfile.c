/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills and compares register files, and switches the vector registers on. */
#include "tests/guest/regfile.h"

#include <stddef.h>

#include "guest-kernel/console.h"
#include "guest-kernel/cpu.h"
#include "guest-kernel/time.h"
#include "guest-kernel/traps.h"
#include "lib/cpu_bits.h"
#include "lib/insn.h"
#include "lib/string.h"

_Static_assert(offsetof(struct regfile, flags) == 120, "FILE_FLAGS of regfile_run.asm");
_Static_assert(offsetof(struct regfile, vectors) == 144, "FILE_VECTORS of regfile_run.asm");
_Static_assert(offsetof(struct regfile, mxcsr) == 656, "FILE_MXCSR of regfile_run.asm");

/* CPUID.1:ECX bits. */
#define CPUID_XSAVE     (1u << 26)
#define CPUID_AVX       (1u << 28)
#define XCR0_X87_TO_AVX 7
#define AVX_TRIES       4

void op_avx(void);

#define GOLDEN 0x9e3779b97f4a7c15ull /* 2^64 divided by the golden ratio: mixes well */
#define FLAGS_PATTERN                                                                              \
    0x8d7u                    /* OF, SF, ZF, AF, PF, CF and bit 1 that is always set; IF is clear  \
                               */
#define MXCSR_PATTERN 0x5fa0u /* every exception masked, round up, denormals are zeros; no flag */

static void use_avx(void *arg)
{
    void (*instruction)(void) = *(void (**)(void))arg;

    instruction();
}

/* A hypervisor that does not see XSETBV, as Xen on an emulator without that intercept, takes AVX
 * away again when it restores the vector state after another domain has run on this CPU: where
 * there is one CPU, the one that has the console does. */
static bool avx_works(void)
{
    void (*instruction)(void) = op_avx;

    for (unsigned int i = 0; i < AVX_TRIES; i++) {
        console_write("", 0);
        time_sleep(NS_PER_MS);
        if (trap_expect(use_avx, &instruction, NULL) >= 0 || read_xcr0() != XCR0_X87_TO_AVX)
            return false;
    }
    return true;
}

bool regfile_enable_vectors(void)
{
    uint32_t features = cpuid(1, 0).ecx;

    write_cr0((read_cr0() & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP);
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    if (!(features & CPUID_XSAVE) || !(features & CPUID_AVX))
        return false;
    write_cr4(read_cr4() | CR4_OSXSAVE);
    write_xcr0(XCR0_X87_TO_AVX);
    return cpu_id() != 0 || avx_works();
}

void regfile_fill(struct regfile *file, uint64_t seed, bool has_avx)
{
    for (unsigned int i = 0; i < REG_COUNT; i++)
        file->gpr[i] = (seed + i) * GOLDEN;
    for (unsigned int i = 0; i < sizeof(file->vectors); i++)
        file->vectors[i / REG_VECTOR_SIZE][i % REG_VECTOR_SIZE] =
            (uint8_t)((seed * 31 + i) * GOLDEN >> 32);
    file->flags = FLAGS_PATTERN;
    file->mxcsr = MXCSR_PATTERN;
    file->has_avx = has_avx;
}

unsigned int regfile_differences(const struct regfile *left, const struct regfile *right,
                                 uint32_t changed)
{
    size_t vector_size = left->has_avx ? REG_VECTOR_SIZE : REG_VECTOR_SIZE / 2;
    unsigned int count = left->flags != right->flags;

    count += left->mxcsr != right->mxcsr;
    for (unsigned int i = 0; i < REG_COUNT; i++) {
        if (!(changed >> i & 1) && left->gpr[i] != right->gpr[i])
            count++;
    }
    for (unsigned int i = 0; i < REG_VECTORS; i++) {
        if (memcmp(left->vectors[i], right->vectors[i], vector_size) != 0)
            count++;
    }
    return count;
}
