/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the mapping of device registers: at their machine address in guest-physical memory, by
 * XEN_DOMCTL_memory_mapping, then in the device window. */
#include "drivers/pci/mmio.h"

#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "pv-abi/domctl.h"

/* What Xen and Atoll take in one call. */
#define FRAMES_MAX 64u

void *mmio_map(uint64_t paddr, size_t size)
{
    uint64_t first = paddr >> PAGE_SHIFT;
    uint64_t end = (paddr + size + PAGE_SIZE - 1) >> PAGE_SHIFT;

    while (first < end) {
        uint64_t count = end - first < FRAMES_MAX ? end - first : FRAMES_MAX;
        struct xen_domctl op = {.cmd = XEN_DOMCTL_memory_mapping,
                                .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
                                .domain = (domid_t)hypervisor_info.domid,
                                .u.memory_mapping = {.first_gfn = first,
                                                     .first_mfn = first,
                                                     .nr_mfns = count,
                                                     .add_mapping = DPCI_ADD_MAPPING}};

        if (hypercall_domctl(&op) != 0)
            return NULL;
        first += count;
    }
    return map_device(paddr, size);
}
