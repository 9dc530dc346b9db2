/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the reading of the hypervisor's options. What it does not understand it names; the boot goes
 * on. */
#include "arch/x86/options.h"

#include "arch/x86/percpu.h"
#include "drivers/host/uart.h"
#include "lib/string.h"
#include "lib/strutil.h"

#define WORD_MAX 64u

static bool read_number(const char *text, uint64_t max, uint64_t *value)
{
    return str_parse_u64(text, value) == 0 && *value <= max;
}

static bool read_console(char *value, struct options *options)
{
    char *comma = strchr(value, ',');
    uint64_t number;

    if (comma != NULL) {
        *comma = '\0';
        if (!read_number(comma + 1, UART_BAUD, &number))
            return false;
        options->console_baud = (uint32_t)number;
    }
    if (strcmp(value, "com1") == 0)
        options->console_port = UART_COM1;
    else if (strcmp(value, "com2") == 0)
        options->console_port = UART_COM2;
    else if (strcmp(value, "none") == 0)
        options->console_port = 0;
    else if (read_number(value, UINT16_MAX, &number))
        options->console_port = (uint16_t)number;
    else
        return false;
    return true;
}

static bool read_level(const char *value, struct options *options)
{
    static const char *const names[] = {[LOG_ERROR] = "error",
                                        [LOG_NOTICE] = "notice",
                                        [LOG_GUEST] = "guest",
                                        [LOG_DEBUG] = "debug"};

    for (unsigned level = 0; level < ARRAY_SIZE(names); level++) {
        if (strcmp(value, names[level]) == 0) {
            options->log_level = (enum log_level)level;
            return true;
        }
    }
    return false;
}

static bool read_word(char *word, struct options *options)
{
    char *value = strchr(word, '=');
    uint64_t number;

    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(word, "console") == 0)
        return read_console(value, options);
    if (strcmp(word, "loglevel") == 0)
        return read_level(value, options);
    if (strcmp(word, "maxcpus") == 0 && read_number(value, CPU_MAX, &number) && number > 0) {
        options->cpu_max = (uint32_t)number;
        return true;
    }
    if (strcmp(word, "debug-exit") == 0 && read_number(value, UINT16_MAX, &number)) {
        options->debug_exit = (uint16_t)number;
        return true;
    }
    return false;
}

/* The next word of *TEXT, cut to WORD_MAX; false at the end. */
static bool next_word(const char **text, char *word)
{
    size_t size = 0;

    while (**text == ' ')
        (*text)++;
    for (; **text != '\0' && **text != ' '; (*text)++) {
        if (size < WORD_MAX - 1)
            word[size++] = **text;
    }
    word[size] = '\0';
    return size != 0;
}

void options_read(const char *text, struct options *options)
{
    char word[WORD_MAX], whole[WORD_MAX];

    *options = (struct options){.console_port = UART_COM1,
                                .console_baud = UART_BAUD,
                                .cpu_max = CPU_MAX,
                                .log_level = LOG_NOTICE};
    while (next_word(&text, word)) {
        memcpy(whole, word, sizeof(whole));
        if (!read_word(word, options))
            memcpy(options->unknown, whole, sizeof(whole));
    }
}
