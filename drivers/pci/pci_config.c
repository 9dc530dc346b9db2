/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space by ports CF8 and CFC (PCI Local Bus Specification 3.0, 3.2.2.3.2). The main
 * loop alone uses them. */
#include "drivers/pci/pci.h"
#include "lib/insn.h"

#define PORT_ADDRESS 0xcf8u
#define PORT_VALUE   0xcfcu
#define ENABLE       (1u << 31)
#define BDF_SHIFT    8

static void select(struct pci_address at, unsigned int offset)
{
    out32(PORT_ADDRESS, ENABLE | (uint32_t)at.bdf << BDF_SHIFT | (offset & 0xfcu));
}

uint32_t pci_config_read(struct pci_address at, unsigned int offset)
{
    select(at, offset);
    return in32(PORT_VALUE);
}

void pci_config_write(struct pci_address at, unsigned int offset, uint32_t value)
{
    select(at, offset);
    out32(PORT_VALUE, value);
}
