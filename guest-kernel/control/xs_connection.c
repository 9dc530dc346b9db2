/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the order in which a guest's messages go in and out. Whatever is wrong with them stops this
 * guest's connection alone, until it connects anew. */
#include "guest-kernel/control/xs_connection.h"

#include "guest-kernel/control/xs_transaction.h"
#include "guest-kernel/control/xs_watch.h"
#include "lib/errno.h"
#include "lib/string.h"

#define HEADER_SIZE sizeof(struct xsd_sockmsg)

_Static_assert(offsetof(struct xs_request, payload) == HEADER_SIZE &&
                   offsetof(struct xs_message, payload) == HEADER_SIZE,
               "a message is one piece of bytes");

void xs_connection_open(struct xs_connection *connection, struct xs_store *store, domid_t domid,
                        volatile struct xenstore_domain_interface *page)
{
    memset(connection, 0, sizeof(*connection));
    xs_client_add(store, &connection->client, domid);
    xs_ring_connect(&connection->ring, page);
}

static void forget(struct xs_connection *connection)
{
    xs_watch_clear(&connection->client);
    xs_transaction_clear(&connection->client);
    connection->request_size = 0;
    connection->message_size = 0;
    connection->is_broken = false;
}

void xs_connection_close(struct xs_connection *connection)
{
    forget(connection);
    xs_client_remove(&connection->client);
}

static void set_broken(struct xs_connection *connection, uint32_t error)
{
    connection->is_broken = true;
    xs_ring_set_error(&connection->ring, error);
}

/* Sends what is left of the message that is going out. True: it is all in the ring. */
static bool send_rest(struct xs_connection *connection, unsigned int *done)
{
    const char *bytes = (const char *)&connection->message;
    size_t count = 0;

    if (connection->message_size == 0)
        return true;
    if (xs_ring_put(&connection->ring, bytes + connection->message_sent,
                    connection->message_size - connection->message_sent, &count) != 0)
        set_broken(connection, XENSTORE_ERROR_RINGIDX);
    if (count > 0)
        *done |= XS_STEP_MOVED;
    connection->message_sent += count;
    if (connection->message_sent < connection->message_size)
        return false;
    connection->message_size = 0;
    return true;
}

static void begin_message(struct xs_connection *connection)
{
    connection->message_sent = 0;
    connection->message_size = HEADER_SIZE + connection->message.header.len;
}

/* Takes bytes until the request has `size` of them. True: it has. */
static bool take(struct xs_connection *connection, size_t size, unsigned int *done)
{
    size_t count;

    if (xs_ring_take(&connection->ring, (char *)&connection->request + connection->request_size,
                     size - connection->request_size, &count) != 0) {
        set_broken(connection, XENSTORE_ERROR_RINGIDX);
        return false;
    }
    if (count > 0)
        *done |= XS_STEP_MOVED;
    connection->request_size += count;
    return connection->request_size == size;
}

/* Takes what there is of a request. True: it is complete. */
static bool take_request(struct xs_connection *connection, unsigned int *done)
{
    if (connection->request_size < HEADER_SIZE && !take(connection, HEADER_SIZE, done))
        return false;
    if (connection->request.header.len > XENSTORE_PAYLOAD_MAX) {
        set_broken(connection, XENSTORE_ERROR_PROTO);
        return false;
    }
    return take(connection, HEADER_SIZE + connection->request.header.len, done);
}

unsigned int xs_connection_step(struct xs_connection *connection)
{
    unsigned int done = 0;

    connection->client.has_news = false;
    if (xs_ring_wants_reset(&connection->ring)) {
        forget(connection);
        xs_ring_reset(&connection->ring);
        done |= XS_STEP_MOVED;
    }
    for (unsigned int i = 0; i < XS_STEP_MESSAGES; i++) {
        if (connection->is_broken || !send_rest(connection, &done))
            return done;
        if (xs_request_event(&connection->client, &connection->message)) {
            begin_message(connection);
            continue;
        }
        connection->client.has_news = false;
        if (!take_request(connection, &done))
            return done;
        xs_request_serve(&connection->client, &connection->request, &connection->message);
        connection->request_size = 0;
        begin_message(connection);
    }
    return done | XS_STEP_MORE;
}
