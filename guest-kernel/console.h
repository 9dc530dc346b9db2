/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console. Output goes to the domain's console ring when it has one, or else to
 * CONSOLEIO_write, or where the hypervisor refuses that, byte by byte to port 0xe9. Newlines leave
 * as CR LF. May be called on every vcpu; lines of two vcpus may mix.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/compiler.h"

#define CONSOLE_LINE_MAX 512

/* The conversions are those of lib/format.h; a text is cut at CONSOLE_LINE_MAX - 1 bytes. */
void console_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
void console_vprintf(const char *fmt, va_list args) PRINTF_LIKE(1, 0);

/* Writes `size` bytes. Waits while the ring is full. */
void console_write(const char *text, size_t size);

/* Takes at most `size` bytes of input; returns how many there were. Does not wait. */
size_t console_read(char *buffer, size_t size);

/* Calls handler(), with interrupts off, whenever input may have arrived. NULL: nobody. */
void console_set_input_handler(void (*handler)(void));

/* Sends output to `write` from here on: the control domain puts its serial multiplexer there. NULL:
 * the console again. */
void console_set_output(void (*write)(const char *text, size_t size));

/* Waits until the ring has been read, one second at most. */
void console_flush(void);

/* Called by start.c: before it, output takes the early way. */
void console_init(void);
