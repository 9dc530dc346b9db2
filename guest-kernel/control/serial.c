/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns COM2. Transmission is polled, reception by interrupt. Register numbers and bits: National
 * Semiconductor PC16550D data sheet, section 8. */
#include "guest-kernel/control/serial.h"

#include <stdint.h>

#include "guest-kernel/events.h"
#include "guest-kernel/hypercall.h"
#include "lib/insn.h"
#include "pv-abi/physdev.h"

#define COM2     0x2f8u
#define COM2_GSI 3 /* ISA interrupt 3, edge triggered */

#define REG_BUFFER       (COM2 + 0)
#define REG_INTERRUPTS   (COM2 + 1)
#define REG_DIVISOR_LOW  (COM2 + 0)
#define REG_DIVISOR_HIGH (COM2 + 1)
#define REG_FIFO         (COM2 + 2)
#define REG_LINE_CONTROL (COM2 + 3)
#define REG_MODEM        (COM2 + 4)
#define REG_LINE_STATUS  (COM2 + 5)
#define REG_SCRATCH      (COM2 + 7)

#define LINE_8N1          0x03
#define LINE_DIVISOR      0x80 /* the divisor's registers are visible */
#define FIFO_ENABLE_CLEAR 0x07
#define INTERRUPT_RECEIVE 0x01
#define MODEM_DTR_RTS     0x03
#define MODEM_OUT2        0x08 /* lets the interrupt out, on a PC */
#define STATUS_RECEIVED   0x01
#define STATUS_EMPTY      0x20 /* the transmitter's FIFO is */
#define FIFO_SIZE         16u
#define DIVISOR_115200    1
#define SCRATCH_PATTERN   0x5a

bool serial_init(void)
{
    out8(REG_SCRATCH, SCRATCH_PATTERN);
    if (in8(REG_SCRATCH) != SCRATCH_PATTERN)
        return false;
    out8(REG_INTERRUPTS, 0);
    out8(REG_LINE_CONTROL, LINE_DIVISOR);
    out8(REG_DIVISOR_LOW, DIVISOR_115200);
    out8(REG_DIVISOR_HIGH, 0);
    out8(REG_LINE_CONTROL, LINE_8N1);
    out8(REG_FIFO, FIFO_ENABLE_CLEAR);
    out8(REG_MODEM, MODEM_DTR_RTS);
    return true;
}

static void on_interrupt(void *arg)
{
    void (**handler)(void) = arg;

    (*handler)();
}

int serial_set_handler(void (*handler)(void))
{
    static void (*receive)(void);
    struct physdev_map_pirq map = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = COM2_GSI, .pirq = -1};
    int err = (int)hypercall_physdev_op(PHYSDEVOP_map_pirq, &map);
    evtchn_port_t port;

    receive = handler;
    if (err == 0)
        err = event_bind_pirq((uint32_t)map.pirq, false, on_interrupt, &receive, &port);
    if (err != 0)
        return err;
    out8(REG_MODEM, MODEM_DTR_RTS | MODEM_OUT2);
    out8(REG_INTERRUPTS, INTERRUPT_RECEIVE);
    return 0;
}

void serial_write(const char *bytes, size_t size)
{
    while (size > 0) {
        size_t part = size < FIFO_SIZE ? size : FIFO_SIZE;

        while (!(in8(REG_LINE_STATUS) & STATUS_EMPTY))
            cpu_pause();
        for (size_t i = 0; i < part; i++)
            out8(REG_BUFFER, (uint8_t)bytes[i]);
        bytes += part;
        size -= part;
    }
}

size_t serial_read(char *bytes, size_t size)
{
    size_t count = 0;

    while (count < size && (in8(REG_LINE_STATUS) & STATUS_RECEIVED))
        bytes[count++] = (char)in8(REG_BUFFER);
    return count;
}
