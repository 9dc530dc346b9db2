/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's local APIC: registers, pending vectors, timer, IPIs (SDM Vol. 3A chapter 11, APM Vol. 2
 * chapter 16). x2APIC is always offered; the page form takes four MOV forms and XCHG
 * (arch/x86/lapic_page.c). */
#pragma once

#include "core/timer.h"
#include "core/types.h"

#include <stdatomic.h>

struct vcpu;

#define VLAPIC_BASE_RESET  UINT64_C(0xfee00000)
#define VLAPIC_BASE_BSP    (UINT64_C(1) << 8)
#define VLAPIC_BASE_EXTD   (UINT64_C(1) << 10)
#define VLAPIC_BASE_ENABLE (UINT64_C(1) << 11)

#define VLAPIC_BASE_MODE       (VLAPIC_BASE_EXTD | VLAPIC_BASE_ENABLE)
#define VLAPIC_BASE_MODE_SHIFT 10

/* Persistent: HVM records LAPIC and LAPIC_REGS. Other CPUs may set IRR and `waiting`; everything
 * else belongs to the CPU that runs the vCPU. */
#define VLAPIC_REGS 0x40u
struct vlapic {
    uint64_t base_msr;         /* IA32_APIC_BASE, SDM Vol. 3A 11.4.4 */
    uint32_t reg[VLAPIC_REGS]; /* APIC_REG_* (apic_bits.h), but those that are made up when read */
    uint32_t esr_pending;
    uint64_t timer_start_ns;  /* time_ns() when the count was loaded */
    uint64_t tsc_deadline;    /* IA32_TSC_DEADLINE as the guest wrote it */
    _Atomic uint32_t waiting; /* VLAPIC_*: one look finds all that may be delivered */
    struct timer timer;       /* rebuilt */
    bool is_waiting_for_sipi; /* under the domain's lock; means nothing once V is up */
};

/* The APIC ID of V: twice its number. */
uint32_t vlapic_id(const struct vcpu *v);
void vlapic_init(struct vcpu *v);
/* State after INIT: the mode (base_msr) stays. V runs nowhere. */
void vlapic_reset(struct vcpu *v);
/* Makes VECTOR (16..255) pending in V and notifies it. Any CPU. */
void vlapic_set_irq(struct vcpu *v, uint8_t vector);

#define VLAPIC_NMI 1u /* an NMI */
#define VLAPIC_IRQ 2u /* some vector in IRR, whatever its priority */
static inline bool vlapic_is_waiting(const struct vlapic *l, uint32_t what)
{
    return (atomic_load_explicit(&l->waiting, memory_order_relaxed) & what) != 0;
}
/* The vector that V would take at this moment by its priorities, or -1. */
int vlapic_pending(const struct vcpu *v);
/* VECTOR, from vlapic_pending(), is delivered: from IRR to ISR. */
void vlapic_accept(struct vcpu *v, uint8_t vector);

/* Registers of the loaded vCPU. reg: offset in the page / 16, or MSR - 0x800. -EINVAL: #GP in the
 * MSR form. -EAGAIN: the vCPU that a start-up IPI is for has not stopped; execute the instruction
 * again. */
int vlapic_msr_read(struct vcpu *v, uint32_t reg, uint64_t *value) MUST_CHECK;
int vlapic_msr_write(struct vcpu *v, uint32_t reg, uint64_t value) MUST_CHECK;
uint32_t vlapic_page_read(struct vcpu *v, uint32_t reg);
int vlapic_page_write(struct vcpu *v, uint32_t reg, uint32_t value) MUST_CHECK;
/* The register page answers at its address: enabled, and not in x2APIC mode. */
bool vlapic_has_page(const struct vcpu *v);
int vlapic_write_base(struct vcpu *v, uint64_t value) MUST_CHECK; /* -EINVAL: #GP */
uint64_t vlapic_read_deadline(const struct vcpu *v);
void vlapic_write_deadline(struct vcpu *v, uint64_t value);

/* For vlapic.c. The timer (vlapic_timer.c): what TIMER_NOW reads; the divisor, 1 to 128; starts it
 * with NOW left of its initial count; the mode in its LVT entry has changed. */
void vlapic_timer_fire(struct timer *timer);
uint32_t vlapic_timer_count(const struct vlapic *l);
uint32_t vlapic_timer_divisor(const struct vlapic *l);
void vlapic_timer_start(struct vlapic *l, uint32_t now);
void vlapic_timer_write_initial(struct vlapic *l, uint32_t value);
void vlapic_timer_mode_changed(struct vlapic *l);
/* IPIs (vlapic_ipi.c): sends what V wrote to its ICR, LOW as there, DESTINATION a whole APIC ID, 8
 * bits in page form. A bad vector shows in V's error status. -EAGAIN: a start-up IPI for a vCPU
 * that has not stopped. */
int vlapic_send_ipi(struct vcpu *v, uint32_t low, uint32_t destination) MUST_CHECK;
/* True if T answers to DESTINATION of an IPI of the vCPUs' mode. */
bool vlapic_matches(const struct vcpu *t, uint32_t destination, bool is_logical);

/* HVM records LAPIC and LAPIC_REGS of a V that runs nowhere, of zeros for get. set: -EINVAL with
 * nothing changed. */
void vlapic_get_record(struct vcpu *v, void *record);
int vlapic_set_record(struct vcpu *v, const void *record, size_t size) MUST_CHECK;
void vlapic_get_regs(struct vcpu *v, void *record);
int vlapic_set_regs(struct vcpu *v, const void *record, size_t size) MUST_CHECK;
