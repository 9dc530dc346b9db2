/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls: through the page that the hypervisor fills, or by the instruction itself. The result
 * is 0, a count, or a negative XEN_E number of pv-abi/errno.h. Structures passed by pointer may lie
 * anywhere in mapped memory; the stack will do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pv-abi/xen.h"

struct xen_domctl;
struct xen_sysctl;
struct xen_platform_op;

/* 32 bytes of code for each hypercall number. */
extern uint8_t hypercall_page[4096];
#define HYPERCALL_SLOT_SIZE 32

/* The hypervisor's CPUID leaves and what they say; set by hypercall_init(). */
struct hypervisor_info {
    uint32_t base_leaf; /* 0x40000000 or a later multiple of 0x100 */
    uint32_t max_leaf;
    char signature[13];
    uint32_t version; /* major << 16 | minor */
    uint32_t page_msr;
    uint32_t features; /* EAX of leaf base + 4 */
    uint32_t domid;    /* ECX of the same leaf, or DOMID_SELF if it does not tell */
};
extern struct hypervisor_info hypervisor_info;

/* Finds the hypervisor and has the page filled. False: no such hypervisor. */
bool hypercall_init(void);

/* Any hypercall through the page. */
static inline int64_t hypercall5(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3,
                                 uint64_t a4, uint64_t a5)
{
    register uint64_t r10 __asm__("r10") = a4;
    register uint64_t r8 __asm__("r8") = a5;
    const uint8_t *slot = hypercall_page + number * HYPERCALL_SLOT_SIZE;
    int64_t result;

    __asm__ volatile("call *%[slot]"
                     : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
                     : [slot] "r"(slot)
                     : "memory");
    return result;
}

/* One of at most three arguments. */
static inline int64_t hypercall3(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3)
{
    const uint8_t *slot = hypercall_page + number * HYPERCALL_SLOT_SIZE;
    int64_t result;

    __asm__ volatile("call *%[slot]"
                     : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3)
                     : [slot] "r"(slot)
                     : "memory");
    return result;
}

/* Any hypercall by VMMCALL or VMCALL, as the CPU's vendor has it. */
int64_t hypercall_insn5(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                        uint64_t a5);

static inline int64_t hypercall_xen_version(unsigned int command, void *arg)
{
    return hypercall3(__HYPERVISOR_xen_version, command, (uintptr_t)arg, 0);
}

static inline int64_t hypercall_memory_op(unsigned int command, void *arg)
{
    return hypercall3(__HYPERVISOR_memory_op, command, (uintptr_t)arg, 0);
}

static inline int64_t hypercall_hvm_op(unsigned int command, void *arg)
{
    return hypercall3(__HYPERVISOR_hvm_op, command, (uintptr_t)arg, 0);
}

static inline int64_t hypercall_vcpu_op(unsigned int command, unsigned int vcpu, void *arg)
{
    return hypercall3(__HYPERVISOR_vcpu_op, command, vcpu, (uintptr_t)arg);
}

static inline int64_t hypercall_event_channel_op(unsigned int command, void *arg)
{
    return hypercall3(__HYPERVISOR_event_channel_op, command, (uintptr_t)arg, 0);
}

static inline int64_t hypercall_vm_assist(unsigned int command, unsigned int type)
{
    return hypercall3(__HYPERVISOR_vm_assist, command, type, 0);
}

static inline int64_t hypercall_grant_table_op(unsigned int command, void *ops, unsigned int count)
{
    return hypercall3(__HYPERVISOR_grant_table_op, command, (uintptr_t)ops, count);
}

static inline int64_t hypercall_sched_op(unsigned int command, void *arg)
{
    return hypercall3(__HYPERVISOR_sched_op, command, (uintptr_t)arg, 0);
}

/* `buffer` is written by CONSOLEIO_read. Returns the count of bytes read, or 0 after a write. */
static inline int64_t hypercall_console_io(unsigned int command, unsigned int count,
                                           const void *buffer)
{
    return hypercall3(__HYPERVISOR_console_io, command, count, (uintptr_t)buffer);
}

static inline int64_t hypercall_multicall(struct multicall_entry *calls, unsigned int count)
{
    return hypercall3(__HYPERVISOR_multicall, (uintptr_t)calls, count, 0);
}

static inline int64_t hypercall_physdev_op(unsigned int command, void *arg)
{
    return hypercall3(__HYPERVISOR_physdev_op, command, (uintptr_t)arg, 0);
}

/* `deadline` in nanoseconds of system time; 0 stops the timer. */
static inline int64_t hypercall_set_timer_op(uint64_t deadline)
{
    return hypercall3(__HYPERVISOR_set_timer_op, deadline, 0, 0);
}

static inline int64_t hypercall_domctl(struct xen_domctl *op)
{
    return hypercall3(__HYPERVISOR_domctl, (uintptr_t)op, 0, 0);
}

static inline int64_t hypercall_sysctl(struct xen_sysctl *op)
{
    return hypercall3(__HYPERVISOR_sysctl, (uintptr_t)op, 0, 0);
}

static inline int64_t hypercall_platform_op(struct xen_platform_op *op)
{
    return hypercall3(__HYPERVISOR_platform_op, (uintptr_t)op, 0, 0);
}

/* A HVM_PARAM_ of the calling domain. */
int64_t hvm_param_get(uint32_t index, uint64_t *value);
int64_t hvm_param_set(uint32_t index, uint64_t value);
