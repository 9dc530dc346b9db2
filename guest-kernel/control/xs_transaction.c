/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the entries of transactions: one for each path that was looked at, in that order. What the
 * client sees is the store with the entries laid over it.
 */
#include "guest-kernel/control/xs_transaction.h"

#include "guest-kernel/control/xs_watch.h"
#include "lib/errno.h"
#include "lib/string.h"

struct xs_entry {
    struct xs_entry *next;
    struct xs_node *node; /* what the client has put here */
    uint64_t generation;  /* of the store's node at the first look; 0: there was none */
    size_t path_size;     /* with the NUL */
    bool is_checked;      /* the store's node must be that one still at the commit */
    bool is_cut;          /* the store's node and all below it are to go */
    bool is_told;         /* watches are to hear of `node` */
    char path[];
};

void xs_transaction_init(struct xs_transaction *tx, struct xs_client *client)
{
    memset(tx, 0, sizeof(*tx));
    tx->client = client;
}

int xs_transaction_start(struct xs_client *client, uint32_t *id)
{
    struct xs_transaction *tx;
    int err;

    if (client->domid != 0 && client->transaction_count >= XS_TRANSACTIONS_MAX)
        return -ENOSPC;
    tx = xs_client_alloc(client, sizeof(*tx), &err);
    if (tx == NULL)
        return err;
    xs_transaction_init(tx, client);
    do {
        client->last_transaction++;
    } while (client->last_transaction == 0 ||
             xs_transaction_find(client, client->last_transaction) != NULL);
    tx->id = client->last_transaction;
    tx->next = client->transactions;
    client->transactions = tx;
    client->transaction_count++;
    *id = tx->id;
    return 0;
}

struct xs_transaction *xs_transaction_find(const struct xs_client *client, uint32_t id)
{
    struct xs_transaction *tx = client->transactions;

    while (tx != NULL && tx->id != id)
        tx = tx->next;
    return tx;
}

/* Sets or clears an entry's node, which counts among the client's own memory. */
static void set_node(struct xs_transaction *tx, struct xs_entry *entry, struct xs_node *node)
{
    if (entry->node != NULL) {
        tx->client->private_size -= entry->node->allocated;
        xs_node_free(entry->node);
    }
    entry->node = node;
    if (node != NULL)
        tx->client->private_size += node->allocated;
}

void xs_transaction_abort(struct xs_transaction *tx)
{
    while (tx->entries != NULL) {
        struct xs_entry *entry = tx->entries;

        tx->entries = entry->next;
        tx->entry_count--;
        set_node(tx, entry, NULL);
        xs_client_free(tx->client, entry, sizeof(*entry) + entry->path_size);
    }
}

static struct xs_entry *find_entry(const struct xs_transaction *tx, const char *path, size_t length)
{
    struct xs_entry *entry = tx->entries;

    while (entry != NULL &&
           (entry->path_size != length + 1 || memcmp(entry->path, path, length) != 0))
        entry = entry->next;
    return entry;
}

/* True if the transaction has removed the node at a path of the store, or one above it. */
static bool is_cut_off(const struct xs_transaction *tx, const char *path, size_t length)
{
    for (const struct xs_entry *entry = tx->has_cuts ? tx->entries : NULL; entry != NULL;
         entry = entry->next) {
        size_t cut = entry->path_size - 1;

        if (entry->is_cut && cut <= length && memcmp(entry->path, path, cut) == 0 &&
            (cut == length || path[cut] == '/'))
            return true;
    }
    return false;
}

const struct xs_node *xs_transaction_find_node(const struct xs_transaction *tx, const char *path,
                                               size_t length)
{
    const struct xs_entry *entry = find_entry(tx, path, length);

    if (entry != NULL && entry->node != NULL)
        return entry->node;
    if (is_cut_off(tx, path, length))
        return NULL;
    return xs_store_find(tx->client->store, path, length);
}

/* The path's entry, which is made if there is none; NULL with *err: there is no memory for one. */
static struct xs_entry *get_entry(struct xs_transaction *tx, const char *path, size_t length,
                                  int *err)
{
    struct xs_entry *entry = find_entry(tx, path, length), **end = &tx->entries;
    const struct xs_node *node;

    if (entry != NULL)
        return entry;
    *err = -ENOSPC;
    if (tx->client->domid != 0 && tx->entry_count >= XS_ENTRIES_MAX)
        return NULL;
    entry = xs_client_alloc(tx->client, sizeof(*entry) + length + 1, err);
    if (entry == NULL)
        return NULL;
    memset(entry, 0, sizeof(*entry));
    entry->path_size = length + 1;
    memcpy(entry->path, path, length);
    entry->path[length] = '\0';
    /* What others do to a removed node's inside is removed with it. */
    entry->is_checked = !is_cut_off(tx, path, length);
    node = xs_store_find(tx->client->store, path, length);
    entry->generation = node == NULL ? 0 : node->generation;
    while (*end != NULL)
        end = &(*end)->next;
    *end = entry;
    tx->entry_count++;
    return entry;
}

int xs_transaction_note(struct xs_transaction *tx, const char *path, size_t length)
{
    int err = 0;

    return get_entry(tx, path, length, &err) != NULL ? 0 : err;
}

/* An operation that fails half-way fails the transaction. */
static int fail(struct xs_transaction *tx, int err)
{
    tx->err = err;
    return err;
}

int xs_transaction_put(struct xs_transaction *tx, const struct xs_node_form *form, bool is_told)
{
    bool is_new = xs_transaction_find_node(tx, form->path, form->path_length) == NULL;
    int err = 0;
    struct xs_entry *entry = get_entry(tx, form->path, form->path_length, &err);
    struct xs_node *node;

    if (entry == NULL)
        return fail(tx, err);
    node = xs_node_make(form);
    if (node == NULL)
        return fail(tx, -ENOMEM);
    set_node(tx, entry, node);
    entry->is_told = entry->is_told || is_told;
    if (is_new)
        tx->created++;
    if (tx->client->domid != 0 && tx->client->private_size > XS_PRIVATE_MAX)
        return fail(tx, -ENOSPC);
    return 0;
}

int xs_transaction_cut(struct xs_transaction *tx, const char *path, size_t length)
{
    int err = 0;
    struct xs_entry *entry = get_entry(tx, path, length, &err);

    if (entry == NULL)
        return fail(tx, err);
    for (struct xs_entry *below = tx->entries; below != NULL; below = below->next) {
        if (!xs_path_is_within(below->path, entry->path))
            continue;
        if (below->node != NULL && tx->created > 0 &&
            (below->generation == 0 || is_cut_off(tx, below->path, below->path_size - 1)))
            tx->created--;
        set_node(tx, below, NULL);
        below->is_told = false;
    }
    entry->is_cut = true;
    tx->has_cuts = true;
    return 0;
}

/* Counts a node in (1), out (-1) or not at all (0) among what the transaction would give its owner.
 */
static void count_pending(const struct xs_store *store, const struct xs_node *node, int sign)
{
    struct xs_client *owner = xs_client_find(store, node->perms[0].domid);

    if (owner == NULL)
        return;
    if (sign == 0) {
        owner->pending_count = 0;
        owner->pending_size = 0;
    } else {
        owner->pending_count += sign;
        owner->pending_size += sign * (ptrdiff_t)node->allocated;
    }
}

static void count_all(const struct xs_transaction *tx, int sign)
{
    const struct xs_store *store = tx->client->store;

    for (const struct xs_entry *entry = tx->entries; entry != NULL; entry = entry->next) {
        const struct xs_node *old = xs_store_find(store, entry->path, entry->path_size - 1);

        if (entry->node == NULL)
            continue;
        count_pending(store, entry->node, sign);
        if (old != NULL)
            count_pending(store, old, -sign);
    }
}

/* True if an addition leads or leaves a total above its limit. */
static bool exceeds(size_t total, ptrdiff_t addition, size_t limit)
{
    return addition > 0 && total + (size_t)addition > limit;
}

/* True if somebody would own more than he may. What the transaction removes is not counted. */
static bool is_over_limit(const struct xs_transaction *tx)
{
    for (const struct xs_entry *entry = tx->entries; entry != NULL; entry = entry->next) {
        const struct xs_client *owner =
            entry->node == NULL ? NULL
                                : xs_client_find(tx->client->store, entry->node->perms[0].domid);

        if (owner != NULL && owner->domid != 0 &&
            (exceeds(owner->owned_count, owner->pending_count, XS_NODES_MAX) ||
             exceeds(owner->owned_size, owner->pending_size, XS_OWNED_MAX)))
            return true;
    }
    return false;
}

/* Domain 0 may fill others' shares. */
static int check_limits(const struct xs_transaction *tx)
{
    bool is_over;

    if (tx->client->domid == 0)
        return 0;
    count_all(tx, 1);
    is_over = is_over_limit(tx);
    count_all(tx, 0);
    return is_over ? -ENOSPC : 0;
}

static int check_changes(const struct xs_transaction *tx)
{
    for (const struct xs_entry *entry = tx->entries; entry != NULL; entry = entry->next) {
        const struct xs_node *node =
            xs_store_find(tx->client->store, entry->path, entry->path_size - 1);

        if (entry->is_checked && entry->generation != (node == NULL ? 0 : node->generation))
            return -EAGAIN;
    }
    return 0;
}

/* Cannot fail. Watches hear of a change both before and after it, so that losing or gaining the
 * access shows; the second event is the first one, if that waits still. */
static void apply(struct xs_transaction *tx)
{
    struct xs_store *store = tx->client->store;

    for (struct xs_entry *entry = tx->entries; entry != NULL; entry = entry->next) {
        if (entry->is_cut && xs_store_find(store, entry->path, entry->path_size - 1) != NULL)
            xs_watch_fire_removal(store, entry->path);
        else if (entry->is_told)
            xs_watch_fire(store, entry->path);
    }
    for (struct xs_entry *entry = tx->entries; entry != NULL; entry = entry->next) {
        if (entry->is_cut)
            xs_store_cut(store, entry->path);
    }
    for (struct xs_entry *entry = tx->entries; entry != NULL; entry = entry->next) {
        if (entry->node == NULL)
            continue;
        tx->client->private_size -= entry->node->allocated;
        xs_store_put(store, entry->node);
        entry->node = NULL;
    }
    for (struct xs_entry *entry = tx->entries; entry != NULL; entry = entry->next) {
        if (entry->is_told)
            xs_watch_fire(store, entry->path);
    }
}

int xs_transaction_commit(struct xs_transaction *tx)
{
    int err = tx->err;

    if (err == 0)
        err = check_changes(tx);
    if (err == 0)
        err = check_limits(tx);
    if (err == 0)
        apply(tx);
    xs_transaction_abort(tx);
    return err;
}

int xs_transaction_end(struct xs_transaction *tx, bool is_commit)
{
    struct xs_client *client = tx->client;
    struct xs_transaction **place = &client->transactions;
    int err = 0;

    while (*place != tx)
        place = &(*place)->next;
    *place = tx->next;
    client->transaction_count--;
    if (is_commit)
        err = xs_transaction_commit(tx);
    else
        xs_transaction_abort(tx);
    xs_client_free(client, tx, sizeof(*tx));
    return err;
}

void xs_transaction_clear(struct xs_client *client)
{
    while (client->transactions != NULL) {
        /* Without a commit it cannot fail. */
        struct xs_transaction *tx = client->transactions;

        client->transactions = tx->next;
        client->transaction_count--;
        xs_transaction_abort(tx);
        xs_client_free(client, tx, sizeof(*tx));
    }
}
