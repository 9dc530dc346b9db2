/* SPDX-License-Identifier: BSD-2-Clause */
/* A function's interrupts: the hypervisor writes its MSI-X table, they come as events. */
#pragma once

#include "drivers/pci/pci.h"
#include "guest-kernel/events.h"
#include "lib/compiler.h"

/* Has the handler called, with interrupts off, when the function sends MSI-X entry `entry`. Errors
 * of the hypervisor. */
int MUST_CHECK msix_bind(struct pci_address at, uint16_t entry, event_handler *handler, void *arg);
