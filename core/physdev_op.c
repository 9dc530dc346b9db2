/* SPDX-License-Identifier: BSD-2-Clause */
/* physdev_op (physdev.h): the control domain's interrupts. Only it has any (design decision 7). */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "core/pirq.h"
#include "lib/errno.h"

#include "pv-abi/physdev.h"

/* Interrupts go to the caller alone. */
static bool is_caller(const struct hypercall *call, uint16_t domid)
{
    return domid == DOMID_SELF || domid == call->d->id;
}

int64_t physdev_op_map_pirq(struct hypercall *call)
{
    struct physdev_map_pirq *arg = call->arg;
    uint32_t pirq = arg->pirq < 0 ? PIRQ_ANY : (uint32_t)arg->pirq;
    int error;

    if (!is_caller(call, arg->domid))
        return -EPERM;
    if (arg->type != MAP_PIRQ_TYPE_GSI)
        return -EOPNOTSUPP;
    if (arg->index < 0 || (pirq != PIRQ_ANY && pirq >= EVTCHN_PIRQS))
        return -EINVAL;
    error = pirq_map_gsi(call->d, (uint32_t)arg->index, &pirq);
    if (!error)
        arg->pirq = (int32_t)pirq;
    return error;
}

int64_t physdev_op_eoi(struct hypercall *call)
{
    const struct physdev_eoi *arg = call->arg;

    return pirq_eoi(call->d, arg->irq);
}
