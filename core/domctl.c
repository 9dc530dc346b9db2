/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl (domctl.h): making, ending and stopping domains, what is known of them; limits on a
 * domain's memory, and on what the hypervisor keeps for it (the paging pool of Xen: a charge is a
 * limit, not a reservation, design decision 4), and device memory. */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "core/physmap.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Bits of a guest-physical address: what four levels of tables translate (APM Vol. 2 5.3). */
#define GPADDR_BITS  48u
#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define MAPPING_MAX  64u /* frames in one call, as on Xen */

int64_t domctl_createdomain(struct hypercall *call)
{
    struct xen_domctl *op = container_of(call->arg, struct xen_domctl, u);
    uint16_t domid = op->domain;
    struct domain *d;
    int error;

    if (domid == DOMAIN_CONTROL || domid >= DOMID_FIRST_RESERVED)
        domid = DOMAIN_ID_ANY;
    error = domain_create(&domid, &op->u.createdomain, &d);
    if (!error)
        op->domain = domid;
    return error;
}

int64_t domctl_destroydomain(struct hypercall *call)
{
    /* What the caller has unmapped of the domain is not to outlive it. */
    physmap_poll(call->d);
    while (domain_destroy_step(call->target))
        if (hypercall_should_yield())
            return hypercall_continue(call, 0);
    return 0;
}

int64_t domctl_pausedomain(struct hypercall *call)
{
    if (atomic_load(&call->target->pause_count) >= DOMAIN_PAUSES_MAX)
        return -EOVERFLOW;
    domain_pause(call->target);
    return 0;
}

int64_t domctl_unpausedomain(struct hypercall *call)
{
    return domain_unpause(call->target);
}

/* Online vCPUs, CPU time, and the flags that depend on what vCPUs do. */
static uint32_t sum_vcpus(const struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    uint32_t flags = XEN_DOMINF_blocked;

    for (uint32_t i = 0; i < d->vcpu_max; i++) {
        struct vcpu *v = d->vcpu[i];
        struct vcpu_runstate_info times;

        vcpu_get_runstate(v, &times);
        info->cpu_time += times.time[RUNSTATE_running];
        if (!vcpu_is_up(v))
            continue;
        info->nr_online_vcpus++;
        if (!(atomic_load(&v->stop) & VCPU_BLOCKED))
            flags &= ~XEN_DOMINF_blocked;
        if (atomic_load(&v->sched.is_running))
            flags |= XEN_DOMINF_running;
    }
    return flags;
}

static void fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    uint32_t reason = READ_ONCE(d->shutdown_reason);

    memset(info, 0, sizeof(*info));
    info->domain = d->id;
    info->flags = sum_vcpus(d, info) | XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
    if (atomic_load(&d->state) >= DOMAIN_DYING)
        info->flags |= XEN_DOMINF_dying;
    if (reason != SHUTDOWN_REASON_NONE)
        info->flags |= XEN_DOMINF_shutdown | (reason & XEN_DOMINF_shutdownmask)
                                                 << XEN_DOMINF_shutdownshift;
    if (atomic_load(&d->pause_count))
        info->flags |= XEN_DOMINF_paused;
    info->tot_pages = READ_ONCE(d->tot_pages);
    info->max_pages = READ_ONCE(d->max_pages);
    info->shared_info_frame = READ_ONCE(d->shared_info_gfn.v);
    info->max_vcpu_id = d->vcpu_max ? d->vcpu_max - 1 : XEN_INVALID_MAX_VCPU_ID;
    memcpy(info->handle, d->handle, sizeof(info->handle));
    info->gpaddr_bits = GPADDR_BITS;
    info->arch_config.emulation_flags = XEN_X86_EMU_LAPIC;
}

int64_t domctl_getdomaininfo(struct hypercall *call)
{
    struct xen_domctl *op = container_of(call->arg, struct xen_domctl, u);
    struct domain *d = domain_get_next(op->domain);

    if (!d)
        return -ESRCH;
    fill_info(d, &op->u.getdomaininfo);
    op->domain = d->id;
    domain_put(d);
    return 0;
}

int64_t sysctl_getdomaininfolist(struct hypercall *call)
{
    struct xen_sysctl_getdomaininfolist *list = call->arg;
    struct hypercall_cursor cursor;
    uint32_t count = 0, next = list->first_domain;
    int error = cursor_open(&cursor, call, 0, list->buffer, list->max_domains);

    while (!error && count < list->max_domains && next < DOMAIN_IDS) {
        struct xen_domctl_getdomaininfo info;
        struct domain *d = domain_get_next((uint16_t)next);

        if (!d)
            break;
        fill_info(d, &info);
        next = d->id + 1u;
        domain_put(d);
        error = cursor_write_bulk(&cursor, &info, 1);
        count++;
    }
    list->num_domains = count;
    return error;
}

int64_t domctl_max_vcpus(struct hypercall *call)
{
    const struct xen_domctl_max_vcpus *arg = call->arg;

    return domain_set_max_vcpus(call->target, arg->max);
}

int64_t domctl_max_mem(struct hypercall *call)
{
    const struct xen_domctl_max_mem *arg = call->arg;

    WRITE_ONCE(call->target->max_pages, arg->max_memkb / KIB_PER_PAGE);
    return 0;
}

int64_t domctl_set_paging_mempool_size(struct hypercall *call)
{
    const struct xen_domctl_paging_mempool *arg = call->arg;

    if (arg->size & (PAGE_SIZE - 1))
        return -EINVAL;
    WRITE_ONCE(call->target->hyp_limit, arg->size >> PAGE_SHIFT);
    return 0;
}

/* Devices are the control domain's, and nobody is given one. */
int64_t domctl_memory_mapping(struct hypercall *call)
{
    const struct xen_domctl_memory_mapping *mapping = call->arg;

    if (mapping->nr_mfns > MAPPING_MAX)
        return -E2BIG;
    if (call->target != call->d)
        return -EPERM;
    return physmap_map_device(call->d, (gfn_t){mapping->first_gfn}, (mfn_t){mapping->first_mfn},
                              (uint32_t)mapping->nr_mfns, mapping->add_mapping == DPCI_ADD_MAPPING);
}
