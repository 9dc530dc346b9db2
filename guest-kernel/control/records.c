/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the text form of the report protocol. */
#include "guest-kernel/control/records.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "lib/strutil.h"

size_t record_hex(char *to, const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;
    size_t at = 0;

    for (size_t i = 0; i < size; i++) {
        to[at++] = digits[from[i] >> 4];
        to[at++] = digits[from[i] & 15];
    }
    to[at] = '\0';
    return at;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int unhex(const char *text, struct record *record)
{
    for (record->size = 0; *text != '\0'; text += 2) {
        int high = digit(text[0]);
        int low = high < 0 ? -1 : digit(text[1]);

        if (low < 0 || record->size == sizeof(record->bytes))
            return -EINVAL;
        record->bytes[record->size++] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

/* Ends the word at `text` and returns what follows its space, or NULL. */
static char *next_word(char *text)
{
    char *space = strchr(text, ' ');

    if (space == NULL)
        return NULL;
    *space = '\0';
    return space + 1;
}

int record_parse(char *line, struct record *record)
{
    char *first = next_word(line);
    char *second = first == NULL ? NULL : next_word(first);

    memset(record, 0, sizeof(*record));
    if (first == NULL)
        return -EINVAL;
    if (strcmp(line, "exec") == 0) {
        record->kind = RECORD_EXEC;
        record->command = second == NULL ? "" : second;
        return str_parse_u64(first, &record->number);
    }
    if (strcmp(line, "console") != 0)
        return -EINVAL;
    record->kind = RECORD_CONSOLE;
    record->name = first;
    return second == NULL ? 0 : unhex(second, record);
}
