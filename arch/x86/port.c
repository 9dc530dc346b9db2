/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns a guest's ports. There are no devices behind them: the PIT reads 0, so that a kernel gives
 * up calibrating by it at once; port 0xe9 is a console line; the rest reads as ones. The control
 * domain owns the machine's devices and has its ports, but for those that are the hypervisor's. */
#include "arch/x86/emulate.h"

#include "arch/x86/host_console.h"
#include "core/console.h"
#include "core/domain.h"
#include "lib/insn.h"

#define PORT_PIT_FIRST 0x40u
#define PORT_PIT_LAST  0x43u
#define PORT_SYSTEM_B  0x61u
#define PORT_CONSOLE   0xe9u
#define UART_PORTS     8u

/* Ranges that the hypervisor keeps: interrupt controllers, timer, the reset port and ACPI's are
 * not among a driver's needs. */
static const struct port_range {
    uint16_t first, last;
} kept[] = {
    {0x0020, 0x0021}, /* PIC */
    {0x0040, 0x0043}, /* PIT */
    {0x0061, 0x0061}, /* PIT gate */
    {0x00a0, 0x00a1}, /* PIC */
    {0x04d0, 0x04d1}, /* PIC edge or level */
};

/* The control domain may reach the machine's own PORT. */
static bool is_forwarded(uint32_t port, unsigned size)
{
    uint32_t uart = host_console_port();

    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (port <= kept[i].last && port + size > kept[i].first)
            return false;
    return uart == 0 || port >= uart + UART_PORTS || port + size <= uart;
}

static NOINLINE uint32_t read_machine(uint16_t port, unsigned size)
{
    if (!is_forwarded(port, size))
        return UINT32_MAX;
    if (size == 1)
        return in8(port);
    return size == 2 ? in16(port) : in32(port);
}

static NOINLINE void write_machine(uint16_t port, unsigned size, uint32_t value)
{
    if (!is_forwarded(port, size))
        return;
    if (size == 1)
        out8(port, (uint8_t)value);
    else if (size == 2)
        out16(port, (uint16_t)value);
    else
        out32(port, value);
}

uint32_t port_read(const struct domain *d, uint16_t port, unsigned size)
{
    if ((port >= PORT_PIT_FIRST && port <= PORT_PIT_LAST) || port == PORT_SYSTEM_B)
        return 0;
    return likely(!d->is_privileged) ? UINT32_MAX : read_machine(port, size);
}

void port_write(struct domain *d, uint16_t port, unsigned size, uint32_t value)
{
    char c = (char)value;

    if (port == PORT_CONSOLE && size == 1)
        console_guest_write(d, &c, 1);
    else if (d->is_privileged)
        write_machine(port, size, value);
}
