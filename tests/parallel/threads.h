/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

/* Calls RUN with each number below COUNT (16 at most), each in a thread; returns when all have. */
void threads_run(uint32_t count, void (*run)(uint32_t number));
