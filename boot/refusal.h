/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why the system cannot start: one sentence that says what is wrong and what to do. Whatever
 * finds a reason writes it here and returns an error; whoever started it shows the sentence.
 */
#pragma once

#include "lib/compiler.h"

#define REFUSAL_MAX 320u

/* What is shown in front of the sentence. */
#define REFUSAL_PREFIX "Atoll cannot start: "

struct refusal {
    char sentence[REFUSAL_MAX];
};

/* Writes the sentence and returns `error`, a negative errno. */
int refuse(struct refusal *refusal, int error, const char *fmt, ...) PRINTF_LIKE(3, 4);
