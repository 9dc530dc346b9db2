/* SPDX-License-Identifier: BSD-2-Clause */
/* What the making and the destruction of a domain cost in hypercalls alone. */
#pragma once

#include <stdint.h>

#include "lib/compiler.h"

#define MEASURE_ROUNDS 21u

/* In TSC ticks, the medians of MEASURE_ROUNDS rounds. */
struct measure_result {
    uint64_t create;
    uint64_t destroy;
};

/* Makes an empty domain of one vcpu and 9 MiB, a MiB of it by 4 KiB pieces, and destroys it, again
 * and again. A negative errno: of the call that failed; nothing is left. */
int MUST_CHECK measure_domains(struct measure_result *result);
