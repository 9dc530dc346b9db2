/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the table of nodes and the counts of what each domain owns. */
#include "guest-kernel/control/xs_store.h"

#include "guest-kernel/control/heap.h"
#include "lib/errno.h"
#include "lib/string.h"

/* FNV's prime for 64 bits (draft-eastlake-fnv). */
#define HASH_PRIME UINT64_C(0x100000001b3)

static uint32_t hash_of(const struct xs_store *store, const char *path, size_t length)
{
    uint64_t hash = store->seed, word = 0;

    for (; length >= sizeof(word); length -= sizeof(word), path += sizeof(word)) {
        memcpy(&word, path, sizeof(word));
        hash = (hash ^ word) * HASH_PRIME;
        hash ^= hash >> 32;
    }
    word = 0;
    for (size_t i = 0; i < length; i++)
        word = word << 8 | (uint8_t)path[i];
    hash = (hash ^ word) * HASH_PRIME;
    return (uint32_t)(hash ^ hash >> 32);
}

/* What points to the node at a path, or to the NULL where it would be. */
static struct xs_node **place_of(struct xs_store *store, uint32_t hash, const char *path,
                                 size_t length)
{
    struct xs_node **place = &store->buckets[hash % XS_BUCKETS];

    while (*place != NULL && ((*place)->hash != hash || (*place)->path_size != length + 1 ||
                              memcmp(xs_node_path(*place), path, length) != 0))
        place = &(*place)->next;
    return place;
}

static struct xs_node *find(const struct xs_store *store, const char *path, size_t length)
{
    uint32_t hash = hash_of(store, path, length);
    struct xs_node *node = store->buckets[hash % XS_BUCKETS];

    while (node != NULL && (node->hash != hash || node->path_size != length + 1 ||
                            memcmp(xs_node_path(node), path, length) != 0))
        node = node->next;
    return node;
}

const struct xs_node *xs_store_find(const struct xs_store *store, const char *path, size_t length)
{
    return find(store, path, length);
}

struct xs_client *xs_client_find(const struct xs_store *store, domid_t domid)
{
    struct xs_client *client = store->clients;

    while (client != NULL && client->domid != domid)
        client = client->next;
    return client;
}

static void count_for(struct xs_client *client, const struct xs_node *node, bool is_in)
{
    if (is_in) {
        client->owned_count++;
        client->owned_size += node->allocated;
    } else {
        client->owned_count--;
        client->owned_size -= node->allocated;
    }
}

static void count(struct xs_store *store, const struct xs_node *node, bool is_in)
{
    struct xs_client *client = xs_client_find(store, node->perms[0].domid);

    if (client != NULL)
        count_for(client, node, is_in);
}

void xs_store_put(struct xs_store *store, struct xs_node *node)
{
    size_t length = node->path_size - 1;
    struct xs_node **place;
    struct xs_node *old;

    node->hash = hash_of(store, xs_node_path(node), length);
    node->generation = ++store->generation;
    place = place_of(store, node->hash, xs_node_path(node), length);
    old = *place;
    node->next = old == NULL ? NULL : old->next;
    *place = node;
    count(store, node, true);
    if (old != NULL) {
        count(store, old, false);
        xs_node_free(old);
    }
}

/* Takes the node at a place out; its name above and what is below it stay. */
static void drop(struct xs_store *store, struct xs_node **place)
{
    struct xs_node *node = *place;

    *place = node->next;
    count(store, node, false);
    xs_node_free(node);
}

/* The last name among a node's children. */
static const char *last_child(const struct xs_node *node)
{
    const char *children = xs_node_children(node);
    size_t at = node->children_size - 1;

    while (at > 0 && children[at - 1] != '\0')
        at--;
    return children + at;
}

/* Goes down to a node without children again and again, and up when it has been removed: paths may
 * have more parts than a stack has room for. */
static void drop_subtree(struct xs_store *store, char path[XS_PATH_SIZE], size_t top)
{
    size_t length = top;

    for (;;) {
        struct xs_node **place = place_of(store, hash_of(store, path, length), path, length);
        struct xs_node *node = *place;
        bool is_top = length == top;

        if (node != NULL && node->children_size > 0) {
            const char *name = last_child(node);
            size_t name_size = strlen(name) + 1;

            path[length] = '/';
            memcpy(path + length + 1, name, name_size);
            /* A name is gone from the node above before its node is. */
            node->children_size -= (uint32_t)name_size;
            length += name_size;
            continue;
        }
        if (node != NULL)
            drop(store, place);
        if (is_top)
            return;
        length = xs_path_parent(path, length);
        path[length] = '\0';
    }
}

void xs_store_cut(struct xs_store *store, const char *path)
{
    static char below[XS_PATH_SIZE];
    size_t length = strlen(path);
    size_t parent = xs_path_parent(path, length);
    struct xs_node *above = parent == 0 ? NULL : find(store, path, parent);

    if (above == NULL || find(store, path, length) == NULL)
        return;
    xs_node_drop_child(above, xs_path_leaf(path));
    above->generation = ++store->generation;
    memcpy(below, path, length + 1);
    drop_subtree(store, below, length);
}

const char *xs_store_find_owned(const struct xs_store *store, domid_t domid, size_t *bucket)
{
    for (size_t i = *bucket; i < XS_BUCKETS; i++) {
        for (const struct xs_node *node = store->buckets[i]; node != NULL; node = node->next) {
            if (node->perms[0].domid != domid ||
                xs_path_parent(xs_node_path(node), node->path_size - 1) == 0)
                continue;
            *bucket = i;
            return xs_node_path(node);
        }
    }
    return NULL;
}

void xs_store_drop_perms(struct xs_store *store, domid_t domid)
{
    for (size_t i = 0; i < XS_BUCKETS; i++) {
        for (struct xs_node *node = store->buckets[i]; node != NULL; node = node->next)
            xs_node_drop_perms(node, domid);
    }
}

static int put_first(struct xs_store *store, const char *path)
{
    static const struct xs_perm domain0 = {.domid = 0};
    struct xs_node_form form = {
        .path = path, .path_length = strlen(path), .perms = &domain0, .perm_count = 1};
    struct xs_node *node = xs_node_make(&form);

    if (node == NULL)
        return -ENOMEM;
    xs_store_put(store, node);
    return 0;
}

int xs_store_init(struct xs_store *store, uint32_t seed)
{
    int err;

    memset(store, 0, sizeof(*store));
    store->seed = seed;
    err = put_first(store, "/");
    if (err == 0)
        err = put_first(store, XS_INTRODUCE_DOMAIN);
    if (err == 0)
        err = put_first(store, XS_RELEASE_DOMAIN);
    if (err != 0)
        xs_store_free(store);
    return err;
}

void xs_store_free(struct xs_store *store)
{
    for (size_t i = 0; i < XS_BUCKETS; i++) {
        while (store->buckets[i] != NULL) {
            struct xs_node *node = store->buckets[i];

            store->buckets[i] = node->next;
            xs_node_free(node);
        }
    }
}

void xs_client_add(struct xs_store *store, struct xs_client *client, domid_t domid)
{
    memset(client, 0, sizeof(*client));
    client->store = store;
    client->domid = domid;
    client->next = store->clients;
    store->clients = client;
    for (size_t i = 0; i < XS_BUCKETS; i++) {
        for (const struct xs_node *node = store->buckets[i]; node != NULL; node = node->next) {
            if (node->perms[0].domid == domid)
                count_for(client, node, true);
        }
    }
}

void xs_client_remove(struct xs_client *client)
{
    struct xs_client **place = &client->store->clients;

    while (*place != client)
        place = &(*place)->next;
    *place = client->next;
}

void *xs_client_alloc(struct xs_client *client, size_t size, int *err)
{
    void *piece = NULL;

    *err = -ENOSPC;
    if (client->domid == 0 || client->private_size + size <= XS_PRIVATE_MAX) {
        *err = -ENOMEM;
        piece = heap_alloc(size);
    }
    if (piece != NULL)
        client->private_size += size;
    return piece;
}

void xs_client_free(struct xs_client *client, void *piece, size_t size)
{
    client->private_size -= size;
    heap_free(piece, size);
}
