/* SPDX-License-Identifier: BSD-2-Clause */
/* The log ring, under LOCK_LOG. Lines go to the console after the lock is dropped. */

#include "core/log.h"

#include <stdarg.h>

#include "arch/x86/lock.h"
#include "core/console.h"
#include "lib/format.h"

#define RING_SIZE 32768u /* bytes, a power of two */
#define LINE_MAX  200u   /* bytes of a line with its newline */

static struct {
    struct lock lock;
    uint64_t end; /* sequence number of the next byte */
    char ring[RING_SIZE];
} log_ring = {.lock = LOCK_INIT(LOCK_LOG)};

enum log_level log_shown = LOG_NOTICE;

void log_line(enum log_level level, const char *format, ...)
{
    char line[LINE_MAX];
    size_t size;
    va_list args;

    if (level == LOG_DEBUG && log_shown < LOG_DEBUG)
        return;
    va_start(args, format);
    size = format_va(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (size > sizeof(line) - 2)
        size = sizeof(line) - 2;
    line[size++] = '\n';

    lock_take(&log_ring.lock);
    for (size_t i = 0; i < size; i++)
        log_ring.ring[log_ring.end++ % RING_SIZE] = line[i];
    lock_drop(&log_ring.lock);
    if (level <= log_shown)
        host_console_write(line, size);
}

size_t log_read(uint64_t *sequence, char *buf, size_t size)
{
    size_t count = 0;

    lock_take(&log_ring.lock);
    if (*sequence > log_ring.end || log_ring.end - *sequence > RING_SIZE)
        *sequence = log_ring.end > RING_SIZE ? log_ring.end - RING_SIZE : 0;
    while (count < size && *sequence < log_ring.end)
        buf[count++] = log_ring.ring[(*sequence)++ % RING_SIZE];
    lock_drop(&log_ring.lock);
    return count;
}
