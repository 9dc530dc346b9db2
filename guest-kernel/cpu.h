/* SPDX-License-Identifier: BSD-2-Clause */
/* Data of each vcpu, reached through the GS base. */
#pragma once

#include <stdint.h>

#define GUEST_CPUS_MAX  8
#define CPU_STACK_SIZE  16384
#define CPU_FAULT_STACK 8192

struct trap_record;

/* Written by its own vcpu only. */
struct cpu {
    struct cpu *self; /* at offset 0: read as gs:0 */
    unsigned int id;  /* vcpu number */
    /* Of the trap_expect() in progress; the stack pointer is 0 when there is none. */
    uint64_t expect_rsp;
    uint64_t expect_rflags;
    struct trap_record *expect_record;
    /* Interrupts taken, by events.c. */
    uint64_t upcall_count;
};

extern struct cpu cpu_table[GUEST_CPUS_MAX];

static inline struct cpu *cpu_this(void)
{
    struct cpu *cpu;

    __asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

/* The number of the vcpu that the caller runs on. */
static inline unsigned int cpu_id(void)
{
    return cpu_this()->id;
}
