/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl: limits on a domain's memory, and on what the hypervisor keeps for it (the paging pool
 * of Xen: a charge is a limit, not a reservation, design decision 4), and device memory. */
#include "core/domain.h"
#include "core/domctl.h"
#include "core/hypercall_rows.h"
#include "core/physmap.h"
#include "lib/errno.h"

#define KIB_PER_PAGE  (PAGE_SIZE / 1024)
#define PAGES_PER_MIB (1024 * 1024 / PAGE_SIZE)
#define MAPPING_MAX   64u /* frames in one call, as on Xen */

static int64_t max_mem(UNUSED struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    WRITE_ONCE(d->max_pages, op->u.max_mem.max_memkb / KIB_PER_PAGE);
    return 0;
}

int64_t domctl_max_mem(struct hypercall *call)
{
    return domctl_run(call, max_mem);
}

static int64_t get_pool(UNUSED struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    op->u.paging_mempool.size = READ_ONCE(d->hyp_limit) << PAGE_SHIFT;
    return 0;
}

int64_t domctl_get_paging_mempool_size(struct hypercall *call)
{
    return domctl_run(call, get_pool);
}

static int64_t set_pool(UNUSED struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    if (op->u.paging_mempool.size & (PAGE_SIZE - 1))
        return -EINVAL;
    WRITE_ONCE(d->hyp_limit, op->u.paging_mempool.size >> PAGE_SHIFT);
    return 0;
}

int64_t domctl_set_paging_mempool_size(struct hypercall *call)
{
    return domctl_run_other(call, set_pool);
}

static int64_t shadow_op(struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_shadow_op *shadow = &op->u.shadow_op;

    if (d == call->d)
        return -EINVAL;
    switch (shadow->op) {
    case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
        shadow->mb = (uint32_t)((READ_ONCE(d->hyp_limit) + PAGES_PER_MIB - 1) / PAGES_PER_MIB);
        return 0;
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
        WRITE_ONCE(d->hyp_limit, (uint64_t)shadow->mb * PAGES_PER_MIB);
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

int64_t domctl_shadow_op(struct hypercall *call)
{
    return domctl_run(call, shadow_op);
}

/* Devices are the control domain's, and nobody is given one. */
static int64_t memory_mapping(struct hypercall *call, struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_memory_mapping *mapping = &op->u.memory_mapping;

    if (mapping->nr_mfns > MAPPING_MAX)
        return -E2BIG;
    if (d != call->d)
        return -EPERM;
    return physmap_map_device(d, (gfn_t){mapping->first_gfn}, (mfn_t){mapping->first_mfn},
                              (uint32_t)mapping->nr_mfns, mapping->add_mapping == DPCI_ADD_MAPPING);
}

int64_t domctl_memory_mapping(struct hypercall *call)
{
    return domctl_run(call, memory_mapping);
}
