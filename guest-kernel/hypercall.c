/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the hypervisor by CPUID, has it fill the hypercall page, and makes calls by instruction. */
#include "guest-kernel/hypercall.h"

#include "guest-kernel/memory.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "pv-abi/cpuid.h"
#include "pv-abi/hvm_op.h"

/* Where hypervisors' CPUID leaves begin, and how far apart they may be (<xen/arch-x86/cpuid.h>). */
#define LEAVES_FIRST 0x40000000u
#define LEAVES_LAST  0x40010000u
#define LEAVES_STEP  0x100u
#define HVM_LEAF     4

struct hypervisor_info hypervisor_info;

static bool is_intel;

static void copy_signature(char *to, struct cpuid_regs r)
{
    memcpy(to, &r.ebx, 4);
    memcpy(to + 4, &r.ecx, 4);
    memcpy(to + 8, &r.edx, 4);
    to[12] = '\0';
}

bool hypercall_init(void)
{
    struct hypervisor_info *info = &hypervisor_info;
    struct cpuid_regs r = cpuid(0, 0);
    char vendor[13];

    memcpy(vendor, &r.ebx, 4);
    memcpy(vendor + 4, &r.edx, 4);
    memcpy(vendor + 8, &r.ecx, 4);
    vendor[12] = '\0';
    is_intel = strcmp(vendor, "GenuineIntel") == 0;

    for (uint32_t leaf = LEAVES_FIRST; leaf < LEAVES_LAST; leaf += LEAVES_STEP) {
        r = cpuid(leaf, 0);
        copy_signature(info->signature, r);
        if (strcmp(info->signature, "XenVMMXenVMM") != 0 || r.eax < leaf + 2)
            continue;
        info->base_leaf = leaf;
        info->max_leaf = r.eax;
        info->version = cpuid(leaf + 1, 0).eax;
        info->page_msr = cpuid(leaf + 2, 0).ebx;
        r = cpuid(leaf + HVM_LEAF, 0);
        info->features = info->max_leaf >= leaf + HVM_LEAF ? r.eax : 0;
        info->domid = info->features & XEN_HVM_CPUID_DOMID_PRESENT ? r.ecx : DOMID_SELF;
        wrmsr(info->page_msr, virt_to_phys(hypercall_page));
        return true;
    }
    return false;
}

int64_t hypercall_insn5(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                        uint64_t a5)
{
    register uint64_t r10 __asm__("r10") = a4;
    register uint64_t r8 __asm__("r8") = a5;
    int64_t result = number;

    if (is_intel)
        __asm__ volatile("vmcall"
                         : "+a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
                         :
                         : "memory");
    else
        __asm__ volatile("vmmcall"
                         : "+a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
                         :
                         : "memory");
    return result;
}

int64_t hvm_param_get(uint32_t index, uint64_t *value)
{
    struct xen_hvm_param param = {.domid = DOMID_SELF, .index = index};
    int64_t err = hypercall_hvm_op(HVMOP_get_param, &param);

    if (err == 0)
        *value = param.value;
    return err;
}

int64_t hvm_param_set(uint32_t index, uint64_t value)
{
    struct xen_hvm_param param = {.domid = DOMID_SELF, .index = index, .value = value};

    return hypercall_hvm_op(HVMOP_set_param, &param);
}
