/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Look-ups in a configuration and its error texts; lib/cfg_parse.c fills the table. Works on the
 * caller's table only.
 */
#include "lib/cfg.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"

void cfg_init(struct cfg *cfg, struct cfg_entry *entries, size_t entry_max)
{
    *cfg = (struct cfg){.file = "", .entries = entries, .entry_max = entry_max};
}

const struct cfg_entry *cfg_find(struct cfg *cfg, const char *name)
{
    struct cfg_entry *found = NULL;

    for (size_t i = 0; i < cfg->entry_count; i++) {
        struct cfg_entry *entry = &cfg->entries[i];

        if (entry->name != NULL && strcmp(entry->name, name) == 0) {
            entry->is_used = true;
            found = entry;
        }
    }
    return found;
}

static void refuse_at(struct cfg *cfg, const struct cfg_entry *entry, const char *fmt, va_list args)
{
    cfg->error_line = entry != NULL ? entry->line : 0;
    cfg->error_column = entry != NULL ? entry->column : 0;
    format_va(cfg->error, sizeof(cfg->error), fmt, args);
}

static int PRINTF_LIKE(3, 4)
    refuse_entry(struct cfg *cfg, const struct cfg_entry *entry, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    refuse_at(cfg, entry, fmt, args);
    va_end(args);
    return -EINVAL;
}

int cfg_refuse(struct cfg *cfg, const char *name, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    refuse_at(cfg, cfg_find(cfg, name), fmt, args);
    va_end(args);
    return -EINVAL;
}

int cfg_refuse_name(struct cfg *cfg, const struct cfg_entry *entry, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    refuse_at(cfg, entry, fmt, args);
    va_end(args);
    cfg->error_column = entry->name_column;
    return -EINVAL;
}

int cfg_get_string(struct cfg *cfg, const char *name, const char **out)
{
    const struct cfg_entry *entry = cfg_find(cfg, name);

    if (entry == NULL) {
        return -ENOENT;
    }
    if (entry->type != CFG_STRING) {
        return refuse_entry(cfg, entry, "'%s' wants a text: write %s=\"...\"", name, name);
    }
    *out = entry->string;
    return 0;
}

/* Reads a number that was written as a text. False: it is none. */
static bool number_of_text(const char *text, int64_t *out)
{
    bool is_negative = *text == '-';
    uint64_t magnitude;

    if (str_parse_u64(is_negative ? text + 1 : text, &magnitude) != 0 || magnitude > INT64_MAX) {
        return false;
    }
    *out = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

int cfg_get_number(struct cfg *cfg, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const struct cfg_entry *entry = cfg_find(cfg, name);
    int64_t value;

    if (entry == NULL) {
        return -ENOENT;
    }
    value = entry->number;
    if (entry->type == CFG_LIST ||
        (entry->type == CFG_STRING && !number_of_text(entry->string, &value))) {
        return refuse_entry(cfg, entry, "'%s' wants a number: write %s=N, N from %ld to %ld", name,
                            name, min, max);
    }
    if (value < min || value > max) {
        refuse_entry(cfg, entry, "'%s' is %ld: write a number from %ld to %ld", name, value, min,
                     max);
        return -ERANGE;
    }
    *out = value;
    return 0;
}

int cfg_get_list(struct cfg *cfg, const char *name, size_t *item_count)
{
    const struct cfg_entry *entry = cfg_find(cfg, name);

    if (entry == NULL) {
        return -ENOENT;
    }
    *item_count = entry->type == CFG_LIST ? entry->item_count : 1;
    return 0;
}

int cfg_get_item(struct cfg *cfg, const char *name, size_t index, const char **out)
{
    const struct cfg_entry *entry = cfg_find(cfg, name);
    const struct cfg_entry *item = entry;

    if (entry == NULL) {
        return -ENOENT;
    }
    if (index >= (entry->type == CFG_LIST ? entry->item_count : 1)) {
        return -ENOENT;
    }
    if (entry->type == CFG_LIST) {
        item = entry + 1 + index;
    }
    if (item->type != CFG_STRING) {
        return refuse_entry(cfg, item, "item %zu of '%s' wants a text: write it in quotes",
                            index + 1, name);
    }
    *out = item->string;
    return 0;
}

const struct cfg_entry *cfg_next_unused(const struct cfg *cfg, const struct cfg_entry *previous)
{
    size_t from = previous == NULL ? 0 : (size_t)(previous - cfg->entries) + 1;

    for (size_t i = from; i < cfg->entry_count; i++) {
        const struct cfg_entry *entry = &cfg->entries[i];

        if (entry->name != NULL && !entry->is_used) {
            return entry;
        }
    }
    return NULL;
}

size_t cfg_format_error(const struct cfg *cfg, char *buf, size_t size)
{
    if (cfg->error_line == 0) {
        return format_str(buf, size, "%s: %s", cfg->file, cfg->error);
    }
    return format_str(buf, size, "%s:%u:%u: %s", cfg->file, cfg->error_line, cfg->error_column,
                      cfg->error);
}
