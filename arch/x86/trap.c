/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the host's descriptor tables and the dispatch of its exceptions and interrupts. */
#include "arch/x86/trap.h"

#include "arch/x86/apic.h"
#include "arch/x86/irq.h"
#include "arch/x86/layout.h"
#include "arch/x86/percpu.h"
#include "lib/insn.h"

/* GDT slots: null, code, data, TSS (two). APM Vol. 2 4.8. */
#define GDT_CODE64     UINT64_C(0x00af9b000000ffff)
#define GDT_DATA       UINT64_C(0x00cf93000000ffff)
#define GDT_TSS        UINT64_C(0x0000890000000000) /* available: APM Vol. 2 4.8.3 */
#define SELECTOR_CODE  UINT64_C(0x08)
#define SELECTOR_TSS   0x18u
#define GATE_INTERRUPT UINT64_C(0x8e00) /* present, DPL 0, interrupt gate: APM Vol. 2 4.8.4 */

#define TRAP_NMI       2u
#define TRAP_DF        8u
#define TRAP_MC        18u
#define EXCEPTIONS     32u
#define TRAP_STUB_SIZE 5u /* trap_entry.asm */

/* APM Vol. 2 12.2.5; only the interrupt stacks are used. They lie at the same address on every CPU,
 * so that one TSS serves all. */
static const struct {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1;
    uint64_t ist[7]; /* the first has number 1 */
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed)) tss = {
    .ist = {PRIVATE_VA + PRIVATE_IST_DF + PAGE_SIZE, PRIVATE_VA + PRIVATE_IST_NMI + PAGE_SIZE,
            PRIVATE_VA + PRIVATE_IST_MC + PAGE_SIZE},
    .io_map = sizeof(tss),
};
_Static_assert(sizeof(tss) == 104, "APM Vol. 2 12.2.5");
static const uint8_t ist_of[EXCEPTIONS] = {[TRAP_DF] = 1, [TRAP_NMI] = 2, [TRAP_MC] = 3};

static uint64_t gdt[5] = {0, GDT_CODE64, GDT_DATA};
static struct {
    uint64_t low, high;
} idt[256] ALIGNED(16);

void trap_init_cpu(void)
{
    uint64_t base = (uint64_t)&tss;
    const struct table_pointer gdtr = {sizeof(gdt) - 1, (uint64_t)gdt};
    const struct table_pointer idtr = {sizeof(idt) - 1, (uint64_t)idt};

    for (unsigned vector = 0; vector < ARRAY_SIZE(idt); vector++) {
        uint64_t target = (uint64_t)(trap_stubs + vector * TRAP_STUB_SIZE);
        uint64_t ist = vector < EXCEPTIONS ? ist_of[vector] : 0;

        idt[vector].low = (target & 0xffff) | SELECTOR_CODE << 16 | ist << 32 |
                          GATE_INTERRUPT << 32 | (target >> 16 & 0xffff) << 48;
        idt[vector].high = target >> 32;
    }
    /* LTR on another CPU has marked it busy. */
    gdt[3] = GDT_TSS | (sizeof(tss) - 1) | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    gdt[4] = base >> 32;
    lgdt(&gdtr);
    lidt(&idtr);
    cpu_load_segments();
    ltr(SELECTOR_TSS);
}

static const char *const trap_name[EXCEPTIONS] = {
    [0] = "#DE divide",      [1] = "#DB debug",          [2] = "NMI",
    [3] = "#BP breakpoint",  [4] = "#OF overflow",       [5] = "#BR bound",
    [6] = "#UD bad opcode",  [7] = "#NM no FPU",         [8] = "#DF double fault",
    [10] = "#TS bad TSS",    [11] = "#NP not present",   [12] = "#SS stack",
    [13] = "#GP protection", [14] = "#PF page fault",    [16] = "#MF FPU",
    [17] = "#AC alignment",  [18] = "#MC machine check", [19] = "#XM SIMD",
    [21] = "#CP control",
};

void trap_dispatch(struct trap_frame *frame)
{
    unsigned vector = (unsigned)(frame->vector - (uint64_t)trap_stubs) / TRAP_STUB_SIZE - 1;

    frame->vector = vector;
    if (vector == TRAP_NMI) {
        panic_stop_if_asked();
        return; /* an NMI kicks: the exit that it caused is all it is for */
    }
    if (vector < EXCEPTIONS)
        panic_frame(frame, trap_name[vector] != NULL ? trap_name[vector] : "reserved exception");
    if (vector == VECTOR_SPURIOUS)
        return;
    apic_eoi();
    if (vector == VECTOR_TIMER)
        atomic_fetch_or(&this_cpu()->cpu->pending, CPU_PENDING_TIMER);
    else if (vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST)
        irq_dispatch(vector);
}
