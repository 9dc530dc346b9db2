/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parser of xl's configuration syntax. It works in place: a name or text is closed with a NUL
 * over the character that ended it, and escapes shrink what they stand in.
 */
#include "lib/cfg.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

/* What peek() returns at the end of the text. */
#define AT_END (-1)

struct parser {
    struct cfg *cfg;
    char *text;
    size_t size;
    size_t at;
    size_t line_start;
    uint32_t line;
};

static int peek(const struct parser *p)
{
    return p->at < p->size ? (unsigned char)p->text[p->at] : AT_END;
}

static uint32_t column(const struct parser *p)
{
    return (uint32_t)(p->at - p->line_start) + 1;
}

/* An error at the character that is read next. */
static int PRINTF_LIKE(2, 3) refuse(struct parser *p, const char *fmt, ...)
{
    va_list args;

    p->cfg->error_line = p->line;
    p->cfg->error_column = column(p);
    va_start(args, fmt);
    format_va(p->cfg->error, sizeof(p->cfg->error), fmt, args);
    va_end(args);
    return -EINVAL;
}

/* A value that begins at `entry` and has no end. */
static int refuse_open(struct parser *p, const struct cfg_entry *entry, const char *what,
                       int closing)
{
    refuse(p, "the %s is not closed: put %c at its end", what, closing);
    p->cfg->error_line = entry->line;
    p->cfg->error_column = entry->column;
    return -EINVAL;
}

static bool is_name_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* The value of a digit in base 8 or 16, or a number of at least 16. */
static unsigned int digit_value(int c)
{
    if (is_digit(c)) {
        return (unsigned int)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned int)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned int)(c - 'A') + 10;
    }
    return UINT32_MAX;
}

/* Skips blanks and comments, and line ends where they mean nothing. */
static void skip_blanks(struct parser *p, bool with_lines)
{
    for (;;) {
        int c = peek(p);

        if (c == '#') {
            while (peek(p) != '\n' && peek(p) != AT_END) {
                p->at++;
            }
        } else if (c == '\n' && with_lines) {
            p->at++;
            p->line++;
            p->line_start = p->at;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            p->at++;
        } else {
            return;
        }
    }
}

static int add_entry(struct parser *p, const char *name, struct cfg_entry **out)
{
    struct cfg *cfg = p->cfg;

    if (cfg->entry_count == cfg->entry_max) {
        refuse(p, "more than %zu settings and list items: shorten the file", cfg->entry_max);
        return -ENOSPC;
    }
    *out = &cfg->entries[cfg->entry_count++];
    **out = (struct cfg_entry){.name = name, .line = p->line, .column = column(p)};
    return 0;
}

/* Reads up to `max` digits of `base` into a character code. */
static int parse_code(struct parser *p, unsigned int base, unsigned int max, char *out)
{
    unsigned int value = 0;
    unsigned int count;

    for (count = 0; count < max && digit_value(peek(p)) < base; count++) {
        value = value * base + digit_value(peek(p));
        p->at++;
    }
    if (count == 0 || value == 0 || value > UINT8_MAX) {
        return refuse(p, "this escape is no character: use \\x01 to \\xff or \\001 to \\377");
    }
    *out = (char)value;
    return 0;
}

/* After a backslash. */
static int parse_escape(struct parser *p, char *out)
{
    static const char letters[] = "abfnrtv\\'\"";
    static const char meanings[] = "\a\b\f\n\r\t\v\\'\"";
    int c = peek(p);
    const char *letter;

    if (c != AT_END && c != '\0' && (letter = strchr(letters, c)) != NULL) {
        p->at++;
        *out = meanings[letter - letters];
        return 0;
    }
    if (c == 'x') {
        p->at++;
        return parse_code(p, 16, 2, out);
    }
    if (digit_value(c) < 8) {
        return parse_code(p, 8, 3, out);
    }
    return refuse(p, "unknown escape in a text: a backslash itself is written \\\\");
}

static int parse_string(struct parser *p, struct cfg_entry *entry)
{
    int quote = peek(p);
    char *to;
    char *start;

    p->at++;
    start = p->text + p->at;
    to = start;
    while (peek(p) != quote) {
        char c;

        if (peek(p) == '\n' || peek(p) == AT_END) {
            return refuse_open(p, entry, "text", quote);
        }
        if (peek(p) == '\0') {
            return refuse(p, "a NUL in a text: is this a text file?");
        }
        c = p->text[p->at++];
        if (c == '\\') {
            int rc = parse_escape(p, &c);

            if (rc != 0) {
                return rc;
            }
        }
        *to++ = c;
    }
    p->at++;
    *to = '\0';
    entry->type = CFG_STRING;
    entry->string = start;
    return 0;
}

/* A leading 0 is refused: xl would read such a number as octal, and few people expect that. */
static int parse_number(struct parser *p, struct cfg_entry *entry)
{
    bool is_negative = peek(p) == '-';
    unsigned int base = 10;
    uint64_t value = 0;

    p->at += is_negative ? 1 : 0;
    if (peek(p) == '0' && p->at + 1 < p->size) {
        int next = (unsigned char)p->text[p->at + 1];

        if (next == 'x' || next == 'X') {
            base = 16;
            p->at += 2;
        } else if (is_digit(next)) {
            return refuse(p, "a number with a leading 0: write it without, or as 0x...");
        }
    }
    if (digit_value(peek(p)) >= base) {
        return refuse(p, "a number wants digits here, as 64 or 0x40");
    }
    for (; digit_value(peek(p)) < base; p->at++) {
        value = value * base + digit_value(peek(p));
        if (value > INT64_MAX) {
            return refuse(p, "the number is too large: the largest is %lld", INT64_MAX + 0LL);
        }
    }
    if (is_name_start(peek(p)) || is_digit(peek(p))) {
        return refuse(p, "'%c' does not belong to a number: put a text in quotes", peek(p));
    }
    entry->type = CFG_NUMBER;
    entry->number = is_negative ? -(int64_t)value : (int64_t)value;
    return 0;
}

static int parse_scalar(struct parser *p, struct cfg_entry *entry)
{
    int c = peek(p);

    if (c == '"' || c == '\'') {
        return parse_string(p, entry);
    }
    if (is_digit(c) || c == '-') {
        return parse_number(p, entry);
    }
    if (c == AT_END || c == '\n') {
        return refuse(p, "a value is missing: write \"text\", a number or [ list ]");
    }
    if (is_name_start(c)) {
        return refuse(p, "a value wants quotes around a text: write \"...\"");
    }
    return refuse(p, "this is no value: write \"text\", a number or [ list ]");
}

static int parse_list(struct parser *p, struct cfg_entry *list)
{
    list->type = CFG_LIST;
    p->at++;
    for (;;) {
        struct cfg_entry *item;
        int rc;

        skip_blanks(p, true);
        if (peek(p) == ']') {
            break;
        }
        if (peek(p) == '[') {
            return refuse(p, "a list within a list: write texts and numbers only");
        }
        if (peek(p) == AT_END) {
            return refuse_open(p, list, "list", ']');
        }
        rc = add_entry(p, NULL, &item);
        if (rc == 0) {
            rc = parse_scalar(p, item);
        }
        if (rc != 0) {
            return rc;
        }
        list->item_count++;
        skip_blanks(p, true);
        if (peek(p) == ',') {
            p->at++;
        } else if (peek(p) != ']') {
            return refuse(p, "a list wants ',' or ']' after an item");
        }
    }
    p->at++;
    return 0;
}

/* Reads a name and its '='. The name is closed only then: the '=' may stand where the NUL goes. */
static int parse_name(struct parser *p, const char **name)
{
    char *name_end;

    if (!is_name_start(peek(p))) {
        return refuse(p, "a setting begins with its name: write name = value");
    }
    *name = p->text + p->at;
    while (is_name_start(peek(p)) || is_digit(peek(p))) {
        p->at++;
    }
    name_end = p->text + p->at;
    skip_blanks(p, false);
    if (peek(p) == '+') {
        return refuse(p, "'+=' is not known: write the whole value after one '='");
    }
    if (peek(p) != '=') {
        return refuse(p, "'=' is missing after the name: write name = value");
    }
    p->at++;
    *name_end = '\0';
    return 0;
}

static int parse_setting(struct parser *p)
{
    struct cfg_entry *entry;
    const char *name = NULL;
    uint32_t name_column = column(p);
    int rc = parse_name(p, &name);

    if (rc != 0) {
        return rc;
    }
    skip_blanks(p, false);
    rc = add_entry(p, name, &entry);
    if (rc != 0) {
        return rc;
    }
    entry->name_column = name_column;
    rc = peek(p) == '[' ? parse_list(p, entry) : parse_scalar(p, entry);
    if (rc != 0) {
        return rc;
    }
    skip_blanks(p, false);
    if (peek(p) != '\n' && peek(p) != ';' && peek(p) != AT_END) {
        return refuse(p, "something follows the value: put the next setting on a new line");
    }
    return 0;
}

int cfg_parse(struct cfg *cfg, const char *file, char *text, size_t size)
{
    struct parser p = {.cfg = cfg, .text = text, .size = size, .line = 1};

    cfg->file = file;
    for (;;) {
        int rc;

        skip_blanks(&p, true);
        if (peek(&p) == ';') {
            p.at++;
            continue;
        }
        if (peek(&p) == AT_END) {
            return 0;
        }
        rc = parse_setting(&p);
        if (rc != 0) {
            return rc;
        }
    }
}
