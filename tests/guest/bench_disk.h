/* SPDX-License-Identifier: BSD-2-Clause */
/* Round trips to a paravirtual disk whose back end has nothing to do (volume `null`). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Connects to the first disk that the store shows, which it closes first if it has been connected.
 * False: there is none. */
bool bench_disk_connect(bool is_persistent);

/* Ticks from a request's making to its response's end: a page, eleven pages (44 KiB), and sixteen
 * requests of a page that are shown to the back end at once. */
uint64_t bench_disk_page(void);
uint64_t bench_disk_large(void);
uint64_t bench_disk_batch(void);
