/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs, clock, kicks and vCPU loading of the fake architecture. */
#define _GNU_SOURCE
#include "tests/fake/fake_cpu.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/console.h"
#include "core/domain.h"
#include "core/log.h"
#include "lib/errno.h"
#include "tests/fake/fake_memory.h"

FAKE_LOCAL struct percpu fake_percpu;
struct cpu cpus[CPU_MAX];
uint32_t cpu_count;
FAKE_LOCAL struct vcpu_private fake_vcpu_private, fake_vcpu_private_other[2];
bool lock_knows_cpu;
uint32_t tsc_khz = 1000000;
uint32_t tsc_mul = UINT32_C(1) << 31;
int8_t tsc_shift = 1;
uint64_t wall_ns_at_start = UINT64_C(1700000000123456789);

_Atomic uint64_t fake_ns;
_Atomic uint32_t fake_kicks, fake_loads, fake_saves;
int fake_vcpu_init_budget = -1;
_Atomic int fake_vcpus;
FAKE_LOCAL struct guest_paging fake_paging;
char fake_console[4096];
jmp_buf fake_machine_exit;
static struct percpu others[CPU_MAX]; /* of the CPUs that this one is not */
static uint64_t armed[CPU_MAX];

void fake_cpus_init(uint32_t count, uint64_t start_ns)
{
    memset(cpus, 0, sizeof(cpus));
    memset(others, 0, sizeof(others));
    for (uint32_t i = 0; i < count; i++) {
        cpus[i].id = i;
        atomic_store(&cpus[i].is_online, true);
        armed[i] = UINT64_MAX;
        others[i].id = i;
        others[i].cpu = &cpus[i];
        others[i].window = &fake_percpu.idle_window;
    }
    cpu_count = count;
    fake_percpu = others[0];
    lock_knows_cpu = true;
    fake_ns = start_ns;
    fake_kicks = fake_loads = fake_saves = 0;
    fake_vcpu_init_budget = -1;
    fake_paging = (struct guest_paging){.is_long = true};
    fake_console[0] = '\0';
}

void fake_on_cpu(uint32_t cpu)
{
    others[fake_percpu.id] = fake_percpu;
    fake_percpu = others[cpu];
}

void fake_be_cpu(uint32_t cpu)
{
    fake_percpu = others[cpu];
    fake_percpu.window = &fake_percpu.idle_window;
    fake_paging = (struct guest_paging){.is_long = true};
}

struct vcpu *fake_current(uint32_t cpu)
{
    return cpu == fake_percpu.id ? fake_percpu.current : others[cpu].current;
}

uint64_t fake_armed(uint32_t cpu)
{
    return armed[cpu];
}

void cpu_kick(struct cpu *cpu, uint32_t bits)
{
    if (atomic_fetch_or(&cpu->pending, bits) == 0 && cpu != fake_percpu.cpu &&
        atomic_load(&cpu->in_guest))
        fake_kicks++;
}

/* CPUs that are threads share the host's. */
void cpu_relax(void)
{
    syscall(SYS_sched_yield);
}

uint64_t tsc_read(void)
{
    return fake_ns;
}

uint64_t time_ns_of_tsc(uint64_t tsc)
{
    return tsc;
}

void cpu_timer_arm(uint64_t deadline_ns)
{
    armed[fake_percpu.id] = deadline_ns;
}

/* Where V's registers are while it is not loaded, in memory of the test's. NULL: V is the test's.
 */
static struct vcpu_private *private_of(const struct vcpu *v)
{
    return (struct vcpu_private *)v->arch.private_frame.v;
}

int arch_vcpu_init(struct vcpu *v)
{
    if (fake_vcpu_init_budget == 0)
        return -ENOMEM;
    if (fake_vcpu_init_budget > 0)
        fake_vcpu_init_budget--;
    fake_vcpus++;
    v->arch.private_frame.v =
        (uint64_t)mmap(NULL, sizeof(struct vcpu_private), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    fake_vcpus--;
    munmap(private_of(v), sizeof(struct vcpu_private));
}

void arch_vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
    fake_saves += prev != NULL;
    fake_loads += next != NULL;
    if (prev != NULL && private_of(prev) != NULL)
        *private_of(prev) = fake_vcpu_private;
    if (next != NULL && private_of(next) != NULL)
        fake_vcpu_private = *private_of(next);
    if (next != NULL)
        fake_tlb_load(next);
}

bool arch_vcpu_has_event(const struct vcpu *v)
{
    return evtchn_upcall_pending(v);
}

static bool get_paging(struct guest_paging *paging)
{
    bool was_same = memcmp(paging, &fake_paging, sizeof(*paging)) == 0;

    *paging = fake_paging;
    return was_same;
}

static unsigned get_mode(void)
{
    return fake_paging.cpl | (fake_paging.is_long ? VM_MODE_LONG : 0);
}

static uint64_t get_reg(enum vm_reg which)
{
    return 0x1000 + which;
}

static const struct virt_ops fake_virt = {
    .get_mode = get_mode, .get_paging = get_paging, .get_reg = get_reg, .flush = fake_tlb_flush};
const struct virt_ops *virt = &fake_virt;

void machine_power_off(void)
{
    longjmp(fake_machine_exit, 1);
}

void machine_reset(void)
{
    longjmp(fake_machine_exit, 2);
}

void host_console_write(const char *text, size_t size)
{
    size_t used = strlen(fake_console);

    if (size < sizeof(fake_console) - used) {
        memcpy(fake_console + used, text, size);
        fake_console[used + size] = '\0';
    }
}

void panic(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}
