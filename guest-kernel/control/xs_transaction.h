/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A transaction: what a client has looked at, and what it would have changed. The store does not
 * change before the commit, which fails if a node that the transaction has looked at has changed
 * meanwhile. A change outside of transactions is a transaction of one operation (xs_ops.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/xs_store.h"
#include "lib/compiler.h"

struct xs_entry;

struct xs_transaction {
    struct xs_transaction *next; /* of the client's */
    struct xs_client *client;
    uint32_t id;
    int err; /* an operation has failed half-way: the commit fails with this */
    struct xs_entry *entries;
    size_t entry_count;
    bool has_cuts;  /* nodes have been removed */
    size_t created; /* nodes that are not in the store */
};

/* Begins a transaction in the caller's memory; it ends by xs_transaction_commit() or
 * xs_transaction_abort(). */
void xs_transaction_init(struct xs_transaction *tx, struct xs_client *client);

/* Begins one that the client knows by its number, *id. -ENOSPC: it has too many; -ENOMEM. */
int MUST_CHECK xs_transaction_start(struct xs_client *client, uint32_t *id);

/* The client's transaction with this number, or NULL. */
struct xs_transaction *xs_transaction_find(const struct xs_client *client, uint32_t id);

/* Ends a started transaction. -EAGAIN: a node has changed meanwhile; -ENOSPC: the domain would own
 * too much; -ENOMEM: an operation has failed for that. On any error the store has not changed. */
int MUST_CHECK xs_transaction_end(struct xs_transaction *tx, bool is_commit);

/* Ends all of a client's transactions without their changes. */
void xs_transaction_clear(struct xs_client *client);

/* As xs_transaction_end(), for a transaction in the caller's memory. */
int MUST_CHECK xs_transaction_commit(struct xs_transaction *tx);
void xs_transaction_abort(struct xs_transaction *tx);

/* The node that the transaction sees at a path of `length` bytes, or NULL. The pointer holds until
 * the next change. */
const struct xs_node *xs_transaction_find_node(const struct xs_transaction *tx, const char *path,
                                               size_t length);

/* Remembers that the client has looked at the path. -ENOSPC, -ENOMEM. */
int MUST_CHECK xs_transaction_note(struct xs_transaction *tx, const char *path, size_t length);

/* Puts a changed or new node into the transaction; watches will hear of it if `is_told`. -ENOSPC,
 * -ENOMEM, after which the transaction can only fail. */
int MUST_CHECK xs_transaction_put(struct xs_transaction *tx, const struct xs_node_form *form,
                                  bool is_told);

/* Removes the node with all below it, but not its name above. -ENOSPC, -ENOMEM, as above. */
int MUST_CHECK xs_transaction_cut(struct xs_transaction *tx, const char *path, size_t length);
