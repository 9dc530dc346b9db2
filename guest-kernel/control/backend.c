/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the state of a device in the store. The front end's decides (io/blkif.h of Xen, "State
 * diagrams", and io/netif.h): Initialised or Connected connects, Closing and Closed disconnect,
 * Initialising after that begins anew.
 */
#include "guest-kernel/control/backend.h"

#include "guest-kernel/control/domains.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "pv-abi/io_xenbus.h"

#define COMPLAINTS_MAX 4u

void backend_front_path(const struct backend *backend, const char *name, char path[STORE_PATH_MAX])
{
    format_str(path, STORE_PATH_MAX, "/local/domain/%u/device/%s/%u%s", backend->domid,
               backend->kind->name, backend->number, name);
}

void backend_back_path(const struct backend *backend, const char *name, char path[STORE_PATH_MAX])
{
    format_str(path, STORE_PATH_MAX, "/local/domain/0/backend/%s/%u/%u%s", backend->kind->name,
               backend->domid, backend->number, name);
}

static int write_value(const char *path, const struct backend_value *value)
{
    if (value->text != NULL)
        return store_write(path, value->text);
    return store_printf(path, "%llu", (unsigned long long)value->number);
}

int backend_write(const struct backend *backend, const struct backend_value *values, size_t count)
{
    char path[STORE_PATH_MAX];
    int err = 0;

    for (size_t i = 0; err == 0 && i < count; i++) {
        backend_back_path(backend, values[i].name, path);
        err = write_value(path, &values[i]);
    }
    return err;
}

int backend_write_front(const struct backend *backend, const struct backend_value *values,
                        size_t count)
{
    char path[STORE_PATH_MAX];
    int err = 0;

    for (size_t i = 0; err == 0 && i < count; i++) {
        backend_front_path(backend, values[i].name, path);
        err = write_value(path, &values[i]);
    }
    return err;
}

int backend_read_number(const char *nodes, const char *name, uint64_t max, uint64_t *value)
{
    char path[STORE_PATH_MAX];
    int err;

    format_str(path, sizeof(path), "%s/%s", nodes, name);
    err = store_read_u64(path, value);
    if (err != 0)
        return err == -ENOENT ? err : -EINVAL;
    return *value <= max ? 0 : -EINVAL;
}

void backend_complain(struct backend *backend, const char *what, int err)
{
    char sentence[GUEST_ERROR_MAX];

    if (backend->complaint_count == COMPLAINTS_MAX)
        return;
    backend->complaint_count++;
    format_str(sentence, sizeof(sentence), "%s %u of domain %u: %s (error %d)", backend->kind->noun,
               backend->number, backend->domid, what, -err);
    domains_notice(sentence);
}

/* A node that cannot be written leaves the front end waiting: that is told, and no more can be done
 * about it. */
static void set_state(const struct backend *backend, uint64_t state)
{
    const struct backend_value value = {"/state", NULL, state};

    if (backend_write(backend, &value, 1) != 0)
        domains_notice("there is no memory to tell a front end of its device's state");
}

static uint64_t own_state(const struct backend *backend)
{
    char path[STORE_PATH_MAX];
    uint64_t state;

    backend_back_path(backend, "/state", path);
    return store_read_u64(path, &state) == 0 ? state : XenbusStateUnknown;
}

static void connect(struct backend *backend)
{
    int err = backend->kind->connect(backend);

    if (err != 0) {
        backend_complain(backend, "its front end cannot be connected", err);
        backend->kind->disconnect(backend);
        set_state(backend, XenbusStateClosing);
        return;
    }
    set_state(backend, XenbusStateConnected);
}

static void changed(struct store_watch *watch, const char *path)
{
    struct backend *backend = (struct backend *)watch;
    uint64_t state, own = own_state(backend);

    if (store_read_u64(path, &state) != 0)
        return;
    switch (state) {
    case XenbusStateInitialising:
        if (own != XenbusStateInitWait) {
            backend->kind->disconnect(backend);
            set_state(backend, XenbusStateInitWait);
        }
        break;
    case XenbusStateInitialised:
    case XenbusStateConnected:
        if (own == XenbusStateInitWait)
            connect(backend);
        break;
    case XenbusStateClosing:
    case XenbusStateClosed:
        backend->kind->disconnect(backend);
        if (own != state)
            set_state(backend, state);
        break;
    default:
        break;
    }
}

static int make_front(const struct backend *backend)
{
    char path[STORE_PATH_MAX], back[STORE_PATH_MAX];
    const struct backend_value values[] = {{"/backend", back, 0},
                                           {"/backend-id", NULL, 0},
                                           {"/state", NULL, XenbusStateInitialising},
                                           {"/trusted", NULL, 1}};
    int err;

    backend_back_path(backend, "", back);
    backend_front_path(backend, "", path);
    err = store_mkdir(path);
    if (err == 0)
        err = store_set_access(path, backend->domid, 0);
    return err != 0 ? err : backend_write_front(backend, values, ARRAY_COUNT(values));
}

static int make_back(const struct backend *backend)
{
    char path[STORE_PATH_MAX], front[STORE_PATH_MAX];
    const struct backend_value values[] = {{"/frontend", front, 0},
                                           {"/frontend-id", NULL, backend->domid},
                                           {"/online", NULL, 1},
                                           {"/hotplug-status", "connected", 0},
                                           {"/state", NULL, XenbusStateInitWait}};
    int err;

    backend_front_path(backend, "", front);
    backend_back_path(backend, "", path);
    err = store_mkdir(path);
    if (err == 0)
        err = store_set_access(path, 0, backend->domid);
    return err != 0 ? err : backend_write(backend, values, ARRAY_COUNT(values));
}

int backend_create(struct backend *backend, int (*write_own)(struct backend *backend))
{
    char path[STORE_PATH_MAX];
    int err = store_begin(), ended;

    if (err != 0)
        return err;
    backend->complaint_count = 0;
    err = make_back(backend);
    if (err == 0)
        err = make_front(backend);
    if (err == 0)
        err = write_own(backend);
    ended = store_end(err == 0);
    if (err == 0)
        err = ended;
    backend_front_path(backend, "/state", path);
    backend->watch.changed = changed;
    return err != 0 ? err : store_watch(&backend->watch, path);
}

void backend_remove(struct backend *backend)
{
    char path[STORE_PATH_MAX];

    backend_front_path(backend, "/state", path);
    store_unwatch(&backend->watch, path);
    backend->kind->disconnect(backend);
    backend_back_path(backend, "", path);
    store_remove(path);
    backend_front_path(backend, "", path);
    store_remove(path);
}
