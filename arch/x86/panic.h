/* SPDX-License-Identifier: BSD-2-Clause */
/* Stopping the machine when the hypervisor itself is broken. */
#pragma once

#include "core/types.h"

/* Called for every NMI: if another CPU panics, prints nothing and stops this one for good. */
void panic_stop_if_asked(void);
/* Halts this CPU for good. */
void cpu_stop(void) NORETURN;
/* Port of a device that ends the emulator (option debug-exit=), 0: none; and the values it takes.
 */
#define DEBUG_EXIT_OFF   0x10u
#define DEBUG_EXIT_PANIC 0x21u
extern uint16_t debug_exit_port;
