/* SPDX-License-Identifier: BSD-2-Clause */
/* Further vcpus: how many there are, and their start by INIT and SIPI through a page below 1 MiB.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/compiler.h"

/* The domain's vcpus, started or not, by VCPUOP_is_up. */
unsigned int smp_cpu_count(void);

/* True if the vcpu has been started. */
bool smp_cpu_is_up(unsigned int cpu);

/* Starts vcpu `cpu` (1..GUEST_CPUS_MAX - 1) and has it call run(arg) with interrupts on and events
 * working; when run() returns the vcpu halts with interrupts off, which takes it down, and may be
 * started again. Waits until run() is about to be called. -XEN_ENOENT: no such vcpu; -XEN_ENOMEM:
 * no stack; -XEN_ETIME: it did not come up within a minute. */
int MUST_CHECK smp_start(unsigned int cpu, void (*run)(void *arg), void *arg);
