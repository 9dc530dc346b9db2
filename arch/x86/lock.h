/* SPDX-License-Identifier: BSD-2-Clause */
/* Spin locks (ticket order) and atomics with named barriers. The hypervisor runs with interrupts
 * off, so a lock never meets an interrupt handler of its own CPU. docs/locking.md holds the order;
 * DEBUG=1 asserts it. */
#pragma once

#include "core/types.h"
#include <stdatomic.h>

/* The lock order: a CPU that holds a lock takes only locks further down. */
enum lock_order {
    LOCK_DOMAINS = 1, /* domain_list: creation, destruction, look-up of a slot */
    LOCK_DOMAIN,      /* struct domain: life cycle, vCPU array, HVM parameters */
    LOCK_GRANT,       /* struct grant_table (two: lower domid first) */
    LOCK_EVTCHN,      /* struct evtchn_table (two: lower domid first) */
    LOCK_P2M,         /* struct p2m (two: lower domid first) */
    LOCK_AREA,        /* registered guest areas of a vCPU */
    LOCK_SCHED,       /* a CPU's run queue (two: lower CPU first) */
    LOCK_TIMER,       /* a CPU's deadline heap */
    LOCK_FRAME,       /* chunk lists, frame allocation */
    LOCK_IRQ,         /* MSI, IO-APIC, pirq tables */
    LOCK_LOG,         /* log ring and console UART */
};

struct lock {
    _Atomic uint32_t next;
    _Atomic uint32_t serving;
    enum lock_order order;
};

#define LOCK_INIT(lock_order_value)                                                                \
    {                                                                                              \
        .order = (lock_order_value)                                                                \
    }

/* False until this_cpu() works: the boot CPU is then the only one. */
extern bool lock_knows_cpu;

void lock_init(struct lock *lock, enum lock_order order);
void lock_take(struct lock *lock);
void lock_drop(struct lock *lock);
/* Takes both (they may be the same one) in the order of their addresses; both have one lock order.
 */
void lock_take_pair(struct lock *a, struct lock *b);
void lock_drop_pair(struct lock *a, struct lock *b);

/* In a loop that waits for another CPU. */
#ifdef ATOLL_HOST_TEST
void cpu_relax(void);
#else
static inline void cpu_relax(void)
{
    __builtin_ia32_pause();
}
#endif
/* One load or store that the compiler neither repeats, splits nor leaves out. */
#ifdef ATOLL_HOST_TEST
/* tests/fake/fake_tlb.c sees each of them first. */
const volatile void *fake_note_load(const volatile void *address);
volatile void *fake_note_store(volatile void *address, size_t size);
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)fake_note_load(&(x)))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)fake_note_store(&(x), sizeof(x)) = (v))
#else
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#endif

/* INDEX, which a check has found below SIZE (a power of two), below SIZE also where the CPU runs
 * ahead of that check. The compiler may not know that the mask changes nothing. */
static inline uint64_t index_below(uint64_t index, uint64_t size)
{
    __asm__("" : "+r"(index));
    return index & (size - 1);
}
