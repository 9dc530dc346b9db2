/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the order in which the hypervisor comes up. */
#include "arch/x86/apic.h"
#include "arch/x86/host_console.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/irq.h"
#include "arch/x86/layout.h"
#include "arch/x86/options.h"
#include "arch/x86/percpu.h"
#include "arch/x86/smp.h"
#include "arch/x86/svm.h"
#include "arch/x86/time.h"
#include "arch/x86/trap.h"
#include "boot/boot_info.h"
#include "core/builder.h"
#include "core/frame.h"
#include "core/log.h"
#include "core/sched.h"
#include "core/version.h"
#include "drivers/host/acpi.h"
#include "lib/insn.h"
#include "lib/string.h"

#define MSI_BASE      UINT64_C(0xfee00000) /* LAPIC first (APM Vol. 2 16.3) */
#define MSI_SIZE      UINT64_C(0x100000)
#define ECAM_BUS_SIZE UINT64_C(0x100000) /* PCI Express 7.2.2 */

void hypervisor_main(const struct boot_info *bi) NORETURN;

static struct boot_info boot;
static struct options options;

static bool is_in(paddr_t at, uint64_t base, uint64_t size)
{
    base &= ~(uint64_t)(PAGE_SIZE - 1);
    return base != 0 && at.v >= base && at.v - base < size;
}

bool machine_keeps_frame(mfn_t mfn)
{
    paddr_t at = paddr_of(mfn);
    uint64_t buses = (uint64_t)acpi.ecam_bus_last + 1;
    bool is_kept = is_in(at, MSI_BASE, MSI_SIZE) || is_in(at, acpi.hpet_paddr, PAGE_SIZE) ||
                   is_in(at, acpi.ecam_paddr, buses * ECAM_BUS_SIZE);

    for (uint32_t i = 0; !is_kept && i < acpi.ioapic_count; i++)
        is_kept = is_in(at, acpi.ioapic[i].paddr, PAGE_SIZE);
    return is_kept;
}

void machine_features(uint32_t words[8])
{
    const struct cpuid_regs basic = cpuid(1, 0), extended = cpuid(0x80000001, 0);
    const struct cpuid_regs structured = cpuid(7, 0);

    words[0] = basic.edx;
    words[1] = basic.ecx;
    words[2] = extended.edx;
    words[3] = extended.ecx;
    words[4] = cpuid(0xd, 1).eax;
    words[5] = structured.ebx;
    words[6] = structured.ecx;
    words[7] = cpuid(0x80000007, 0).edx;
}

static const void *map_acpi(uint64_t paddr, size_t size)
{
    return host_map((paddr_t){paddr}, size, PT_READ);
}

/* On the boot CPU's own tables and stack. */
static void boot_cpu_main(void)
{
    paddr_t rsdp = {boot.rsdp_paddr};
    bool tscs_agree;

    apic_boot();
    virt = &svm_ops;
    smp_init_this_cpu();
    cpu_count = 1;
    if (acpi_read(rsdp.v, map_acpi) != 0)
        log_line(LOG_ERROR, "ACPI: no tables: one CPU, no device interrupts, no power off");
    time_boot(&boot);
    irq_boot();
    sched_init();
    tscs_agree = smp_boot(boot.trampoline_paddr, options.cpu_max);
    time_report(tscs_agree);
    host_console_listen();
    builder_make_control(&boot);
    arch_cpu_loop();
}

void hypervisor_main(const struct boot_info *bi)
{
    memcpy(&boot, bi, sizeof(boot));
    options_read(boot.options, &options);
    version_options = boot.options;
    host_console_init((uint16_t)options.console_port, options.console_baud);
    debug_exit_port = (uint16_t)options.debug_exit;
    log_shown = options.log_level;
    log_line(LOG_NOTICE, "Atoll, an x86-64 microhypervisor; guests see Xen 4.17");
    if (*options.unknown != '\0')
        log_line(LOG_ERROR, "not understood among the options: %s", options.unknown);
    trap_init_cpu();
    cpu_init_features();
    host_pt_boot(&boot);
    smp_init_percpu(0);
    frame_boot(&boot);
    cpu_switch_stack(read_cr3(), PRIVATE_VA + PRIVATE_STACK_TOP, boot_cpu_main);
}
