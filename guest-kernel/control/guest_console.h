/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's console: its ring, what it has written (the last GUEST_LOG_SIZE bytes), and input that
 * waits for room. It outlives the domain, so that a reboot goes on where the old one ended. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/pvring.h"
#include "lib/compiler.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/xen.h"

#define GUEST_LOG_SIZE      32768u
#define GUEST_INPUT_MAX     1024u
#define GUEST_CONSOLE_PIECE 256u /* bytes taken from a ring at a time: 22 ms at 115200 baud */

struct guest_console {
    unsigned int index; /* of its page window; different for each console */
    struct pvring ring;
    evtchn_port_t port;
    bool has_event; /* set by the event's handler */
    char *log;      /* a ring of GUEST_LOG_SIZE bytes, allocated once */
    uint64_t log_end;
    char input[GUEST_INPUT_MAX];
    size_t input_size;
};

/* Allocates the log. -ENOMEM. */
int MUST_CHECK guest_console_init(struct guest_console *console, unsigned int index);

/* Empties the log, for another guest. */
void guest_console_clear(struct guest_console *console);

/* Maps the ring page of a paused domain and binds its port. Undone on failure. */
int MUST_CHECK guest_console_connect(struct guest_console *console, domid_t domid, uint64_t gfn,
                                     evtchn_port_t remote_port);
void guest_console_disconnect(struct guest_console *console);

/* Moves waiting input to the guest and takes at most GUEST_CONSOLE_PIECE bytes of output, which are
 * kept in the log too. Returns how many. */
size_t guest_console_step(struct guest_console *console, char *output);

/* Takes input for the guest; what finds no room is dropped. */
void guest_console_type(struct guest_console *console, const char *bytes, size_t size);

/* Copies at most `size` bytes of the log from *at on (a count of all bytes ever written) and moves
 * *at behind them. */
size_t guest_console_read_log(const struct guest_console *console, uint64_t *at, char *to,
                              size_t size);
