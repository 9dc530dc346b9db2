/* SPDX-License-Identifier: BSD-2-Clause */
/* The second serial port, a 16550 at 0x2f8, which the hypervisor leaves to the control domain. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/compiler.h"

/* Sets it to 115200 baud, 8 bits, no parity. False: there is no such port. */
bool serial_init(void);

/* Calls handler(), with interrupts off, when bytes may have arrived. A negative errno: there are no
 * interrupts, and the port has to be looked at from time to time. */
int MUST_CHECK serial_set_handler(void (*handler)(void));

/* Writes all bytes; waits for the transmitter. */
void serial_write(const char *bytes, size_t size);

/* Takes at most `size` received bytes; returns how many. Does not wait. */
size_t serial_read(char *bytes, size_t size);
