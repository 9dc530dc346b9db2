/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the reading of configuration space. A device may show anything there: buses are entered
 * once, lists of capabilities end after as many as there is room for. */
#include "drivers/pci/pci.h"

#include "lib/errno.h"

/* Offsets (PCI 3.0 6.1) and their bits. */
#define REG_ID              0x00
#define REG_COMMAND         0x04 /* status in the upper half */
#define COMMAND_MEMORY      (1u << 1)
#define COMMAND_BUS_MASTER  (1u << 2)
#define STATUS_CAPABILITIES (1u << 20)
#define STATUS_MASK         0xffff0000u /* its bits are cleared by writing 1 */
#define REG_CLASS           0x08
#define REG_HEADER          0x0c
#define HEADER_MULTI        (1u << 23)
#define HEADER_TYPE_SHIFT   16
#define HEADER_TYPE_MASK    0x7fu
#define HEADER_BRIDGE       1u
#define REG_BAR             0x10
#define BAR_IO              (1u << 0)
#define BAR_TYPE_MASK       (3u << 1)
#define BAR_TYPE_64         (2u << 1)
#define BAR_ADDRESS         0xfffffff0u
#define REG_BRIDGE_BUSES    0x18 /* PCI-to-PCI Bridge 1.2, 3.2: secondary bus in bits 15 to 8 */
#define REG_CAPABILITIES    0x34
#define CAPABILITY_MASK     0xfcu
#define CAPABILITY_FIRST    0x40u
#define CAPABILITIES_MAX    48 /* of 4 bytes from 0x40 on */

#define BUS_COUNT      256u
#define DEVICE_COUNT   32u
#define FUNCTION_COUNT 8u
#define NOBODY         0xffffu

struct scan {
    void (*found)(const struct pci_function *function, void *arg);
    void *arg;
    uint16_t buses[BUS_COUNT]; /* to be entered, and those that were */
    unsigned int bus_count;
};

static void note_bus(struct scan *scan, uint8_t bus)
{
    for (unsigned int i = 0; i < scan->bus_count; i++) {
        if (scan->buses[i] == bus)
            return;
    }
    scan->buses[scan->bus_count++] = bus;
}

/* Returns whether the function is one of several; false where nobody answers. */
static bool scan_function(struct scan *scan, struct pci_address at)
{
    uint32_t id = pci_config_read(at, REG_ID), header, kind;
    struct pci_function function = {at, (uint16_t)id, (uint16_t)(id >> 16), 0, 0};

    if (function.vendor == NOBODY)
        return false;
    kind = pci_config_read(at, REG_CLASS);
    function.class_code = (uint8_t)(kind >> 24);
    function.subclass = (uint8_t)(kind >> 16);
    scan->found(&function, scan->arg);
    header = pci_config_read(at, REG_HEADER);
    if ((header >> HEADER_TYPE_SHIFT & HEADER_TYPE_MASK) == HEADER_BRIDGE)
        note_bus(scan, (uint8_t)(pci_config_read(at, REG_BRIDGE_BUSES) >> 8));
    return (header & HEADER_MULTI) != 0;
}

void pci_scan(void (*found)(const struct pci_function *function, void *arg), void *arg)
{
    struct scan scan = {.found = found, .arg = arg, .bus_count = 1};

    for (unsigned int next = 0; next < scan.bus_count; next++) {
        for (unsigned int device = 0; device < DEVICE_COUNT; device++) {
            uint16_t bdf = (uint16_t)(scan.buses[next] * 256u + device * 8u);
            bool has_more = scan_function(&scan, (struct pci_address){bdf});

            for (uint16_t i = 1; has_more && i < FUNCTION_COUNT; i++)
                scan_function(&scan, (struct pci_address){(uint16_t)(bdf | i)});
        }
    }
}

unsigned int pci_find_capability(struct pci_address at, uint8_t id, unsigned int after)
{
    unsigned int offset = REG_CAPABILITIES;
    bool is_behind = after == 0;

    if (!(pci_config_read(at, REG_COMMAND) & STATUS_CAPABILITIES))
        return 0;
    offset = pci_config_read(at, REG_CAPABILITIES) & CAPABILITY_MASK;
    for (int i = 0; offset >= CAPABILITY_FIRST && i < CAPABILITIES_MAX; i++) {
        uint32_t head = pci_config_read(at, offset);

        if (is_behind && (uint8_t)head == id)
            return offset;
        is_behind = is_behind || offset == after;
        offset = head >> 8 & CAPABILITY_MASK;
    }
    return 0;
}

int pci_bar(struct pci_address at, unsigned int index, uint64_t *paddr)
{
    uint32_t low, type;

    if (index >= PCI_BAR_COUNT)
        return -EINVAL;
    low = pci_config_read(at, REG_BAR + 4 * index);
    type = low & BAR_TYPE_MASK;
    if (low & BAR_IO || (type == BAR_TYPE_64 && index + 1 == PCI_BAR_COUNT))
        return -EINVAL;
    *paddr = low & BAR_ADDRESS;
    if (type == BAR_TYPE_64)
        *paddr |= (uint64_t)pci_config_read(at, REG_BAR + 4 * index + 4) << 32;
    return *paddr == 0 ? -EINVAL : 0;
}

void pci_enable(struct pci_address at)
{
    uint32_t command = pci_config_read(at, REG_COMMAND) & ~STATUS_MASK;

    pci_config_write(at, REG_COMMAND, command | COMMAND_MEMORY | COMMAND_BUS_MASTER);
}
