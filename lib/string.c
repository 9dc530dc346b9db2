/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy and its family for code without an operating system. The compiler emits calls to the
 * first four, so this file is built without the optimisation that turns loops into such calls.
 */
#include "lib/string.h"

#include <stdint.h>

/* Below this size a loop beats the start-up of a string instruction. */
#define REP_MIN 64u

/* Accesses of 8 and 4 bytes at any address to an object of any type. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;
typedef uint32_t __attribute__((may_alias, aligned(1))) half_t;

void *memcpy(void *restrict dst, const void *restrict src, size_t size)
{
    char *to = dst;
    const char *from = src;

    if (size >= REP_MIN) {
        size_t words = size / sizeof(word_t), last = size % sizeof(word_t);

        __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
        /* The rest by a word that ends where it ends. */
        to += last;
        from += last;
        ((word_t *)to)[-1] = ((const word_t *)from)[-1];
        return dst;
    }
    for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
        *(word_t *)to = *(const word_t *)from;
        to += sizeof(word_t);
        from += sizeof(word_t);
    }
    if (size >= sizeof(half_t)) {
        *(half_t *)to = *(const half_t *)from;
        to += sizeof(half_t);
        from += sizeof(half_t);
        size -= sizeof(half_t);
    }
    while (size-- != 0) {
        *to++ = *from++;
    }
    return dst;
}

void *memmove(void *dst, const void *src, size_t size)
{
    char *to = dst;
    const char *from = src;

    /* Both unsigned differences are at least `size` only if the two do not overlap. */
    if ((uintptr_t)dst - (uintptr_t)src >= size && (uintptr_t)src - (uintptr_t)dst >= size) {
        return memcpy(dst, src, size);
    }
    if ((uintptr_t)dst < (uintptr_t)src) {
        for (size_t i = 0; i < size; i++) {
            to[i] = from[i];
        }
    } else {
        while (size-- != 0) {
            to[size] = from[size];
        }
    }
    return dst;
}

void *memset(void *dst, int value, size_t size)
{
    char *to = dst;
    uint64_t pattern = (uint64_t)(unsigned char)value * UINT64_C(0x0101010101010101);

    if (size >= REP_MIN) {
        size_t words = size / sizeof(word_t);

        __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
        size %= sizeof(word_t);
    }
    for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
        *(word_t *)to = pattern;
        to += sizeof(word_t);
    }
    while (size-- != 0) {
        *to++ = (char)value;
    }
    return dst;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const unsigned char *a = left;
    const unsigned char *b = right;

    for (; size >= sizeof(word_t) && *(const word_t *)a == *(const word_t *)b;
         size -= sizeof(word_t)) {
        a += sizeof(word_t);
        b += sizeof(word_t);
    }
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t size = 0;

    while (text[size] != '\0') {
        size++;
    }
    return size;
}

int strcmp(const char *left, const char *right)
{
    return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char a = (unsigned char)left[i];
        unsigned char b = (unsigned char)right[i];

        if (a != b) {
            return a - b;
        }
        if (a == '\0') {
            break;
        }
    }
    return 0;
}

char *strchr(const char *text, int wanted)
{
    for (;; text++) {
        if (*text == (char)wanted) {
            return (char *)(uintptr_t)text;
        }
        if (*text == '\0') {
            return NULL;
        }
    }
}
