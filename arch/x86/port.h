/* SPDX-License-Identifier: BSD-2-Clause */
/* What answers at a guest's ports. */
#ifndef ATOLL_X86_PORT_H
#define ATOLL_X86_PORT_H

#include "arch/x86/virt.h"

/* IN and OUT of SIZE bytes (1, 2, 4) by D. A port that nothing answers at reads as ones and drops
 * what is written. */
uint32_t port_read(const struct domain *d, uint16_t port, unsigned size);
void port_write(struct domain *d, uint16_t port, unsigned size, uint32_t value);

#endif
