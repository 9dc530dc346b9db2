/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-CPU state in two parts. struct cpu is what other CPUs may look at. struct percpu is private:
 * it lies at one virtual address that each CPU maps to its own page, so that this_cpu() is a
 * constant and no CPU can reach another's.
 */
#pragma once

#include "arch/x86/lock.h"
#include "arch/x86/pt.h"
#include "arch/x86/virt.h"
#include "core/types.h"

#define CPU_MAX 64u

struct domain;
struct vcpu;

/* Reasons for which a CPU must look up from what it does; bits of cpu.pending. */
#define CPU_PENDING_SCHED (1u << 0) /* run the scheduler */
#define CPU_PENDING_TIMER                                                                          \
    (1u << 1) /* a deadline passed, or an earlier one was set by another CPU */
#define CPU_PENDING_EVENT (1u << 2) /* the current vCPU has an event or interrupt to look at */
#define CPU_PENDING_TLB   (1u << 3) /* the loaded domain's p2m generation rose */
#define CPU_PENDING_HOST  (1u << 4) /* the host's own tables changed: flush */

struct cpu {
    uint32_t id; /* 0 .. cpu_count-1 */
    uint32_t apic_id;
    /* The kick protocol (arch/x86/kick.h): written by any CPU. */
    _Atomic uint32_t pending;  /* CPU_PENDING_* */
    _Atomic uint32_t in_guest; /* 1: in a guest or halted, a kick needs an IPI */
    /* Decision 16: written by this CPU alone, read by all. */
    struct domain *_Atomic loaded; /* domain whose translations this CPU may hold; NULL: none */
    _Atomic uint64_t loaded_gen;   /* the p2m generation of it up to which this CPU has flushed */
    _Atomic uint64_t host_gen;     /* generation of the host's tables up to which it has flushed */
    _Atomic bool is_online;
};

#define LOCK_DEPTH_MAX 12u
#define WINDOW_PINS    6u
/* What the window slots from WINDOW_ARG0 on, two for each use of guest_pin(), remember: the walk
 * that found the page they show. The same paging registers and the same entries, read again, give
 * the same page. Only for 64-bit guest code. */
struct window_pin {
    uint64_t page;   /* guest-virtual */
    uint32_t access; /* PT_READ, PT_WRITE that are allowed; 0: nothing is remembered */
    struct pt_walk walk;
};

/* What the window shows, or will show again when the vCPU whose it is is loaded. */
struct window {
    uint32_t used;   /* bit per slot that maps something */
    uint32_t stale;  /* of these, slots of frames that this CPU took from the loaded domain */
    uint64_t *table; /* of LOADED_VA (layout.h), and the entry that leads to it */
    uint64_t entry;
    mfn_t tag[WINDOW_USES];
    struct guest_paging paging; /* of the vCPU, as far as looked at */
    struct window_pin pin[WINDOW_PINS];
};

struct percpu {
    struct cpu *cpu;
    uint32_t id;
    uint32_t pins_checked;     /* bit per slot: since the guest ran last; PINS_PAGING */
    struct vcpu *current;      /* the vCPU whose state is loaded; NULL: idle */
    struct window *window;     /* the loaded vCPU's, or idle_window */
    struct window idle_window; /* what is mapped here is unmapped at once */
    const struct lock *lock_held[LOCK_DEPTH_MAX]; /* DEBUG: what this CPU holds */
    uint32_t lock_depth;
    /* The vendor half's own (svm.c): its state of the host, and which address space identifiers
     * this CPU has given out. */
    uint64_t host_state, asid_gen;
    uint32_t asid_next;
    uint64_t tsc_aux;   /* what MSR_TSC_AUX is */
    uint32_t predicted; /* number of the domain whose branch targets the predictors know */
    uint8_t argument[4096] ALIGNED(
        16); /* a hypercall's argument in its 64-bit form (core/hypercall.c) */
};

extern struct cpu cpus[CPU_MAX];
extern uint32_t cpu_count;

#ifdef ATOLL_HOST_TEST
extern FAKE_LOCAL struct percpu fake_percpu;
static inline struct percpu *this_cpu(void)
{
    return &fake_percpu;
}
#else
#define PERCPU_VA UINT64_C(0xffffffffc0000000)
static inline struct percpu *this_cpu(void)
{
    return (struct percpu *)PERCPU_VA;
}
#endif

#define PINS_PAGING (1u << 31) /* of pins_checked: window.paging is up to date */
/* There too, because it ends with the exit as well: looks of hypercall_should_yield(), and how many
 * are too many. */
#define YIELD_LOOK      (1u << 16)
#define YIELD_LOOKS_MAX (64 * YIELD_LOOK)
/* SLOT of the window shows another frame, or will: its pin is forgotten, all if it is a table's. */
static inline void pins_forget(struct window *window, unsigned slot)
{
    if (slot - WINDOW_ARG0 < WINDOW_PINS)
        window->pin[slot - WINDOW_ARG0].access = 0;
    for (unsigned i = 0; slot < WINDOW_ARG0 && i < WINDOW_PINS; i++)
        window->pin[i].access = 0;
}

/* Sets BITS pending on CPU and makes it look soon, wherever it is: an IPI is sent if it is in a
 * guest or halted. May be called for this CPU (no IPI: it looks before it enters a guest). */
void cpu_kick(struct cpu *cpu, uint32_t bits);
/* The same for this CPU. */
static inline void cpu_look(uint32_t bits)
{
    atomic_fetch_or(&this_cpu()->cpu->pending, bits);
}

/* The conversion of ticks to ns that time pages publish: (ticks << tsc_shift or >> -tsc_shift) *
 * tsc_mul >> 32 (xen.h, struct vcpu_time_info). tsc_scale has it in one number with 48 fraction
 * bits. */
extern uint32_t tsc_khz;
extern uint32_t tsc_mul;
extern int8_t tsc_shift;
extern uint64_t tsc_start, tsc_scale;
/* Time stamp counter, in ticks; nanoseconds since the hypervisor started. */
#ifdef ATOLL_HOST_TEST
uint64_t tsc_read(void);
uint64_t time_ns_of_tsc(uint64_t tsc);
#else
static inline uint64_t tsc_read(void)
{
    return __builtin_ia32_rdtsc();
}
static inline uint64_t time_ns_of_tsc(uint64_t tsc)
{
    return (uint64_t)((unsigned __int128)(tsc - tsc_start) * tsc_scale >> 48);
}
#endif
static inline uint64_t time_ns(void)
{
    return time_ns_of_tsc(tsc_read());
}
/* UTC in ns since 1970 at time_ns() == 0. */
extern uint64_t wall_ns_at_start;
/* Arms this CPU's timer interrupt for a time in time_ns() units; UINT64_MAX: off. A time in the
 * past fires at once. */
void cpu_timer_arm(uint64_t deadline_ns);
