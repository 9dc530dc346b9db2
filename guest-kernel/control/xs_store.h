/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nodes that everybody sees, by their paths, and the domains that use them. Nothing here asks
 * who may do what (xs_ops.h) or tells watches (xs_watch.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/xs_node.h"
#include "guest-kernel/control/xs_path.h"
#include "lib/compiler.h"
#include "pv-abi/xen.h"

#define XS_BUCKETS 2048u

/* Limits of a domain; domain 0 has none. Those with a number in Xen 4.17's xenstored have its
 * default. */
#define XS_NODES_MAX        1000u /* that it owns */
#define XS_NODE_SIZE_MAX    2048u /* bytes of a node's access, value and children */
#define XS_PERMS_MAX        5u    /* entries of a node's access */
#define XS_WATCHES_MAX      128u
#define XS_TRANSACTIONS_MAX 10u
#define XS_ENTRIES_MAX      256u           /* nodes that a transaction looks at */
#define XS_TOKEN_MAX        256u           /* bytes of a watch's token with the NUL */
#define XS_OWNED_MAX        (256u * 1024u) /* bytes of the nodes that it owns */
#define XS_PRIVATE_MAX      (128u * 1024u) /* bytes of its watches, events and transactions */
#define XS_EVENTS_MAX       256u           /* that wait for it */

struct xs_watch;
struct xs_event;
struct xs_transaction;

/* A domain that uses the store. */
struct xs_client {
    struct xs_client *next;
    struct xs_store *store;
    domid_t domid;
    /* The nodes that it owns. */
    size_t owned_count;
    size_t owned_size;
    /* What a transaction that is being checked would add to that. */
    ptrdiff_t pending_count;
    ptrdiff_t pending_size;
    /* What it has beside nodes. */
    size_t private_size;
    struct xs_watch *watches;
    size_t watch_count;
    struct xs_event *events; /* the oldest first */
    size_t event_count;
    bool has_news; /* an event has been added; for whoever takes them */
    struct xs_transaction *transactions;
    size_t transaction_count;
    uint32_t last_transaction;
};

struct xs_store {
    struct xs_node *buckets[XS_BUCKETS];
    uint32_t seed;       /* of the hash, so that no guest can fill one bucket */
    uint64_t generation; /* of the latest change */
    struct xs_client *clients;
};

/* Makes the root and the special nodes, which belong to domain 0. -ENOMEM. */
int MUST_CHECK xs_store_init(struct xs_store *store, uint32_t seed);

/* Gives everything back; there are no clients any more. */
void xs_store_free(struct xs_store *store);

/* Adds a client, whose memory is the caller's. What the domain owns is counted. */
void xs_client_add(struct xs_store *store, struct xs_client *client, domid_t domid);

/* Takes a client away that has no watches, events and transactions. */
void xs_client_remove(struct xs_client *client);

/* The client with this number, or NULL. */
struct xs_client *xs_client_find(const struct xs_store *store, domid_t domid);

/* Memory that counts against XS_PRIVATE_MAX, or NULL with *err: -ENOSPC or -ENOMEM. */
void *xs_client_alloc(struct xs_client *client, size_t size, int *err) MUST_CHECK;
void xs_client_free(struct xs_client *client, void *piece, size_t size);

/* The node at a path of `length` bytes, or NULL. */
const struct xs_node *xs_store_find(const struct xs_store *store, const char *path, size_t length);

/* Puts a node in the place of the one with its path, if there is one; the node above knows it or is
 * put too. The store owns it from here on. */
void xs_store_put(struct xs_store *store, struct xs_node *node);

/* Removes the node at `path` with all below it, and its name above. Nothing, if there is none. */
void xs_store_cut(struct xs_store *store, const char *path);

/* The path of a node below the root that a domain owns, or NULL: there is none. `*bucket` is 0 at
 * first and keeps the place of the search, which goes on there when that node has been removed. */
const char *xs_store_find_owned(const struct xs_store *store, domid_t domid, size_t *bucket);

/* Takes every entry that names a domain, but as the owner, out of all nodes' access. */
void xs_store_drop_perms(struct xs_store *store, domid_t domid);
