/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the descriptor tables, the handler of each interrupt vector, and the decision what a trap
 * means: an interrupt for its handler, an exception somebody expects, or the end of the guest.
 */
#include "guest-kernel/traps.h"

#include <stddef.h>

#include "guest-kernel/console.h"
#include "guest-kernel/cpu.h"
#include "guest-kernel/guest.h"
#include "lib/insn.h"
#include "pv-abi/sched.h"

#define TRAP_STUB_SIZE  16
#define GATE_INTERRUPT  0x8eu /* present, 64-bit interrupt gate (APM Vol. 2, 4.8.4) */
#define GATE_BREAKPOINT 0xeeu /* the same, allowed from privilege 3 */
#define IST_FAULT       1
#define TSS_DESCRIPTOR  0x89u
#define GDT_ENTRIES     8
#define BACKTRACE_MAX   8

/* Gate of the IDT (APM Vol. 2, 4.8.4). */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "APM Vol. 2, 4.8.4");

/* 64-bit task state segment (APM Vol. 2, 12.2.5). */
struct tss {
    uint32_t reserved0;
    uint32_t rsp[3][2]; /* low and high half, for they are not aligned */
    uint32_t reserved1[2];
    uint32_t ist[7][2];
    uint32_t reserved2[2];
    uint16_t reserved3;
    uint16_t io_map;
};
_Static_assert(sizeof(struct tss) == 104, "APM Vol. 2, 12.2.5");

_Static_assert(offsetof(struct cpu, expect_rsp) == 16, "CPU_EXPECT_RSP of trap_entry.asm");
_Static_assert(offsetof(struct cpu, expect_rflags) == 24, "CPU_EXPECT_RFLAGS of trap_entry.asm");
_Static_assert(offsetof(struct cpu, expect_record) == 32, "CPU_EXPECT_RECORD of trap_entry.asm");

extern const uint8_t trap_stubs[];
extern const uint8_t trap_expect_caught[];

struct cpu cpu_table[GUEST_CPUS_MAX];

static struct gate idt[TRAP_VECTOR_COUNT];
static uint64_t gdts[GUEST_CPUS_MAX][GDT_ENTRIES];
static struct tss tsses[GUEST_CPUS_MAX];
/* For double faults and NMIs, and for entries from privilege 3. */
static uint8_t fault_stacks[GUEST_CPUS_MAX][CPU_FAULT_STACK] __attribute__((aligned(16)));
trap_handler *trap_handlers[TRAP_VECTOR_COUNT];

void traps_set_handler(unsigned int vector, trap_handler *handler)
{
    __atomic_store_n(&trap_handlers[vector % TRAP_VECTOR_COUNT], handler, __ATOMIC_RELEASE);
}

static void gate_set(unsigned int vector)
{
    uint64_t stub = (uintptr_t)trap_stubs + vector * TRAP_STUB_SIZE;
    bool is_fault = vector == TRAP_DF || vector == TRAP_NMI;

    idt[vector].offset_low = (uint16_t)stub;
    idt[vector].offset_middle = (uint16_t)(stub >> 16);
    idt[vector].offset_high = (uint32_t)(stub >> 32);
    idt[vector].selector = SEL_CODE64;
    idt[vector].ist = is_fault ? IST_FAULT : 0;
    idt[vector].type = vector == TRAP_BP ? GATE_BREAKPOINT : GATE_INTERRUPT;
}

static void stack_set(uint32_t slot[2], const void *end)
{
    slot[0] = (uint32_t)(uintptr_t)end;
    slot[1] = (uint32_t)((uintptr_t)end >> 32);
}

void traps_init_cpu(unsigned int cpu)
{
    static const uint64_t segments[] = {
        0,
        0x00af9b000000ffff, /* SEL_CODE64 */
        0x00cf93000000ffff, /* SEL_DATA */
        0x00cf9b000000ffff, /* SEL_CODE32 */
        0x00affb000000ffff, /* SEL_USER_CODE64 */
        0x00cff3000000ffff, /* SEL_USER_DATA */
    };
    uint64_t *gdt = gdts[cpu];
    struct tss *tss = &tsses[cpu];
    uint64_t base = (uintptr_t)tss;
    struct table_pointer gdt_pointer = {GDT_ENTRIES * 8 - 1, (uintptr_t)gdt};
    struct table_pointer idt_pointer = {sizeof(idt) - 1, (uintptr_t)idt};

    if (cpu == 0) {
        for (unsigned int vector = 0; vector < TRAP_VECTOR_COUNT; vector++)
            gate_set(vector);
    }
    for (unsigned int i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
        gdt[i] = segments[i];
    gdt[SEL_TSS / 8] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 |
                       (uint64_t)TSS_DESCRIPTOR << 40 | (base >> 24 & 0xff) << 56;
    gdt[SEL_TSS / 8 + 1] = base >> 32;
    tss->io_map = sizeof(*tss);
    stack_set(tss->rsp[0], fault_stacks[cpu] + CPU_FAULT_STACK);
    stack_set(tss->ist[IST_FAULT - 1], fault_stacks[cpu] + CPU_FAULT_STACK);
    lgdt(&gdt_pointer);
    lidt(&idt_pointer);
    ltr(SEL_TSS);
    cpu_table[cpu].self = &cpu_table[cpu];
    cpu_table[cpu].id = cpu;
    wrmsr(MSR_GS_BASE, (uintptr_t)&cpu_table[cpu]);
}

static void print_backtrace(const struct trap_frame *frame)
{
    const uint64_t *link = (const uint64_t *)(uintptr_t)frame->rbp;

    console_printf("called from");
    for (unsigned int i = 0; i < BACKTRACE_MAX; i++) {
        if ((uintptr_t)link < (uintptr_t)frame || ((uintptr_t)link & 7) != 0)
            break;
        console_printf(" %016lx", link[1]);
        link = (const uint64_t *)(uintptr_t)link[0];
    }
    console_printf("\n");
}

static _Noreturn void trap_die(const struct trap_frame *frame)
{
    static bool is_dying;

    if (__atomic_exchange_n(&is_dying, true, __ATOMIC_ACQ_REL))
        guest_shutdown(SHUTDOWN_crash);
    console_printf("guest: unexpected trap %lu, error %lx, CR2 %016lx, vcpu %u\n", frame->vector,
                   frame->error, read_cr2(), cpu_id());
    console_printf("RIP %04lx:%016lx RSP %04lx:%016lx RFLAGS %08lx\n", frame->cs, frame->rip,
                   frame->ss, frame->rsp, frame->rflags);
    console_printf("RAX %016lx RBX %016lx RCX %016lx RDX %016lx\n", frame->rax, frame->rbx,
                   frame->rcx, frame->rdx);
    console_printf("RSI %016lx RDI %016lx RBP %016lx R8  %016lx\n", frame->rsi, frame->rdi,
                   frame->rbp, frame->r8);
    console_printf("R9  %016lx R10 %016lx R11 %016lx R12 %016lx\n", frame->r9, frame->r10,
                   frame->r11, frame->r12);
    console_printf("R13 %016lx R14 %016lx R15 %016lx CR3 %016lx\n", frame->r13, frame->r14,
                   frame->r15, read_cr3());
    print_backtrace(frame);
    guest_shutdown(SHUTDOWN_crash);
}

void traps_dispatch(struct trap_frame *frame)
{
    struct cpu *cpu = cpu_this();
    trap_handler *handler = __atomic_load_n(&trap_handlers[frame->vector], __ATOMIC_ACQUIRE);

    if (handler) {
        handler();
        return;
    }
    if (frame->vector >= TRAP_VECTOR_FIRST_IRQ || cpu->expect_rsp == 0)
        trap_die(frame);
    if (cpu->expect_record) {
        cpu->expect_record->frame = *frame;
        cpu->expect_record->cr2 = frame->vector == TRAP_PF ? read_cr2() : 0;
    }
    frame->rax = frame->vector;
    frame->rip = (uintptr_t)trap_expect_caught;
    frame->cs = SEL_CODE64;
    frame->ss = SEL_DATA;
    frame->rsp = cpu->expect_rsp;
    frame->rflags = cpu->expect_rflags;
}
