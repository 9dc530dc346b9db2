/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions reach the guest with the right vector, error code and address. */
#include "guest-kernel/memory.h"
#include "guest-kernel/traps.h"
#include "lib/compiler.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "tests/guest/check.h"
#include "tests/guest/modes.h"

#define NAME_MAX 80

/* Page fault error code (APM Vol. 2, 8.4.2). */
#define PF_PRESENT 1
#define PF_WRITE   2
#define PF_FETCH   16

/* fault_insns.asm: one instruction, then RET. */
void fault_divide(void);
void fault_breakpoint(void);
void fault_vmrun(void);
void fault_vmxon(void);
void fault_monitor(void);
void fault_step(void);
void fault_bad_segment(void);
void fault_far_segment(void);
void fault_interrupt(void);
void fault_cr0(void);
void fault_xcr0(void);

static void check_part(const char *name, const char *part, uint64_t got, uint64_t want)
{
    char text[NAME_MAX];

    format_str(text, sizeof(text), "%s, %s", name, part);
    check(text, (int64_t)got, (int64_t)want);
}

static void run(void *arg)
{
    void (*instruction)(void) = *(void (**)(void))arg;

    instruction();
}

static void read_byte(void *arg)
{
    *(volatile uint8_t *)*(uint64_t *)arg;
}

static void write_byte(void *arg)
{
    *(volatile uint8_t *)*(uint64_t *)arg = 0;
}

static void jump(void *arg)
{
    void (*target)(void) = (void (*)(void)) * (uint64_t *)arg;

    target();
}

static void instructions(void)
{
    static const struct {
        const char *name;
        void (*instruction)(void);
        int want;
        uint64_t error;
    } cases[] = {
        {"exceptions/divide by zero", fault_divide, TRAP_DE, 0},
        {"exceptions/single step", fault_step, TRAP_DB, 0},
        {"exceptions/breakpoint", fault_breakpoint, TRAP_BP, 0},
        {"exceptions/undefined", undefined_insn, TRAP_UD, 0},
        {"exceptions/VMRUN", fault_vmrun, TRAP_UD, 0},
        {"exceptions/VMXON", fault_vmxon, TRAP_UD, 0},
        {"exceptions/MONITOR", fault_monitor, TRAP_UD, 0},
        {"exceptions/a selector past the GDT", fault_far_segment, TRAP_GP, 0x1230},
        {"exceptions/code in a data segment register", fault_bad_segment, TRAP_GP, 0x30},
        {"exceptions/INT raises nothing", fault_interrupt, -1, 0},
        {"exceptions/CR0, paging without protection", fault_cr0, TRAP_GP, 0},
        {"exceptions/XCR0 without x87", fault_xcr0, TRAP_GP, 0},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(cases); i++) {
        struct trap_record record = {.cr2 = 0};
        void (*instruction)(void) = cases[i].instruction;

        check(cases[i].name, trap_expect(run, &instruction, &record), cases[i].want);
        if (cases[i].error != 0)
            check_part(cases[i].name, "error code", record.frame.error, cases[i].error);
    }
}

/* One step shows in DR6. */
static void step(void)
{
    void (*instruction)(void) = fault_step;

    write_dr6(0);
    check("exceptions/a step", trap_expect(run, &instruction, NULL), TRAP_DB);
    check("exceptions/a step, DR6", (int64_t)(read_dr6() & DR6_BS), (int64_t)DR6_BS);
}

static void page_faults(void)
{
    extern const uint8_t image_start[];
    const struct {
        const char *name;
        void (*access)(void *);
        uint64_t address;
        uint64_t error;
    } cases[] = {
        {"exceptions/read of nothing", read_byte, UNMAPPED_ADDRESS, 0},
        {"exceptions/write to nothing", write_byte, UNMAPPED_ADDRESS + 8, PF_WRITE},
        {"exceptions/write to a readonly page", write_byte, (uintptr_t)readonly_page() + 16,
         PF_WRITE | PF_PRESENT},
        {"exceptions/write to code", write_byte, (uintptr_t)image_start, PF_WRITE | PF_PRESENT},
        {"exceptions/execution of data", jump, (uintptr_t)low_alloc(16), PF_FETCH | PF_PRESENT},
        {"exceptions/execution of nothing", jump, UNMAPPED_ADDRESS, PF_FETCH},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(cases); i++) {
        struct trap_record record = {.cr2 = 0};
        uint64_t address = cases[i].address;

        check(cases[i].name, trap_expect(cases[i].access, &address, &record), TRAP_PF);
        check_part(cases[i].name, "error code", record.frame.error, cases[i].error);
        check_part(cases[i].name, "CR2", record.cr2, address);
    }
}

static void not_canonical(void)
{
    uint64_t address = NON_CANONICAL_ADDRESS;

    check("exceptions/read of a non-canonical address", trap_expect(read_byte, &address, NULL),
          TRAP_GP);
}

static unsigned int interrupts;

static void count_interrupt(void)
{
    interrupts++;
}

/* A software interrupt runs its gate; the hypervisor has no part in it. */
static void software_interrupt(void)
{
    check("exceptions/INT has run its handler", interrupts, 1);
}

void test_cases(void)
{
    traps_set_handler(0x80, count_interrupt);
    instructions();
    step();
    software_interrupt();
    page_faults();
    not_canonical();
}
