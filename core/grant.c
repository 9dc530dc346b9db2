/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's grant table as a whole: its frames, and what grant_table_op (grant_table.h) asks and
 * says of them. What others do with the entries is in grant_use.c. The guest writes the frames at
 * any time: they are read through grant_use.c only.
 */
#include "core/grant.h"

#include "core/domain.h"
#include "core/heap.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"

_Static_assert(sizeof(uint64_t) == sizeof(struct grant_entry_v1), "an entry is a word");
_Static_assert(sizeof(struct grant_slots) <= PAGE_SIZE, "a page");

/* Grows the table to COUNT frames. */
static int grow(struct domain *d, uint32_t count)
{
    struct grant_table *table = &d->grants;
    int error = count <= table->frame_limit ? 0 : -EINVAL;

    if (atomic_load(&d->state) >= DOMAIN_DYING)
        return -ESRCH;
    lock_take(&table->lock);
    while (!error && table->frame_count < count) {
        struct grant_page *page = heap_alloc(d, GRANT_PAGE_PAGES);

        if (page) {
            table->slots->frame[table->frame_count] = page;
            table->slots->gfn[table->frame_count++] = GFN_NONE;
        } else {
            error = -ENOMEM;
        }
    }
    lock_drop(&table->lock);
    return error;
}

int grant_init(struct domain *d, uint32_t max_frames, uint32_t max_maptrack)
{
    struct grant_table *table = &d->grants;

    lock_init(&table->lock, LOCK_GRANT);
    table->frame_limit = max_frames < GRANT_FRAMES_MAX ? max_frames : GRANT_FRAMES_MAX;
    table->maptrack_limit =
        max_maptrack < MAPTRACK_PAGES_MAX ? max_maptrack : (uint32_t)MAPTRACK_PAGES_MAX;
    table->maptrack_free = MAPTRACK_NONE;
    table->slots = heap_alloc(d, 1);
    if (!table->slots)
        return -ENOMEM;
    return grow(d, table->frame_limit ? 1 : 0);
}

void grant_free(struct domain *d)
{
    for (uint32_t i = 0; i < d->grants.frame_count; i++)
        heap_free(d, d->grants.slots->frame[i], GRANT_PAGE_PAGES);
    heap_free(d, d->grants.slots, 1);
}

int grant_frame(struct domain *d, uint64_t index, bool is_held, mfn_t *mfn)
{
    int error = index < GRANT_FRAMES_MAX ? grow(d, (uint32_t)index + 1) : -EINVAL;

    if (error)
        return error;
    *mfn = heap_mfn(d->grants.slots->frame[index]);
    if (is_held)
        frame_hold(*mfn);
    return 0;
}

/* ---- grant_table_op ---- */

/* The domain that an operation is about, referenced; NULL with *STATUS saying why. */
static struct domain *find_domain(uint16_t domid, int16_t *status)
{
    struct domain *d = NULL;
    int error = domain_get_target(domid, &d);

    *status = GNTST_okay;
    if (error)
        *status = error == -EPERM ? GNTST_permission_denied : GNTST_bad_domain;
    return d;
}

/* Tells where the first frames of the table sit. */
static int write_frames(struct hypercall *call, const struct domain *d)
{
    const struct gnttab_setup_table *arg = call->arg;
    struct hypercall_cursor cursor;
    uint64_t gfn;
    int error = cursor_open(&cursor, call, 0, arg->frame_list, arg->nr_frames);

    for (uint32_t i = 0; !error && i < arg->nr_frames; i++) {
        error = cursor_next(&cursor, &gfn);
        if (!error)
            cursor_write(&cursor, &d->grants.slots->gfn[i].v);
    }
    return error;
}

int64_t grant_op_setup_table(struct hypercall *call)
{
    struct gnttab_setup_table *arg = call->arg;
    struct domain *d = find_domain(arg->dom, &arg->status);
    int error;

    if (!d)
        return 0;
    lock_take(&d->lock);
    error = grow(d, arg->nr_frames);
    if (error)
        arg->status = error == -ESRCH ? GNTST_bad_domain : GNTST_general_error;
    error = error ? 0 : write_frames(call, d);
    lock_drop(&d->lock);
    domain_put(d);
    return error;
}

int64_t grant_op_query_size(struct hypercall *call)
{
    struct gnttab_query_size *arg = call->arg;
    struct domain *d = find_domain(arg->dom, &arg->status);

    if (!d)
        return 0;
    arg->nr_frames = READ_ONCE(d->grants.frame_count);
    arg->max_nr_frames = d->grants.frame_limit;
    domain_put(d);
    return 0;
}

int64_t grant_op_get_version(struct hypercall *call)
{
    struct gnttab_get_version *arg = call->arg;

    arg->version = 1;
    return 0;
}

int64_t grant_op_set_version(struct hypercall *call)
{
    struct gnttab_set_version *arg = call->arg;
    uint32_t wanted = arg->version;

    arg->version = 1;
    if (wanted == 1)
        return 0;
    return wanted == 2 ? -ENOSYS : -EINVAL;
}
