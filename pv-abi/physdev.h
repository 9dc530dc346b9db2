/* SPDX-License-Identifier: BSD-2-Clause */
/* The physdev_op hypercall (<xen/physdev.h>): physical interrupts and PCI devices. */
#ifndef PV_ABI_PHYSDEV_H
#define PV_ABI_PHYSDEV_H

#include "pv-abi/xen.h"

#define PHYSDEVOP_irq_status_query   5
#define PHYSDEVOP_set_iopl           6
#define PHYSDEVOP_set_iobitmap       7
#define PHYSDEVOP_apic_read          8
#define PHYSDEVOP_apic_write         9
#define PHYSDEVOP_alloc_irq_vector   10
#define PHYSDEVOP_free_irq_vector    11
#define PHYSDEVOP_eoi                12
#define PHYSDEVOP_map_pirq           13
#define PHYSDEVOP_unmap_pirq         14
#define PHYSDEVOP_manage_pci_add     15
#define PHYSDEVOP_manage_pci_remove  16
#define PHYSDEVOP_pirq_eoi_gmfn_v1   17
#define PHYSDEVOP_restore_msi        19
#define PHYSDEVOP_manage_pci_add_ext 20
#define PHYSDEVOP_setup_gsi          21
#define PHYSDEVOP_get_free_pirq      23
#define PHYSDEVOP_pci_mmcfg_reserved 24
#define PHYSDEVOP_pci_device_add     25
#define PHYSDEVOP_pci_device_remove  26
#define PHYSDEVOP_restore_msi_ext    27
#define PHYSDEVOP_pirq_eoi_gmfn_v2   28
#define PHYSDEVOP_dbgp_op            29
#define PHYSDEVOP_prepare_msix       30
#define PHYSDEVOP_release_msix       31

/* A level interrupt may come again. Same layout in 32 bit. */
struct physdev_eoi {
    uint32_t irq; /* The pirq. */
};
ABI_LAYOUT(struct physdev_eoi, 4, irq, 0);

struct physdev_pirq_eoi_gmfn {
    uint64_aligned_t gmfn; /* A page with one bit per pirq that needs an EOI. */
};
ABI_LAYOUT(struct physdev_pirq_eoi_gmfn, 8, gmfn, 0);

struct compat_physdev_pirq_eoi_gmfn {
    uint32_t gmfn;
};
ABI_LAYOUT(struct compat_physdev_pirq_eoi_gmfn, 4, gmfn, 0);

/* Same layout in 32 bit. */
struct physdev_irq_status_query {
    uint32_t irq;
    uint32_t flags; /* OUT: XENIRQSTAT_*. */
};
ABI_LAYOUT(struct physdev_irq_status_query, 8, irq, 0, flags, 4);

#define _XENIRQSTAT_needs_eoi 0
#define XENIRQSTAT_needs_eoi  (1U << _XENIRQSTAT_needs_eoi)
#define _XENIRQSTAT_shared    1
#define XENIRQSTAT_shared     (1U << _XENIRQSTAT_shared)

#define MAP_PIRQ_TYPE_MSI       0
#define MAP_PIRQ_TYPE_GSI       1
#define MAP_PIRQ_TYPE_UNKNOWN   2
#define MAP_PIRQ_TYPE_MSI_SEG   3
#define MAP_PIRQ_TYPE_MULTI_MSI 4

struct physdev_map_pirq {
    domid_t domid;
    int32_t type;  /* MAP_PIRQ_TYPE_*. */
    int32_t index; /* The GSI; unused with MSI. */
    int32_t pirq;  /* IN: -1 for any. OUT. */
    int32_t bus;   /* MSI: bus in bits 15 to 0, and the segment above for MSI_SEG. */
    int32_t devfn;
    int32_t entry_nr;            /* MSI-X entry; MULTI_MSI: how many, OUT too. */
    uint64_aligned_t table_base; /* Address of the MSI-X table; 0 for MSI. */
};
ABI_LAYOUT(struct physdev_map_pirq, 40, domid, 0, type, 4, index, 8, pirq, 12, bus, 16, devfn, 20,
           entry_nr, 24, table_base, 32);

struct compat_physdev_map_pirq {
    domid_t domid;
    int32_t type;
    int32_t index;
    int32_t pirq;
    int32_t bus;
    int32_t devfn;
    int32_t entry_nr;
    compat_uint64_t table_base;
};
ABI_LAYOUT(struct compat_physdev_map_pirq, 36, domid, 0, type, 4, index, 8, pirq, 12, bus, 16,
           devfn, 20, entry_nr, 24, table_base, 28);

/* Same layout in 32 bit. */
struct physdev_unmap_pirq {
    domid_t domid;
    int32_t pirq;
};
ABI_LAYOUT(struct physdev_unmap_pirq, 8, domid, 0, pirq, 4);

/* Same layout in 32 bit. */
struct physdev_manage_pci {
    uint8_t bus;
    uint8_t devfn;
};
ABI_LAYOUT(struct physdev_manage_pci, 2, bus, 0, devfn, 1);

/* Same layout in 32 bit. */
struct physdev_restore_msi {
    uint8_t bus;
    uint8_t devfn;
};
ABI_LAYOUT(struct physdev_restore_msi, 2, bus, 0, devfn, 1);

/* Same layout in 32 bit. */
struct physdev_setup_gsi {
    int32_t gsi;
    uint8_t triggering; /* 0 edge, 1 level. */
    uint8_t polarity;   /* 0 active high, 1 active low. */
};
ABI_LAYOUT(struct physdev_setup_gsi, 8, gsi, 0, triggering, 4, polarity, 5);

/* Same layout in 32 bit. */
struct physdev_get_free_pirq {
    int32_t type;  /* MAP_PIRQ_TYPE_*. */
    uint32_t pirq; /* OUT. */
};
ABI_LAYOUT(struct physdev_get_free_pirq, 8, type, 0, pirq, 4);

/* A memory-mapped configuration space. Same layout in 32 bit. */
struct physdev_pci_mmcfg_reserved {
    uint64_t address;
    uint16_t segment;
    uint8_t start_bus;
    uint8_t end_bus;
    uint32_t flags; /* XEN_PCI_MMCFG_RESERVED. */
};
ABI_LAYOUT(struct physdev_pci_mmcfg_reserved, 16, address, 0, segment, 8, start_bus, 10, end_bus,
           11, flags, 12);

/* The firmware's tables reserve the range. */
#define XEN_PCI_MMCFG_RESERVED 0x1

/* Same layout in 32 bit. */
struct physdev_pci_device_add {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
    uint32_t flags; /* XEN_PCI_DEV_*. */
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;          /* Of a virtual function. */
    uint32_t optarr[]; /* The proximity domain, with XEN_PCI_DEV_PXM. */
};
ABI_LAYOUT(struct physdev_pci_device_add, 12, seg, 0, bus, 2, devfn, 3, flags, 4, physfn, 8,
           physfn.bus, 8, physfn.devfn, 9, optarr, 12);

#define XEN_PCI_DEV_EXTFN  0x1
#define XEN_PCI_DEV_VIRTFN 0x2
#define XEN_PCI_DEV_PXM    0x4

/* Same layout in 32 bit. */
struct physdev_pci_device {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
};
ABI_LAYOUT(struct physdev_pci_device, 4, seg, 0, bus, 2, devfn, 3);

#define PHYSDEVOP_DBGP_RESET_PREPARE 1
#define PHYSDEVOP_DBGP_RESET_DONE    2
#define PHYSDEVOP_DBGP_BUS_UNKNOWN   0
#define PHYSDEVOP_DBGP_BUS_PCI       1

/* Resets of a USB debug port. Same layout in 32 bit. */
struct physdev_dbgp_op {
    uint8_t op;
    uint8_t bus;
    union {
        struct physdev_pci_device pci;
    } u;
};
ABI_LAYOUT(struct physdev_dbgp_op, 6, op, 0, bus, 1, u, 2, u.pci, 2);

#endif
