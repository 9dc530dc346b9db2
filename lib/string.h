/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of C's <string.h> that freestanding code uses, with C's meaning. lib/string.c defines
 * these for code without an operating system; host programs get the host's own.
 */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t size);
char *strchr(const char *text, int wanted);
