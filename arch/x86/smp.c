/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the start of the other CPUs and the comparison of their TSCs. */
#include "arch/x86/smp.h"

#include "arch/x86/apic.h"
#include "arch/x86/host_pt.h"
#include "arch/x86/layout.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "arch/x86/virt.h"
#include "core/log.h"
#include "drivers/host/acpi.h"
#include "lib/insn.h"
#include "lib/string.h"

#define INIT_WAIT_NS UINT64_C(10000000) /* SDM Vol. 3A 9.4.4: 10 ms after INIT */
#define SIPI_WAIT_NS UINT64_C(200000)   /* 200 us between the two SIPIs */
#define START_WAIT_NS                                                                              \
    UINT64_C(500000000) /* a CPU that is not there after half a second does not come */
#define TSC_ROUNDS 16

extern const uint8_t trampoline_start[], trampoline_end[], trampoline_words[];

/* The tail of trampoline.asm. */
struct trampoline_words {
    uint64_t startup_root;
    uint64_t entry;
    uint64_t root;
    uint64_t stack;
    uint64_t go;
};

struct cpu cpus[CPU_MAX];
uint32_t cpu_count;
bool lock_knows_cpu;

static uint32_t starting_cpu;
/* The TSC comparison: TSC_ASKED from the boot CPU, then the other's TSC. */
#define TSC_ASKED 0u
static _Atomic uint64_t tsc_word = 1;

void smp_init_percpu(uint32_t id)
{
    struct percpu *self = this_cpu();

    self->id = id;
    self->cpu = &cpus[id];
    self->idle_window.table = (uint64_t *)(PRIVATE_VA + PRIVATE_IDLE);
    self->idle_window.entry = ((uint64_t *)(PRIVATE_VA + PRIVATE_PT))[PRIVATE_IDLE >> PAGE_SHIFT];
    self->window = &self->idle_window;
    lock_knows_cpu = true;
}

void smp_init_this_cpu(void)
{
    struct cpu *self = this_cpu()->cpu;

    apic_init_cpu();
    self->apic_id = apic_id();
    if (virt->cpu_init() != 0)
        panic("CPU %u has no hardware virtualisation, though the boot CPU has", self->id);
    atomic_store(&self->is_online, true);
}

/* A started CPU's first C code, on its own tables and stack. */
static void cpu_main(void)
{
    smp_init_percpu(starting_cpu);
    trap_init_cpu();
    cpu_init_features();
    smp_init_this_cpu();
    for (unsigned round = 0; round < TSC_ROUNDS; round++) {
        while (atomic_load(&tsc_word) != TSC_ASKED)
            cpu_relax();
        atomic_store(&tsc_word, rdtsc());
    }
    arch_cpu_loop();
}

/* True when each answer lies between the readings of the boot CPU around it. */
static bool compare_tsc(void)
{
    bool agrees = true;

    for (unsigned round = 0; round < TSC_ROUNDS; round++) {
        uint64_t before = rdtsc(), answer;

        atomic_store(&tsc_word, TSC_ASKED);
        while ((answer = atomic_load(&tsc_word)) == TSC_ASKED)
            cpu_relax();
        agrees = agrees && answer >= before && answer <= rdtsc();
    }
    return agrees;
}

/* Waits until the CPU that starts is online, at most NS. */
static bool wait_online(uint64_t ns)
{
    uint64_t until = time_ns() + ns;

    while (!atomic_load(&cpus[starting_cpu].is_online) && time_ns() < until)
        cpu_relax();
    return atomic_load(&cpus[starting_cpu].is_online);
}

static bool start_cpu(uint64_t trampoline, uint32_t apic)
{
    uint32_t sipi = APIC_STARTUP | (uint32_t)(trampoline >> PAGE_SHIFT);

    apic_send(apic, APIC_INIT);
    wait_online(INIT_WAIT_NS);
    apic_send(apic, sipi);
    if (!wait_online(SIPI_WAIT_NS))
        apic_send(apic, sipi);
    return wait_online(START_WAIT_NS);
}

bool smp_boot(uint64_t trampoline, uint32_t limit)
{
    uint8_t *page = host_map((paddr_t){trampoline}, PAGE_SIZE, PT_READ | PT_WRITE);
    struct trampoline_words *words =
        (struct trampoline_words *)(page + (trampoline_words - trampoline_start));
    uint32_t self = apic_id();
    bool agrees = true;

    memcpy(page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
    words->startup_root = host_startup_root((paddr_t){trampoline}).v;
    words->entry = (uint64_t)cpu_switch_stack;
    words->stack = PRIVATE_VA + PRIVATE_STACK_TOP;
    words->go = (uint64_t)cpu_main;
    for (uint32_t i = 0; i < acpi.cpu_count && cpu_count < limit; i++) {
        if (acpi.cpu_apic_id[i] == self)
            continue;
        words->root = host_pt_cpu(cpu_count).v;
        starting_cpu = cpu_count;
        if (!start_cpu(trampoline, acpi.cpu_apic_id[i])) {
            log_line(LOG_ERROR, "smp: the CPU with APIC ID %u does not start", acpi.cpu_apic_id[i]);
            continue;
        }
        cpu_count++;
        agrees = compare_tsc() && agrees;
    }
    log_line(LOG_NOTICE, "smp: %u of %u CPUs", cpu_count, acpi.cpu_count);
    return agrees;
}
