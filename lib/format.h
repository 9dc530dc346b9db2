/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf-like text in a caller's buffer. Conversions: c s d i u x X p and %%; length l, ll, z;
 * flags 0 and -; a width; a precision for s (a number or *). No floating point. A conversion that
 * is not known is copied as it stands.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

/* Writes at most `size` bytes with the closing NUL (size 0: nothing). Returns the length of the
 * whole text without the NUL, so that a result of `size` or more says that it was cut. */
size_t format_str(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
size_t format_va(char *buf, size_t size, const char *fmt, va_list args) PRINTF_LIKE(3, 0);

#define FORMAT_GUID_SIZE 37u

/* Writes a GUID as it is written by people, from its 16 bytes as they lie in memory or on a disk:
 * its first three numbers are little endian (UEFI 2.10, appendix A). */
void format_guid(char text[FORMAT_GUID_SIZE], const uint8_t guid[16]);
