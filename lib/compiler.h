/* SPDX-License-Identifier: BSD-2-Clause */
/* Names for the few compiler attributes and expressions that the tree uses. */
#pragma once

/* The result says whether the call worked: ignoring it is a compile error. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Parameter `format_at` is a format string, checked against the arguments from `first_at` on (0: a
 * va_list follows). */
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
