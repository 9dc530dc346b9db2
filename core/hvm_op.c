/* SPDX-License-Identifier: BSD-2-Clause */
/* hvm_op (hvm/hvm_op.h): a domain's parameters, with Xen's rules on who may set and read which. */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"

#include "pv-abi/hvm_params.h"

/* Who may do what with a parameter. One that is not in the table is -EINVAL. */
#define BUILDER_SETS 0x01u
#define GUEST_SETS   0x02u
#define BUILDER_GETS 0x04u
#define GUEST_GETS   0x08u
#define BUILDER      (BUILDER_SETS | BUILDER_GETS)
#define GUEST        (GUEST_SETS | GUEST_GETS)

static const uint8_t param_rules[DOMAIN_PARAMS] = {
    [HVM_PARAM_CALLBACK_IRQ] = BUILDER | GUEST,
    [HVM_PARAM_STORE_PFN] = BUILDER | GUEST_GETS,
    [HVM_PARAM_STORE_EVTCHN] = BUILDER | GUEST_GETS,
    [HVM_PARAM_CONSOLE_PFN] = BUILDER | GUEST_GETS,
    [HVM_PARAM_CONSOLE_EVTCHN] = BUILDER | GUEST_GETS,
    [HVM_PARAM_TRIPLE_FAULT_REASON] = BUILDER,
};

/* Of itself a domain is the guest, privileged or not. */
static int check_rule(const struct hypercall *call, uint32_t index, uint8_t builder, uint8_t guest)
{
    uint8_t rules = index < DOMAIN_PARAMS ? param_rules[index] : 0;

    if (!(rules & (builder | guest)))
        return -EINVAL;
    return rules & (call->target == call->d ? guest : builder) ? 0 : -EPERM;
}

/* Whether VALUE is one that the parameter can have. */
static int check_value(uint32_t index, uint64_t value)
{
    switch (index) {
    case HVM_PARAM_CALLBACK_IRQ:
        /* 0: none. Interrupt lines do not exist: a vector is the only way. */
        return !value || value >> 56 == HVM_PARAM_CALLBACK_TYPE_VECTOR ? 0 : -EINVAL;
    case HVM_PARAM_TRIPLE_FAULT_REASON:
        return value <= SHUTDOWN_MAX ? 0 : -EINVAL;
    case HVM_PARAM_STORE_EVTCHN:
    case HVM_PARAM_CONSOLE_EVTCHN:
        return value < EVTCHN_PORTS ? 0 : -EINVAL;
    default:
        return 0;
    }
}

/* The callback decides how events reach every vCPU, and the mode of the caller the layout of what
 * is shared. */
static void set_callback(const struct hypercall *call, uint8_t vector)
{
    struct domain *d = call->target;

    if (d == call->d)
        domain_set_32bit(d, call->is_32bit);
    WRITE_ONCE(d->callback, vector);
    /* Destruction, which takes vcpu_info away, passes this lock first. */
    lock_take(&d->lock);
    for (uint32_t i = 0; i < d->vcpu_max && atomic_load(&d->state) < DOMAIN_DYING; i++)
        if (evtchn_upcall_pending(d->vcpu[i]))
            vcpu_notify(d->vcpu[i]);
    lock_drop(&d->lock);
}

int64_t hvm_op_set_param(struct hypercall *call)
{
    const struct xen_hvm_param *arg = call->arg;
    int error = check_rule(call, arg->index, BUILDER_SETS, GUEST_SETS);

    if (!error)
        error = check_value(arg->index, arg->value);
    if (error)
        return error;
    WRITE_ONCE(call->target->params[arg->index], arg->value);
    if (arg->index == HVM_PARAM_CALLBACK_IRQ)
        set_callback(call, (uint8_t)arg->value);
    return 0;
}

int64_t hvm_op_get_param(struct hypercall *call)
{
    struct xen_hvm_param *arg = call->arg;
    int error = check_rule(call, arg->index, BUILDER_GETS, GUEST_GETS);

    if (!error)
        arg->value = READ_ONCE(call->target->params[arg->index]);
    return error;
}
