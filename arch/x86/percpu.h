/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-CPU state in two parts. struct cpu is what other CPUs may look at. struct percpu is private:
 * it lies at one virtual address that each CPU maps to its own page, so that this_cpu() is a
 * constant and no CPU can reach another's.
 */
#ifndef ATOLL_X86_PERCPU_H
#define ATOLL_X86_PERCPU_H

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

#define WINDOW_SLOT_COUNT 32u
#define GFN_CACHE_SIZE    64u
#define LOCK_DEPTH_MAX    12u
#define WALK_LEVELS       4u
#define GFN_CACHE_PINS    3u /* enum guest_pin_slot */
/* A walk that was made, with all that it depended on: the same registers and the same entries, read
 * again, give the same translation. Only for 64-bit guest code. */
struct gfn_cache_pin {
    uint64_t epoch;      /* of the cache it belongs to; the slots in the path are of that time */
    uint64_t mask, from; /* addresses A with (A & mask) == from */
    uint64_t to;         /* guest-physical */
    uint32_t access;     /* PT_READ, PT_WRITE that are allowed */
    struct guest_paging paging;
    struct pt_path path;
};
/* core/gfn_cache.h. An epoch of 0 is not used, so that zeroed tags are of none. */
struct gfn_cache {
    uint64_t epoch;
    uint64_t epochs; /* how many there have been */
    uint64_t spread; /* where the epoch's entries lie */
    struct {
        uint64_t tag;
        mfn_t mfn;
    } entry[GFN_CACHE_SIZE];
    struct {
        uint64_t tag;
        uint64_t *page;
    } walk[WALK_LEVELS]; /* what the walk slot of each level shows */
    struct gfn_cache_pin pin[GFN_CACHE_PINS];
    uint32_t verified; /* bit per pin: checked since the guest ran last */
};

struct percpu {
    struct cpu *cpu;
    uint32_t id;
    struct vcpu *current;                 /* the vCPU whose state is loaded; NULL: idle */
    mfn_t window_tag[WINDOW_SLOT_COUNT];  /* frame that each window slot maps, MFN_NONE: none */
    void *window_page[WINDOW_SLOT_COUNT]; /* where each slot that maps something is seen */
    uint32_t window_stale; /* of these, slots of frames that this CPU took from the loaded domain */
    uint64_t own_raises;   /* generations of the loaded domain that this CPU raised meanwhile */
    uint32_t window_used;  /* bit per slot that maps something */
    uint32_t interrupt_depth;
    uint64_t window_fills; /* slots filled since the CPU started */
    struct gfn_cache gfn_cache;
    uint8_t lock_held[LOCK_DEPTH_MAX]; /* DEBUG: orders of the locks that this CPU holds */
    uint32_t lock_depth;
    /* The vendor half's own (svm.c): its state of the host, and which address space identifiers
     * this CPU has given out. */
    uint64_t host_state, asid_gen;
    uint32_t asid_next;
    uint64_t counter_base; /* spare word for the scheduler's accounting: TSC at the last switch */
    uint8_t argument[4096] ALIGNED(
        16); /* a hypercall's argument in its 64-bit form (core/hypercall.c) */
};

extern struct cpu cpus[CPU_MAX];
extern uint32_t cpu_count;

#ifdef ATOLL_HOST_TEST
extern struct percpu fake_percpu;
static inline struct percpu *this_cpu(void)
{
    return &fake_percpu;
}
#else
#define PERCPU_VA UINT64_C(0xffffff8000000000)
static inline struct percpu *this_cpu(void)
{
    return (struct percpu *)PERCPU_VA;
}
#endif

/* Sets BITS pending on CPU and makes it look soon, wherever it is: an IPI is sent if it is in a
 * guest or halted. May be called for this CPU (no IPI: it looks before it enters a guest). */
void cpu_kick(struct cpu *cpu, uint32_t bits);

/* Time stamp counter, in ticks. */
uint64_t tsc_read(void);
/* Nanoseconds since the hypervisor started, and the conversions that time pages publish:
 * ns = (ticks << tsc_shift or >> -tsc_shift) * tsc_mul >> 32 (xen.h, struct vcpu_time_info). */
uint64_t time_ns(void);
uint64_t time_ns_of_tsc(uint64_t tsc);
uint64_t tsc_of_time_ns(uint64_t ns);
extern uint32_t tsc_khz;
extern uint32_t tsc_mul;
extern int8_t tsc_shift;
/* UTC in ns since 1970 at time_ns() == 0. */
extern uint64_t wall_ns_at_start;
/* Arms this CPU's timer interrupt for a time in time_ns() units; UINT64_MAX: off. A time in the
 * past fires at once. */
void cpu_timer_arm(uint64_t deadline_ns);

#endif
