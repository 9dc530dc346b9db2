/* SPDX-License-Identifier: BSD-2-Clause */
/* Device registers in memory: mapping them, and the only accesses to them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

/* Maps `size` bytes of device memory, machine address `paddr`, uncached and for good. NULL: the
 * hypervisor refuses them, or there is no memory for the mapping. */
void *mmio_map(uint64_t paddr, size_t size) MUST_CHECK;

static inline uint8_t mmio_read8(const volatile void *at)
{
    return *(const volatile uint8_t *)at;
}

static inline uint16_t mmio_read16(const volatile void *at)
{
    return *(const volatile uint16_t *)at;
}

static inline uint32_t mmio_read32(const volatile void *at)
{
    return *(const volatile uint32_t *)at;
}

static inline void mmio_write8(volatile void *at, uint8_t value)
{
    *(volatile uint8_t *)at = value;
}

static inline void mmio_write16(volatile void *at, uint16_t value)
{
    *(volatile uint16_t *)at = value;
}

static inline void mmio_write32(volatile void *at, uint32_t value)
{
    *(volatile uint32_t *)at = value;
}
