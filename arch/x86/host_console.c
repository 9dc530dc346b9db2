/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the console UART. Output is polled; input comes by interrupt and goes to the control domain.
 */
#include "arch/x86/host_console.h"

#include "arch/x86/irq.h"
#include "arch/x86/lock.h"
#include "core/console.h"
#include "core/log.h"
#include "drivers/host/uart.h"
#include "lib/string.h"

#define ISA_IRQ_COM1 4u
#define ISA_IRQ_COM2 3u

static struct lock uart_lock = LOCK_INIT(LOCK_LOG);
static struct uart uart;

void host_console_init(uint16_t port, uint32_t baud)
{
    if (uart_init(&uart, port, baud) != 0)
        log_line(LOG_NOTICE, "console: none");
}

uint16_t host_console_port(void)
{
    return uart.port;
}

void host_console_write(const char *text, size_t size)
{
    lock_take(&uart_lock);
    uart_write(&uart, text, size);
    lock_drop(&uart_lock);
}

void host_console_write_raw(const char *text)
{
    uart_write(&uart, text, strlen(text));
}

static void take_input(void)
{
    uint8_t byte;

    while (uart_get(&uart, &byte) == 0)
        console_input((char)byte);
}

void host_console_listen(void)
{
    if ((uart.port == UART_COM1 || uart.port == UART_COM2) &&
        irq_take_isa(uart.port == UART_COM1 ? ISA_IRQ_COM1 : ISA_IRQ_COM2, take_input) == 0)
        uart_enable_receive_irq(&uart);
    else
        log_line(LOG_NOTICE, "console: output only");
}
