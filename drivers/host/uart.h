/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 16550 UART at I/O ports, polled: the serial console of the loader and of the hypervisor. No
 * interrupts, no locks: the caller serialises.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define UART_COM1 0x3f8u
#define UART_COM2 0x2f8u
#define UART_BAUD 115200u

struct uart {
    uint16_t port;      /* of its first register; 0: no UART, output is dropped */
    bool is_stuck;      /* the last wait for the transmitter ran out: do not wait again */
    char last;          /* sent */
    uint8_t fifo_space; /* bytes that the transmitter takes without another look */
};

/* Sets the UART at `port` to `baud`, 8 data bits, no parity, one stop bit. -EINVAL: not a speed
 * that a 16550 has; -ENODEV: no UART answers there, or `port` is 0. After an error `uart` is one
 * that drops output. */
int MUST_CHECK uart_init(struct uart *uart, uint16_t port, uint32_t baud);

/* Sends `size` bytes, with a carriage return in front of each newline that has none. Waits for the
 * transmitter for a bounded time, then drops a byte. */
void uart_write(struct uart *uart, const char *text, size_t size);

/* Raises the UART's interrupt line while received bytes wait. */
void uart_enable_receive_irq(const struct uart *uart);

/* Takes a received byte. -EAGAIN: there is none. */
int MUST_CHECK uart_get(struct uart *uart, uint8_t *byte);
