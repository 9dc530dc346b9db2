/* SPDX-License-Identifier: BSD-2-Clause */
/* grant_table_op (grant_table.h) about a table as a whole: size, place, version. */
#include "core/domain.h"
#include "core/grant.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"

#include "pv-abi/grant_table.h"

/* An errno of domain_get_target() as a status. */
static int16_t status_of(int error)
{
    return error == -EPERM ? GNTST_permission_denied : GNTST_bad_domain;
}

/* Tells where the first frames of the table sit. */
static int write_frames(struct hypercall *call, const struct domain *d)
{
    const struct gnttab_setup_table *arg = call->arg;
    struct hypercall_cursor cursor;
    int error = cursor_open(&cursor, call, 0, arg->frame_list, arg->nr_frames);

    for (uint32_t i = 0; !error && i < arg->nr_frames; i++) {
        uint64_t gfn;

        error = cursor_next(&cursor, &gfn);
        if (error)
            break;
        gfn = d->grants.slots->gfn[i].v;
        cursor_write(&cursor, &gfn);
    }
    return error;
}

int64_t grant_op_setup_table(struct hypercall *call)
{
    struct gnttab_setup_table *arg = call->arg;
    struct domain *d;
    int error = domain_get_target(arg->dom, &d);

    if (error) {
        arg->status = status_of(error);
        return 0;
    }
    arg->status = GNTST_okay;
    lock_take(&d->lock);
    if (atomic_load(&d->state) >= DOMAIN_DYING)
        arg->status = GNTST_bad_domain;
    else if (grant_grow(d, arg->nr_frames))
        arg->status = GNTST_general_error;
    else
        error = write_frames(call, d);
    lock_drop(&d->lock);
    domain_put(d);
    return error;
}

int64_t grant_op_query_size(struct hypercall *call)
{
    struct gnttab_query_size *arg = call->arg;
    struct domain *d;
    int error = domain_get_target(arg->dom, &d);

    if (error) {
        arg->status = status_of(error);
        return 0;
    }
    arg->nr_frames = READ_ONCE(d->grants.frame_count);
    arg->max_nr_frames = d->grants.frame_limit;
    arg->status = GNTST_okay;
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
