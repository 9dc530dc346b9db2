/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to a store and their answers as texts, for tests. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/xs_request.h"

/* A store with domain 0 and two guests. Each guest has /local/domain/N, which it may read, with
 * `data`, which is its own; the first has `name` too. */
struct xs_test {
    struct xs_store store;
    struct xs_client zero, one, two;
};
extern struct xs_test xs_test;

/* For cmocka: nothing may be alive behind the teardown. */
int xs_test_setup(void **state);
int xs_test_teardown(void **state);

/* Sends a request and returns the answer's payload, each NUL shown as '|', with '!' before the name
 * of an error. The text holds until the next call. */
const char *xs_ask_bytes(struct xs_client *client, uint32_t type, uint32_t tx, const char *payload,
                         size_t size);

/* The payload is a string constant with its last NUL; "path\0value" for two strings. */
#define xs_ask(client, type, tx, text) xs_ask_bytes(client, type, tx, text, sizeof(text))

/* A write's value has no NUL behind it. */
#define xs_ask_write(client, tx, text) xs_ask_bytes(client, XS_WRITE, tx, text, sizeof(text) - 1)

/* Begins a transaction; returns its number. */
uint32_t xs_ask_begin(struct xs_client *client);

/* Takes all events that wait: "path|token|; path|token|; ". */
const char *xs_ask_events(struct xs_client *client);
