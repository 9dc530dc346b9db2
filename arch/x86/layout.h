/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie in the hypervisor's address space. docs/memory.md draws it. */
#pragma once

/* Shared by all CPUs. HEAP_MAP_BASE, FRAME_TABLE_VA and CHUNK_TABLE_VA are in pt.h. */
#define IMAGE_VA     0xffffffff80000000 /* text, rodata, data, bss: one chunk */
#define AREA_VA      0xffffd00000000000 /* registered guest areas */
#define AREA_VA_SIZE 0x0000000010000000 /* 256 MiB: 65,536 slots of one page */
#define DEVICE_VA                                                                                  \
    0xffffd80000000000 /* uncached host devices: LAPIC, IO-APIC, HPET; ACPI tables                 \
                        */

/* Private to each CPU: one 2 MiB region behind a top-level entry of its own, in the uppermost 2 GiB
 * so that instructions can hold its addresses. Offsets from PRIVATE_VA. Pages that are not named
 * are not mapped, so that each stack has a guard page below it. */
#define PRIVATE_VA        0xffffffffc0000000
#define PRIVATE_PERCPU    0x00000 /* struct percpu, 2 pages */
#define PRIVATE_VCPU2     0x12000 /* the pages of a vCPU that runs nowhere */
#define PRIVATE_STACK     0x51000 /* 4 pages, up to 0x55000 */
#define PRIVATE_STACK_TOP 0x55000
#define PRIVATE_IST_DF    0x56000 /* one page each, tops at +0x1000 */
#define PRIVATE_IST_NMI   0x58000
#define PRIVATE_IST_MC    0x5a000
#define PRIVATE_IDLE      0x5c000 /* the page table of the region below while no vCPU is loaded */
#define PRIVATE_DIRECTORY 0x5d000 /* the page directory of both */
#define PRIVATE_PT        0x5e000 /* the page table of this region itself */
/* The loaded vCPU's: the next 2 MiB, by a page table that it brings along. Offsets from LOADED_VA.
 */
#define LOADED_VA         0xffffffffc0200000
#define LOADED_VCPU       0x00000 /* struct vcpu_private */
#define LOADED_CONTROL    0x01000 /* the control block */
#define LOADED_WINDOW     0x10000 /* WINDOW_SLOT_COUNT pages */
#define WINDOW_SLOT_COUNT 32
