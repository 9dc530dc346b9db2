/* SPDX-License-Identifier: BSD-2-Clause */
/* This CPU's local APIC in xAPIC mode (SDM Vol. 3A chapter 11, APM Vol. 2 chapter 16): IPIs,
 * one-shot timer, EOI. */
#ifndef ATOLL_X86_APIC_H
#define ATOLL_X86_APIC_H

#include "core/types.h"

/* Maps the registers (once, on the boot CPU), and switches this CPU's APIC on. */
void apic_boot(void);
void apic_init_cpu(void);
/* False until apic_boot(): this_cpu() may not be used before. */
bool apic_is_ready(void);
uint32_t apic_id(void);
void apic_eoi(void);
/* VECTOR_KICK to one CPU. */
void apic_send_kick(uint32_t apic_id);
void apic_send_nmi_others(void);
/* Start-up sequence of another CPU: INIT, then SIPI with the page number of its first instruction.
 */
void apic_send_init(uint32_t apic_id);
void apic_send_sipi(uint32_t apic_id, uint8_t page);
/* Starts the one-shot timer with COUNT ticks of the timer clock, 0: stops it. remaining: what is
 * left. */
void apic_timer_start(uint32_t count);
uint32_t apic_timer_remaining(void);

#endif
