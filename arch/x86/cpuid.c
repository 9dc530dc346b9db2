/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns what a guest sees of CPUID: the host's leaves under masks, settled at boot, and what depends
 * on the vCPU: APIC IDs, the enabled bits that follow CR4 and XCR0, Xen's leaves. A leaf that is
 * not in a table reads as zeros. Leaf and bit numbers: APM Vol. 3 appendix E, SDM Vol. 2A CPUID.
 */
#include "arch/x86/cpuid.h"

#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "lib/cpu_bits.h"
#include "pv-abi/cpuid.h"

#define BASIC_LEAVES          0xeu /* 0 to 0xd */
#define EXT_FIRST             0x80000000u
#define EXT_LEAVES            9u /* 0x80000000 to 0x80000008 */
#define XSTATE_LEAF           0xdu
#define XSTATE_SUBLEAVES      10u
#define XEN_VERSION           (4u << 16 | 17)
#define XEN_TSC_HOST_RELIABLE (1u << 1) /* <xen/arch-x86/cpuid.h>, leaf 3 */
#define XEN_TSC_RDTSCP        (1u << 2)
#define HYPERCALL_MSR         0x40000000u

/* SSE3 PCLMULQDQ SSSE3 FMA CMPXCHG16B PCID SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND */
#define MASK_1_ECX             0x76da3203u
#define BIT_1_ECX_X2APIC       (1u << 21)
#define BIT_1_ECX_TSC_DEADLINE (1u << 24)
#define BIT_1_ECX_OSXSAVE      (1u << 27)
#define BIT_1_ECX_HYPERVISOR   (1u << 31)
/* FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2
 */
#define MASK_1_EDX    0x078bfbffu
#define BIT_1_EDX_HTT (1u << 28)
/* FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS INVPCID RDSEED ADX SMAP CLFLUSHOPT CLWB SHA; and AVX512F DQ
 * IFMA CD BW VL */
#define MASK_7_EBX        0xf1bf07a9u
#define MASK_7_EBX_AVX512 0xd0230000u
/* UMIP PKU GFNI VAES VPCLMULQDQ RDPID MOVDIRI MOVDIR64B; and AVX512 VBMI VBMI2 VNNI BITALG
 * VPOPCNTDQ. Never LA57: the walker of guest tables has four levels. */
#define MASK_7_ECX        0x18405f4eu
#define MASK_7_ECX_AVX512 0x00005842u
#define BIT_7_ECX_PKU     (1u << 3)
#define BIT_7_ECX_OSPKE   (1u << 4)
#define MASK_7_EDX        (1u << 4 | 1u << 14) /* FSRM SERIALIZE */
#define MASK_XSTATE1_EAX  (1u << 0 | 1u << 2)  /* XSAVEOPT XGETBV1 */
#define BIT_6_EAX_ARAT    (1u << 2)
/* LAHF CR8LEGACY ABM SSE4A MISALIGNSSE 3DNOWPREFETCH XOP FMA4 TBM */
#define MASK_EXT1_ECX 0x002109f1u
/* Leaf 1's on AMD, SYSCALL NX MMXEXT PDPE1GB RDTSCP LM 3DNOWEXT 3DNOW */
#define MASK_EXT1_EDX     0xedd3fbffu
#define BIT_EXT7_EDX_ITSC (1u << 8)
#define LINEAR_BITS       48u
#define PADDR_BITS_MASK   0xffu

#define TOPOLOGY_SMT           1u /* leaf 0xb ECX, level types */
#define TOPOLOGY_CORE          2u
#define APIC_ID_SHIFT_PER_CORE 1u /* an APIC ID is twice the vCPU's number */

#define VENDOR_INTEL_EBX 0x756e6547u /* "Genu" */
#define ALL              UINT32_MAX

/* What is shown of the host's leaves, and what in any case. */
static const struct {
    uint32_t leaf;
    struct cpuid_regs mask, set;
} shown[] = {
    {0, {0, ALL, ALL, ALL}, {BASIC_LEAVES - 1, 0, 0, 0}},
    {1, /* EBX: CLFLUSH size; the APIC ID and the count are the vCPU's */
     {ALL, 0xff00, MASK_1_ECX, MASK_1_EDX},
     {0, 0, BIT_1_ECX_X2APIC | BIT_1_ECX_TSC_DEADLINE | BIT_1_ECX_HYPERVISOR, 0}},
    {6, {0, 0, 0, 0}, {BIT_6_EAX_ARAT, 0, 0, 0}},
    {7, {0, MASK_7_EBX, MASK_7_ECX, MASK_7_EDX}, {0, 0, 0, 0}},
    {EXT_FIRST, {0, ALL, ALL, ALL}, {EXT_FIRST + EXT_LEAVES - 1, 0, 0, 0}},
    {EXT_FIRST + 1, {ALL, ALL, MASK_EXT1_ECX, MASK_EXT1_EDX}, {0, 0, 0, 0}},
    {EXT_FIRST + 7, {0, 0, 0, BIT_EXT7_EDX_ITSC}, {0, 0, 0, 0}},
    {EXT_FIRST + 8, {PADDR_BITS_MASK, 0, 0, 0}, {LINEAR_BITS << 8, 0, 0, 0}},
};

/* Subleaf 0 of the basic leaves, then of the extended; and the subleaves of leaf 0xd. */
static struct cpuid_regs leaves[BASIC_LEAVES + EXT_LEAVES];
static struct cpuid_regs xstate[XSTATE_SUBLEAVES];

/* The place of a basic or an extended leaf; NULL: not shown. */
static inline struct cpuid_regs *place(uint32_t leaf)
{
    if (leaf < BASIC_LEAVES)
        return &leaves[leaf];
    return leaf - EXT_FIRST < EXT_LEAVES ? &leaves[BASIC_LEAVES + leaf - EXT_FIRST] : NULL;
}

void cpuid_boot(struct cpuid_regs (*host)(uint32_t leaf, uint32_t subleaf))
{
    uint64_t mask = xstate_components;
    struct cpuid_regs *leaf7 = place(7);

    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        const struct cpuid_regs *m = &shown[i].mask, *s = &shown[i].set;
        struct cpuid_regs r = host(shown[i].leaf, 0);

        *place(shown[i].leaf) =
            (struct cpuid_regs){(r.eax & m->eax) | s->eax, (r.ebx & m->ebx) | s->ebx,
                                (r.ecx & m->ecx) | s->ecx, (r.edx & m->edx) | s->edx};
    }
    /* The processor's name and caches. */
    for (uint32_t leaf = EXT_FIRST + 2; leaf <= EXT_FIRST + 6; leaf++)
        *place(leaf) = host(leaf, 0);
    for (uint32_t leaf = 2; cpuid_is_intel() && leaf <= 4; leaf += 2)
        *place(leaf) = host(leaf, 0);
    if (!(mask & XCR0_AVX512)) {
        leaf7->ebx &= ~MASK_7_EBX_AVX512;
        leaf7->ecx &= ~MASK_7_ECX_AVX512;
    }
    if (!(mask & XCR0_PKRU))
        leaf7->ecx &= ~BIT_7_ECX_PKU;

    xstate[0] = (struct cpuid_regs){(uint32_t)mask, 0, xstate_size(mask), (uint32_t)(mask >> 32)};
    xstate[1].eax = host(XSTATE_LEAF, 1).eax & MASK_XSTATE1_EAX;
    for (uint32_t i = 2; i < XSTATE_SUBLEAVES; i++) {
        struct cpuid_regs r = host(XSTATE_LEAF, i);

        xstate[i] = mask >> i & 1 ? (struct cpuid_regs){r.eax, r.ebx, 0, 0}
                                  : (struct cpuid_regs){0, 0, 0, 0};
    }
}

bool cpuid_guest_has(enum cpuid_feature feature)
{
    const struct cpuid_regs *r = &leaves[feature >> 7];
    const uint32_t words[] = {r->eax, r->ebx, r->ecx, r->edx};

    return words[feature >> 5 & 3] >> (feature & 31) & 1;
}

bool cpuid_is_intel(void)
{
    return leaves[0].ebx == VENDOR_INTEL_EBX;
}

/* Bits of an APIC ID below the package: enough for all vCPUs. */
static uint32_t topology_bits(const struct vcpu *v)
{
    uint32_t bits = APIC_ID_SHIFT_PER_CORE;

    while (1u << (bits - APIC_ID_SHIFT_PER_CORE) < v->domain->vcpu_max)
        bits++;
    return bits;
}

static void leaf_1(const struct vcpu *v, struct cpuid_regs *r)
{
    r->ebx |= vlapic_id(v) << 24;
    if (virt->get_reg(VM_CR4) & CR4_OSXSAVE)
        r->ecx |= BIT_1_ECX_OSXSAVE;
    if (v->domain->vcpu_max > 1) {
        r->ebx |= (1u << topology_bits(v) & 0xff) << 16;
        r->edx |= BIT_1_EDX_HTT;
    }
}

/* One thread to a core, all cores in one package. */
static void leaf_topology(const struct vcpu *v, uint32_t subleaf, struct cpuid_regs *r)
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

/* XCR0 is in the CPU while its vCPU is loaded. */
static void leaf_xstate(uint32_t subleaf, struct cpuid_regs *r)
{
    if (subleaf < XSTATE_SUBLEAVES)
        *r = xstate[subleaf];
    if (subleaf == 0)
        r->ebx = xstate_size(virt->get_reg(VM_CR4) & CR4_OSXSAVE ? read_xcr0() : XCR0_X87);
}

static void leaf_xen_tsc(const struct vcpu *v, uint32_t subleaf, struct cpuid_regs *r)
{
    /* System time when the guest's TSC was 0. */
    uint64_t offset = time_ns_of_tsc(0 - v->arch.tsc_offset);

    if (subleaf == 0) {
        r->eax = XEN_TSC_HOST_RELIABLE | (cpuid_guest_has(CPUID_RDTSCP) ? XEN_TSC_RDTSCP : 0);
        r->ecx = tsc_khz;
    } else if (subleaf == 1) {
        *r = (struct cpuid_regs){(uint32_t)offset, (uint32_t)(offset >> 32), tsc_mul,
                                 (uint32_t)(int32_t)tsc_shift};
    } else if (subleaf == 2) {
        r->eax = tsc_khz;
    }
}

/* What depends on the vCPU, of leaves that are in a table and of others. */
static NOINLINE void fill(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
                          struct cpuid_regs *r)
{
    switch (leaf) {
    case 1:
        leaf_1(v, r);
        break;
    case 0xb:
        leaf_topology(v, subleaf, r);
        break;
    case XSTATE_LEAF:
        leaf_xstate(subleaf, r);
        break;
    case EXT_FIRST + 8: /* cores less one, and the bits of an APIC ID within the package */
        if (!cpuid_is_intel())
            r->ecx = (v->domain->vcpu_max - 1) | topology_bits(v) << 12;
        break;
    case XEN_CPUID_LEAF(0):
        *r = (struct cpuid_regs){XEN_CPUID_LEAF(4), XEN_CPUID_SIGNATURE_EBX,
                                 XEN_CPUID_SIGNATURE_ECX, XEN_CPUID_SIGNATURE_EDX};
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

void cpuid_guest(struct vcpu *v, uint64_t *gpr)
{
    uint32_t leaf = (uint32_t)gpr[REG_RAX], subleaf = (uint32_t)gpr[REG_RCX];
    const struct cpuid_regs *in_table = place(leaf);
    struct cpuid_regs r = {0, 0, 0, 0};

    /* Of leaves 4 and 7 the first subleaf alone is shown. */
    if (in_table != NULL && (subleaf == 0 || (leaf != 4 && leaf != 7)))
        r = *in_table;
    if (leaf != 7)
        fill(v, leaf, subleaf, &r);
    else if ((r.ecx & BIT_7_ECX_PKU) && (virt->get_reg(VM_CR4) & CR4_PKE))
        r.ecx |= BIT_7_ECX_OSPKE;
    gpr[REG_RAX] = r.eax;
    gpr[REG_RBX] = r.ebx;
    gpr[REG_RCX] = r.ecx;
    gpr[REG_RDX] = r.edx;
}
