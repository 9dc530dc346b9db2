/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes the place of lib/insn.h in the unit test of the UART: the Makefile includes it ahead of
 * everything else, and it claims that header's guard.
 */
#ifndef ATOLL_DRIVERS_HOST_UART_FAKE_IO_H
#define ATOLL_DRIVERS_HOST_UART_FAKE_IO_H
#define ATOLL_LIB_INSN_H

#include <stdint.h>

void out8(uint16_t port, uint8_t value);
uint8_t in8(uint16_t port);

#endif
