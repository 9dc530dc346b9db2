/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_LINUX_SAMPLES_H
#define TESTS_LINUX_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

/* The CPU's clock; with QEMU's -icount it counts executed instructions, and jumps over the time
 * that the CPU is halted in. */
uint64_t samples_clock(void);

/* Sorts the samples and prints `bench NAME MEDIAN`, and behind it where the others lie. */
void samples_show(const char *name, uint64_t *samples, size_t count);

#endif
