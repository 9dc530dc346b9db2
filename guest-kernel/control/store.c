/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the store, the control domain's own client of it, and the connections of guests. */
#include "guest-kernel/control/store.h"

#include "guest-kernel/control/domains.h"
#include "guest-kernel/control/foreign.h"
#include "guest-kernel/control/heap.h"
#include "guest-kernel/control/xs_connection.h"
#include "guest-kernel/control/xs_ops.h"
#include "guest-kernel/control/xs_text.h"
#include "guest-kernel/control/xs_watch.h"
#include "guest-kernel/events.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "lib/strutil.h"

/* The page windows behind the consoles'. */
#define FIRST_WINDOW DOMAINS_MAX
_Static_assert(FIRST_WINDOW + DOMAINS_MAX <= FOREIGN_PAGES_MAX, "each store has a page window");

#define TOKEN_SIZE 20u /* of a pointer in hexadecimal */

struct slot {
    struct xs_connection *connection; /* NULL: free */
    evtchn_port_t port;
    bool has_event; /* set by the event's handler */
};

static struct xs_store store;
static struct xs_client own;
static struct xs_transaction own_transaction;
static bool is_in_transaction;
static struct slot slots[DOMAINS_MAX];
static size_t slot_end; /* Behind the last one that was ever used. */

int store_init(void)
{
    int err = xs_store_init(&store, (uint32_t)rdtsc());

    if (err == 0)
        xs_client_add(&store, &own, 0);
    return err;
}

/* The transaction for one operation. */
static struct xs_transaction *begin(void)
{
    if (!is_in_transaction)
        xs_transaction_init(&own_transaction, &own);
    return &own_transaction;
}

/* Ends the operation; it is seen unless the caller goes on with a transaction. */
static int end(int err)
{
    if (is_in_transaction)
        return err;
    if (err == 0)
        return xs_transaction_commit(&own_transaction);
    xs_transaction_abort(&own_transaction);
    return err;
}

int store_begin(void)
{
    if (is_in_transaction)
        return -EBUSY;
    begin();
    is_in_transaction = true;
    return 0;
}

int store_end(bool commit)
{
    is_in_transaction = false;
    if (commit)
        return xs_transaction_commit(&own_transaction);
    xs_transaction_abort(&own_transaction);
    return 0;
}

static int write_bytes(const char *name, const char *value, size_t size)
{
    char path[XS_PATH_SIZE];
    int err = xs_path_resolve(path, name, own.domid);

    return err == 0 ? end(xs_op_write(begin(), path, value, size)) : err;
}

int store_write(const char *path, const char *value)
{
    return write_bytes(path, value, strlen(value));
}

int store_printf(const char *path, const char *fmt, ...)
{
    char value[STORE_TEXT_MAX];
    va_list args;
    size_t size;

    va_start(args, fmt);
    size = format_va(value, sizeof(value), fmt, args);
    va_end(args);
    return size < sizeof(value) ? write_bytes(path, value, size) : -E2BIG;
}

int store_mkdir(const char *name)
{
    char path[XS_PATH_SIZE];
    int err = xs_path_resolve(path, name, own.domid);

    return err == 0 ? end(xs_op_mkdir(begin(), path)) : err;
}

/* What there is to see at a path, with the changes of a transaction. */
static const struct xs_node *find(const char *path)
{
    size_t length = strlen(path);

    return is_in_transaction ? xs_transaction_find_node(&own_transaction, path, length)
                             : xs_store_find(&store, path, length);
}

int store_read_bytes(const char *path, char *value, size_t size, size_t *count)
{
    const struct xs_node *node = find(path);

    if (node == NULL)
        return -ENOENT;
    if (node->value_size > size)
        return -EOVERFLOW;
    memcpy(value, xs_node_value(node), node->value_size);
    *count = node->value_size;
    return 0;
}

int store_read(const char *path, char *value, size_t size)
{
    size_t count;
    int err = store_read_bytes(path, value, size, &count);

    if (err == 0 && count == size)
        return -EOVERFLOW;
    if (err == 0)
        value[count] = '\0';
    return err;
}

int store_read_access(const char *path, char *text, size_t size)
{
    const struct xs_node *node = find(path);
    size_t at = 0;

    if (node == NULL)
        return -ENOENT;
    if (node->perm_count * XS_PERM_TEXT_MAX > size)
        return -EOVERFLOW;
    for (uint32_t i = 0; i < node->perm_count; i++) {
        if (i > 0)
            text[at++] = ',';
        at += xs_text_format_perm(text + at, &node->perms[i]);
    }
    return 0;
}

int store_read_u64(const char *path, uint64_t *value)
{
    char text[24];
    const char *rest;
    int err = store_read(path, text, sizeof(text));

    if (err != 0)
        return err;
    err = str_to_u64(text, 10, value, &rest);
    if (err != 0)
        return err;
    return *rest == '\0' ? 0 : -EINVAL;
}

bool store_exists(const char *path)
{
    return find(path) != NULL;
}

void store_remove(const char *path)
{
    if (!store_exists(path))
        return;
    xs_watch_fire_removal(&store, path);
    xs_store_cut(&store, path);
}

int store_list(const char *path, void (*each)(const char *name, void *arg), void *arg)
{
    const struct xs_node *node = find(path);

    if (node == NULL)
        return -ENOENT;
    for (size_t at = 0; at < node->children_size;) {
        const char *name = xs_node_children(node) + at;

        at += strlen(name) + 1;
        each(name, arg);
    }
    return 0;
}

int store_set_access(const char *name, domid_t owner, domid_t reader)
{
    const struct xs_perm perms[] = {{.domid = owner}, {.domid = reader, .access = XS_ACCESS_READ}};
    char path[XS_PATH_SIZE];
    int err = xs_path_resolve(path, name, own.domid);

    if (err != 0)
        return err;
    return end(xs_op_set_perms(begin(), path, perms, ARRAY_COUNT(perms)));
}

/* Watches of one path differ by their owner. */
static void form_token(char token[TOKEN_SIZE], const struct store_watch *watch)
{
    format_str(token, TOKEN_SIZE, "%p", (const void *)watch);
}

int store_watch(struct store_watch *watch, const char *path)
{
    char token[TOKEN_SIZE];

    form_token(token, watch);
    return xs_watch_add(&own, path, token, watch);
}

void store_unwatch(struct store_watch *watch, const char *path)
{
    char token[TOKEN_SIZE];

    form_token(token, watch);
    /* A watch that is not set is as good as one that has been taken away. */
    if (xs_watch_remove(&own, path, token) != 0)
        return;
}

bool store_is_watched(const char *path, domid_t domid)
{
    const struct xs_client *client = xs_client_find(&store, domid);

    return client != NULL && xs_watch_covers(client, path);
}

static void on_event(void *arg)
{
    bool *flag = arg;

    __atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static struct slot *find_slot(const struct xs_client *client)
{
    for (size_t i = 0; i < DOMAINS_MAX; i++) {
        if (client == NULL ? slots[i].connection == NULL
                           : slots[i].connection != NULL && &slots[i].connection->client == client)
            return &slots[i];
    }
    return NULL;
}

static unsigned int window_of(const struct slot *slot)
{
    return (unsigned int)(FIRST_WINDOW + (size_t)(slot - slots));
}

int store_introduce(domid_t domid, uint64_t gfn, evtchn_port_t remote_port)
{
    struct slot *slot = find_slot(NULL);
    void *page;
    int err;

    if (slot == NULL)
        return -ENOSPC;
    slot->connection = heap_alloc(sizeof(*slot->connection));
    if (slot->connection == NULL)
        return -ENOMEM;
    err = foreign_map_page(domid, gfn, window_of(slot), &page);
    if (err != 0)
        goto free;
    err = event_bind_interdomain(domid, remote_port, on_event, &slot->has_event, &slot->port);
    if (err != 0)
        goto unmap;
    if (slot_end <= (size_t)(slot - slots))
        slot_end = (size_t)(slot - slots) + 1;
    xs_connection_open(slot->connection, &store, domid, page);
    slot->has_event = true;
    xs_watch_fire(&store, XS_INTRODUCE_DOMAIN);
    return 0;
unmap:
    foreign_unmap_page(window_of(slot));
free:
    heap_free(slot->connection, sizeof(*slot->connection));
    slot->connection = NULL;
    return err;
}

/* A domain's number may be given to another one: nothing of the old one stays. */
static void give_up_nodes(domid_t domid)
{
    static char path[XS_PATH_SIZE];
    const char *owned;
    size_t bucket = 0;

    while ((owned = xs_store_find_owned(&store, domid, &bucket)) != NULL) {
        str_copy(path, sizeof(path), owned);
        store_remove(path);
    }
    xs_store_drop_perms(&store, domid);
}

static struct slot *find_domain(domid_t domid)
{
    const struct xs_client *client = domid == 0 ? NULL : xs_client_find(&store, domid);

    return client == NULL ? NULL : find_slot(client);
}

void store_shut_down(domid_t domid)
{
    if (find_domain(domid) != NULL)
        xs_watch_fire(&store, XS_RELEASE_DOMAIN);
}

void store_release(domid_t domid)
{
    struct slot *slot = find_domain(domid);

    if (slot == NULL)
        return;
    event_close(slot->port);
    xs_connection_close(slot->connection);
    foreign_unmap_page(window_of(slot));
    heap_free(slot->connection, sizeof(*slot->connection));
    slot->connection = NULL;
    slot->has_event = false;
    give_up_nodes(domid);
    xs_watch_fire(&store, XS_RELEASE_DOMAIN);
}

static bool slot_has_work(const struct slot *slot)
{
    return slot->connection != NULL && (__atomic_load_n(&slot->has_event, __ATOMIC_ACQUIRE) ||
                                        slot->connection->client.has_news);
}

bool store_has_work(void)
{
    bool has_work = own.has_news;

    for (size_t i = 0; i < slot_end && !has_work; i++)
        has_work = slot_has_work(&slots[i]);
    return has_work;
}

static void serve(struct slot *slot)
{
    unsigned int done;

    __atomic_store_n(&slot->has_event, false, __ATOMIC_RELEASE);
    done = xs_connection_step(slot->connection);
    if (done & XS_STEP_MORE)
        slot->has_event = true;
    /* The port is closed by the guest at its pleasure: an event that cannot be sent is its loss. */
    if (done & XS_STEP_MOVED)
        event_send(slot->port);
}

void store_step(void)
{
    static char path[XS_PATH_SIZE], token[XS_TOKEN_MAX];
    void *owner;

    for (size_t i = 0; i < slot_end; i++) {
        if (slot_has_work(&slots[i]))
            serve(&slots[i]);
    }
    own.has_news = false;
    /* What the calls themselves change comes in the next step at the latest. */
    for (size_t i = 0; i < XS_EVENTS_MAX && xs_watch_take(&own, path, token, &owner); i++) {
        struct store_watch *watch = owner;

        watch->changed(watch, path);
    }
    if (own.event_count > 0)
        own.has_news = true;
}
