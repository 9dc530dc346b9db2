/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory in pieces of any size, for what comes and goes with guests' requests. Main loop only. */
#pragma once

#include <stddef.h>

#include "lib/compiler.h"

/* `size` bytes at a multiple of 16, not cleared, or NULL. */
void *heap_alloc(size_t size) MUST_CHECK;

/* Gives them back; `size` is what was asked for. */
void heap_free(void *piece, size_t size);
