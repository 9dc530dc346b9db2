/* SPDX-License-Identifier: BSD-2-Clause */
/* The vcpu_op(operation, vcpu, argument) hypercall (<xen/vcpu.h>, <xen/hvm/hvm_vcpu.h>). */
#ifndef PV_ABI_VCPU_H
#define PV_ABI_VCPU_H

#include "pv-abi/xen.h"

#define VCPUOP_initialise                     0  /* struct vcpu_hvm_context. */
#define VCPUOP_up                             1  /* No argument. */
#define VCPUOP_down                           2  /* No argument. */
#define VCPUOP_is_up                          3  /* No argument; returns 1 or 0. */
#define VCPUOP_get_runstate_info              4  /* struct vcpu_runstate_info. */
#define VCPUOP_register_runstate_memory_area  5  /* The structure of that name. */
#define VCPUOP_set_periodic_timer             6  /* struct vcpu_set_periodic_timer. */
#define VCPUOP_stop_periodic_timer            7  /* No argument. */
#define VCPUOP_set_singleshot_timer           8  /* struct vcpu_set_singleshot_timer. */
#define VCPUOP_stop_singleshot_timer          9  /* No argument. */
#define VCPUOP_register_vcpu_info             10 /* struct vcpu_register_vcpu_info. */
#define VCPUOP_send_nmi                       11 /* No argument. */
#define VCPUOP_get_physid                     12 /* struct vcpu_get_physid. */
#define VCPUOP_register_vcpu_time_memory_area 13 /* struct vcpu_register_time_memory_area. */

/* States of a vcpu. */
#define RUNSTATE_running  0 /* On a CPU. */
#define RUNSTATE_runnable 1 /* Waits for a CPU. */
#define RUNSTATE_blocked  2 /* Waits for an event. */
#define RUNSTATE_offline  3 /* Down or paused, and not blocked. */

/* All times in nanoseconds. */
struct vcpu_runstate_info {
    int32_t state;                     /* RUNSTATE_*. */
    uint64_aligned_t state_entry_time; /* System time when the state began, with the flag below. */
    uint64_aligned_t time[4];          /* Spent in each state. */
};
ABI_LAYOUT(struct vcpu_runstate_info, 48, state, 0, state_entry_time, 8, time, 16);

struct compat_vcpu_runstate_info {
    int32_t state;
    compat_uint64_t state_entry_time;
    compat_uint64_t time[4];
};
ABI_LAYOUT(struct compat_vcpu_runstate_info, 44, state, 0, state_entry_time, 4, time, 12);

/* Set in state_entry_time while the hypervisor writes (VMASST_TYPE_runstate_update_flag). */
#define XEN_RUNSTATE_UPDATE (1ULL << 63)

/* The address is guest-virtual; the area may cross a page. */
struct vcpu_register_runstate_memory_area {
    union {
        uint64_aligned_t h; /* Handle of struct vcpu_runstate_info. */
        uint64_aligned_t v;
        uint64_aligned_t p;
    } addr;
};
ABI_LAYOUT(struct vcpu_register_runstate_memory_area, 8, addr, 0, addr.h, 0, addr.v, 0, addr.p, 0);

struct compat_vcpu_register_runstate_memory_area {
    union {
        uint32_t h;
        uint32_t v;
        compat_uint64_t p;
    } addr;
};
ABI_LAYOUT(struct compat_vcpu_register_runstate_memory_area, 8, addr, 0, addr.h, 0, addr.v, 0,
           addr.p, 0);

/* Same layout in 32 bit. */
struct vcpu_set_periodic_timer {
    uint64_t period_ns;
};
ABI_LAYOUT(struct vcpu_set_periodic_timer, 8, period_ns, 0);

struct vcpu_set_singleshot_timer {
    uint64_aligned_t timeout_abs_ns; /* System time. */
    uint32_t flags;                  /* VCPU_SSHOTTMR_*. */
};
ABI_LAYOUT(struct vcpu_set_singleshot_timer, 16, timeout_abs_ns, 0, flags, 8);

struct compat_vcpu_set_singleshot_timer {
    compat_uint64_t timeout_abs_ns;
    uint32_t flags;
};
ABI_LAYOUT(struct compat_vcpu_set_singleshot_timer, 12, timeout_abs_ns, 0, flags, 8);

/* -ETIME for a time that has passed; without it the timer fires at once. */
#define _VCPU_SSHOTTMR_future 0
#define VCPU_SSHOTTMR_future  (1U << _VCPU_SSHOTTMR_future)

/* The structure must lie on one page; once per vcpu. Same layout in 32 bit. */
struct vcpu_register_vcpu_info {
    uint64_t mfn;    /* Guest frame number. */
    uint32_t offset; /* In bytes within the frame. */
    uint32_t rsvd;
};
ABI_LAYOUT(struct vcpu_register_vcpu_info, 16, mfn, 0, offset, 8);

/* Same layout in 32 bit. */
struct vcpu_get_physid {
    uint64_t phys_id; /* APIC ID, and the ACPI processor's UID in the upper half. */
};
ABI_LAYOUT(struct vcpu_get_physid, 8, phys_id, 0);

/* The address is guest-virtual: a copy of vcpu_info's time, for user mode to read. */
struct vcpu_register_time_memory_area {
    union {
        uint64_aligned_t h; /* Handle of struct vcpu_time_info. */
        uint64_aligned_t v;
        uint64_aligned_t p;
    } addr;
};
ABI_LAYOUT(struct vcpu_register_time_memory_area, 8, addr, 0, addr.h, 0, addr.v, 0, addr.p, 0);

struct compat_vcpu_register_time_memory_area {
    union {
        uint32_t h;
        uint32_t v;
        compat_uint64_t p;
    } addr;
};
ABI_LAYOUT(struct compat_vcpu_register_time_memory_area, 8, addr, 0, addr.h, 0, addr.v, 0, addr.p,
           0);

/* A vcpu's first state in 32-bit mode. Attributes as in a VMCB. Same layout in 32 bit. */
struct vcpu_hvm_x86_32 {
    uint32_t eax;
    uint32_t ecx;
    uint32_t edx;
    uint32_t ebx;
    uint32_t esp;
    uint32_t ebp;
    uint32_t esi;
    uint32_t edi;
    uint32_t eip;
    uint32_t eflags;
    uint32_t cr0;
    uint32_t cr3;
    uint32_t cr4;
    uint32_t pad1;
    uint64_t efer; /* 0 in this mode. */
    uint32_t cs_base;
    uint32_t ds_base;
    uint32_t ss_base;
    uint32_t es_base;
    uint32_t tr_base;
    uint32_t cs_limit;
    uint32_t ds_limit;
    uint32_t ss_limit;
    uint32_t es_limit;
    uint32_t tr_limit;
    uint16_t cs_ar;
    uint16_t ds_ar;
    uint16_t ss_ar;
    uint16_t es_ar;
    uint16_t tr_ar;
    uint16_t pad2[3];
};
ABI_LAYOUT(struct vcpu_hvm_x86_32, 120, eax, 0, ecx, 4, edx, 8, ebx, 12, esp, 16, ebp, 20, esi, 24,
           edi, 28, eip, 32, eflags, 36, cr0, 40, cr3, 44, cr4, 48, efer, 56, cs_base, 64, ds_base,
           68);
ABI_LAYOUT(struct vcpu_hvm_x86_32, 120, ss_base, 72, es_base, 76, tr_base, 80, cs_limit, 84,
           ds_limit, 88, ss_limit, 92, es_limit, 96, tr_limit, 100, cs_ar, 104, ds_ar, 106, ss_ar,
           108, es_ar, 110, tr_ar, 112);

/* A vcpu's first state in 64-bit mode, with flat segments. Same layout in 32 bit. */
struct vcpu_hvm_x86_64 {
    uint64_t rax;
    uint64_t rcx;
    uint64_t rdx;
    uint64_t rbx;
    uint64_t rsp;
    uint64_t rbp;
    uint64_t rsi;
    uint64_t rdi;
    uint64_t rip;
    uint64_t rflags;
    uint64_t cr0;
    uint64_t cr3;
    uint64_t cr4;
    uint64_t efer;
};
ABI_LAYOUT(struct vcpu_hvm_x86_64, 112, rax, 0, rcx, 8, rdx, 16, rbx, 24, rsp, 32, rbp, 40, rsi, 48,
           rdi, 56, rip, 64, rflags, 72, cr0, 80, cr3, 88, cr4, 96, efer, 104);

#define VCPU_HVM_MODE_32B 0
#define VCPU_HVM_MODE_64B 1

/* Same layout in 32 bit. */
struct vcpu_hvm_context {
    uint32_t mode; /* VCPU_HVM_MODE_*. */
    uint32_t pad;
    union {
        struct vcpu_hvm_x86_32 x86_32;
        struct vcpu_hvm_x86_64 x86_64;
    } cpu_regs;
};
ABI_LAYOUT(struct vcpu_hvm_context, 128, mode, 0, cpu_regs, 8, cpu_regs.x86_32, 8, cpu_regs.x86_64,
           8);

#endif
