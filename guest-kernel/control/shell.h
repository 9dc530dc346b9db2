/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell: commands in xl's words, turned into requests of manage.h, their answers printed in
 * xl's columns. Knows nothing of where a command comes from. */
#pragma once

#include <stddef.h>

#include "lib/compiler.h"

#define SHELL_WORDS_MAX 8u

/* Where a command's output goes; the owner's state is behind it. */
struct shell_output {
    void (*write)(struct shell_output *output, const char *text, size_t size);
    /* Attaches the terminal to the domain's console; NULL where there is no terminal. Returns 0,
     * -ESRCH where there is no such domain, or -EINVAL for the control domain, which it is at. */
    int (*attach)(struct shell_output *output, const char *target);
};

/* Executes one line, which is cut into its words. Returns 0 or a negative errno; what went wrong
 * has been written. An empty line is no error. */
int shell_execute(char *line, struct shell_output *output);

/* Cuts a line at its blanks; a word may stand in double quotes. Returns the count of words, or
 * -E2BIG: more than SHELL_WORDS_MAX; -EINVAL: a quote without its end. */
int MUST_CHECK shell_split(char *line, char *words[SHELL_WORDS_MAX]);

void shell_printf(struct shell_output *output, const char *fmt, ...) PRINTF_LIKE(2, 3);
