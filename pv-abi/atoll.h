/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atoll only: hypercall __HYPERVISOR_arch_2 (50), op(cmd, argument), for what Xen has no word for.
 * The control domain alone may call it. All arguments have the same layout in 32 bit.
 */
#ifndef PV_ABI_ATOLL_H
#define PV_ABI_ATOLL_H

#include "pv-abi/xen.h"

#define ATOLLOP_get_death       0 /* struct atoll_death. */
#define ATOLLOP_get_counters    1 /* struct atoll_counters. */
#define ATOLLOP_get_memory      2 /* struct atoll_memory. */
#define ATOLLOP_get_call_counts 3 /* struct atoll_call_counts. */

/* What killed a domain. -ENOENT: it has not crashed. */
#define ATOLL_DEATH_REASON_MAX 80
#define ATOLL_DEATH_EXITS      8

struct atoll_death {
    domid_t domid; /* IN. */
    uint16_t pad[3];
    uint32_t vcpu;                       /* OUT, as all below: whose registers these are. */
    uint32_t flags;                      /* ATOLL_DEATH_*. */
    char reason[ATOLL_DEATH_REASON_MAX]; /* Ends with a NUL. */
    uint64_t gpr[16];                    /* rax rcx rdx rbx rsp rbp rsi rdi r8 .. r15. */
    uint64_t rip;
    uint64_t rflags;
    uint64_t cr0;
    uint64_t cr3;
    uint64_t cr4;
    struct {
        uint64_t kind; /* ATOLL_EXIT_*. */
        uint64_t rip;
        uint64_t info;
    } exits[ATOLL_DEATH_EXITS]; /* Newest first. */
};
ABI_LAYOUT(struct atoll_death, 456, domid, 0, vcpu, 8, flags, 12, reason, 16, gpr, 96, rip, 224,
           rflags, 232, cr0, 240, cr3, 248, cr4, 256, exits, 264);

/* Kinds of exits, in the order of atoll_counters.exits. */
#define ATOLL_EXIT_UNKNOWN   0
#define ATOLL_EXIT_NONE      1 /* A host interrupt. */
#define ATOLL_EXIT_WINDOW    2 /* The guest can take an event. */
#define ATOLL_EXIT_CR_WRITE  3
#define ATOLL_EXIT_HLT       4
#define ATOLL_EXIT_CPUID     5
#define ATOLL_EXIT_HYPERCALL 6
#define ATOLL_EXIT_PORT      7
#define ATOLL_EXIT_MSR_READ  8
#define ATOLL_EXIT_MSR_WRITE 9
#define ATOLL_EXIT_XSETBV    10
#define ATOLL_EXIT_CACHE     11
#define ATOLL_EXIT_FAULT     12 /* Nested page fault. */
#define ATOLL_EXIT_UNDEFINED 13
#define ATOLL_EXIT_SHUTDOWN  14 /* Triple fault. */
#define ATOLL_EXIT_BAD_STATE 15
#define ATOLL_EXIT_DEBUG     16 /* #DB of the guest. */
#define ATOLL_EXIT_ALIGNMENT 17 /* #AC of the guest. */
#define ATOLL_EXIT_KINDS     18

/* Counters of a vcpu since it was made. -ESRCH: no such domain; -ENOENT: no such vcpu. */
struct atoll_counters {
    domid_t domid; /* IN. */
    uint16_t pad;
    uint32_t vcpu;                    /* IN. */
    uint64_t exits[ATOLL_EXIT_KINDS]; /* OUT, as all below. */
    uint64_t injections;              /* Events put into the guest. */
    uint64_t flushes;                 /* Flushes of its translations at entry. */
    uint64_t window_fills;            /* Frames mapped to reach its memory. */
};
ABI_LAYOUT(struct atoll_counters, 176, domid, 0, vcpu, 4, exits, 8, injections, 152, flushes, 160,
           window_fills, 168);

/* The hypervisor's memory, in pages of 4096 bytes. The tables are walked while one calls. */
struct atoll_memory {
    uint64_t total;      /* OUT, as all: RAM of the machine. */
    uint64_t free_clean; /* Ready to be given out. */
    uint64_t free_dirty; /* To be cleaned. */
    uint64_t quarantine; /* A TLB may hold them. */
    uint64_t heap;       /* The hypervisor's heap, used or not. */
    uint64_t heap_used;
    uint64_t tables;     /* Image, frame and chunk tables. */
    uint64_t guest;      /* RAM of domains. */
    uint64_t charged;    /* Pages of the hypervisor that domains are charged for. */
    uint64_t grant_maps; /* Frames that domains have mapped by grant. */
    uint64_t foreign_maps;
    /* Found in the hypervisor's own page tables: */
    uint64_t guest_mapped;     /* Guest frames mapped, outside of the CPUs' windows. */
    uint64_t guest_registered; /* Of those: areas that guests registered. */
    uint64_t write_exec;       /* Writable and executable. */
};
ABI_LAYOUT(struct atoll_memory, 112, total, 0, free_clean, 8, free_dirty, 16, quarantine, 24, heap,
           32, heap_used, 40, tables, 48, guest, 56, charged, 64, grant_maps, 72, foreign_maps, 80,
           guest_mapped, 88, guest_registered, 96, write_exec, 104);

/* How often a domain has called each hypercall that there is, from FIRST on. */
struct atoll_call_count {
    uint32_t number;    /* __HYPERVISOR_*. */
    uint32_t operation; /* Within it; ATOLL_CALL_UNKNOWN and above: answered by -ENOSYS. */
    uint64_t count;
};
ABI_LAYOUT(struct atoll_call_count, 16, number, 0, operation, 4, count, 8);

#define ATOLL_CALL_UNKNOWN 0x10000u

struct atoll_call_counts {
    domid_t domid; /* IN. */
    uint16_t pad;
    uint32_t max; /* IN: room in elements. OUT: elements written; those of count 0 are left out. */
    uint64_aligned_t list; /* IN: handle of struct atoll_call_count. */
};
ABI_LAYOUT(struct atoll_call_counts, 16, domid, 0, max, 4, list, 8);

#endif
