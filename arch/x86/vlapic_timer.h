/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer of a guest's local APIC: one-shot, periodic, TSC deadline. For vlapic.c. */
#ifndef ATOLL_X86_VLAPIC_TIMER_H
#define ATOLL_X86_VLAPIC_TIMER_H

#include "arch/x86/vlapic.h"

void vlapic_timer_fire(struct timer *timer);
/* What TIMER_NOW reads. */
uint32_t vlapic_timer_count(const struct vlapic *l);
/* 1 to 128. */
uint32_t vlapic_timer_divisor(const struct vlapic *l);
void vlapic_timer_mode_changed(struct vcpu *v);
void vlapic_timer_write_initial(struct vcpu *v, uint32_t value);
void vlapic_timer_write_divide(struct vcpu *v, uint32_t value);
/* Takes the timer up again with NOW of INITIAL left. */
void vlapic_timer_restore(struct vcpu *v, uint32_t initial, uint32_t now);
/* The same in deadline mode: the deadline and the mode come in two records, in either order. */
void vlapic_timer_restore_deadline(struct vcpu *v);

#endif
