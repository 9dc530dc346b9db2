/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the way from a table entry to an event: PHYSDEVOP_map_pirq, EVTCHNOP_bind_pirq. */
#include "drivers/pci/msix.h"

#include "guest-kernel/hypercall.h"
#include "lib/errno.h"
#include "pv-abi/physdev.h"

#define CAPABILITY_MSIX 0x11u /* PCI 3.0, appendix H */
#define TABLE_OFFSET    4u    /* 6.8.2: the BAR in bits 2 to 0 */

int msix_bind(struct pci_address at, uint16_t entry, event_handler *handler, void *arg)
{
    struct physdev_map_pirq map = {.domid = DOMID_SELF,
                                   .type = MAP_PIRQ_TYPE_MSI_SEG,
                                   .pirq = -1,
                                   .bus = at.bdf >> 8,
                                   .devfn = at.bdf & 0xff,
                                   .entry_nr = entry};
    unsigned int cap = pci_find_capability(at, CAPABILITY_MSIX, 0);
    evtchn_port_t port;
    int err = cap == 0 ? -ENODEV
                       : pci_bar(at, pci_config_read(at, cap + TABLE_OFFSET) & 7, &map.table_base);

    if (err == 0)
        err = (int)hypercall_physdev_op(PHYSDEVOP_map_pirq, &map);
    return err != 0 ? err : event_bind_pirq((uint32_t)map.pirq, false, handler, arg, &port);
}
