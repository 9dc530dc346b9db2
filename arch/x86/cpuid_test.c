/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: arch/x86/cpuid.c */
/* What a guest sees of CPUID on a host that has everything: masks, and what depends on the vCPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/xstate.h"
#include "core/domain.h"
#include "lib/cpu_bits.h"
#include "tests/fake/fake_cpu.h"

#define AMD_EBX   0x68747541u /* "Auth" "enti" "cAMD" */
#define AMD_EDX   0x69746e65u
#define AMD_ECX   0x444d4163u
#define INTEL_EBX 0x756e6547u

static struct domain domain;
static struct vcpu vcpu;
static uint64_t cr4;
static bool is_intel;
static struct cpuid_regs seen;

uint64_t xstate_components;

uint32_t xstate_size(uint64_t mask)
{
    return 0x1000 + (uint32_t)mask;
}

uint32_t vlapic_id(const struct vcpu *v)
{
    return v->id * 2;
}

static uint64_t get_reg(enum vm_reg which)
{
    assert_int_equal(which, VM_CR4);
    return cr4;
}

static const struct virt_ops ops = {.get_reg = get_reg};

/* A host with every bit set. */
static struct cpuid_regs host(uint32_t leaf, UNUSED uint32_t subleaf)
{
    if (leaf == 0)
        return is_intel ? (struct cpuid_regs){0x20, INTEL_EBX, 0, 0}
                        : (struct cpuid_regs){0x10, AMD_EBX, AMD_ECX, AMD_EDX};
    if (leaf == 0x80000008)
        return (struct cpuid_regs){0xffff3930, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    return (struct cpuid_regs){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
}

static int setup(UNUSED void **state)
{
    fake_cpus_init(1, 0);
    virt = &ops;
    memset(&domain, 0, sizeof(domain));
    memset(&vcpu, 0, sizeof(vcpu));
    domain.id = 7;
    domain.vcpu_max = 3;
    vcpu.domain = &domain;
    vcpu.id = 2;
    cr4 = 0;
    is_intel = false;
    xstate_components = XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_PKRU;
    cpuid_boot(host);
    return 0;
}

static struct cpuid_regs *ask(uint32_t leaf, uint32_t subleaf)
{
    uint64_t gpr[16];

    memset(gpr, 0xff, sizeof(gpr));
    gpr[REG_RAX] = leaf;
    gpr[REG_RCX] = subleaf;
    cpuid_guest(&vcpu, gpr);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(gpr[i] >> 32, 0);
    seen = (struct cpuid_regs){(uint32_t)gpr[REG_RAX], (uint32_t)gpr[REG_RBX],
                               (uint32_t)gpr[REG_RCX], (uint32_t)gpr[REG_RDX]};
    return &seen;
}

static void the_vendor_is_the_hosts(UNUSED void **state)
{
    ask(0, 0);
    assert_int_equal(seen.eax, 0xd);
    assert_int_equal(seen.ebx, AMD_EBX);
    assert_int_equal(seen.ecx, AMD_ECX);
    assert_int_equal(seen.edx, AMD_EDX);
}

static void virtualisation_and_monitor_are_hidden(UNUSED void **state)
{
    ask(1, 0);
    assert_false(seen.ecx & (1u << 3 | 1u << 5 | 1u << 6)); /* MONITOR VMX SMX */
    ask(0x80000001, 0);
    assert_false(seen.ecx & (1u << 2 | 1u << 22)); /* SVM TOPOEXT */
    ask(0x8000000a, 0);
    assert_int_equal(seen.eax | seen.ebx | seen.ecx | seen.edx, 0);
}

static void x2apic_deadline_and_hypervisor_are_always_there(UNUSED void **state)
{
    ask(1, 0);
    assert_true(seen.ecx & 1u << 21);
    assert_true(seen.ecx & 1u << 24);
    assert_true(seen.ecx & 1u << 31);
}

static void the_apic_id_is_the_same_everywhere(UNUSED void **state)
{
    assert_int_equal(ask(1, 0)->ebx >> 24, 4);
    assert_int_equal(ask(0xb, 0)->edx, 4);
    assert_int_equal(ask(0xb, 1)->edx, 4);
}

static void the_topology_covers_all_vcpus(UNUSED void **state)
{
    ask(0xb, 0);
    assert_int_equal(seen.eax, 1);
    assert_int_equal(seen.ebx, 1);
    assert_int_equal(seen.ecx, 0x100);
    ask(0xb, 1);
    assert_int_equal(seen.eax, 3); /* APIC IDs 0, 2, 4 */
    assert_int_equal(seen.ebx, 3);
    assert_int_equal(seen.ecx, 0x201);
    assert_int_equal(ask(0xb, 2)->ecx, 2);
    assert_int_equal(ask(0x80000008, 0)->ecx, 3u << 12 | 2);
}

static void one_vcpu_is_no_hyperthread(UNUSED void **state)
{
    assert_true(ask(1, 0)->edx & 1u << 28);
    domain.vcpu_max = 1;
    assert_false(ask(1, 0)->edx & 1u << 28);
}

static void enabled_bits_follow_cr4(UNUSED void **state)
{
    assert_false(ask(1, 0)->ecx & 1u << 27);
    assert_false(ask(7, 0)->ecx & 1u << 4);
    cr4 = CR4_OSXSAVE | CR4_PKE;
    assert_true(ask(1, 0)->ecx & 1u << 27);
    assert_true(ask(7, 0)->ecx & 1u << 4);
}

static void features_of_state_that_is_not_switched_are_hidden(UNUSED void **state)
{
    ask(7, 0);
    assert_true(seen.ecx & 1u << 3);
    assert_false(seen.ebx & 1u << 16); /* AVX-512 */
    assert_false(seen.ecx & 1u << 16); /* LA57 */
    assert_false(seen.edx & 1u << 26); /* speculation control: its MSR is not there */
    xstate_components = XCR0_X87 | XCR0_SSE;
    cpuid_boot(host);
    assert_false(ask(7, 0)->ecx & 1u << 3);
    assert_int_equal(ask(0xd, 2)->eax, 0);
}

static void leaf_d_shows_the_components(UNUSED void **state)
{
    ask(0xd, 0);
    assert_int_equal(seen.eax, xstate_components);
    assert_int_equal(seen.ecx, 0x1000 + xstate_components);
    assert_int_equal(seen.ebx, 0x1000 + XCR0_X87); /* OSXSAVE is off: XCR0 is 1 */
    assert_int_equal(ask(0xd, 1)->eax, 5);         /* XSAVEOPT, XGETBV1 */
    assert_int_equal(ask(0xd, 2)->eax, UINT32_MAX);
    assert_int_equal(seen.ecx, 0);
    assert_int_equal(ask(0xd, 3)->eax, 0);
    assert_int_equal(ask(0xd, 31)->eax, 0);
}

static void xen_is_found_at_its_leaves(UNUSED void **state)
{
    ask(0x40000000, 0);
    assert_int_equal(seen.eax, 0x40000004);
    assert_int_equal(seen.ebx, 0x566e6558);
    assert_int_equal(ask(0x40000001, 0)->eax, 0x40011);
    ask(0x40000002, 0);
    assert_int_equal(seen.eax, 1);
    assert_int_equal(seen.ebx, 0x40000000);
    ask(0x40000004, 0);
    assert_int_equal(seen.eax, 0x18); /* vCPU and domain; no upcall vector */
    assert_int_equal(seen.ebx, 2);
    assert_int_equal(seen.ecx, 7);
}

static void the_tsc_leaf_tells_the_offset_in_ns(UNUSED void **state)
{
    vcpu.arch.tsc_offset = 0 - UINT64_C(0x123456789a);
    ask(0x40000003, 1);
    assert_int_equal(seen.eax, 0x3456789a);
    assert_int_equal(seen.ebx, 0x12);
    assert_int_equal(seen.ecx, tsc_mul);
    assert_int_equal(ask(0x40000003, 2)->eax, tsc_khz);
    assert_int_equal(ask(0x40000003, 0)->ecx, tsc_khz);
}

static void leaves_past_the_tables_are_zeros(UNUSED void **state)
{
    static const uint32_t leaves[] = {5,          0xa,        0xe,        0x14,
                                      0x40000005, 0x40000100, 0x4000ff00, 0x80000009,
                                      0x8000001d, 0x80860000, UINT32_MAX};

    for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
        ask(leaves[i], 0);
        assert_int_equal(seen.eax | seen.ebx | seen.ecx | seen.edx, 0);
    }
    ask(7, 1);
    assert_int_equal(seen.eax | seen.ebx | seen.ecx | seen.edx, 0);
}

static void addresses_have_the_hosts_width_and_four_levels(UNUSED void **state)
{
    assert_int_equal(ask(0x80000008, 0)->eax, 0x3030);
}

static void intel_shows_its_first_cache_leaf(UNUSED void **state)
{
    is_intel = true;
    cpuid_boot(host);
    assert_true(cpuid_is_intel());
    assert_int_equal(ask(4, 0)->eax, UINT32_MAX);
    assert_int_equal(ask(4, 1)->eax, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_vendor_is_the_hosts, setup),
        cmocka_unit_test_setup(virtualisation_and_monitor_are_hidden, setup),
        cmocka_unit_test_setup(x2apic_deadline_and_hypervisor_are_always_there, setup),
        cmocka_unit_test_setup(the_apic_id_is_the_same_everywhere, setup),
        cmocka_unit_test_setup(the_topology_covers_all_vcpus, setup),
        cmocka_unit_test_setup(one_vcpu_is_no_hyperthread, setup),
        cmocka_unit_test_setup(enabled_bits_follow_cr4, setup),
        cmocka_unit_test_setup(features_of_state_that_is_not_switched_are_hidden, setup),
        cmocka_unit_test_setup(leaf_d_shows_the_components, setup),
        cmocka_unit_test_setup(xen_is_found_at_its_leaves, setup),
        cmocka_unit_test_setup(the_tsc_leaf_tells_the_offset_in_ns, setup),
        cmocka_unit_test_setup(leaves_past_the_tables_are_zeros, setup),
        cmocka_unit_test_setup(addresses_have_the_hosts_width_and_four_levels, setup),
        cmocka_unit_test_setup(intel_shows_its_first_cache_leaf, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
