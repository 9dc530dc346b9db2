/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes the place of lib/insn.h in the unit test of the UART: the Makefile includes it ahead of
 * everything else, and it claims that header's guard.
 */
#pragma once
#define ATOLL_LIB_INSN_H

#include <stdint.h>

void out8(uint16_t port, uint8_t value);
uint8_t in8(uint16_t port);
