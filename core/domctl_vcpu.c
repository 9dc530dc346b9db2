/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl: vCPUs as the scheduler sees them. */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"

/* What leaves the cap as it is. */
#define CREDIT_CAP_KEEP UINT16_MAX

static int find_vcpu(const struct domain *d, uint32_t id, struct vcpu **v)
{
    if (id >= d->vcpu_limit)
        return -EINVAL;
    *v = domain_vcpu(d, id);
    return *v ? 0 : -ESRCH;
}

int64_t domctl_getvcpuinfo(struct hypercall *call)
{
    struct xen_domctl_getvcpuinfo *info = call->arg;
    struct vcpu_runstate_info times;
    struct vcpu *v;
    int error = find_vcpu(call->target, info->vcpu, &v);

    if (error)
        return error;
    info->online = vcpu_is_up(v);
    info->blocked = (atomic_load(&v->stop) & VCPU_BLOCKED) != 0;
    info->running = atomic_load(&v->sched.is_running);
    vcpu_get_runstate(v, &times);
    info->cpu_time = times.time[RUNSTATE_running];
    info->cpu = READ_ONCE(v->sched.cpu);
    return 0;
}

/* Reads or writes the bitmap that is the row's array INDEX: its first 64 bits, which is how many
 * CPUs there can be. */
static int copy_bitmap(const struct hypercall *call, unsigned index,
                       const struct xenctl_bitmap *bitmap, uint64_t *bits, bool is_write)
{
    bool is_short = bitmap->nr_bits < 64;
    uint64_t size = is_short ? (bitmap->nr_bits + 7) / 8 : sizeof(*bits);
    uint64_t known = is_short ? (UINT64_C(1) << bitmap->nr_bits) - 1 : UINT64_MAX;
    uint64_t part = *bits & known;
    struct hypercall_cursor cursor;
    int error = cursor_open(&cursor, call, index, bitmap->bitmap, size);

    if (!error && is_write)
        return cursor_write_bulk(&cursor, &part, size);
    if (!error)
        error = cursor_read_bulk(&cursor, &part, size);
    *bits = part & known;
    return error;
}

/* Sets the affinity, if the operation is that, and writes the one in force, where the flags ask. A
 * vCPU prefers any CPU that it may run on. */
int64_t domctl_vcpuaffinity(struct hypercall *call)
{
    const struct xen_domctl *op = container_of(call->arg, struct xen_domctl, u);
    const struct xen_domctl_vcpuaffinity *arg = call->arg;
    bool is_hard = arg->flags & XEN_VCPUAFFINITY_HARD, is_soft = arg->flags & XEN_VCPUAFFINITY_SOFT;
    uint64_t bits = 0;
    struct vcpu *v;
    int error = is_hard || is_soft ? find_vcpu(call->target, arg->vcpu, &v) : -EINVAL;

    if (!error && is_hard && op->cmd == XEN_DOMCTL_setvcpuaffinity) {
        error = copy_bitmap(call, 0, &arg->cpumap_hard, &bits, false);
        if (!error)
            error = sched_set_affinity(v, bits);
    }
    if (!error)
        bits = READ_ONCE(v->sched.affinity);
    if (!error && is_hard)
        error = copy_bitmap(call, 0, &arg->cpumap_hard, &bits, true);
    if (!error && is_soft)
        error = copy_bitmap(call, 1, &arg->cpumap_soft, &bits, true);
    return error;
}

int64_t domctl_scheduler_op(struct hypercall *call)
{
    struct xen_domctl_scheduler_op *arg = call->arg;
    struct xen_domctl_sched_credit *credit = &arg->u.credit;
    struct domain *d = call->target;

    if (arg->sched_id != XEN_SCHEDULER_CREDIT)
        return -EINVAL;
    switch (arg->cmd) {
    case XEN_DOMCTL_SCHEDOP_putinfo:
        return sched_set_params(d, credit->weight ? credit->weight : d->sched.weight,
                                credit->cap != CREDIT_CAP_KEEP ? credit->cap : d->sched.cap);
    case XEN_DOMCTL_SCHEDOP_getinfo:
        credit->weight = (uint16_t)d->sched.weight;
        credit->cap = (uint16_t)d->sched.cap;
        return 0;
    default:
        return -EINVAL;
    }
}
