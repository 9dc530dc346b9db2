/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the back ends of all kinds of devices have in common: a device's two directories in the
 * store, and its life from the front end's first word to its last. A back end's device embeds
 * struct backend. Main loop only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/control/store.h"
#include "lib/compiler.h"
#include "pv-abi/xen.h"

struct backend;

struct backend_kind {
    const char *name; /* in paths: "vbd" */
    const char *noun; /* in sentences: "disk" */
    /* The front end has said all that it has to say: maps its rings and tells it what it waits for.
     * On failure disconnect() undoes what was done. */
    int (*connect)(struct backend *backend);
    /* Gives everything of the front end's back. Does nothing for one that is not connected. */
    void (*disconnect)(struct backend *backend);
};

struct backend {
    struct store_watch watch; /* the first member: of the front end's state */
    const struct backend_kind *kind;
    domid_t domid;   /* the front end's */
    uint32_t number; /* of the device */
    unsigned int complaint_count;
};

/* A node's value, which is a number unless `text` is set. */
struct backend_value {
    const char *name; /* "/state" */
    const char *text;
    uint64_t number;
};

/* The path of a node of the device at the front end's side, or at this one. */
void backend_front_path(const struct backend *backend, const char *name, char path[STORE_PATH_MAX]);
void backend_back_path(const struct backend *backend, const char *name, char path[STORE_PATH_MAX]);

/* Writes nodes at this side, or at the front end's. -ENOMEM. */
int MUST_CHECK backend_write(const struct backend *backend, const struct backend_value *values,
                             size_t count);
int MUST_CHECK backend_write_front(const struct backend *backend,
                                   const struct backend_value *values, size_t count);

/* Reads `nodes`/`name`, a number that the front end has written. -ENOENT: it has not; -EINVAL: it
 * is none, or above `max`. */
int MUST_CHECK backend_read_number(const char *nodes, const char *name, uint64_t max,
                                   uint64_t *value);

/* Tells of a front end that is wrong; only a few times of each. */
void backend_complain(struct backend *backend, const char *what, int err);

/* Makes both directories as one transaction, with the nodes that devices of all kinds have and
 * those that write_own() adds, and waits for the front end. The caller has set kind, domid and
 * number. */
int MUST_CHECK backend_create(struct backend *backend, int (*write_own)(struct backend *backend));

/* Disconnects and removes both directories. */
void backend_remove(struct backend *backend);
