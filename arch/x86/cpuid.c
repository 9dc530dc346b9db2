/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns what a guest sees of CPUID: the host's leaves under masks, settled at boot, and what depends
 * on the vCPU: APIC IDs, the enabled bits that follow CR4 and XCR0, Xen's leaves. A leaf that is
 * not in a table reads as zeros. Leaf and bit numbers: APM Vol. 3 appendix E, SDM Vol. 2A CPUID.
 */
#include "arch/x86/cpuid.h"

#include "arch/x86/percpu.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "lib/cpu_bits.h"
#include "pv-abi/cpuid.h"
#include "pv-abi/version.h"

#define BASIC_LEAVES          0xeu /* 0 to 0xd */
#define DYNAMIC_LEAVES        (1u << 1 | 1u << 4 | 1u << 7 | 1u << 0xb | 1u << 0xd)
#define EXT_FIRST             0x80000000u
#define EXT_LEAVES            9u /* 0x80000000 to 0x80000008 */
#define XSTATE_SUBLEAVES      10u
#define XEN_LAST_LEAF         XEN_CPUID_LEAF(4)
#define XEN_VERSION           (4u << 16 | 17)
#define XEN_TSC_HOST_RELIABLE (1u << 1) /* <xen/arch-x86/cpuid.h>, leaf 3 */
#define XEN_TSC_RDTSCP        (1u << 2)
#define HYPERCALL_MSR         0x40000000u

/* Leaf 1 ECX: SSE3 PCLMULQDQ SSSE3 FMA CMPXCHG16B PCID SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX
 * F16C RDRAND. */
#define MASK_1_ECX                                                                                 \
    (1u << 0 | 1u << 1 | 1u << 9 | 1u << 12 | 1u << 13 | 1u << 17 | 1u << 19 | 1u << 20 |          \
     1u << 22 | 1u << 23 | 1u << 25 | 1u << 26 | 1u << 28 | 1u << 29 | 1u << 30)
#define BIT_1_ECX_X2APIC       (1u << 21)
#define BIT_1_ECX_TSC_DEADLINE (1u << 24)
#define BIT_1_ECX_OSXSAVE      (1u << 27)
#define BIT_1_ECX_HYPERVISOR   (1u << 31)
/* Leaf 1 EDX: FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH MMX
 * FXSR SSE SSE2. */
#define MASK_1_EDX    0x078bfbffu
#define BIT_1_EDX_HTT (1u << 28)
/* Leaf 7 EBX: FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS INVPCID AVX512F AVX512DQ RDSEED ADX SMAP AVX512IFMA
 * CLFLUSHOPT CLWB AVX512CD SHA AVX512BW AVX512VL. */
#define MASK_7_EBX                                                                                 \
    (1u << 0 | 1u << 3 | 1u << 5 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 10 | MASK_7_EBX_AVX512 |    \
     1u << 18 | 1u << 19 | 1u << 20 | 1u << 23 | 1u << 24 | 1u << 29)
#define MASK_7_EBX_AVX512 (1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31)
/* Leaf 7 ECX: AVX512VBMI UMIP PKU VBMI2 GFNI VAES VPCLMULQDQ VNNI BITALG VPOPCNTDQ RDPID MOVDIRI
 * MOVDIR64B. Never LA57: the walker of guest tables has four levels. */
#define MASK_7_ECX                                                                                 \
    (1u << 2 | 1u << 3 | 1u << 8 | 1u << 9 | 1u << 10 | 1u << 22 | 1u << 27 | 1u << 28 |           \
     MASK_7_ECX_AVX512)
#define MASK_7_ECX_AVX512 (1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14)
#define BIT_7_ECX_PKU     (1u << 3)
#define BIT_7_ECX_OSPKE   (1u << 4)
/* Leaf 7 EDX: FSRM SERIALIZE. */
#define MASK_7_EDX (1u << 4 | 1u << 14)
/* Leaf 0xd, subleaf 1 EAX: XSAVEOPT XGETBV1. */
#define MASK_XSTATE1_EAX (1u << 0 | 1u << 2)
#define BIT_6_EAX_ARAT   (1u << 2)
/* Leaf 8000_0001 ECX: LAHF CR8LEGACY ABM SSE4A MISALIGNSSE 3DNOWPREFETCH XOP FMA4 TBM. */
#define MASK_EXT1_ECX                                                                              \
    (1u << 0 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 11 | 1u << 16 | 1u << 21)
/* Leaf 8000_0001 EDX: leaf 1's on AMD, SYSCALL NX MMXEXT PDPE1GB RDTSCP LM 3DNOWEXT 3DNOW. */
#define MASK_EXT1_EDX                                                                              \
    (0x0183f3ffu | 1u << 11 | 1u << 20 | 1u << 22 | 1u << 26 | 1u << 27 | 1u << 29 | 1u << 30 |    \
     1u << 31)
#define BIT_EXT7_EDX_ITSC (1u << 8)
#define LINEAR_BITS       48u
#define PADDR_BITS_MASK   0xffu

#define TOPOLOGY_SMT           1u /* leaf 0xb ECX, level types */
#define TOPOLOGY_CORE          2u
#define APIC_ID_SHIFT_PER_CORE 1u /* an APIC ID is twice the vCPU's number */

#define VENDOR_INTEL_EBX 0x756e6547u /* "Genu" */

static struct cpuid_regs basic[BASIC_LEAVES];
static struct cpuid_regs leaf7; /* subleaf 0; the others are zeros */
static struct cpuid_regs xstate[XSTATE_SUBLEAVES];
static struct cpuid_regs extended[EXT_LEAVES];

static void boot_basic(struct cpuid_regs (*host)(uint32_t leaf, uint32_t subleaf))
{
    basic[0] = host(0, 0);
    basic[0].eax = BASIC_LEAVES - 1;
    basic[1] = host(1, 0);
    basic[1].ebx &= 0x0000ff00; /* CLFLUSH size; the APIC ID and the count are the vCPU's */
    basic[1].ecx = (basic[1].ecx & MASK_1_ECX) | BIT_1_ECX_X2APIC | BIT_1_ECX_TSC_DEADLINE |
                   BIT_1_ECX_HYPERVISOR;
    basic[1].edx &= MASK_1_EDX;
    basic[6].eax = BIT_6_EAX_ARAT;
    for (uint32_t i = 2; cpuid_is_intel() && i <= 4; i += 2)
        basic[i] = host(i, 0);

    leaf7 = host(7, 0);
    leaf7.eax = 0;
    leaf7.ebx &= MASK_7_EBX;
    leaf7.ecx &= MASK_7_ECX;
    leaf7.edx &= MASK_7_EDX;
    if (!(xstate_mask() & XCR0_AVX512)) {
        leaf7.ebx &= ~MASK_7_EBX_AVX512;
        leaf7.ecx &= ~MASK_7_ECX_AVX512;
    }
    if (!(xstate_mask() & XCR0_PKRU))
        leaf7.ecx &= ~BIT_7_ECX_PKU;
}

static void boot_xstate(struct cpuid_regs (*host)(uint32_t leaf, uint32_t subleaf))
{
    uint64_t mask = xstate_mask();

    xstate[0].eax = (uint32_t)mask;
    xstate[0].edx = (uint32_t)(mask >> 32);
    xstate[0].ecx = xstate_size(mask);
    xstate[1].eax = host(0xd, 1).eax & MASK_XSTATE1_EAX;
    for (uint32_t i = 2; i < XSTATE_SUBLEAVES; i++) {
        xstate[i] = mask >> i & 1 ? host(0xd, i) : (struct cpuid_regs){0, 0, 0, 0};
        xstate[i].ecx = xstate[i].edx = 0;
    }
}

static void boot_extended(struct cpuid_regs (*host)(uint32_t leaf, uint32_t subleaf))
{
    for (uint32_t i = 0; i < EXT_LEAVES; i++)
        extended[i] = host(EXT_FIRST + i, 0);
    extended[0].eax = EXT_FIRST + EXT_LEAVES - 1;
    extended[1].ecx &= MASK_EXT1_ECX;
    extended[1].edx &= MASK_EXT1_EDX;
    extended[7] = (struct cpuid_regs){0, 0, 0, extended[7].edx & BIT_EXT7_EDX_ITSC};
    extended[8].eax = (extended[8].eax & PADDR_BITS_MASK) | LINEAR_BITS << 8;
    extended[8].ebx = extended[8].ecx = extended[8].edx = 0;
}

void cpuid_boot(struct cpuid_regs (*host)(uint32_t leaf, uint32_t subleaf))
{
    boot_basic(host);
    boot_xstate(host);
    boot_extended(host);
}

bool cpuid_guest_has(enum cpuid_feature feature)
{
    uint32_t bit = 1u << (feature & 0xff);

    switch ((enum cpuid_word)(feature >> 8)) {
    case CPUID_1_ECX:
        return basic[1].ecx & bit;
    case CPUID_1_EDX:
        return basic[1].edx & bit;
    case CPUID_7_EBX:
        return leaf7.ebx & bit;
    case CPUID_7_ECX:
        return leaf7.ecx & bit;
    case CPUID_EXT1_EDX:
        return extended[1].edx & bit;
    }
    return false;
}

bool cpuid_is_intel(void)
{
    return basic[0].ebx == VENDOR_INTEL_EBX;
}

unsigned cpuid_paddr_bits(void)
{
    return extended[8].eax & PADDR_BITS_MASK;
}

/* Bits of an APIC ID below the package: enough for all vCPUs. */
static uint32_t topology_bits(const struct vcpu *v)
{
    uint32_t bits = APIC_ID_SHIFT_PER_CORE;

    while (1u << (bits - APIC_ID_SHIFT_PER_CORE) < v->domain->vcpu_max)
        bits++;
    return bits;
}

static NOINLINE void leaf_1(struct vcpu *v, struct cpuid_regs *r)
{
    *r = basic[1];
    r->ebx |= vlapic_id(v) << 24;
    if (virt->get_reg(VM_CR4) & CR4_OSXSAVE)
        r->ecx |= BIT_1_ECX_OSXSAVE;
    if (v->domain->vcpu_max > 1) {
        r->ebx |= (1u << topology_bits(v) & 0xff) << 16;
        r->edx |= BIT_1_EDX_HTT;
    }
}

/* One thread to a core, all cores in one package. */
static NOINLINE void leaf_topology(const struct vcpu *v, uint32_t subleaf, struct cpuid_regs *r)
{
    *r = (struct cpuid_regs){0, 0, subleaf & 0xff, vlapic_id(v)};
    if (subleaf == 0) {
        r->eax = APIC_ID_SHIFT_PER_CORE;
        r->ebx = 1;
        r->ecx |= TOPOLOGY_SMT << 8;
    } else if (subleaf == 1) {
        r->eax = topology_bits(v);
        r->ebx = v->domain->vcpu_max;
        r->ecx |= TOPOLOGY_CORE << 8;
    }
}

static void leaf_xen_tsc(const struct vcpu *v, uint32_t subleaf, struct cpuid_regs *r)
{
    uint64_t offset;

    switch (subleaf) {
    case 0:
        r->eax = XEN_TSC_HOST_RELIABLE | (cpuid_guest_has(CPUID_RDTSCP) ? XEN_TSC_RDTSCP : 0);
        r->ecx = tsc_khz;
        break;
    case 1:
        /* System time when the guest's TSC was 0. */
        offset = time_ns_of_tsc(0 - v->arch.tsc_offset);
        *r = (struct cpuid_regs){(uint32_t)offset, (uint32_t)(offset >> 32), tsc_mul,
                                 (uint32_t)(int32_t)tsc_shift};
        break;
    case 2:
        r->eax = tsc_khz;
        break;
    default:
        break;
    }
}

static NOINLINE void leaf_xen(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                              struct cpuid_regs *r)
{
    switch (leaf) {
    case XEN_CPUID_LEAF(0):
        *r = (struct cpuid_regs){XEN_LAST_LEAF, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX,
                                 XEN_CPUID_SIGNATURE_EDX};
        break;
    case XEN_CPUID_LEAF(1):
        r->eax = XEN_VERSION;
        break;
    case XEN_CPUID_LEAF(2):
        r->eax = 1;
        r->ebx = HYPERCALL_MSR;
        break;
    case XEN_CPUID_LEAF(3):
        leaf_xen_tsc(v, subleaf, r);
        break;
    case XEN_CPUID_LEAF(4):
        *r = (struct cpuid_regs){XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT, v->id,
                                 v->domain->id, 0};
        break;
    default:
        break;
    }
}

static NOINLINE void leaf_extended(const struct vcpu *v, uint32_t leaf, struct cpuid_regs *r)
{
    if (leaf - EXT_FIRST < EXT_LEAVES)
        *r = extended[leaf - EXT_FIRST];
    /* Cores less one, and the bits of an APIC ID within the package. */
    if (leaf == EXT_FIRST + 8 && !cpuid_is_intel())
        r->ecx = (v->domain->vcpu_max - 1) | topology_bits(v) << 12;
}

/* XCR0 is in the CPU while its vCPU is loaded. */
static NOINLINE void leaf_xstate(uint32_t subleaf, struct cpuid_regs *r)
{
    if (subleaf < XSTATE_SUBLEAVES)
        *r = xstate[subleaf];
    if (subleaf == 0)
        r->ebx = xstate_size(virt->get_reg(VM_CR4) & CR4_OSXSAVE ? read_xcr0() : XCR0_X87);
}

static inline void put(uint64_t *gpr, const struct cpuid_regs *r)
{
    gpr[REG_RAX] = r->eax;
    gpr[REG_RBX] = r->ebx;
    gpr[REG_RCX] = r->ecx;
    gpr[REG_RDX] = r->edx;
}

static void leaf_7(uint64_t *gpr)
{
    static const struct cpuid_regs none;

    if ((uint32_t)gpr[REG_RCX] != 0) {
        put(gpr, &none);
        return;
    }
    put(gpr, &leaf7);
    if ((leaf7.ecx & BIT_7_ECX_PKU) && (virt->get_reg(VM_CR4) & CR4_PKE))
        gpr[REG_RCX] |= BIT_7_ECX_OSPKE;
}

static NOINLINE void dynamic_leaf(struct vcpu *v, uint64_t *gpr)
{
    uint32_t leaf = (uint32_t)gpr[REG_RAX], subleaf = (uint32_t)gpr[REG_RCX];
    struct cpuid_regs r = {0, 0, 0, 0};

    if (leaf >= EXT_FIRST)
        leaf_extended(v, leaf, &r);
    else if (leaf >= XEN_CPUID_FIRST_LEAF)
        leaf_xen(v, leaf, subleaf, &r);
    else if (leaf == 0xd)
        leaf_xstate(subleaf, &r);
    else if (leaf == 0xb)
        leaf_topology(v, subleaf, &r);
    else if (leaf == 1)
        leaf_1(v, &r);
    else if (leaf == 4 && subleaf == 0) /* of Intel's cache leaves the first alone is shown */
        r = basic[4];
    put(gpr, &r);
}

void cpuid_guest(struct vcpu *v, uint64_t *gpr)
{
    uint32_t leaf = (uint32_t)gpr[REG_RAX];

    if (leaf < BASIC_LEAVES && !(DYNAMIC_LEAVES >> leaf & 1))
        put(gpr, &basic[leaf]);
    else if (leaf == 7)
        leaf_7(gpr);
    else
        dynamic_leaf(v, gpr);
}
