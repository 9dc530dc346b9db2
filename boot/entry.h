/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the two C entries of the image are called from boot/mb2_entry.asm. */
#pragma once

#include <stdint.h>

#include "boot/boot_info.h"

/* Start by multiboot2: `magic` from EAX, the information at `mbi_paddr`, the image at
 * `image_paddr`. Ends in hypervisor_main, or shows a refusal and halts. */
void __attribute__((noreturn)) mb2_main(uint32_t magic, uint64_t mbi_paddr, uint64_t image_paddr);

/* The hypervisor. Called once on the boot CPU's boot stack with interrupts off, on the early page
 * tables: the image at its link address, and the first 4 GiB identity mapped, `info` with them. */
void __attribute__((noreturn)) hypervisor_main(const struct boot_info *info);
