/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps and interrupts: IDT, GDT and TSS of each vcpu, the dump of an unexpected trap, and the
 * catching of an expected one. Interrupt handlers run with interrupts off, on the stack of what
 * they interrupt, and must not change FPU or vector registers (guest-kernel is compiled without
 * them).
 */
#pragma once

#include <stdint.h>

/* Selectors of the GDT; entry.inc has the same list for assembly. */
#define SEL_CODE64      0x08
#define SEL_DATA        0x10
#define SEL_CODE32      0x18 /* 32-bit code at privilege 0: compatibility mode */
#define SEL_USER_CODE64 0x23
#define SEL_USER_DATA   0x2b
#define SEL_TSS         0x30

/* Vectors of exceptions that tests and users name (APM Vol. 2, 8.2). */
#define TRAP_DE  0
#define TRAP_DB  1
#define TRAP_NMI 2
#define TRAP_BP  3
#define TRAP_UD  6
#define TRAP_NM  7
#define TRAP_DF  8
#define TRAP_GP  13
#define TRAP_PF  14
#define TRAP_AC  17

/* Interrupt vectors below this one are exceptions. */
#define TRAP_VECTOR_FIRST_IRQ 32
#define TRAP_VECTOR_COUNT     256

/* Registers at a trap, as trap_entry.asm pushes them. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector;
    uint64_t error;
    uint64_t rip, cs, rflags, rsp, ss;
};

typedef void trap_handler(void);
extern trap_handler *trap_handlers[]; /* by vector; traps_set_handler() writes it */

/* Sets what runs on an interrupt vector (32..255), on every vcpu. NULL takes it away: such an
 * interrupt then counts as unexpected and stops the guest. */
void traps_set_handler(unsigned int vector, trap_handler *handler);

/* What trap_expect() found: the registers at the trap, and CR2 if it was a page fault. */
struct trap_record {
    struct trap_frame frame;
    uint64_t cr2;
};

/* Calls run(arg) and returns -1 if it returned, or else the vector of the exception that it raised,
 * with the registers in *record (NULL: not wanted). A trap gives up whatever the function was
 * doing, at any privilege and in compatibility mode too; its effects on memory stay. May not be
 * nested on one vcpu. */
int trap_expect(void (*run)(void *), void *arg, struct trap_record *record);

/* Loads GDT, IDT and TSS on the calling vcpu. `cpu` is its vcpu number; start.c and smp.c call it
 * once on each. */
void traps_init_cpu(unsigned int cpu);

/* Called by trap_entry.asm. */
void traps_dispatch(struct trap_frame *frame);
