/* SPDX-License-Identifier: BSD-2-Clause */
/* printf-like formatting without allocation; the only state is the caller's buffer. */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/string.h"

/* Decimal digits of 2^64 - 1. */
#define DIGITS_MAX 20u
/* A width or precision above this is taken as this: it bounds the work for one conversion. */
#define FIELD_MAX 4096u

struct sink {
    char *buf;
    size_t size;
    size_t length; /* characters asked for so far, written or not */
};

struct spec {
    bool is_left;
    bool is_zero_padded;
    bool has_precision;
    unsigned int width;
    unsigned int precision;
    unsigned int longs; /* 0: int; 1 or more: 64 bits */
};

static void put(struct sink *sink, char c)
{
    if (sink->length + 1 < sink->size) {
        sink->buf[sink->length] = c;
    }
    sink->length++;
}

static void put_repeated(struct sink *sink, char c, size_t count)
{
    while (count-- != 0) {
        put(sink, c);
    }
}

static void put_padded(struct sink *sink, const struct spec *spec, const char *text, size_t length)
{
    size_t padding = spec->width > length ? spec->width - length : 0;

    if (!spec->is_left) {
        put_repeated(sink, ' ', padding);
    }
    for (size_t i = 0; i < length; i++) {
        put(sink, text[i]);
    }
    if (spec->is_left) {
        put_repeated(sink, ' ', padding);
    }
}

static void put_string(struct sink *sink, const struct spec *spec, const char *text)
{
    size_t length = 0;

    if (text == NULL) {
        text = "(null)";
    }
    /* With a precision the text needs no NUL, as in C. */
    while ((!spec->has_precision || length < spec->precision) && text[length] != '\0') {
        length++;
    }
    put_padded(sink, spec, text, length);
}

/* `prefix` is a sign or "0x": it goes in front of zero padding. */
static void put_number(struct sink *sink, struct spec spec, uint64_t value, const char *digits,
                       const char *prefix)
{
    char text[DIGITS_MAX];
    unsigned int base = (unsigned int)strlen(digits);
    size_t at = sizeof(text);
    size_t length;
    size_t prefix_length = strlen(prefix);

    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value != 0);
    length = sizeof(text) - at;

    if (spec.is_zero_padded && !spec.is_left) {
        for (size_t i = 0; i < prefix_length; i++) {
            put(sink, prefix[i]);
        }
        if (spec.width > length + prefix_length) {
            put_repeated(sink, '0', spec.width - length - prefix_length);
        }
        spec.width = 0;
        put_padded(sink, &spec, text + at, length);
        return;
    }
    for (; prefix_length != 0; prefix_length--, length++) {
        text[--at] = prefix[prefix_length - 1];
    }
    put_padded(sink, &spec, text + at, length);
}

static unsigned int parse_field(const char **at, va_list *args)
{
    unsigned int value = 0;

    if (**at == '*') {
        int given = va_arg(*args, int);

        (*at)++;
        value = given < 0 ? 0 : (unsigned int)given;
        return value < FIELD_MAX ? value : FIELD_MAX;
    }
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        value = value * 10 + (unsigned int)(**at - '0');
        if (value > FIELD_MAX) {
            value = FIELD_MAX;
        }
    }
    return value;
}

static struct spec parse_spec(const char **at, va_list *args)
{
    struct spec spec = {0};

    for (; **at == '-' || **at == '0'; (*at)++) {
        spec.is_left |= **at == '-';
        spec.is_zero_padded |= **at == '0';
    }
    spec.width = parse_field(at, args);
    if (**at == '.') {
        (*at)++;
        spec.has_precision = true;
        spec.precision = parse_field(at, args);
    }
    for (; **at == 'l' || **at == 'z'; (*at)++) {
        spec.longs++;
    }
    return spec;
}

static void put_signed(struct sink *sink, const struct spec *spec, int64_t value)
{
    /* The unsigned negation is right for INT64_MIN too. */
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    put_number(sink, *spec, magnitude, "0123456789", value < 0 ? "-" : "");
}

static void put_conversion(struct sink *sink, char kind, const struct spec *spec, va_list *args)
{
    uint64_t value;
    char c;

    switch (kind) {
    case 'c':
        c = (char)va_arg(*args, int);
        put_padded(sink, spec, &c, 1);
        break;
    case 's':
        put_string(sink, spec, va_arg(*args, const char *));
        break;
    case 'd':
    case 'i':
        put_signed(sink, spec, spec->longs != 0 ? va_arg(*args, int64_t) : va_arg(*args, int));
        break;
    case 'u':
    case 'x':
    case 'X':
        value = spec->longs != 0 ? va_arg(*args, uint64_t) : va_arg(*args, unsigned int);
        put_number(sink, *spec, value,
                   kind == 'u'   ? "0123456789"
                   : kind == 'x' ? "0123456789abcdef"
                                 : "0123456789ABCDEF",
                   "");
        break;
    case 'p':
        put_number(sink, *spec, (uintptr_t)va_arg(*args, const void *), "0123456789abcdef", "0x");
        break;
    default:
        put(sink, '%');
        put(sink, kind);
        break;
    }
}

size_t format_va(char *buf, size_t size, const char *fmt, va_list args)
{
    struct sink sink = {.buf = buf, .size = size};
    va_list rest;

    va_copy(rest, args);
    for (const char *at = fmt; *at != '\0';) {
        struct spec spec;

        if (*at != '%') {
            put(&sink, *at++);
            continue;
        }
        at++;
        if (*at == '%') {
            put(&sink, *at++);
            continue;
        }
        spec = parse_spec(&at, &rest);
        if (*at == '\0') {
            break;
        }
        put_conversion(&sink, *at++, &spec, &rest);
    }
    va_end(rest);
    if (size != 0) {
        buf[sink.length < size ? sink.length : size - 1] = '\0';
    }
    return sink.length;
}

size_t format_str(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    size_t length;

    va_start(args, fmt);
    length = format_va(buf, size, fmt, args);
    va_end(args);
    return length;
}

void format_guid(char text[FORMAT_GUID_SIZE], const uint8_t guid[16])
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t at = 0;

    for (size_t i = 0; i < sizeof(order); i++) {
        bool has_dash = i == 4 || i == 6 || i == 8 || i == 10;

        at += format_str(text + at, FORMAT_GUID_SIZE - at, has_dash ? "-%02x" : "%02x",
                         guid[order[i]]);
    }
}
