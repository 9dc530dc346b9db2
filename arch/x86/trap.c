/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the host's descriptor tables and the dispatch of its exceptions and interrupts. */
#include "arch/x86/trap.h"

#include "arch/x86/apic.h"
#include "arch/x86/insn.h"
#include "arch/x86/irq.h"
#include "arch/x86/layout.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "core/log.h"

/* GDT slots: null, code, data, TSS (two). APM Vol. 2 4.8. */
#define GDT_CODE64    UINT64_C(0x00af9b000000ffff)
#define GDT_DATA      UINT64_C(0x00cf93000000ffff)
#define SELECTOR_CODE 0x08u
#define SELECTOR_TSS  0x18u
#define GATE_INTERRUPT                                                                             \
    UINT64_C(0x8e00)                  /* present, DPL 0, 64-bit interrupt gate: APM Vol. 2 4.8.4 */
#define TSS_DESCRIPTOR UINT64_C(0x89) /* present, available 64-bit TSS: APM Vol. 2 4.8.3 */

#define TRAP_NMI 2u
#define TRAP_DF  8u
#define TRAP_MC  18u
enum { IST_DF = 1, IST_NMI, IST_MC };

/* APM Vol. 2 12.2.5; only the stacks are used. */
struct tss {
    uint32_t reserved0;
    uint32_t rsp[6];
    uint32_t reserved1[2];
    uint32_t ist[14];
    uint32_t reserved2[2];
    uint16_t reserved3;
    uint16_t io_map;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "APM Vol. 2 12.2.5");

struct tables {
    uint64_t gdt[5];
    struct tss tss;
};

struct idt_gate {
    uint64_t low, high;
};

static struct idt_gate idt[256] ALIGNED(16);
static struct tables boot_tables ALIGNED(16);

static void set_gate(unsigned vector, unsigned ist)
{
    uint64_t target = (uint64_t)(trap_stubs + vector * 16u);

    idt[vector].low = (target & 0xffff) | (uint64_t)SELECTOR_CODE << 16 | (uint64_t)ist << 32 |
                      GATE_INTERRUPT << 32 | (target >> 16 & 0xffff) << 48;
    idt[vector].high = target >> 32;
}

static void set_ist(struct tss *tss, unsigned index, uint64_t top)
{
    tss->ist[(index - 1) * 2] = (uint32_t)top;
    tss->ist[(index - 1) * 2 + 1] = (uint32_t)(top >> 32);
}

static void fill_tables(struct tables *t)
{
    uint64_t base = (uint64_t)&t->tss;

    t->gdt[0] = 0;
    t->gdt[1] = GDT_CODE64;
    t->gdt[2] = GDT_DATA;
    t->gdt[3] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 | TSS_DESCRIPTOR << 40 |
                (base >> 24 & 0xff) << 56;
    t->gdt[4] = base >> 32;
    t->tss.io_map = sizeof(struct tss);
    set_ist(&t->tss, IST_DF, PRIVATE_VA + PRIVATE_IST_DF + PAGE_SIZE);
    set_ist(&t->tss, IST_NMI, PRIVATE_VA + PRIVATE_IST_NMI + PAGE_SIZE);
    set_ist(&t->tss, IST_MC, PRIVATE_VA + PRIVATE_IST_MC + PAGE_SIZE);
}

void trap_init_cpu(bool with_stacks)
{
    struct tables *t = with_stacks ? (struct tables *)(PRIVATE_VA + PRIVATE_TABLES) : &boot_tables;
    struct table_register gdtr = {sizeof(t->gdt) - 1, (uint64_t)t->gdt};
    struct table_register idtr = {sizeof(idt) - 1, (uint64_t)idt};

    fill_tables(t);
    for (unsigned vector = 0; vector < ARRAY_SIZE(idt); vector++)
        set_gate(vector, 0);
    if (with_stacks) {
        set_gate(TRAP_DF, IST_DF);
        set_gate(TRAP_NMI, IST_NMI);
        set_gate(TRAP_MC, IST_MC);
    }
    insn_lgdt(&gdtr);
    insn_lidt(&idtr);
    cpu_load_segments();
    insn_ltr(SELECTOR_TSS);
}

static const char *const trap_name[32] = {
    [0] = "#DE divide",      [1] = "#DB debug",          [2] = "NMI",
    [3] = "#BP breakpoint",  [4] = "#OF overflow",       [5] = "#BR bound",
    [6] = "#UD bad opcode",  [7] = "#NM no FPU",         [8] = "#DF double fault",
    [10] = "#TS bad TSS",    [11] = "#NP not present",   [12] = "#SS stack",
    [13] = "#GP protection", [14] = "#PF page fault",    [16] = "#MF FPU",
    [17] = "#AC alignment",  [18] = "#MC machine check", [19] = "#XM SIMD",
    [21] = "#CP control",
};

static void exception(const struct trap_frame *frame)
{
    const char *name = trap_name[frame->vector];

    panic_frame(frame, name ? name : "reserved exception");
}

void trap_dispatch(struct trap_frame *frame)
{
    unsigned vector = (unsigned)frame->vector;

    if (vector == TRAP_NMI) {
        panic_stop_if_asked();
        return; /* an NMI kicks: the exit that it caused is all it is for */
    }
    if (vector < 32)
        exception(frame);
    if (vector == VECTOR_SPURIOUS)
        return;
    apic_eoi();
    if (vector == VECTOR_TIMER)
        atomic_fetch_or(&this_cpu()->cpu->pending, CPU_PENDING_TIMER);
    else if (vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST)
        irq_dispatch(vector);
}
