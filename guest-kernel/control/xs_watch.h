/* SPDX-License-Identifier: BSD-2-Clause */
/* Watches, and the events that wait for their owners. */
#pragma once

#include <stdbool.h>

#include "guest-kernel/control/xs_store.h"
#include "lib/compiler.h"

/* Sets a client's watch on `name`, a path or a special name, and lets one event wait for it. The
 * token is a text; a client of the control domain's own has a pointer beside it, which events give
 * back. -EEXIST: it has this watch; -E2BIG: it has too many, or the token is too long; -ENOSPC,
 * -ENOMEM; -EINVAL: no path. */
int MUST_CHECK xs_watch_add(struct xs_client *client, const char *name, const char *token,
                            void *owner);

/* Takes a watch and its events away. -ENOENT: there is none; -EINVAL: no path. */
int MUST_CHECK xs_watch_remove(struct xs_client *client, const char *name, const char *token);

/* Takes all of a client's watches and events away. */
void xs_watch_clear(struct xs_client *client);

/* True if the client watches `path` or a node above it. */
bool xs_watch_covers(const struct xs_client *client, const char *path);

/* Tells whoever watches `path`, or a node above it, and may see it. */
void xs_watch_fire(struct xs_store *store, const char *path);

/* Tells whoever watches a node that is about to be removed with all below it. */
void xs_watch_fire_removal(struct xs_store *store, const char *path);

/* Forms the event that waits longest as the client reads it, and takes it out: `path` (XS_PATH_SIZE
 * bytes) as the watch was set, absolute or relative, and `token` (XS_TOKEN_MAX bytes). Returns the
 * watch's owner, in *owner. False: none waits. */
bool xs_watch_take(struct xs_client *client, char *path, char *token, void **owner);
