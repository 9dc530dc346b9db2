/* SPDX-License-Identifier: BSD-2-Clause */
/* physdev_op (physdev.h): the control domain's interrupts. Only it has any (design decision 7). */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "core/pirq.h"
#include "lib/errno.h"

/* The source that ARG names, for pirq_map(). MSI without a table, and other segments, are nobody's
 * need. */
static int source_of(const struct physdev_map_pirq *arg, uint32_t *source)
{
    if (arg->type == MAP_PIRQ_TYPE_GSI) {
        *source = (uint32_t)arg->index;
        return arg->index < 0 ? -EINVAL : 0;
    }
    if (arg->type != MAP_PIRQ_TYPE_MSI_SEG || !arg->table_base)
        return -EOPNOTSUPP;
    if (arg->entry_nr < 0 || arg->entry_nr >= PIRQ_MSIX_ENTRIES || arg->bus & ~0xff ||
        arg->devfn & ~0xff)
        return -EINVAL;
    *source = PIRQ_MSIX | (uint32_t)(arg->entry_nr << 16 | arg->bus << 8 | arg->devfn);
    return 0;
}

int64_t physdev_op_map_pirq(struct hypercall *call)
{
    struct physdev_map_pirq *arg = call->arg;
    uint32_t pirq = arg->pirq < 0 ? PIRQ_ANY : (uint32_t)arg->pirq;
    uint32_t source;
    int error = source_of(arg, &source);

    /* Interrupts go to the caller alone. */
    if (arg->domid != DOMID_SELF && arg->domid != call->d->id)
        return -EPERM;
    if (pirq != PIRQ_ANY && pirq >= EVTCHN_PIRQS)
        return -EINVAL;
    if (!error)
        error = pirq_map(call->d, source, &pirq);
    if (!error)
        arg->pirq = (int32_t)pirq;
    return error;
}

int64_t physdev_op_eoi(struct hypercall *call)
{
    const struct physdev_eoi *arg = call->arg;

    return pirq_mask(call->d, arg->irq, false);
}
