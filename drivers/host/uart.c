/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The polled 16550. Registers and bits are those of the National Semiconductor PC16550D data sheet,
 * section 8.
 */
#include "drivers/host/uart.h"

#include "lib/errno.h"
#include "lib/insn.h"

#define REG_DATA    0u /* with DLAB: divisor, low byte */
#define REG_IER     1u /* with DLAB: divisor, high byte */
#define REG_FCR     2u /* write only */
#define REG_LCR     3u
#define REG_MCR     4u
#define REG_LSR     5u
#define REG_SCRATCH 7u

#define FCR_ENABLE_AND_CLEAR 0x07u
#define FIFO_SIZE            16u
#define LCR_8N1              0x03u
#define LCR_DLAB             0x80u
#define IER_RECEIVED         0x01u
#define MCR_DTR_RTS          0x03u
#define MCR_OUT2             0x08u /* on a PC: connects the interrupt line */
#define LSR_DATA_READY       0x01u
#define LSR_THR_EMPTY        0x20u
#define LSR_ALL_SENT         0x40u
#define LSR_ABSENT           0xffu /* what a port without a device reads */

/* The divisor that gives one bit a second, with the 1.8432 MHz crystal and 16 samples a bit. */
#define BAUD_BASE 115200u

/* Reads of the line status before the transmitter counts as stuck. A read takes about a
 * microsecond on a real bus; a full FIFO at 9600 baud takes 17 ms, an emulated one as long as
 * whoever reads its output lets it wait. */
#define TRANSMIT_POLLS 1000000u

static uint8_t read_reg(const struct uart *uart, unsigned int reg)
{
    return in8((uint16_t)(uart->port + reg));
}

static void write_reg(const struct uart *uart, unsigned int reg, unsigned int value)
{
    out8((uint16_t)(uart->port + reg), (uint8_t)value);
}

static bool is_present(const struct uart *uart)
{
    static const uint8_t patterns[] = {0x5a, 0xa5};

    for (unsigned int i = 0; i < ARRAY_COUNT(patterns); i++) {
        write_reg(uart, REG_SCRATCH, patterns[i]);
        if (read_reg(uart, REG_SCRATCH) != patterns[i])
            return false;
    }
    return read_reg(uart, REG_LSR) != LSR_ABSENT;
}

/* True once the line status shows `wanted`. After one wait that ran out the next do not wait. */
static bool wait_status(struct uart *uart, uint8_t wanted)
{
    for (unsigned int polls = uart->is_stuck ? 1 : TRANSMIT_POLLS; polls != 0; polls--) {
        if ((read_reg(uart, REG_LSR) & wanted) != 0) {
            uart->is_stuck = false;
            return true;
        }
    }
    uart->is_stuck = true;
    return false;
}

int uart_init(struct uart *uart, uint16_t port, uint32_t baud)
{
    uint32_t divisor = baud == 0 ? 0 : BAUD_BASE / baud;

    *uart = (struct uart){.port = 0};
    if (divisor == 0 || divisor > UINT16_MAX || BAUD_BASE % baud != 0)
        return -EINVAL;
    uart->port = port;
    if (port == 0 || !is_present(uart)) {
        uart->port = 0;
        return -ENODEV;
    }
    /* What an earlier user sent would be lost with its FIFO. */
    wait_status(uart, LSR_ALL_SENT);
    write_reg(uart, REG_LCR, LCR_8N1 | LCR_DLAB);
    write_reg(uart, REG_DATA, divisor & UINT8_MAX);
    write_reg(uart, REG_IER, divisor >> 8);
    write_reg(uart, REG_LCR, LCR_8N1);
    write_reg(uart, REG_IER, 0);
    write_reg(uart, REG_FCR, FCR_ENABLE_AND_CLEAR);
    write_reg(uart, REG_MCR, MCR_DTR_RTS);
    return 0;
}

static void put(struct uart *uart, char c)
{
    uart->last = c;
    if (uart->fifo_space == 0) {
        if (!wait_status(uart, LSR_THR_EMPTY))
            return;
        uart->fifo_space = FIFO_SIZE;
    }
    uart->fifo_space--;
    write_reg(uart, REG_DATA, (uint8_t)c);
}

void uart_write(struct uart *uart, const char *text, size_t size)
{
    for (size_t i = 0; uart->port != 0 && i < size; i++) {
        if (text[i] == '\n' && uart->last != '\r')
            put(uart, '\r');
        put(uart, text[i]);
    }
}

int uart_get(struct uart *uart, uint8_t *byte)
{
    if (uart->port == 0 || (read_reg(uart, REG_LSR) & LSR_DATA_READY) == 0)
        return -EAGAIN;
    *byte = read_reg(uart, REG_DATA);
    return 0;
}

void uart_enable_receive_irq(const struct uart *uart)
{
    write_reg(uart, REG_MCR, MCR_DTR_RTS | MCR_OUT2);
    write_reg(uart, REG_IER, IER_RECEIVED);
}
