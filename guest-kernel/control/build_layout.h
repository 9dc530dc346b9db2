/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things are in a guest's physical address space: what Xen's own domain builder does, which
 * Linux is used to. */
#pragma once

#include <stdint.h>

#define BUILD_VGA_START UINT64_C(0xa0000)
#define BUILD_VGA_END   UINT64_C(0x100000)
#define BUILD_LOW_LIMIT UINT64_C(0xf0000000) /* RAM ends here or goes on at 4 GiB */
#define BUILD_4_GIB     UINT64_C(0x100000000)
#define BUILD_ACPI_GPA  UINT64_C(0xfc000000)

/* The reserved range that holds the ring pages. */
#define BUILD_RING_START  UINT64_C(0xfeff8000)
#define BUILD_RING_END    UINT64_C(0xff000000)
#define BUILD_STORE_GFN   UINT64_C(0xfeffc)
#define BUILD_CONSOLE_GFN UINT64_C(0xfeffd)
#define BUILD_RING_FRAMES 2u

/* The page below 4 GiB, where a PC has the end of its firmware. All ones, which is what a guest of
 * Xen reads there: GRUB looks into it for a coreboot image. */
#define BUILD_FIRMWARE_GFN    UINT64_C(0xfffff)
#define BUILD_FIRMWARE_FRAMES 1u
