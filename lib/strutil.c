/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings beyond C's own set. Works on the caller's buffers only. */
#include "lib/strutil.h"

#include "lib/errno.h"
#include "lib/string.h"

#define NOT_A_DIGIT 255u

bool str_copy(char *dst, size_t size, const char *src)
{
    size_t length = strlen(src);

    if (size == 0) {
        return false;
    }
    if (length >= size) {
        memcpy(dst, src, size - 1);
        dst[size - 1] = '\0';
        return false;
    }
    memcpy(dst, src, length + 1);
    return true;
}

static unsigned int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned int)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned int)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned int)(c - 'A') + 10;
    }
    return NOT_A_DIGIT;
}

int str_to_u64(const char *text, unsigned int base, uint64_t *out, const char **end)
{
    const char *at = text;
    uint64_t value = 0;

    if (base != 10 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && digit_value(at[2]) < 16) {
        at += 2;
        base = 16;
    } else if (base == 0) {
        base = 10;
    }
    if (digit_value(*at) >= base) {
        return -EINVAL;
    }
    for (; digit_value(*at) < base; at++) {
        unsigned int digit = digit_value(*at);

        if (value > (UINT64_MAX - digit) / base) {
            return -ERANGE;
        }
        value = value * base + digit;
    }
    *out = value;
    if (end != NULL) {
        *end = at;
    }
    return 0;
}

int str_parse_u64(const char *text, uint64_t *out)
{
    const char *end;
    uint64_t value;
    int rc = str_to_u64(text, 0, &value, &end);

    if (rc != 0) {
        return rc;
    }
    if (*end != '\0') {
        return -EINVAL;
    }
    *out = value;
    return 0;
}

bool str_option(const char *line, const char *key, char *value, size_t size)
{
    size_t key_length = strlen(key);
    bool is_found = false;

    for (const char *at = line; *at != '\0';) {
        const char *end = at;

        while (*end != '\0' && *end != ' ') {
            end++;
        }
        if (strncmp(at, key, key_length) == 0 && at[key_length] == '=') {
            const char *from = at + key_length + 1;
            size_t length = (size_t)(end - from);

            if (length >= size) {
                return false;
            }
            memcpy(value, from, length);
            value[length] = '\0';
            is_found = true;
        }
        at = *end == '\0' ? end : end + 1;
    }
    return is_found;
}

bool str_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

const char *str_next_item(const char *text, char *word, size_t size)
{
    const char *end = strchr(text, ','), *last;
    size_t length;

    last = end != NULL ? end : text + strlen(text);
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    while (last > text && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }
    length = last > text ? (size_t)(last - text) : 0;
    if (length >= size) {
        length = size - 1;
    }
    memcpy(word, text, length);
    word[length] = '\0';
    return end != NULL ? end + 1 : NULL;
}

int str_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
