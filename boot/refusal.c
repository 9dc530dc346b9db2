/* SPDX-License-Identifier: BSD-2-Clause */
/* The sentence of a refusal. */
#include "boot/refusal.h"

#include "lib/format.h"

int refuse(struct refusal *refusal, int error, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    format_va(refusal->sentence, sizeof(refusal->sentence), fmt, args);
    va_end(args);
    return error;
}
