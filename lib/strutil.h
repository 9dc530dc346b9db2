/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings beyond C's own set: bounded copy, numbers, words of a line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

/* Copies `src` into the `size` bytes at `dst`, which end in a NUL whatever happens (size 0: nothing
 * is written). False: the text was cut. */
bool str_copy(char *dst, size_t size, const char *src);

/* Reads an unsigned number at the start of `text`: base 10 or 16, or 0 for decimal unless "0x"
 * stands in front ("0x" is accepted with base 16 too). `*end`, where `end` is not NULL, is set to
 * the first character that does not belong to it. -EINVAL: no digit there; -ERANGE: above 2^64 - 1;
 * `*out` is written on success only. */
int MUST_CHECK str_to_u64(const char *text, unsigned int base, uint64_t *out, const char **end);

/* As str_to_u64 with base 0, for a text that is nothing but the number. -EINVAL: something
 * follows it. */
int MUST_CHECK str_parse_u64(const char *text, uint64_t *out);

/* Finds `key=VALUE` among the words of `line`, which spaces separate, and copies VALUE. The last
 * one wins. False: no such word, or VALUE does not fit in `size` bytes with its NUL. */
bool str_option(const char *line, const char *key, char *value, size_t size);

/* True if `text` begins with `prefix`. */
bool str_starts_with(const char *text, const char *prefix);

/* Copies the first of the words that commas separate, without the blanks around it; what does not
 * fit in `size` bytes with its NUL is cut. Returns what is behind its comma, or NULL. */
const char *str_next_item(const char *text, char *word, size_t size);

/* The value of a hexadecimal digit, or -1. */
int str_hex_digit(char c);
