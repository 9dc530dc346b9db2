/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's local APIC: registers, pending vectors, timer, IPIs. x2APIC is always offered; the page
 * form takes four MOV forms and XCHG (arch/x86/lapic_page.c). */
#ifndef ATOLL_X86_VLAPIC_H
#define ATOLL_X86_VLAPIC_H

#include "core/timer.h"
#include "core/types.h"

struct vcpu;

/* Persistent: HVM records LAPIC and LAPIC_REGS. irr may be set by other CPUs; everything else
 * belongs to the CPU that runs the vCPU. */
struct vlapic {
    uint64_t base_msr; /* IA32_APIC_BASE, SDM Vol. 3A 11.4.4 */
    uint32_t tpr, svr, esr, esr_pending;
    uint32_t lvt[7];            /* CMCI, timer, thermal, perf, LINT0, LINT1, error */
    uint32_t icr_low, icr_high; /* page form: ICR; x2APIC: destination in icr_high */
    uint32_t timer_initial, timer_divide;
    uint64_t timer_start_ns; /* time_ns() when the count was loaded */
    uint64_t tsc_deadline;   /* IA32_TSC_DEADLINE as the guest wrote it */
    uint32_t ldr, dfr;       /* page form only */
    _Atomic uint64_t irr[4];
    uint64_t isr[4];
    uint64_t tmr[4];
    struct timer timer; /* rebuilt */
    bool is_waiting_for_sipi;
};

#endif
