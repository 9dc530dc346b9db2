/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest sees of its CPU: CPUID with its dynamic parts, MSRs, ports, control registers. */
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/traps.h"
#include "lib/compiler.h"
#include "lib/cpu_bits.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"

#define NAME_MAX        80
#define HYPERVISOR_LEAF 0x40000000u
#define LAST_LEAF       0x4000ff00u
#define LEAF_STEP       0x100u
#define UNKNOWN_MSR     0x0badc0deu

/* CPUID bits (SDM Vol. 2A, APM Vol. 3 Appendix E). */
#define L1_ECX_VMX        (1u << 5)
#define L1_ECX_X2APIC     (1u << 21)
#define L1_ECX_XSAVE      (1u << 26)
#define L1_ECX_OSXSAVE    (1u << 27)
#define L1_ECX_HYPERVISOR (1u << 31)
#define L1_EDX_TSC        (1u << 4)
#define L1_EDX_MSR        (1u << 5)
#define L1_EDX_APIC       (1u << 9)
#define L1_EDX_PAT        (1u << 16)
#define EXT1_ECX_SVM      (1u << 2)
#define EXT1_EDX_NX       (1u << 20)
#define EXT1_EDX_LM       (1u << 29)
#define PAT_OF_XEN        0x0000050100070406ull

static void identification(void)
{
    struct cpuid_regs r = cpuid(1, 0);

    check("cpu/CPUID 1: under a hypervisor, x2APIC", r.ecx & (L1_ECX_HYPERVISOR | L1_ECX_X2APIC),
          L1_ECX_HYPERVISOR | L1_ECX_X2APIC);
    check("cpu/CPUID 1: no VMX", r.ecx & L1_ECX_VMX, 0);
    check("cpu/CPUID 1: TSC, MSR, APIC, PAT",
          r.edx & (L1_EDX_TSC | L1_EDX_MSR | L1_EDX_APIC | L1_EDX_PAT),
          L1_EDX_TSC | L1_EDX_MSR | L1_EDX_APIC | L1_EDX_PAT);
    check("cpu/CPUID 1: APIC ID", r.ebx >> 24, 0);
    r = cpuid(0x80000001, 0);
    check("cpu/CPUID 80000001: no SVM", r.ecx & EXT1_ECX_SVM, 0);
    check("cpu/CPUID 80000001: NX and long mode", r.edx & (EXT1_EDX_NX | EXT1_EDX_LM),
          EXT1_EDX_NX | EXT1_EDX_LM);
    r = cpuid(0x80000008, 0);
    check_true("cpu/CPUID 80000008: address widths",
               (r.eax & 0xff) >= 36 && (r.eax & 0xff) <= 52 && (r.eax >> 8 & 0xff) >= 48);
    r = cpuid(0x8000000a, 0);
    check("cpu/CPUID 8000000a: no SVM revision", r.eax | r.ebx | r.edx, 0);
}

static void hypervisor_leaves(void)
{
    uint32_t found = 0;

    check("cpu/CPUID 40000000: base", hypervisor_info.base_leaf, HYPERVISOR_LEAF);
    check_true("cpu/CPUID 40000000: last leaf",
               hypervisor_info.max_leaf >= HYPERVISOR_LEAF + 4 &&
                   hypervisor_info.max_leaf < HYPERVISOR_LEAF + LEAF_STEP);
    check("cpu/CPUID 40000002: one hypercall page", cpuid(HYPERVISOR_LEAF + 2, 0).eax, 1);
    check("cpu/CPUID 40000004: vcpu number", cpuid(HYPERVISOR_LEAF + 4, 0).ebx, 0);
    for (uint32_t leaf = HYPERVISOR_LEAF + LEAF_STEP; leaf <= LAST_LEAF; leaf += LEAF_STEP) {
        struct cpuid_regs r = cpuid(leaf, 0);

        found |= r.eax | r.ebx | r.ecx | r.edx;
    }
    check("cpu/CPUID 40000100 to 4000ff00: no other hypervisor", found, 0);
}

static void dynamic_bits(void)
{
    uint64_t cr4 = read_cr4();

    if (!(cpuid(1, 0).ecx & L1_ECX_XSAVE)) {
        check_skip("cpu/CPUID 1: OSXSAVE", "no XSAVE");
        return;
    }
    write_cr4(cr4 & ~(uint64_t)CR4_OSXSAVE);
    check("cpu/CPUID 1: OSXSAVE is clear", cpuid(1, 0).ecx & L1_ECX_OSXSAVE, 0);
    write_cr4(cr4 | CR4_OSXSAVE);
    check("cpu/CPUID 1: OSXSAVE follows CR4", cpuid(1, 0).ecx & L1_ECX_OSXSAVE, L1_ECX_OSXSAVE);
    /* 3 is the host's value, on an emulator that does not let Xen see XSETBV. */
    check_either("cpu/XCR0 begins as x87", (int64_t)read_xcr0(), 1, 3);
    write_xcr0(1);
    check("cpu/CPUID d: size in use for x87", cpuid(0xd, 0).ebx, 576);
    write_xcr0(3);
    check("cpu/CPUID d: size in use for SSE", cpuid(0xd, 0).ebx, 576);
    write_xcr0(1);
    write_cr4(cr4);
}

struct msr_access {
    uint32_t msr;
    uint64_t value;
};

static void read_it(void *arg)
{
    struct msr_access *access = arg;

    access->value = rdmsr(access->msr);
}

static void write_it(void *arg)
{
    const struct msr_access *access = arg;

    wrmsr(access->msr, access->value);
}

static void msr_round_trips(void)
{
    static const struct {
        const char *name;
        struct msr_access access;
    } cases[] = {
        {"cpu/MSR SYSENTER_CS", {MSR_SYSENTER_CS, 0x10}},
        {"cpu/MSR SYSENTER_ESP", {MSR_SYSENTER_ESP, 0xffff800000001000}},
        {"cpu/MSR SYSENTER_EIP", {MSR_SYSENTER_EIP, 0xffff800000002000}},
        {"cpu/MSR STAR", {MSR_STAR, 0x0010000800000000}},
        {"cpu/MSR LSTAR", {MSR_LSTAR, 0xffffffff80001000}},
        {"cpu/MSR CSTAR", {MSR_CSTAR, 0xffffffff80002000}},
        {"cpu/MSR SFMASK", {MSR_SFMASK, 0x47700}},
        {"cpu/MSR FS_BASE", {MSR_FS_BASE, 0x00007ffff0000000}},
        {"cpu/MSR KERNEL_GS_BASE", {MSR_KERNEL_GS_BASE, 0xffff888000000000}},
        {"cpu/MSR PAT", {MSR_PAT, 0x0000010500070406}},
        {"cpu/MSR PAT back", {MSR_PAT, PAT_RESET}},
        {"cpu/MSR FS_BASE back", {MSR_FS_BASE, 0}},
    };

    /* The other value is Xen's own, on an emulator that does not switch the register. */
    check_either("cpu/MSR PAT begins with its reset value", (int64_t)rdmsr(MSR_PAT), PAT_RESET,
                 PAT_OF_XEN);
    for (unsigned int i = 0; i < ARRAY_COUNT(cases); i++) {
        wrmsr(cases[i].access.msr, cases[i].access.value);
        hypercall_xen_version(0, NULL);
        check(cases[i].name, (int64_t)rdmsr(cases[i].access.msr), (int64_t)cases[i].access.value);
    }
}

/* Accesses that raise #GP, and ones that must answer. */
static void msr_faults(void)
{
    static const struct {
        const char *name;
        struct msr_access access;
        bool is_write;
        int want;
    } cases[] = {
        {"cpu/MSR unknown, read", {UNKNOWN_MSR, 0}, false, TRAP_GP},
        {"cpu/MSR unknown, write", {UNKNOWN_MSR, 0}, true, TRAP_GP},
        {"cpu/MSR EFER, a reserved bit", {MSR_EFER, 1ull << 40 | 0xd00}, true, TRAP_GP},
        {"cpu/MSR EFER, SVME", {MSR_EFER, EFER_SVME | 0xd00}, true, TRAP_GP},
        {"cpu/MSR EFER, LME taken away", {MSR_EFER, EFER_NXE}, true, TRAP_GP},
        {"cpu/MSR APIC_BASE, read", {MSR_APIC_BASE, 0}, false, -1},
        {"cpu/MSR MTRR_CAP, read", {MSR_MTRR_CAP, 0}, false, -1},
        {"cpu/MSR MTRR_CAP, write", {MSR_MTRR_CAP, 0}, true, TRAP_GP},
        {"cpu/MSR MTRR_DEFAULT, read", {MSR_MTRR_DEF_TYPE, 0}, false, -1},
        {"cpu/MSR microcode level, read", {0x8b, 0}, false, -1},
        {"cpu/MSR of the hypercall page, a page that is not there",
         {HYPERVISOR_LEAF, 0x000ffffffffff000},
         true,
         TRAP_GP},
        {"cpu/MSR of the hypercall page, page number 1", {HYPERVISOR_LEAF, 1}, true, TRAP_GP},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(cases); i++) {
        struct msr_access access = cases[i].access;

        check(cases[i].name, trap_expect(cases[i].is_write ? write_it : read_it, &access, NULL),
              cases[i].want);
    }
    check("cpu/MSR EFER", (int64_t)rdmsr(MSR_EFER), EFER_LME | EFER_LMA | EFER_NXE);
}

/* The timer chip's ports read as ones on Xen, and as zeros where Linux's wait for it is spared. */
static void ports(void)
{
    static const uint16_t timer_chip[] = {0x40, 0x41, 0x42, 0x61};
    static const uint16_t unclaimed[] = {0x2e0, 0x80, 0x3f8, 0x1234};
    char name[NAME_MAX];

    for (unsigned int i = 0; i < ARRAY_COUNT(timer_chip); i++) {
        format_str(name, sizeof(name), "cpu/port %x", timer_chip[i]);
        check_either(name, in8(timer_chip[i]), 0xff, 0);
    }
    for (unsigned int i = 0; i < ARRAY_COUNT(unclaimed); i++) {
        format_str(name, sizeof(name), "cpu/port %x, 8 bits", unclaimed[i]);
        check(name, in8(unclaimed[i]), 0xff);
        format_str(name, sizeof(name), "cpu/port %x, 16 bits", unclaimed[i]);
        check(name, in16(unclaimed[i]), 0xffff);
        format_str(name, sizeof(name), "cpu/port %x, 32 bits", unclaimed[i]);
        check(name, in32(unclaimed[i]), 0xffffffff);
        out8(unclaimed[i], 0);
    }
    out32(0xcf8, 0x80000000);
    check("cpu/PCI configuration, no device", in32(0xcfc), 0xffffffff);
}

static void debug_registers(void)
{
    write_dr0(0x1111222233334444);
    write_dr1(0x5555666677778888);
    write_dr2(0x1212343456567878);
    write_dr3(0x0a0b0c0d0e0f1011);
    hypercall_xen_version(0, NULL);
    check("cpu/DR0", (int64_t)read_dr0(), 0x1111222233334444);
    check("cpu/DR1", (int64_t)read_dr1(), 0x5555666677778888);
    check("cpu/DR2", (int64_t)read_dr2(), 0x1212343456567878);
    check("cpu/DR3", (int64_t)read_dr3(), 0x0a0b0c0d0e0f1011);
    check("cpu/DR7", (int64_t)read_dr7(), 0x400);
    write_dr7(0);
    check("cpu/DR7, the bit that is always set", (int64_t)read_dr7(), 0x400);
}

void test_cases(void)
{
    identification();
    hypervisor_leaves();
    dynamic_bits();
    msr_round_trips();
    msr_faults();
    ports();
    debug_registers();
}
