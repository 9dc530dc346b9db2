/* SPDX-License-Identifier: BSD-2-Clause */
/* Stopping the machine when the hypervisor itself is broken. */
#ifndef ATOLL_X86_PANIC_H
#define ATOLL_X86_PANIC_H

#include "core/types.h"

struct trap_frame;

/* Called for every NMI: if another CPU panics, prints nothing and stops this one for good. */
void panic_stop_if_asked(const struct trap_frame *frame);
/* Port of a device that ends the emulator (option debug-exit=), 0: none; and the values it takes.
 */
#define DEBUG_EXIT_OFF   0x10u
#define DEBUG_EXIT_PANIC 0x21u
extern uint16_t debug_exit_port;

/* Name of the function that holds ADDRESS and the offset in it; NULL: none. */
const char *symbol_find(uint64_t address, uint64_t *offset);

#endif
