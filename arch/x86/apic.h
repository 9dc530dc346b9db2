/* SPDX-License-Identifier: BSD-2-Clause */
/* This CPU's local APIC in xAPIC mode (SDM Vol. 3A chapter 11, APM Vol. 2 chapter 16): IPIs,
 * one-shot timer, EOI. */
#pragma once

#include "core/types.h"

/* Maps the registers (once, on the boot CPU), and switches this CPU's APIC on. */
void apic_boot(void);
void apic_init_cpu(void);
uint32_t apic_id(void);
void apic_eoi(void);
/* An interrupt to the CPU with ID: a vector, NMI, or the start-up sequence, INIT and then STARTUP
 * with the page number of the first instruction (APM Vol. 2 16.5). */
#define APIC_FIXED      (1u << 14)
#define APIC_NMI_OTHERS (4u << 8 | 1u << 14 | 3u << 18) /* whatever ID */
#define APIC_INIT       (5u << 8 | 1u << 14)
#define APIC_STARTUP    (6u << 8 | 1u << 14)
void apic_send(uint32_t id, uint32_t command);
/* Starts the one-shot timer with COUNT ticks of the timer clock, 0: stops it. remaining: what is
 * left. */
void apic_timer_start(uint32_t count);
uint32_t apic_timer_remaining(void);
