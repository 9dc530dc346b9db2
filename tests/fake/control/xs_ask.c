/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the texts of xs_ask.h. */
#include "tests/fake/control/xs_ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/xs_transaction.h"
#include "guest-kernel/control/xs_watch.h"
#include "tests/fake/control/fake_heap.h"

#define REQUEST_ID 77u

struct xs_test xs_test;

static struct xs_message message;

/* Appends a message's payload. */
static void show(char *text, size_t size)
{
    size_t at = strlen(text);

    for (size_t i = 0; i < message.header.len && at + 1 < size; i++)
        text[at++] = message.payload[i] == '\0' ? '|' : message.payload[i];
    text[at] = '\0';
}

const char *xs_ask_bytes(struct xs_client *client, uint32_t type, uint32_t tx, const char *payload,
                         size_t size)
{
    static struct xs_request request;
    static char text[XENSTORE_PAYLOAD_MAX + 2];

    assert_true(size <= XENSTORE_PAYLOAD_MAX);
    memset(&request, 0xaa, sizeof(request));
    request.header = (struct xsd_sockmsg){type, REQUEST_ID, tx, (uint32_t)size};
    if (size > 0)
        memcpy(request.payload, payload, size);
    xs_request_serve(client, &request, &message);
    assert_int_equal(message.header.req_id, REQUEST_ID);
    assert_int_equal(message.header.tx_id, tx);
    assert_true(message.header.type == type || message.header.type == XS_ERROR);
    strcpy(text, message.header.type == XS_ERROR ? "!" : "");
    show(text, sizeof(text));
    return text;
}

uint32_t xs_ask_begin(struct xs_client *client)
{
    const char *answer = xs_ask(client, XS_TRANSACTION_START, 0, "");

    assert_true(answer[0] >= '1' && answer[0] <= '9');
    return (uint32_t)strtoul(answer, NULL, 10);
}

const char *xs_ask_events(struct xs_client *client)
{
    static char text[16384];

    text[0] = '\0';
    while (xs_request_event(client, &message)) {
        assert_int_equal(message.header.type, XS_WATCH_EVENT);
        show(text, sizeof(text) - 2);
        strcat(text, "; ");
    }
    return text;
}

/* Makes a guest's nodes. */
static void make_guest(unsigned int domid)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "/local/domain/%u/data", domid) + 1;

    xs_ask_bytes(&xs_test.zero, XS_MKDIR, 0, text, (size_t)size);
    size += snprintf(text + size, sizeof(text) - (size_t)size, "n%u", domid) + 1;
    xs_ask_bytes(&xs_test.zero, XS_SET_PERMS, 0, text, (size_t)size);
    size = snprintf(text, sizeof(text), "/local/domain/%u%cn0%cr%u", domid, 0, 0, domid) + 1;
    xs_ask_bytes(&xs_test.zero, XS_SET_PERMS, 0, text, (size_t)size);
}

int xs_test_setup(void **state)
{
    *state = &xs_test;
    fake_heap = (struct fake_heap){.alive = 0};
    if (xs_store_init(&xs_test.store, 1) != 0)
        return -1;
    xs_client_add(&xs_test.store, &xs_test.zero, 0);
    xs_client_add(&xs_test.store, &xs_test.one, 1);
    xs_client_add(&xs_test.store, &xs_test.two, 2);
    make_guest(1);
    make_guest(2);
    xs_ask_write(&xs_test.zero, 0, "/local/domain/1/name\0first");
    return 0;
}

int xs_test_teardown(void **state)
{
    struct xs_client *clients[] = {&xs_test.zero, &xs_test.one, &xs_test.two};

    assert_ptr_equal(*state, &xs_test);
    for (size_t i = 0; i < 3; i++) {
        xs_watch_clear(clients[i]);
        xs_transaction_clear(clients[i]);
        assert_int_equal(clients[i]->private_size, 0);
        xs_client_remove(clients[i]);
    }
    xs_store_free(&xs_test.store);
    return (int)fake_heap.alive;
}
