/* SPDX-License-Identifier: BSD-2-Clause */
/* The console_io hypercall: lines of guests, under their domain's lock, and the input ring, under
 * its own. */

#include "core/console.h"

#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "core/log.h"

/* Lines that a guest may print: so many at once, refilled by so many a second. */
#define LINES_MAX        1024u
#define LINES_PER_SECOND 32u
#define NS_PER_LINE      (UINT64_C(1000000000) / LINES_PER_SECOND)

#define CHUNK 128u /* bytes that are copied from or to a guest at once */

#define INPUT_SIZE 1024u
static struct {
    struct lock lock;
    uint32_t head, tail; /* characters put in, taken out */
    char ring[INPUT_SIZE];
} input = {.lock = LOCK_INIT(LOCK_LOG)};

/* Whether D may print a line: each is paid for by the time it takes at the rate. Needs D's lock. */
static bool take_line(struct domain *d)
{
    uint64_t now = time_ns();

    if (d->console_paid_ns < now)
        d->console_paid_ns = now;
    if (d->console_paid_ns - now > (LINES_MAX - 1) * NS_PER_LINE)
        return false;
    d->console_paid_ns += NS_PER_LINE;
    return true;
}

static void end_line(struct domain *d)
{
    if (take_line(d))
        log_line(LOG_GUEST, "(d%u) %.*s", d->id, (int)d->console_line_size, d->console_line);
    d->console_line_size = 0;
}

void console_guest_write(struct domain *d, const char *text, size_t size)
{
    if (d->is_privileged) {
        host_console_write(text, size);
        return;
    }
    lock_take(&d->lock);
    for (size_t i = 0; i < size; i++) {
        char c = text[i];

        if (c == '\n') {
            end_line(d);
            continue;
        }
        if (c == '\r' || c == '\0')
            continue;
        if (d->console_line_size == sizeof(d->console_line))
            end_line(d);
        /* No control characters: the line may end up on somebody's terminal. */
        d->console_line[d->console_line_size++] = (c >= ' ' && c <= '~') || c == '\t' ? c : '?';
    }
    lock_drop(&d->lock);
}

void console_input(char c)
{
    lock_take(&input.lock);
    if (input.head - input.tail < INPUT_SIZE)
        input.ring[input.head++ % INPUT_SIZE] = c;
    lock_drop(&input.lock);
    evtchn_raise_control_virq(VIRQ_CONSOLE);
}

int64_t console_io_write(struct hypercall *call)
{
    struct hypercall_cursor cursor;
    uint64_t done = 0, part;
    char text[CHUNK];
    int rc = cursor_open_list(&cursor, call);

    while (rc == 0 && cursor.left > 0) {
        part = cursor.left < CHUNK ? cursor.left : CHUNK;
        rc = cursor_read_bulk(&cursor, text, part);
        if (rc)
            break;
        console_guest_write(call->d, text, part);
        done += part;
        if (cursor.left > 0 && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return rc;
}

static size_t take_input(char *text, size_t size)
{
    size_t count = 0;

    lock_take(&input.lock);
    while (count < size && input.tail != input.head)
        text[count++] = input.ring[input.tail++ % INPUT_SIZE];
    lock_drop(&input.lock);
    return count;
}

int64_t console_io_read(struct hypercall *call)
{
    struct hypercall_cursor cursor;
    char text[CHUNK];
    int64_t done = 0;
    size_t part;
    int rc = cursor_open_list(&cursor, call);

    /* The ring bounds this loop. */
    while (rc == 0 && cursor.left > 0) {
        part = take_input(text, cursor.left < CHUNK ? cursor.left : CHUNK);
        if (part == 0)
            break;
        rc = cursor_write_bulk(&cursor, text, part);
        done += (int64_t)part;
    }
    return rc ? rc : done;
}
