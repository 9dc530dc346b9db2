/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns watches and waiting events. An event that waits already is not added again. Where memory or
 * the limit does not allow another, the watch is marked, and an event with its own path stands for
 * what was lost: a client reads what it watches anew, as it does at the first event.
 */
#include "guest-kernel/control/xs_watch.h"

#include "lib/errno.h"
#include "lib/string.h"

struct xs_watch {
    struct xs_watch *next;
    void *owner;
    size_t allocated;
    size_t relative_start; /* what events leave out of an absolute path */
    bool is_overflowed;
    size_t path_size; /* with the NUL */
    char path[];      /* the absolute path, then the token */
};

struct xs_event {
    struct xs_event *next;
    struct xs_watch *watch;
    size_t allocated;
    char path[];
};

static const char *token_of(const struct xs_watch *watch)
{
    return watch->path + watch->path_size;
}

/* The absolute form of what is watched. */
static int resolve(const struct xs_client *client, const char *name, char path[XS_PATH_SIZE])
{
    if (!xs_path_is_special(name))
        return xs_path_resolve(path, name, client->domid);
    memcpy(path, name, strlen(name) + 1);
    return 0;
}

/* What points to a client's watch, or to the NULL at the end. */
static struct xs_watch **place_of(struct xs_client *client, const char *path, const char *token)
{
    struct xs_watch **place = &client->watches;

    while (*place != NULL &&
           (strcmp((*place)->path, path) != 0 || strcmp(token_of(*place), token) != 0))
        place = &(*place)->next;
    return place;
}

/* Lets an event wait, unless it does already. */
static void queue(struct xs_client *client, struct xs_watch *watch, const char *path)
{
    size_t size = strlen(path) + 1;
    struct xs_event **end = &client->events, *event = NULL;
    int err;

    if (watch->is_overflowed)
        return;
    for (; *end != NULL; end = &(*end)->next) {
        if ((*end)->watch == watch && strcmp((*end)->path, path) == 0)
            return;
    }
    if (client->event_count < XS_EVENTS_MAX)
        event = xs_client_alloc(client, sizeof(*event) + size, &err);
    client->has_news = true;
    if (event == NULL) {
        watch->is_overflowed = true;
        return;
    }
    event->next = NULL;
    event->watch = watch;
    event->allocated = sizeof(*event) + size;
    memcpy(event->path, path, size);
    *end = event;
    client->event_count++;
}

int xs_watch_add(struct xs_client *client, const char *name, const char *token, void *owner)
{
    char path[XS_PATH_SIZE];
    size_t token_size = strlen(token) + 1, size;
    struct xs_watch **place, *watch;
    int err = resolve(client, name, path);

    if (err != 0)
        return err;
    place = place_of(client, path, token);
    if (*place != NULL)
        return -EEXIST;
    if (client->domid != 0 && (client->watch_count >= XS_WATCHES_MAX || token_size > XS_TOKEN_MAX))
        return -E2BIG;
    size = sizeof(*watch) + strlen(path) + 1 + token_size;
    watch = xs_client_alloc(client, size, &err);
    if (watch == NULL)
        return err;
    memset(watch, 0, sizeof(*watch));
    watch->owner = owner;
    watch->allocated = size;
    watch->path_size = strlen(path) + 1;
    watch->relative_start = name[0] == '/' ? 0 : strlen(path) - strlen(name);
    memcpy(watch->path, path, watch->path_size);
    memcpy(watch->path + watch->path_size, token, token_size);
    *place = watch;
    client->watch_count++;
    queue(client, watch, path);
    return 0;
}

static void free_event(struct xs_client *client, struct xs_event **place)
{
    struct xs_event *event = *place;

    *place = event->next;
    client->event_count--;
    xs_client_free(client, event, event->allocated);
}

static void free_watch(struct xs_client *client, struct xs_watch **place)
{
    struct xs_watch *watch = *place;
    struct xs_event **event = &client->events;

    while (*event != NULL) {
        if ((*event)->watch == watch)
            free_event(client, event);
        else
            event = &(*event)->next;
    }
    *place = watch->next;
    client->watch_count--;
    xs_client_free(client, watch, watch->allocated);
}

int xs_watch_remove(struct xs_client *client, const char *name, const char *token)
{
    char path[XS_PATH_SIZE];
    struct xs_watch **place;
    int err = resolve(client, name, path);

    if (err != 0)
        return err;
    place = place_of(client, path, token);
    if (*place == NULL)
        return -ENOENT;
    free_watch(client, place);
    return 0;
}

void xs_watch_clear(struct xs_client *client)
{
    while (client->watches != NULL)
        free_watch(client, &client->watches);
}

bool xs_watch_covers(const struct xs_client *client, const char *path)
{
    const struct xs_watch *watch = client->watches;

    while (watch != NULL && !xs_path_is_within(path, watch->path))
        watch = watch->next;
    return watch != NULL;
}

/* A client may see a change if it may read the node or the one above it. */
static bool may_see(const struct xs_client *client, const char *path)
{
    size_t length = strlen(path), parent = xs_path_parent(path, length);
    const struct xs_node *node = xs_store_find(client->store, path, length);
    const struct xs_node *above = parent == 0 ? NULL : xs_store_find(client->store, path, parent);

    return (node != NULL && (xs_node_access(node, client->domid) & XS_ACCESS_READ) != 0) ||
           (above != NULL && (xs_node_access(above, client->domid) & XS_ACCESS_READ) != 0);
}

void xs_watch_fire(struct xs_store *store, const char *path)
{
    for (struct xs_client *client = store->clients; client != NULL; client = client->next) {
        for (struct xs_watch *watch = client->watches; watch != NULL; watch = watch->next) {
            if (xs_path_is_within(path, watch->path) && may_see(client, path))
                queue(client, watch, path);
        }
    }
}

/* A watch below the removed node hears of its own, if there was one. */
static void fire_below(struct xs_client *client, const char *path)
{
    for (struct xs_watch *watch = client->watches; watch != NULL; watch = watch->next) {
        if (xs_path_is_within(watch->path, path) && strcmp(watch->path, path) != 0 &&
            xs_store_find(client->store, watch->path, watch->path_size - 1) != NULL &&
            may_see(client, watch->path))
            queue(client, watch, watch->path);
    }
}

void xs_watch_fire_removal(struct xs_store *store, const char *path)
{
    xs_watch_fire(store, path);
    for (struct xs_client *client = store->clients; client != NULL; client = client->next)
        fire_below(client, path);
}

static void form(const struct xs_watch *watch, const char *event_path, char *path, char *token)
{
    const char *shown = event_path + watch->relative_start;
    size_t token_size = strlen(token_of(watch)) + 1;

    /* What is watched fits into a message with its token, as it came in one. */
    if (strlen(shown) + 1 + token_size > XENSTORE_PAYLOAD_MAX)
        shown = watch->path + watch->relative_start;
    memcpy(path, shown, strlen(shown) + 1);
    memcpy(token, token_of(watch), token_size);
}

bool xs_watch_take(struct xs_client *client, char *path, char *token, void **owner)
{
    struct xs_event *event = client->events;
    struct xs_watch *watch = client->watches;

    if (event != NULL) {
        *owner = event->watch->owner;
        form(event->watch, event->path, path, token);
        free_event(client, &client->events);
        return true;
    }
    while (watch != NULL && !watch->is_overflowed)
        watch = watch->next;
    if (watch == NULL)
        return false;
    watch->is_overflowed = false;
    *owner = watch->owner;
    form(watch, watch->path, path, token);
    return true;
}
