/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPUID leaves by which a guest finds the hypervisor (<xen/arch-x86/cpuid.h>). */
#ifndef PV_ABI_CPUID_H
#define PV_ABI_CPUID_H

#define XEN_CPUID_FIRST_LEAF 0x40000000
#define XEN_CPUID_LEAF(i)    (XEN_CPUID_FIRST_LEAF + (i))

/* Leaf 0: EAX is the last leaf, EBX, ECX, EDX say "XenVMMXenVMM". */
#define XEN_CPUID_SIGNATURE_EBX 0x566e6558
#define XEN_CPUID_SIGNATURE_ECX 0x65584d4d
#define XEN_CPUID_SIGNATURE_EDX 0x4d4d566e

/* Leaf 1: EAX is the version, major << 16 | minor. */

/* Leaf 2: EAX is the number of hypercall pages, EBX the MSR that fills one, ECX features. */
#define _XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD 0
#define XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD  (1U << 0)

/*
 * Leaf 3, the TSC. Subleaf 0: EAX bit 0 emulated, bit 1 reliable on the host, bit 2 RDTSCP; EBX
 * mode; ECX the guest's kHz; EDX incarnation. Subleaf 1: EAX and EBX offset, ECX multiplier and EDX
 * shift to nanoseconds. Subleaf 2: EAX the host's kHz.
 */

/* Leaf 4: EAX features, EBX the vcpu's number, ECX the domain's. */
#define XEN_HVM_CPUID_APIC_ACCESS_VIRT (1U << 0)
#define XEN_HVM_CPUID_X2APIC_VIRT      (1U << 1)
#define XEN_HVM_CPUID_IOMMU_MAPPINGS   (1U << 2) /* Foreign mappings work for devices. */
#define XEN_HVM_CPUID_VCPU_ID_PRESENT  (1U << 3)
#define XEN_HVM_CPUID_DOMID_PRESENT    (1U << 4)
#define XEN_HVM_CPUID_EXT_DEST_ID      (1U << 5)
#define XEN_HVM_CPUID_UPCALL_VECTOR    (1U << 6) /* HVMOP_set_evtchn_upcall_vector works well. */

/* Leaf 5: EBX bits 7 to 0, the width of a machine address. */
#define XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK (0xffU << 0)

#define XEN_CPUID_MAX_NUM_LEAVES 5

#endif
