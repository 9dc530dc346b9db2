/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns line editing: printable characters, backspace, Ctrl-C, Ctrl-U, arrows up and down (the
 * sequences ESC [ A and ESC [ B of ECMA-48). Other sequences are swallowed, strings too, with which
 * a terminal answers what a guest asked it: whatever they say is not typed. */
#include "guest-kernel/control/line.h"

#include "lib/string.h"
#include "lib/strutil.h"

#define KEY_BELL      0x07
#define KEY_ESCAPE    0x1b
#define KEY_BACKSPACE 0x08
#define KEY_DELETE    0x7f

void line_init(struct line *line, void (*put)(const char *text, size_t size))
{
    memset(line, 0, sizeof(*line));
    line->put = put;
}

void line_clear(struct line *line)
{
    line->length = 0;
    line->text[0] = '\0';
    line->escape = LINE_PLAIN;
    line->history_at = line->history_count;
}

static void show(const struct line *line, const char *text)
{
    line->put(text, strlen(text));
}

static void erase(struct line *line)
{
    while (line->length > 0) {
        line->length--;
        show(line, "\b \b");
    }
    line->text[0] = '\0';
}

static const char *history_line(const struct line *line, size_t number)
{
    return line->history[number % LINE_HISTORY];
}

/* Keeps the line, unless it is empty or the same as the last one. */
static void history_keep(struct line *line)
{
    if (line->length == 0)
        return;
    if (line->history_count > 0 &&
        strcmp(history_line(line, line->history_count - 1), line->text) == 0)
        return;
    memcpy(line->history[line->history_count % LINE_HISTORY], line->text, line->length + 1);
    line->history_count++;
}

static void history_show(struct line *line, size_t number)
{
    erase(line);
    line->history_at = number;
    if (number == line->history_count)
        return;
    str_copy(line->text, sizeof(line->text), history_line(line, number));
    line->length = strlen(line->text);
    show(line, line->text);
}

static void history_up(struct line *line)
{
    size_t oldest = line->history_count > LINE_HISTORY ? line->history_count - LINE_HISTORY : 0;

    if (line->history_at > oldest)
        history_show(line, line->history_at - 1);
}

static void history_down(struct line *line)
{
    if (line->history_at < line->history_count)
        history_show(line, line->history_at + 1);
}

/* Within a string: up to BEL, or to ESC, behind which only the rest of ST can come. */
static void string_key(struct line *line, char key)
{
    if (key == KEY_BELL)
        line->escape = LINE_PLAIN;
    else if (key == KEY_ESCAPE)
        line->escape = LINE_ESCAPE;
}

static void sequence_key(struct line *line, char key)
{
    if (line->escape == LINE_STRING) {
        string_key(line, key);
        return;
    }
    /* DCS, SOS, OSC, PM and APC (ECMA-48, 5.6). */
    if (line->escape == LINE_ESCAPE && key != '\0' && strchr("PX]^_", key) != NULL) {
        line->escape = LINE_STRING;
        return;
    }
    /* Parameters and intermediates are below 0x40, the final byte is not (ECMA-48, 5.4). */
    if (line->escape == LINE_SEQUENCE && key < '@')
        return;
    if (line->escape == LINE_ESCAPE && (key == '[' || key == 'O')) {
        line->escape = LINE_SEQUENCE;
        return;
    }
    line->escape = LINE_PLAIN;
    if (key == 'A')
        history_up(line);
    else if (key == 'B')
        history_down(line);
}

static void insert(struct line *line, char key)
{
    if (line->length + 1 >= sizeof(line->text))
        return;
    line->text[line->length++] = key;
    line->text[line->length] = '\0';
    line->put(&key, 1);
}

static enum line_result plain_key(struct line *line, char key)
{
    if (key == '\r' || key == '\n') {
        show(line, "\r\n");
        history_keep(line);
        return LINE_DONE;
    }
    if (key == LINE_CTRL_C) {
        show(line, "^C\r\n");
        line_clear(line);
        return LINE_CANCEL;
    }
    if (key == LINE_CTRL_U) {
        erase(line);
    } else if (key == KEY_ESCAPE) {
        line->escape = LINE_ESCAPE;
    } else if (key == KEY_BACKSPACE || key == KEY_DELETE) {
        if (line->length > 0) {
            line->text[--line->length] = '\0';
            show(line, "\b \b");
        }
    } else if (key >= ' ') {
        insert(line, key);
    }
    return LINE_MORE;
}

enum line_result line_key(struct line *line, char key)
{
    bool is_second_half = line->was_return && key == '\n';

    line->was_return = key == '\r';
    if (is_second_half)
        return LINE_MORE;
    if (line->escape != LINE_PLAIN && key != '\r' && key != '\n' && key != LINE_CTRL_C) {
        sequence_key(line, key);
        return LINE_MORE;
    }
    line->escape = LINE_PLAIN;
    return plain_key(line, key);
}
