/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs and clock of the fake architecture: one CPU runs at a time, time goes by when told. Where
 * FAKE_LOCAL is _Thread_local (tests/parallel), each thread is a CPU and they run at once. */
#pragma once

#include "arch/x86/percpu.h"
#include "arch/x86/virt.h"

/* COUNT CPUs, all online and idle; time starts at START_NS; this is CPU 0. */
void fake_cpus_init(uint32_t count, uint64_t start_ns);
/* From here on this is CPU. */
void fake_on_cpu(uint32_t cpu);
/* This thread is CPU, which has nothing loaded. */
void fake_be_cpu(uint32_t cpu);
/* The vCPU that CPU has loaded. */
struct vcpu *fake_current(uint32_t cpu);
/* time_ns(). */
extern _Atomic uint64_t fake_ns;
/* What cpu_timer_arm() was last called with on CPU. */
uint64_t fake_armed(uint32_t cpu);
/* Kicks that needed an interrupt, since the start. */
extern _Atomic uint32_t fake_kicks;
/* What get_paging() says of the loaded vCPU. */
extern FAKE_LOCAL struct guest_paging fake_paging;
/* What was written to the serial console, NUL-terminated. */
extern char fake_console[4096];
/* Loads and saves of vCPUs, since the start. */
extern _Atomic uint32_t fake_loads, fake_saves;
/* If not negative: this many arch_vcpu_init() succeed, then one fails. */
extern int fake_vcpu_init_budget;
/* vCPUs that arch_vcpu_init() made and arch_vcpu_destroy() did not yet unmake. */
extern _Atomic int fake_vcpus;
/* 1: machine_power_off(), 2: machine_reset() was called: they longjmp to fake_machine_exit. */
#include <setjmp.h>
extern jmp_buf fake_machine_exit;
