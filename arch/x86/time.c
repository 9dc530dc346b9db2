/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the time base: TSC, its rate and origin, and the deadline timer of a CPU (design decision
 * 11). */
#include "arch/x86/time.h"

#include "arch/x86/apic.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/percpu.h"
#include "boot/boot_info.h"
#include "core/log.h"
#include "drivers/host/acpi.h"
#include "lib/insn.h"

#define NS_PER_S          UINT64_C(1000000000)
#define CALIBRATE_PER_SEC 100u /* the measurement takes 1/100 s */

#define PM_TIMER_HZ       3579545u /* ACPI 6.4 4.8.3.3 */
#define PM_TIMER_MASK     UINT64_C(0xffffff)
#define HPET_CAPABILITIES 0x000u /* IA-PC HPET 2.3: period in fs in the upper half */
#define HPET_CONFIG       0x010u
#define HPET_COUNTER      0x0f0u
#define HPET_ENABLE       1u
#define FS_PER_S          UINT64_C(1000000000000000)
#define PIT_HZ            1193182u /* 8254 data sheet: the PC's 1.193182 MHz */
#define PIT_CHANNEL2      0x42u
#define PIT_COMMAND       0x43u
#define PIT_GATE          0x61u

#define CPUID_ADVANCED_POWER 0x80000007u
#define INVARIANT_TSC        (1u << 8) /* APM Vol. 3 E.4.6 */

uint32_t tsc_khz;
uint32_t tsc_mul;
int8_t tsc_shift;
uint64_t wall_ns_at_start;

uint64_t tsc_start, tsc_scale;
static uint64_t
    apic_mul; /* APIC timer ticks per ns, 32 fraction bits: its clock is below 4.29 GHz */

/* A counter that tells how long the measurement takes. */
struct reference {
    const char *name;
    uint64_t (*read)(void);
    uint64_t hz;
    uint64_t mask;
};

static volatile uint8_t *hpet;

static uint64_t pm_timer_read(void)
{
    return in32(acpi.pm_timer_port) & PM_TIMER_MASK;
}

static uint64_t hpet_read(void)
{
    return *(volatile uint32_t *)(hpet + HPET_COUNTER);
}

/* Channel 2 counts down from 65535; the reference wants a counter that rises. */
static uint64_t pit_read(void)
{
    uint8_t low, high;

    out8(PIT_COMMAND, 0x80); /* latch channel 2 */
    low = in8(PIT_CHANNEL2);
    high = in8(PIT_CHANNEL2);
    return 0xffffu - ((uint32_t)high << 8 | low);
}

static void choose_reference(struct reference *ref)
{
    if (acpi.pm_timer_port != 0) {
        *ref = (struct reference){"ACPI PM timer", pm_timer_read, PM_TIMER_HZ, PM_TIMER_MASK};
    } else if (acpi.hpet_paddr != 0) {
        uint64_t period_fs;

        hpet = host_map((paddr_t){acpi.hpet_paddr}, PAGE_SIZE, PT_REGISTERS);
        period_fs = *(volatile uint32_t *)(hpet + HPET_CAPABILITIES + 4);
        *(volatile uint32_t *)(hpet + HPET_CONFIG) |= HPET_ENABLE;
        *ref = (struct reference){"HPET", hpet_read, FS_PER_S / period_fs, UINT32_MAX};
    } else {
        out8(PIT_GATE, (uint8_t)((in8(PIT_GATE) & ~2u) | 1u)); /* gate on, speaker off */
        out8(PIT_COMMAND, 0xb0);                               /* channel 2, both bytes, mode 0 */
        out8(PIT_CHANNEL2, 0xff);
        out8(PIT_CHANNEL2, 0xff);
        *ref = (struct reference){"PIT", pit_read, PIT_HZ, 0xffff};
    }
}

/* ns = (ticks << shift) * mul >> 32 with the greatest precision that fits (xen.h, struct
 * vcpu_time_info). */
static void set_scale(uint64_t hz)
{
    int shift = 0;

    while (hz > 2 * NS_PER_S) {
        hz >>= 1;
        shift--;
    }
    while (hz <= NS_PER_S) {
        hz <<= 1;
        shift++;
    }
    tsc_shift = (int8_t)shift;
    tsc_mul = (uint32_t)((NS_PER_S << 32) / hz);
    tsc_scale = (uint64_t)tsc_mul << (16 + shift);
}

void time_boot(const struct boot_info *bi)
{
    struct reference ref;
    uint64_t start, passed, tsc_from, tsc_ticks, apic_ticks, span;

    choose_reference(&ref);
    span = ref.hz / CALIBRATE_PER_SEC + 1;
    apic_timer_start(UINT32_MAX);
    start = ref.read();
    tsc_from = rdtsc();
    for (passed = 0; passed < span;)
        passed = (ref.read() - start) & ref.mask;
    tsc_ticks = rdtsc() - tsc_from;
    apic_ticks = UINT32_MAX - apic_timer_remaining();
    apic_timer_start(0);
    BUG_ON(passed == 0);

    set_scale(tsc_ticks * ref.hz / passed);
    tsc_khz = (uint32_t)(tsc_ticks * ref.hz / passed / 1000);
    apic_mul = ((apic_ticks * ref.hz / passed) << 32) / NS_PER_S;
    tsc_start = rdtsc();
    wall_ns_at_start = bi->wall_seconds * NS_PER_S;
    if (tsc_start > bi->wall_tsc)
        wall_ns_at_start += time_ns_of_tsc(tsc_start + (tsc_start - bi->wall_tsc));
    log_line(LOG_NOTICE, "time: TSC %u.%03u MHz, measured by the %s", tsc_khz / 1000,
             tsc_khz % 1000, ref.name);
}

void time_report(bool cpus_agree)
{
    bool is_invariant = cpuid(0x80000000u, 0).eax >= CPUID_ADVANCED_POWER &&
                        (cpuid(CPUID_ADVANCED_POWER, 0).edx & INVARIANT_TSC) != 0;

    if (is_invariant)
        log_line(LOG_NOTICE, "time: the TSC is invariant");
    else if (cpus_agree)
        log_line(LOG_NOTICE, "time: the TSC is not called invariant, but all CPUs agree on it");
    else
        log_line(LOG_ERROR, "time: the TSCs of the CPUs differ: guests will see time jump");
}

void cpu_timer_arm(uint64_t deadline_ns)
{
    uint64_t now = time_ns(), ticks;

    if (deadline_ns == UINT64_MAX) {
        apic_timer_start(0);
        return;
    }
    ticks = deadline_ns <= now
                ? 1
                : (uint64_t)((unsigned __int128)(deadline_ns - now) * apic_mul >> 32) + 1;
    apic_timer_start(ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
}
