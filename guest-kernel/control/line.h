/* SPDX-License-Identifier: BSD-2-Clause */
/* The line editor of the terminal: one line, its keys, and the lines typed before. It knows
 * neither where characters come from nor where they go. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX      256u /* bytes of a line with its NUL */
#define LINE_HISTORY  16u
#define LINE_CTRL_C   0x03
#define LINE_CTRL_U   0x15
#define LINE_CTRL_GRP 0x1d /* Ctrl-] */

enum line_escape { LINE_PLAIN, LINE_ESCAPE, LINE_SEQUENCE, LINE_STRING };

struct line {
    char text[LINE_MAX];
    size_t length;
    size_t at; /* the cursor: before this character */
    enum line_escape escape;
    unsigned int parameters;              /* of a sequence: a digit, 0: none, or anything else */
    bool was_return;                      /* the last key was CR: an LF behind it is no key */
    char history[LINE_HISTORY][LINE_MAX]; /* a ring, by the number of the line */
    size_t history_count;                 /* lines ever kept */
    size_t history_at;                    /* the one shown; history_count: the line being typed */
    void (*put)(const char *text, size_t size);
};

enum line_result {
    LINE_MORE,   /* the line is not complete */
    LINE_DONE,   /* Return: the line is in `text`, and in the history */
    LINE_CANCEL, /* Ctrl-C: the line is empty */
};

/* Makes an empty line and history; `put` shows characters. */
void line_init(struct line *line, void (*put)(const char *text, size_t size));

/* Forgets what was typed, not the history. */
void line_clear(struct line *line);

/* Shows the line again, behind a new prompt. */
void line_show(const struct line *line);

/* Takes one key. After LINE_DONE the caller reads `text` and calls line_clear(). */
enum line_result line_key(struct line *line, char key);
