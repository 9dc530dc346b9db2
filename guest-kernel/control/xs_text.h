/* SPDX-License-Identifier: BSD-2-Clause */
/* The texts in messages: strings with a NUL each, access entries. */
#pragma once

#include <stddef.h>

#include "guest-kernel/control/xs_node.h"
#include "lib/compiler.h"

#define XS_PERM_TEXT_MAX 8u /* a letter, a domain's number, a NUL */

/* Finds the strings of `size` bytes, of which the byte behind the last is a NUL; an unended one at
 * the end counts. Returns how many there are, and sets the first `max`. */
size_t xs_text_split(const char *bytes, size_t size, const char **strings, size_t max);

/* Reads an access entry, "r1". -EINVAL. */
int MUST_CHECK xs_text_parse_perm(const char *text, struct xs_perm *perm);

/* Writes it; returns its length. */
size_t xs_text_format_perm(char text[XS_PERM_TEXT_MAX], const struct xs_perm *perm);
