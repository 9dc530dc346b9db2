/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial console that the hypervisor keeps for itself; host_console_write() is in
 * core/console.h. */
#ifndef ATOLL_X86_HOST_CONSOLE_H
#define ATOLL_X86_HOST_CONSOLE_H

#include "core/types.h"

/* PORT 0: no console, output is dropped. */
void host_console_init(uint16_t port, uint32_t baud);
/* For the panic path: takes no lock. */
void host_console_write_raw(const char *text);
/* Moves what the UART received to the control domain's console input (core/console.h). */
void host_console_poll(void);
uint16_t host_console_port(void);
/* Lets the UART raise its interrupt when it has received something. */
void host_console_enable_irq(void);

#endif
