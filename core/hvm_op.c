/* SPDX-License-Identifier: BSD-2-Clause */
/* hvm_op (hvm/hvm_op.h): a domain's parameters, with Xen's rules on who may set and read which. */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"

#include "pv-abi/hvm_op.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/sched.h"

/* Who may do what with a parameter, and how. One that is not in the table is -EINVAL. */
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
    [HVM_PARAM_PAE_ENABLED] = BUILDER,
    [HVM_PARAM_TIMER_MODE] = BUILDER,
    [HVM_PARAM_IDENT_PT] = BUILDER,
    [HVM_PARAM_ACPI_S_STATE] = BUILDER_GETS,
    [HVM_PARAM_VM_GENERATION_ID_ADDR] = BUILDER | GUEST_GETS,
    [HVM_PARAM_TRIPLE_FAULT_REASON] = BUILDER,
    [HVM_PARAM_NESTEDHVM] = BUILDER,
    [HVM_PARAM_ALTP2M] = BUILDER,
    [HVM_PARAM_X87_FIP_WIDTH] = BUILDER_GETS | GUEST_GETS,
};

static int check_rule(const struct domain *caller, const struct domain *d, uint32_t index,
                      uint8_t builder, uint8_t guest)
{
    uint8_t rules;

    if (index >= DOMAIN_PARAMS)
        return -EINVAL;
    rules = param_rules[index];
    if (!(rules & (builder | guest)))
        return -EINVAL;
    /* Of itself a domain is the guest, privileged or not. */
    if (d == caller)
        return rules & guest ? 0 : -EPERM;
    return rules & builder ? 0 : -EPERM;
}

/* The vector of a callback, 0: none. Interrupt lines do not exist: a vector is the only way. */
static int decode_callback(uint64_t value, uint64_t *vector)
{
    *vector = 0;
    if (!value)
        return 0;
    if (value >> 56 != HVM_PARAM_CALLBACK_TYPE_VECTOR)
        return -EINVAL;
    *vector = value & 0xff;
    return 0;
}

/* Whether VALUE is one that the parameter can have. Features that do not exist can only be off. */
static int check_value(const struct domain *d, uint32_t index, uint64_t value)
{
    uint64_t vector;

    switch (index) {
    case HVM_PARAM_CALLBACK_IRQ:
        return decode_callback(value, &vector);
    case HVM_PARAM_TRIPLE_FAULT_REASON:
        return value <= SHUTDOWN_MAX ? 0 : -EINVAL;
    case HVM_PARAM_TIMER_MODE:
        return value <= HVMPTM_one_missed_tick_pending ? 0 : -EINVAL;
    case HVM_PARAM_NESTEDHVM:
    case HVM_PARAM_ALTP2M:
        return value ? -EINVAL : 0;
    case HVM_PARAM_STORE_EVTCHN:
    case HVM_PARAM_CONSOLE_EVTCHN:
        return value < EVTCHN_PORTS ? 0 : -EINVAL;
    default:
        return d->params[index] && d->params[index] != value && index == HVM_PARAM_IDENT_PT
                   ? -EEXIST
                   : 0;
    }
}

/* The callback decides how events reach every vCPU, and the mode of the caller the layout of what
 * is shared. */
static void set_callback(struct hypercall *call, struct domain *d, uint64_t value)
{
    uint64_t vector;

    if (decode_callback(value, &vector))
        return;
    if (d == call->d)
        domain_set_32bit(d, call->is_32bit);
    WRITE_ONCE(d->callback, vector);
    for (uint32_t i = 0; i < d->vcpu_max; i++)
        if (evtchn_upcall_pending(d->vcpu[i]))
            vcpu_notify(d->vcpu[i]);
}

int64_t hvm_op_set_param(struct hypercall *call)
{
    const struct xen_hvm_param *arg = call->arg;
    struct domain *d = call->target;
    int error = check_rule(call->d, d, arg->index, BUILDER_SETS, GUEST_SETS);

    if (error)
        return error;
    lock_take(&d->lock);
    error = check_value(d, arg->index, arg->value);
    if (!error)
        d->params[arg->index] = arg->value;
    lock_drop(&d->lock);
    if (!error && arg->index == HVM_PARAM_CALLBACK_IRQ)
        set_callback(call, d, arg->value);
    return error;
}

int64_t hvm_op_get_param(struct hypercall *call)
{
    struct xen_hvm_param *arg = call->arg;
    int error = check_rule(call->d, call->target, arg->index, BUILDER_GETS, GUEST_GETS);

    if (!error)
        arg->value = READ_ONCE(call->target->params[arg->index]);
    return error;
}
