/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the console UART. Output is polled; input comes by interrupt and goes to the control domain.
 */
#include "arch/x86/host_console.h"

#include "arch/x86/lock.h"
#include "core/console.h"
#include "drivers/host/uart.h"

static struct lock uart_lock = LOCK_INIT(LOCK_LOG);
static struct uart uart;

void host_console_init(uint16_t port, uint32_t baud)
{
    if (port == 0 || uart_init(&uart, port, baud) != 0)
        uart.port = 0;
}

uint16_t host_console_port(void)
{
    return uart.port;
}

/* A line that ends with its own carriage return, as guests' terminals write them, gets no second
 * one. */
static void put(char c)
{
    static char last;

    if (c == '\n' && last != '\r')
        uart_put(&uart, '\r');
    uart_put(&uart, (uint8_t)c);
    last = c;
}

void host_console_write(const char *text, size_t size)
{
    lock_take(&uart_lock);
    for (size_t i = 0; i < size; i++)
        put(text[i]);
    lock_drop(&uart_lock);
}

void host_console_write_raw(const char *text)
{
    while (*text != '\0')
        put(*text++);
}

void host_console_poll(void)
{
    uint8_t byte;

    while (uart_get(&uart, &byte) == 0)
        console_input((char)byte);
}

void host_console_enable_irq(void)
{
    uart_enable_receive_irq(&uart);
}
