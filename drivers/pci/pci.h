/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI functions: their configuration space, capabilities and base addresses (PCI Local Bus
 * Specification 3.0, chapter 6; bridges: PCI-to-PCI Bridge Architecture 1.2, 3.2). The firmware has
 * assigned buses and addresses; nothing here moves them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

#define PCI_BAR_COUNT 6u

/* A function's place: bus in bits 15 to 8, device in 7 to 3, function in 2 to 0. */
struct pci_address {
    uint16_t bdf;
};

struct pci_function {
    struct pci_address at;
    uint16_t vendor, device;
    uint8_t class_code, subclass;
};

/* 32 bits of configuration space at a multiple of 4 below 256. pci_config.c does it by the ports
 * CF8 and CFC; tests by a table. */
uint32_t pci_config_read(struct pci_address at, unsigned int offset);
void pci_config_write(struct pci_address at, unsigned int offset, uint32_t value);

/* Calls found(function, arg) for each function that answers, by ascending bus, device, function;
 * buses behind bridges are entered where the bridge is found. */
void pci_scan(void (*found)(const struct pci_function *function, void *arg), void *arg);

/* The offset of the first capability with this ID behind the capability at `after` (0: of the
 * first one at all), or 0. */
unsigned int pci_find_capability(struct pci_address at, uint8_t id, unsigned int after);

/* The machine address in base address register `index`. -EINVAL: no memory is assigned to it. */
int MUST_CHECK pci_bar(struct pci_address at, unsigned int index, uint64_t *paddr);

/* Lets the function answer at its memory addresses and do DMA. */
void pci_enable(struct pci_address at);
