/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration syntax of xl, which atoll.cfg and the guest configurations use:
 *
 *     name = VALUE          one to a line, or separated by ';'; '#' begins a comment
 *     VALUE: "text" or 'text', with C's escapes; a number (decimal, 0x hexadecimal, maybe
 * negative); a list [ VALUE, ... ] of texts and numbers, over several lines if need be
 *
 * Nothing is allocated: texts are unescaped in the caller's buffer, which must live as long as the
 * entries. A name given twice has its last value, as in xl. No locks: one user at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"

#define CFG_ERROR_MAX 160u

enum cfg_type { CFG_STRING, CFG_NUMBER, CFG_LIST };

/* One setting, or one item of a list: a list's items follow it in the table and have no name. */
struct cfg_entry {
    const char *name; /* NULL: an item of the list before it */
    enum cfg_type type;
    bool is_used;         /* some cfg_get_... asked for it */
    uint32_t line;        /* of the setting, from 1: a value begins on its name's line */
    uint32_t column;      /* of the value, from 1 */
    uint32_t name_column; /* of the name, from 1 */
    uint32_t item_count;  /* CFG_LIST: entries that follow */
    const char *string;   /* CFG_STRING */
    int64_t number;       /* CFG_NUMBER */
};

struct cfg {
    const char *file; /* for messages */
    struct cfg_entry *entries;
    size_t entry_max;
    size_t entry_count;
    /* The latest error: where, and one sentence that says what is wrong and what would be right. */
    uint32_t error_line;
    uint32_t error_column;
    char error[CFG_ERROR_MAX];
};

/* Makes `cfg` an empty configuration over the caller's table of `entry_max` entries. */
void cfg_init(struct cfg *cfg, struct cfg_entry *entries, size_t entry_max);

/* Parses `size` bytes of `text`, no NUL needed, and overwrites them. `file` is for messages.
 * -EINVAL: a syntax error; -ENOSPC: the table is full; both with the error fields set. */
int MUST_CHECK cfg_parse(struct cfg *cfg, const char *file, char *text, size_t size);

/* The entry with this name, marked as used, or NULL. */
const struct cfg_entry *cfg_find(struct cfg *cfg, const char *name);

/* Look-ups. -ENOENT: not set (`*out` keeps its value, so that a default stays; error fields unset);
 * -EINVAL: another type than asked for, -ERANGE: a number outside min..max, both with the error
 * fields set. A number may be written as a text ("64"), as xl allows. */
int MUST_CHECK cfg_get_string(struct cfg *cfg, const char *name, const char **out);
int MUST_CHECK cfg_get_number(struct cfg *cfg, const char *name, int64_t min, int64_t max,
                              int64_t *out);

/* The number of items of a list; a single text or number counts as a list of one, as in xl. */
int MUST_CHECK cfg_get_list(struct cfg *cfg, const char *name, size_t *item_count);

/* Item `index` of a list, as text. -ENOENT: the list is shorter; -EINVAL: not a text. */
int MUST_CHECK cfg_get_item(struct cfg *cfg, const char *name, size_t index, const char **out);

/* Sets the error fields to the place of `name`'s value (line 0: it is not set) and the sentence
 * given. Returns -EINVAL, for callers that judge a value themselves. */
int cfg_refuse(struct cfg *cfg, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same with the place of `entry`'s name, for a setting that should not be there. */
int cfg_refuse_name(struct cfg *cfg, const struct cfg_entry *entry, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The next setting after `previous` (NULL: from the start) that no look-up asked for, or NULL. */
const struct cfg_entry *cfg_next_unused(const struct cfg *cfg, const struct cfg_entry *previous);

/* Writes "FILE:LINE:COLUMN: SENTENCE" (without line and column when the error has none). Returns
 * the length as format_str does. */
size_t cfg_format_error(const struct cfg *cfg, char *buf, size_t size);
