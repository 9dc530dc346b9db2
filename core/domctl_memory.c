/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl: limits on a domain's memory, and on what the hypervisor keeps for it (the paging pool
 * of Xen: a charge is a limit, not a reservation, design decision 4), and device memory. */
#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "core/physmap.h"
#include "lib/errno.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define MAPPING_MAX  64u /* frames in one call, as on Xen */

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
