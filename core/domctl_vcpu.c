/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl: vCPUs as the scheduler sees them. */
#include "core/domain.h"
#include "core/domctl.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/vcpu.h"

/* What leaves the cap as it is. */
#define CREDIT_CAP_KEEP UINT16_MAX

static int64_t vcpu_info(UNUSED struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
    struct vcpu_runstate_info times;
    struct vcpu *v;

    if (info->vcpu >= d->vcpu_limit)
        return -EINVAL;
    v = domain_vcpu(d, info->vcpu);
    if (!v)
        return -ESRCH;
    info->online = vcpu_is_up(v);
    info->blocked = (atomic_load(&v->stop) & VCPU_BLOCKED) != 0;
    info->running = atomic_load(&v->sched.is_running);
    vcpu_get_runstate(v, &times);
    info->cpu_time = times.time[RUNSTATE_running];
    info->cpu = v->sched.cpu;
    return 0;
}

int64_t domctl_getvcpuinfo(struct hypercall *call)
{
    return domctl_run(call, vcpu_info);
}

static uint64_t online_cpus(void)
{
    return cpu_count >= 64 ? UINT64_MAX : (UINT64_C(1) << cpu_count) - 1;
}

/* A caller's bitmap; bits that are not there are 0, more than 64 do not matter. INDEX: of the row's
 * arrays. */
static int read_bitmap(const struct hypercall *call, unsigned index,
                       const struct xenctl_bitmap *bitmap, uint64_t *bits)
{
    struct hypercall_cursor cursor;
    uint64_t size = bitmap->nr_bits < 64 ? (bitmap->nr_bits + 7) / 8 : 8;
    int error = cursor_open(&cursor, call, index, bitmap->bitmap, size);

    *bits = 0;
    if (!error)
        error = cursor_read_bulk(&cursor, bits, size);
    if (bitmap->nr_bits < 64)
        *bits &= (UINT64_C(1) << bitmap->nr_bits) - 1;
    return error;
}

static int write_bitmap(const struct hypercall *call, unsigned index,
                        const struct xenctl_bitmap *bitmap, uint64_t bits)
{
    struct hypercall_cursor cursor;
    uint64_t size = ((uint64_t)bitmap->nr_bits + 7) / 8;
    int error = cursor_open(&cursor, call, index, bitmap->bitmap, size);

    if (bitmap->nr_bits < 64)
        bits &= (UINT64_C(1) << bitmap->nr_bits) - 1;
    for (uint64_t i = 0; !error && i < size; i++) {
        uint8_t byte = (uint8_t)(i < 8 ? bits >> i * 8 : 0);

        error = cursor_write_bulk(&cursor, &byte, 1);
    }
    return error;
}

/* Writes the affinity in force where FLAGS ask. A vCPU prefers any CPU that it may run on. */
static int write_affinity(const struct hypercall *call, const struct vcpu *v,
                          const struct xen_domctl_vcpuaffinity *arg)
{
    uint64_t allowed = v->sched.affinity & online_cpus();
    int error = 0;

    if (arg->flags & XEN_VCPUAFFINITY_HARD)
        error = write_bitmap(call, 0, &arg->cpumap_hard, allowed);
    if (!error && arg->flags & XEN_VCPUAFFINITY_SOFT)
        error = write_bitmap(call, 1, &arg->cpumap_soft, allowed);
    return error;
}

static int64_t set_affinity(struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_vcpuaffinity *arg = &op->u.vcpuaffinity;
    struct vcpu *v = domain_vcpu(d, arg->vcpu);
    uint64_t wanted;
    int error = 0;

    if (!(arg->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
        return -EINVAL;
    if (arg->vcpu >= d->vcpu_limit)
        return -EINVAL;
    if (!v)
        return -ESRCH;
    if (arg->flags & XEN_VCPUAFFINITY_HARD) {
        error = read_bitmap(call, 0, &arg->cpumap_hard, &wanted);
        if (!error)
            error =
                wanted & online_cpus() ? sched_set_affinity(v, wanted & online_cpus()) : -EINVAL;
    }
    if (!error)
        error = write_affinity(call, v, arg);
    return error;
}

int64_t domctl_setvcpuaffinity(struct hypercall *call)
{
    return domctl_run(call, set_affinity);
}

static int64_t get_affinity(struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_vcpuaffinity *arg = &op->u.vcpuaffinity;
    const struct vcpu *v = domain_vcpu(d, arg->vcpu);

    if (!(arg->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
        return -EINVAL;
    if (arg->vcpu >= d->vcpu_limit)
        return -EINVAL;
    return v ? write_affinity(call, v, arg) : -ESRCH;
}

int64_t domctl_getvcpuaffinity(struct hypercall *call)
{
    return domctl_run(call, get_affinity);
}

static int64_t scheduler_op(UNUSED struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_scheduler_op *arg = &op->u.scheduler_op;
    struct xen_domctl_sched_credit *credit = &arg->u.credit;

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

int64_t domctl_scheduler_op(struct hypercall *call)
{
    return domctl_run(call, scheduler_op);
}
