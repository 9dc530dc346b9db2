/* SPDX-License-Identifier: BSD-2-Clause */
/* The multicall hypercall: several hypercalls from a list in guest memory. */

#include "core/hypercall_dispatch.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"
#include "lib/string.h"

/* One entry; HYPERCALL_AGAIN leaves progress in its arguments. */
static int64_t execute_entry(const struct hypercall *call, struct multicall_entry *entry)
{
    struct hypercall inner = {.v = call->v, .d = call->d, .is_32bit = call->is_32bit};
    int64_t result;

    memcpy(inner.args, entry->args, sizeof(inner.args));
    inner.args[HYPERCALL_NO_ARG] = 0;
    if (entry->op == __HYPERVISOR_multicall)
        result = -EINVAL;
    else
        result = hypercall_execute(&inner, entry->op);
    if (result == HYPERCALL_AGAIN)
        memcpy(entry->args, inner.args, HYPERCALL_NO_ARG * sizeof(inner.args[0]));
    else
        entry->result = (uint64_t)result;
    return result;
}

int64_t hypercall_multicall(struct hypercall *call)
{
    struct hypercall_cursor cursor;
    struct multicall_entry entry;
    int64_t result;
    int rc = cursor_open_list(&cursor, call);

    for (uint64_t done = 0; rc == 0 && cursor.left > 0;) {
        rc = cursor_next(&cursor, &entry);
        if (rc)
            break;
        result = execute_entry(call, &entry);
        /* The entry's own hypercall may have pinned elements of its own. */
        rc = cursor_repin(&cursor);
        if (rc)
            break;
        cursor_write(&cursor, &entry);
        if (result == HYPERCALL_AGAIN)
            return hypercall_continue(call, done);
        done++;
        if (cursor.left > 0 && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return rc;
}
