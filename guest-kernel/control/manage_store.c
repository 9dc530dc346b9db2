/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the store's requests of the management interface, which sees everything as domain 0. */
#include "guest-kernel/control/manage_store.h"

#include "guest-kernel/control/store.h"
#include "guest-kernel/control/xs_path.h"
#include "guest-kernel/xenstore_error.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

/* The path of the request, absolute. */
static char path[XS_PATH_SIZE];

static bool take_path(const struct manage_request *request, struct manage_answer *answer)
{
    answer->status = xs_path_resolve(path, request->path, 0);
    if (answer->status != 0)
        format_str(answer->sentence, sizeof(answer->sentence), "%s is no path of the store",
                   request->path);
    return answer->status == 0;
}

static void finish(int err, struct manage_answer *answer)
{
    answer->status = err;
    if (err == -ENOENT)
        format_str(answer->sentence, sizeof(answer->sentence), "there is no node %s", path);
    else if (err != 0)
        format_str(answer->sentence, sizeof(answer->sentence), "the store refuses that for %s: %s",
                   path, xenstore_error_name(err));
}

void manage_store_read(const struct manage_request *request, struct manage_answer *answer)
{
    struct manage_store *store = &answer->u.store;
    size_t size = 0;
    int err;

    if (!take_path(request, answer))
        return;
    err = store_read_bytes(path, store->text, sizeof(store->text), &size);
    if (err == 0)
        err = store_read_access(path, store->access, sizeof(store->access));
    store->size = (uint32_t)size;
    finish(err, answer);
}

/* The names of a list that an answer takes. */
struct part {
    struct manage_store *store;
    uint32_t left; /* names to be left out first */
};

static void add_name(const char *name, void *arg)
{
    struct part *part = arg;
    struct manage_store *store = part->store;
    size_t size = strlen(name) + 1;

    if (part->left > 0) {
        part->left--;
        return;
    }
    if (store->is_cut || size > sizeof(store->text) - store->size) {
        store->is_cut = true;
        return;
    }
    memcpy(store->text + store->size, name, size);
    store->size += (uint32_t)size;
    store->next++;
}

void manage_store_list(const struct manage_request *request, struct manage_answer *answer)
{
    struct part part = {&answer->u.store, request->number};

    if (!take_path(request, answer))
        return;
    answer->u.store.next = request->number;
    finish(store_list(path, add_name, &part), answer);
}

void manage_store_write(const struct manage_request *request, struct manage_answer *answer)
{
    if (take_path(request, answer))
        finish(store_write(path, request->value), answer);
}

void manage_store_remove(const struct manage_request *request, struct manage_answer *answer)
{
    int err = -ENOENT;

    if (!take_path(request, answer))
        return;
    if (strcmp(path, "/") == 0) {
        err = -EINVAL;
    } else if (store_exists(path)) {
        store_remove(path);
        err = 0;
    }
    finish(err, answer);
}

/* A wish is written even if nobody reads it yet: a kernel that starts its drivers later finds it
 * there. */
void manage_store_ask(const struct domain *domain, const struct manage_request *request,
                      struct manage_answer *answer)
{
    bool is_heard;

    format_str(path, sizeof(path), "/local/domain/%u/control/shutdown", domain->domid);
    is_heard = store_is_watched(path, domain->domid);
    finish(store_write(path, request->verb == MANAGE_SHUTDOWN ? "poweroff" : "reboot"), answer);
    if (answer->status == 0 && !is_heard)
        format_str(answer->sentence, sizeof(answer->sentence),
                   "%s does not listen for such requests, or not yet; \"destroy %s\" ends it at "
                   "once",
                   domain->name, domain->name);
}
