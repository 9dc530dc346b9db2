/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial console that the hypervisor keeps for itself; host_console_write() is in
 * core/console.h. */
#pragma once

#include "core/types.h"

/* PORT 0: no console, output is dropped. */
void host_console_init(uint16_t port, uint32_t baud);
/* For the panic path: takes no lock. */
void host_console_write_raw(const char *text);
uint16_t host_console_port(void);
/* What the UART receives goes to the control domain's console input (core/console.h), by interrupt,
 * where the UART has an ISA line. */
void host_console_listen(void);
