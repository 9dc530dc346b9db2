/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies from one granted page to another, sixteen in one call. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Grants the pages; false if there are not enough. */
bool bench_grant_init(void);

/* Copies 1,500 bytes sixteen times and returns the ticks. */
uint64_t bench_grant_copy(void);
