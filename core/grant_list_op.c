/* SPDX-License-Identifier: BSD-2-Clause */
/* grant_table_op on lists (grant_table.h): map, unmap, copy. Each element has its own status;
 * the call fails only when the list cannot be read. */
#include "core/domain.h"
#include "core/grant.h"
#include "core/grant_copy.h"
#include "core/grant_map.h"
#include "core/grant_use.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"

#include "pv-abi/grant_table.h"

/* Calls WORK for each element of the list, until something else is to be done. ELEMENT: room for
 * one. */
static int64_t for_each(struct hypercall *call, void *element,
                        void (*work)(struct domain *caller, void *element))
{
    struct hypercall_cursor cursor;
    uint64_t done = 0;
    int error = cursor_open_list(&cursor, call);

    while (!error && (error = cursor_next(&cursor, element)) == 0) {
        work(call->d, element);
        cursor_write(&cursor, element);
        done++;
        if (cursor.left && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return error == -ENOENT ? 0 : error;
}

/* What the caller's flags ask for. */
static int16_t read_map_flags(const struct domain *d, const struct gnttab_map_grant_ref *op,
                              struct grant_map_request *request)
{
    if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map)))
        return GNTST_bad_gntref;
    if (op->flags & (GNTMAP_application_map | GNTMAP_contains_pte) ||
        (op->flags & GNTMAP_device_map && !d->is_direct_mapped))
        return GNTST_general_error;
    if (op->flags & GNTMAP_host_map && op->host_addr & (PAGE_SIZE - 1))
        return GNTST_general_error;
    request->ref = op->ref;
    request->gfn = gfn_of((gpa_t){op->host_addr});
    request->flags = (op->flags & GNTMAP_host_map ? MAPTRACK_HOST : 0) |
                     (op->flags & GNTMAP_device_map ? MAPTRACK_DEVICE : 0) |
                     (op->flags & GNTMAP_readonly ? MAPTRACK_READONLY : 0);
    return GNTST_okay;
}

static struct domain *find_domain(struct domain *caller, uint16_t domid)
{
    return domain_get(domid == DOMID_SELF ? caller->id : domid);
}

static void map_one(struct domain *d, void *element)
{
    struct gnttab_map_grant_ref *op = element;
    struct grant_map_request request;
    struct domain *granter;
    mfn_t mfn;

    op->status = read_map_flags(d, op, &request);
    if (op->status != GNTST_okay)
        return;
    granter = find_domain(d, op->dom);
    if (!granter) {
        op->status = GNTST_bad_domain;
        return;
    }
    op->status = grant_map(d, granter, &request, &op->handle, &mfn);
    if (op->status == GNTST_okay)
        op->dev_bus_addr = paddr_of(mfn).v;
    domain_put(granter);
}

int64_t grant_op_map(struct hypercall *call)
{
    struct gnttab_map_grant_ref op;

    return for_each(call, &op, map_one);
}

/* Two steps for each element. Once one has to wait for a TLB, those behind it are only begun, so
 * that one wait serves them all. */
int64_t grant_op_unmap(struct hypercall *call)
{
    struct gnttab_unmap_grant_ref op;
    struct hypercall_cursor cursor;
    bool is_waiting = false;
    uint64_t done = 0;
    int error = cursor_open_list(&cursor, call);

    while (!error && (error = cursor_next(&cursor, &op)) == 0) {
        op.status = grant_unmap_begin(call->d, op.handle, op.host_addr, op.dev_bus_addr);
        if (!is_waiting && op.status == GNTST_okay)
            is_waiting = !grant_unmap_finish(call->d, op.handle);
        if (!is_waiting) {
            cursor_write(&cursor, &op);
            done++;
        }
        if (cursor.left && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    if (is_waiting)
        return hypercall_continue(call, done);
    return error == -ENOENT ? 0 : error;
}

static void copy_one(struct domain *d, void *element)
{
    struct gnttab_copy *op = element;

    op->status = grant_copy(d, op);
}

int64_t grant_op_copy(struct hypercall *call)
{
    struct gnttab_copy op;

    return for_each(call, &op, copy_one);
}
