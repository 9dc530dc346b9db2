/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of XenStore (pv-abi/io_xs_wire.h), for front ends: one request at a time, whose answer
 * is waited for. First vcpu only, with interrupts on. Functions return 0 or a negative errno, which
 * is the store's: -ENOENT no such node, -EACCES not allowed, -EAGAIN at the end of a transaction
 * that is to be tried again, and the like; -ENODEV: there is no store; -EIO: its answer makes no
 * sense.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/io_xs_wire.h"

/* Finds the store's page. -ENODEV. */
int MUST_CHECK xenstore_init(void);

/* The page; NULL: there is no store. */
volatile struct xenstore_domain_interface *xenstore_page(void);

/* Sends an event to the store, for whoever has written to the page. */
void xenstore_notify(void);

/* An answer's payload with a NUL behind it. */
struct xenstore_answer {
    size_t size;
    char bytes[XENSTORE_PAYLOAD_MAX + 1];
};

/* Sends a request of type XS_ with `size` bytes of payload and waits for its answer. */
int MUST_CHECK xenstore_ask(uint32_t type, uint32_t tx, const void *payload, size_t size,
                            struct xenstore_answer *answer);

/* A path is absolute or below the domain's own node. `tx` is 0 or a transaction's number. */

/* Copies a value with a NUL behind it. -EOVERFLOW: it does not fit. */
int MUST_CHECK xenstore_read(uint32_t tx, const char *path, char *value, size_t size);
int MUST_CHECK xenstore_write(uint32_t tx, const char *path, const char *value);
int MUST_CHECK xenstore_remove(uint32_t tx, const char *path);

int MUST_CHECK xenstore_begin(uint32_t *tx);
int MUST_CHECK xenstore_end(uint32_t tx, bool commit);

/* An event comes at once, and for each change at or below the path. */
int MUST_CHECK xenstore_watch(const char *path, const char *token);
int MUST_CHECK xenstore_unwatch(const char *path, const char *token);

#define XENSTORE_EVENT_MAX  256u /* bytes of an event's path and token; longer ones are dropped */
#define XENSTORE_EVENTS_MAX 16u  /* that are kept; older ones give way */

struct xenstore_event {
    char path[XENSTORE_EVENT_MAX];
    char token[XENSTORE_EVENT_MAX];
};

/* True if there may be an event. May be called with interrupts off, by a condition that is waited
 * for (event_wait_until()): an event ends the wait. */
bool xenstore_has_event(void);

/* Takes the oldest event. False: there is none. */
bool xenstore_take_event(struct xenstore_event *event);

/* Waits for an event and takes it. False: none has come before system time `deadline`. */
bool xenstore_wait_event(struct xenstore_event *event, uint64_t deadline);
