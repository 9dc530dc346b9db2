/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the consoles' rings, ports and logs. */
#include "guest-kernel/control/guest_console.h"

#include "guest-kernel/control/foreign.h"
#include "guest-kernel/events.h"
#include "guest-kernel/memory.h"
#include "lib/errno.h"
#include "lib/string.h"

int guest_console_init(struct guest_console *console, unsigned int index)
{
    if (console->log == NULL)
        console->log = pages_alloc(GUEST_LOG_SIZE / PAGE_SIZE, 1);
    if (console->log == NULL)
        return -ENOMEM;
    console->index = index;
    guest_console_clear(console);
    return 0;
}

void guest_console_clear(struct guest_console *console)
{
    console->log_end = 0;
    console->input_size = 0;
}

static void on_event(void *arg)
{
    struct guest_console *console = arg;

    __atomic_store_n(&console->has_event, true, __ATOMIC_RELEASE);
}

int guest_console_connect(struct guest_console *console, domid_t domid, uint64_t gfn,
                          evtchn_port_t remote_port)
{
    void *page;
    int err = foreign_map_page(domid, gfn, console->index, &page);

    if (err != 0)
        return err;
    err = event_bind_interdomain(domid, remote_port, on_event, console, &console->port);
    if (err != 0) {
        foreign_unmap_page(console->index);
        return err;
    }
    console->has_event = true;
    pvring_connect(&console->ring, page);
    return 0;
}

void guest_console_disconnect(struct guest_console *console)
{
    if (console->ring.page == NULL)
        return;
    event_close(console->port);
    foreign_unmap_page(console->index);
    pvring_connect(&console->ring, NULL);
    console->has_event = false;
}

static void keep(struct guest_console *console, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        console->log[console->log_end++ % GUEST_LOG_SIZE] = bytes[i];
}

/* The port is closed by the guest at its pleasure: an event that cannot be sent is its loss. */
static void notify(const struct guest_console *console)
{
    event_send(console->port);
}

static void push_input(struct guest_console *console)
{
    size_t done = pvring_put(&console->ring, console->input, console->input_size);

    if (done == 0)
        return;
    console->input_size -= done;
    memmove(console->input, console->input + done, console->input_size);
    notify(console);
}

size_t guest_console_step(struct guest_console *console, char *output)
{
    size_t size;

    if (console->ring.page == NULL)
        return 0;
    __atomic_store_n(&console->has_event, false, __ATOMIC_RELEASE);
    if (console->input_size > 0)
        push_input(console);
    size = pvring_take(&console->ring, output, GUEST_CONSOLE_PIECE);
    if (size > 0) {
        keep(console, output, size);
        notify(console);
    }
    return size;
}

void guest_console_type(struct guest_console *console, const char *bytes, size_t size)
{
    size_t room = sizeof(console->input) - console->input_size;

    if (size > room)
        size = room;
    memcpy(console->input + console->input_size, bytes, size);
    console->input_size += size;
    console->has_event = true;
}

size_t guest_console_read_log(const struct guest_console *console, uint64_t *at, char *to,
                              size_t size)
{
    uint64_t oldest = console->log_end > GUEST_LOG_SIZE ? console->log_end - GUEST_LOG_SIZE : 0;
    size_t count = 0;

    if (*at < oldest)
        *at = oldest;
    while (count < size && *at < console->log_end)
        to[count++] = console->log[(*at)++ % GUEST_LOG_SIZE];
    return count;
}
