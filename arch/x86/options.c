/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the reading of the hypervisor's options. What it does not understand it names; the boot goes
 * on. */
#include "arch/x86/options.h"

#include "arch/x86/percpu.h"
#include "core/log.h"
#include "drivers/host/uart.h"
#include "lib/string.h"
#include "lib/strutil.h"

/* Names of numbers. */
static const struct {
    const char *name;
    uint32_t number;
} names[] = {
    {"none", 0},          {"com1", UART_COM1},    {"com2", UART_COM2},  {"error", LOG_ERROR},
    {"guest", LOG_GUEST}, {"notice", LOG_NOTICE}, {"debug", LOG_DEBUG},
};

static const struct {
    const char *key;
    size_t at; /* in struct options */
    uint32_t min, max;
} rows[] = {
    {"console=", offsetof(struct options, console_port), 0, UINT16_MAX},
    {",", offsetof(struct options, console_baud), 1, UART_BAUD}, /* behind the port */
    {"maxcpus=", offsetof(struct options, cpu_max), 1, CPU_MAX},
    {"loglevel=", offsetof(struct options, log_level), LOG_ERROR, LOG_DEBUG},
    {"debug-exit=", offsetof(struct options, debug_exit), 0, UINT16_MAX},
};

/* Reads the number at *TEXT, or its name, and moves *TEXT behind it. */
static bool read_number(const char **text, uint64_t *number)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (str_starts_with(*text, names[i].name)) {
            *text += strlen(names[i].name);
            *number = names[i].number;
            return true;
        }
    }
    return str_to_u64(*text, 0, number, text) == 0;
}

static bool read_option(const char *text, struct options *options)
{
    do {
        uint64_t number;
        size_t row = 0;

        while (row < ARRAY_SIZE(rows) && !str_starts_with(text, rows[row].key))
            row++;
        if (row == ARRAY_SIZE(rows))
            return false;
        text += strlen(rows[row].key);
        if (!read_number(&text, &number) || number < rows[row].min || number > rows[row].max)
            return false;
        *(uint32_t *)((char *)options + rows[row].at) = (uint32_t)number;
    } while (*text == ',');
    return *text == ' ' || *text == '\0';
}

void options_read(const char *text, struct options *options)
{
    *options = (struct options){.console_port = UART_COM1,
                                .console_baud = UART_BAUD,
                                .cpu_max = CPU_MAX,
                                .log_level = LOG_NOTICE,
                                .unknown = ""};
    for (;;) {
        while (*text == ' ')
            text++;
        if (*text == '\0')
            return;
        if (!read_option(text, options) && *options->unknown == '\0')
            options->unknown = text;
        while (*text != ' ' && *text != '\0')
            text++;
    }
}
