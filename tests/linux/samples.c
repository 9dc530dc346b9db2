/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the samples of a measuring program and the line that bench_linux.py reads. */
#include "tests/linux/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

uint64_t samples_clock(void)
{
    return __rdtsc();
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

void samples_show(const char *name, uint64_t *samples, size_t count)
{
    qsort(samples, count, sizeof(samples[0]), compare);
    printf("bench %s %lu (a tenth within %lu, nine within %lu)\n", name, samples[count / 2],
           samples[count / 10], samples[count / 10 * 9]);
    fflush(stdout);
}
