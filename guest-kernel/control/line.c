/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns line editing, with the keys that a Linux shell has by default. Unknown sequences (ECMA-48)
 * are swallowed, strings too, with which a terminal answers what a guest asked it: whatever they
 * say is not typed. */
#include "guest-kernel/control/line.h"

#include "lib/string.h"
#include "lib/strutil.h"

#define KEY_CTRL_A    0x01
#define KEY_CTRL_B    0x02
#define KEY_CTRL_D    0x04
#define KEY_CTRL_E    0x05
#define KEY_CTRL_F    0x06
#define KEY_BELL      0x07
#define KEY_CTRL_K    0x0b
#define KEY_CTRL_W    0x17
#define KEY_ESCAPE    0x1b
#define KEY_BACKSPACE 0x08
#define KEY_DELETE    0x7f

/* What stands between ESC [ and the final byte, for the sequences that are known. */
#define PARAMETERS_OTHER 10u

void line_init(struct line *line, void (*put)(const char *text, size_t size))
{
    memset(line, 0, sizeof(*line));
    line->put = put;
}

void line_clear(struct line *line)
{
    line->length = 0;
    line->at = 0;
    line->text[0] = '\0';
    line->escape = LINE_PLAIN;
    line->history_at = line->history_count;
}

static void show(const struct line *line, const char *text)
{
    line->put(text, strlen(text));
}

static void go_back(const struct line *line, size_t count)
{
    while (count-- > 0)
        show(line, "\b");
}

static void move(struct line *line, size_t to)
{
    if (to < line->at)
        go_back(line, line->at - to);
    else
        line->put(line->text + line->at, to - line->at);
    line->at = to;
}

void line_show(const struct line *line)
{
    show(line, line->text);
    go_back(line, line->length - line->at);
}

/* Takes the characters from `start` on and before `end` out; the cursor is there then. */
static void cut(struct line *line, size_t start, size_t end)
{
    move(line, start);
    memmove(line->text + start, line->text + end, line->length + 1 - end);
    line->length -= end - start;
    show(line, line->text + start);
    for (size_t i = start; i < end; i++)
        show(line, " ");
    go_back(line, line->length - start + end - start);
}

/* Where the word before the cursor begins. */
static size_t word_start(const struct line *line)
{
    size_t at = line->at;

    while (at > 0 && line->text[at - 1] == ' ')
        at--;
    while (at > 0 && line->text[at - 1] != ' ')
        at--;
    return at;
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
    cut(line, 0, line->length);
    line->history_at = number;
    if (number == line->history_count)
        return;
    str_copy(line->text, sizeof(line->text), history_line(line, number));
    line->length = strlen(line->text);
    move(line, line->length);
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

static void move_by(struct line *line, int step)
{
    if (step < 0 && line->at > 0)
        move(line, line->at - 1);
    else if (step > 0 && line->at < line->length)
        move(line, line->at + 1);
}

static void cut_next(struct line *line)
{
    if (line->at < line->length)
        cut(line, line->at, line->at + 1);
}

/* Keys of which some terminals send ESC [ NUMBER ~. */
static void numbered_key(struct line *line)
{
    if (line->parameters == 1 || line->parameters == 7)
        move(line, 0);
    else if (line->parameters == 4 || line->parameters == 8)
        move(line, line->length);
    else if (line->parameters == 3)
        cut_next(line);
}

static void final_key(struct line *line, char key)
{
    if (key == '~')
        numbered_key(line);
    else if (line->parameters != 0)
        return;
    else if (key == 'A')
        history_up(line);
    else if (key == 'B')
        history_down(line);
    else if (key == 'C' || key == 'D')
        move_by(line, key == 'C' ? 1 : -1);
    else if (key == 'H' || key == 'F')
        move(line, key == 'H' ? 0 : line->length);
}

/* A key behind ESC, or within a sequence. */
static void sequence_key(struct line *line, char key)
{
    if (line->escape == LINE_STRING) {
        string_key(line, key);
    } else if (line->escape == LINE_ESCAPE && (key == '[' || key == 'O')) {
        line->escape = LINE_SEQUENCE;
        line->parameters = 0;
    } else if (line->escape == LINE_ESCAPE) {
        /* DCS, SOS, OSC, PM and APC begin a string (ECMA-48, 5.6). */
        line->escape = key != '\0' && strchr("PX]^_", key) != NULL ? LINE_STRING : LINE_PLAIN;
    } else if (key < '@') {
        /* Parameters and intermediates are below 0x40, the final byte is not (5.4). */
        line->parameters = key >= '0' && key <= '9' && line->parameters == 0
                               ? (unsigned int)(key - '0')
                               : PARAMETERS_OTHER;
    } else {
        line->escape = LINE_PLAIN;
        final_key(line, key);
    }
}

static void insert(struct line *line, char key)
{
    if (line->length + 1 >= sizeof(line->text))
        return;
    memmove(line->text + line->at + 1, line->text + line->at, line->length + 1 - line->at);
    line->text[line->at] = key;
    line->length++;
    show(line, line->text + line->at);
    line->at++;
    go_back(line, line->length - line->at);
}

/* A key that changes the line or moves the cursor. */
static void edit_key(struct line *line, char key)
{
    if (key == LINE_CTRL_U)
        cut(line, 0, line->at);
    else if (key == KEY_CTRL_K)
        cut(line, line->at, line->length);
    else if (key == KEY_CTRL_W)
        cut(line, word_start(line), line->at);
    else if ((key == KEY_BACKSPACE || key == KEY_DELETE) && line->at > 0)
        cut(line, line->at - 1, line->at);
    else if (key == KEY_CTRL_D)
        cut_next(line);
    else if (key == KEY_CTRL_A || key == KEY_CTRL_E)
        move(line, key == KEY_CTRL_A ? 0 : line->length);
    else if (key == KEY_CTRL_B || key == KEY_CTRL_F)
        move_by(line, key == KEY_CTRL_F ? 1 : -1);
    else if (key >= ' ' && key != KEY_DELETE)
        insert(line, key);
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
    if (key == KEY_ESCAPE)
        line->escape = LINE_ESCAPE;
    else
        edit_key(line, key);
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
