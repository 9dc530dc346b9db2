/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the description of guests' disks, which is what the store says of them. */
#include "guest-kernel/control/manage_disk.h"

#include "guest-kernel/control/store.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/strutil.h"

/* A search through the names below device/vbd. */
struct search {
    uint32_t left; /* names before the one that is wanted */
    bool is_found;
    uint64_t number;
};

static void look_at(const char *name, void *arg)
{
    struct search *search = arg;

    if (search->is_found || str_parse_u64(name, &search->number) != 0)
        return;
    if (search->left == 0)
        search->is_found = true;
    else
        search->left--;
}

static int64_t read_number(const char *device, const char *name)
{
    char path[STORE_PATH_MAX];
    uint64_t value;

    format_str(path, sizeof(path), "%s/%s", device, name);
    return store_read_u64(path, &value) == 0 && value <= INT64_MAX ? (int64_t)value : -1;
}

void manage_disk_vbd(domid_t domid, const struct manage_request *request,
                     struct manage_answer *answer)
{
    struct manage_vbd *vbd = &answer->u.vbd;
    struct search search = {.left = request->number};
    char device[STORE_PATH_MAX];

    format_str(device, sizeof(device), "/local/domain/%u/device/vbd", domid);
    if (store_list(device, look_at, &search) != 0 || !search.is_found) {
        answer->status = -ENOENT;
        format_str(answer->sentence, sizeof(answer->sentence), "%s has no more disks",
                   request->target);
        return;
    }
    vbd->domid = domid;
    vbd->number = search.number;
    format_str(device, sizeof(device), "/local/domain/%u/device/vbd/%llu", domid,
               (unsigned long long)search.number);
    vbd->state = read_number(device, "state");
    vbd->port = read_number(device, "event-channel");
    vbd->ring_ref = read_number(device, "ring-ref");
}
