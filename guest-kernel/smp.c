/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the start of further vcpus. One is started at a time, by the first vcpu. */
#include "guest-kernel/smp.h"

#include <stddef.h>

#include "guest-kernel/apic.h"
#include "guest-kernel/cpu.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/pagetable.h"
#include "guest-kernel/time.h"
#include "guest-kernel/traps.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "pv-abi/sched.h"
#include "pv-abi/vcpu.h"

#define STACK_PAGES       (CPU_STACK_SIZE / PAGE_SIZE)
#define APIC_IDS_PER_VCPU 2 /* A vcpu's APIC ID is twice its number. */
#define START_TIMEOUT     (60 * NS_PER_SECOND)

/* trampoline.asm has the same layout. */
struct trampoline_parameters {
    uint64_t start_root;
    uint64_t kernel_root;
    uint64_t stack;
    uint64_t cpu;
};

extern const uint8_t trampoline_start[], trampoline_parameters[], trampoline_end[];

_Noreturn void smp_main(uint64_t cpu);

static struct {
    void (*run)(void *arg);
    void *arg;
    uint8_t *stack; /* stays with the vcpu */
    bool is_up;
} starts[GUEST_CPUS_MAX];

unsigned int smp_cpu_count(void)
{
    unsigned int count = 0;

    while (count < XEN_LEGACY_MAX_VCPUS && hypercall_vcpu_op(VCPUOP_is_up, count, NULL) >= 0)
        count++;
    return count;
}

bool smp_cpu_is_up(unsigned int cpu)
{
    return hypercall_vcpu_op(VCPUOP_is_up, cpu, NULL) == 1;
}

/* Called by trampoline.asm on a started vcpu, with interrupts off. */
void smp_main(uint64_t cpu)
{
    traps_init_cpu((unsigned int)cpu);
    apic_enable();
    __atomic_store_n(&starts[cpu].is_up, true, __ATOMIC_RELEASE);
    irq_enable();
    starts[cpu].run(starts[cpu].arg);
    irq_disable();
    for (;;)
        cpu_halt();
}

/* Puts the trampoline at `page` and says which vcpu comes through it. */
static void prepare_trampoline(uint64_t page, unsigned int cpu, const uint8_t *stack)
{
    struct trampoline_parameters parameters = {
        .start_root = pagetable_start_root(),
        .kernel_root = pagetable_root(),
        .stack = (uintptr_t)stack + CPU_STACK_SIZE,
        .cpu = cpu,
    };
    uint8_t *to = phys_to_virt(page);

    memcpy(to, trampoline_start, (size_t)(trampoline_end - trampoline_start));
    memcpy(to + (trampoline_parameters - trampoline_start), &parameters, sizeof(parameters));
}

int smp_start(unsigned int cpu, void (*run)(void *arg), void *arg)
{
    uint64_t page = memory_low_page();
    uint64_t end = time_now() + START_TIMEOUT;
    uint8_t *stack;

    if (cpu == 0 || cpu >= GUEST_CPUS_MAX || hypercall_vcpu_op(VCPUOP_is_up, cpu, NULL) < 0)
        return -XEN_ENOENT;
    stack = starts[cpu].stack ? starts[cpu].stack : pages_alloc(STACK_PAGES, 1);
    if (!page || !stack)
        return -XEN_ENOMEM;
    starts[cpu].stack = stack;
    starts[cpu].run = run;
    starts[cpu].arg = arg;
    __atomic_store_n(&starts[cpu].is_up, false, __ATOMIC_RELEASE);
    prepare_trampoline(page, cpu, stack);
    apic_enable();
    apic_send(cpu * APIC_IDS_PER_VCPU, APIC_ICR_INIT | APIC_ICR_ASSERT);
    apic_send(cpu * APIC_IDS_PER_VCPU, APIC_ICR_STARTUP | (uint32_t)(page >> PAGE_SHIFT));
    while (!__atomic_load_n(&starts[cpu].is_up, __ATOMIC_ACQUIRE)) {
        if (time_now() > end)
            return -XEN_ETIME;
        hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    return 0;
}
