/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters that are always on. Per vCPU ones are written by the CPU that runs it, without a lock.
 */
#pragma once

#include "arch/x86/virt.h"
#include "core/types.h"

struct vcpu_counters {
    uint64_t exits[VM_EXIT_KINDS];
    uint64_t injections;
    uint64_t flushes;      /* guest TLB flushes requested at entry */
    uint64_t window_fills; /* window slots filled while it was loaded */
};
