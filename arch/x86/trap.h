/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions and interrupts of the host. Exceptions are the hypervisor's own faults and stop the
 * machine; interrupts come only where the CPU loop opens the door for them. And stopping the
 * machine when the hypervisor itself is broken. */
#pragma once

#include "core/types.h"

/* As trap_entry.asm pushes it. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error; /* vector: the stub's return address until trap_dispatch() reads it */
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Interrupt vectors. 0x30 to 0xdf belong to devices (irq.h). */
#define VECTOR_DEVICE_FIRST 0x30u
#define VECTOR_DEVICE_LAST  0xdfu
#define VECTOR_TIMER        0xf0u
#define VECTOR_KICK         0xf1u
#define VECTOR_SPURIOUS     0xffu

/* Loads this CPU's descriptor tables. #DF, NMI and #MC have stacks of their own, in the private
 * region. One CPU at a time. */
void trap_init_cpu(void);
void trap_dispatch(struct trap_frame *frame);

/* Control registers as the hypervisor wants them: W^X, SMEP, SMAP, UMIP, XSAVE where the CPU has
 * them. */
void cpu_init_features(void);

/* From trap_entry.asm. */
extern const uint8_t trap_stubs[];
void cpu_switch_stack(uint64_t root, uint64_t stack_top, void (*go)(void)) NORETURN;
void cpu_load_segments(void);

/* What panic() does, with WHAT as its reason, and prints the registers if FRAME is not NULL
 * (panic.c). */
void panic_frame(const struct trap_frame *frame, const char *what) NORETURN;
/* Called for every NMI: if another CPU panics, prints nothing and stops this one for good. */
void panic_stop_if_asked(void);
/* Halts this CPU for good. */
void cpu_stop(void) NORETURN;
/* Port of a device that ends the emulator (option debug-exit=), 0: none; and the values it takes.
 */
#define DEBUG_EXIT_OFF   0x10u
#define DEBUG_EXIT_PANIC 0x21u
extern uint16_t debug_exit_port;
