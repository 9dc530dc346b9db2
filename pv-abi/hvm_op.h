/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hvm_op hypercall (<xen/hvm/hvm_op.h>). All arguments have the same layout in 32 bit. The
 * parameters of set_param and get_param are in hvm_params.h.
 */
#ifndef PV_ABI_HVM_OP_H
#define PV_ABI_HVM_OP_H

#include "pv-abi/xen.h"

#define HVMOP_set_param                0 /* struct xen_hvm_param. */
#define HVMOP_get_param                1 /* struct xen_hvm_param. */
#define HVMOP_flush_tlbs               5
#define HVMOP_pagetable_dying          9
#define HVMOP_get_time                 10
#define HVMOP_xentrace                 11
#define HVMOP_set_mem_access           12
#define HVMOP_get_mem_access           13
#define HVMOP_get_mem_type             15
#define HVMOP_set_evtchn_upcall_vector 23
#define HVMOP_guest_request_vm_event   24
#define HVMOP_altp2m                   25

struct xen_hvm_param {
    domid_t domid;
    uint16_t pad;
    uint32_t index; /* HVM_PARAM_*. */
    uint64_t value;
};
ABI_LAYOUT(struct xen_hvm_param, 16, domid, 0, index, 4, value, 8);

/* The guest is about to drop the page table at gpa. */
struct xen_hvm_pagetable_dying {
    domid_t domid;
    uint16_t pad[3];
    uint64_t gpa;
};
ABI_LAYOUT(struct xen_hvm_pagetable_dying, 16, domid, 0, gpa, 8);

struct xen_hvm_get_time {
    uint64_t now; /* OUT: system time in ns. */
};
ABI_LAYOUT(struct xen_hvm_get_time, 8, now, 0);

struct xen_hvm_get_mem_type {
    domid_t domid;
    uint16_t mem_type; /* OUT: HVMMEM_*. */
    uint16_t pad[2];
    uint64_t pfn;
};
ABI_LAYOUT(struct xen_hvm_get_mem_type, 16, domid, 0, mem_type, 2, pfn, 8);

#define HVMMEM_ram_rw       0
#define HVMMEM_ram_ro       1
#define HVMMEM_mmio_dm      2
#define HVMMEM_unused       3
#define HVMMEM_ioreq_server 4

/* Events of this vcpu come by a LAPIC interrupt, which the guest ends with an EOI. */
struct xen_hvm_evtchn_upcall_vector {
    uint32_t vcpu;
    uint8_t vector; /* 0x10 to 0xff. */
};
ABI_LAYOUT(struct xen_hvm_evtchn_upcall_vector, 8, vcpu, 0, vector, 4);

#endif
