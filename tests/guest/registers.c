/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No exit changes a register that its instruction does not change: every general and vector
 * register holds a pattern across each kind of exit.
 */
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/compiler.h"
#include "lib/cpu_bits.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "pv-abi/memory.h"
#include "tests/guest/check.h"
#include "tests/guest/regfile.h"

#define UNCLAIMED_PORT 0x2e0
#define APIC_PAGE_ID   0xfee00020u
#define ROUNDS         8
#define BIT(reg)       (1u << (reg))

void op_hypercall(void);
void op_yields(void);
void op_cpuid(void);
void op_in(void);
void op_out(void);
void op_rdmsr(void);
void op_wrmsr(void);
void op_halt(void);
void op_read(void);
void op_read_32(void);
void op_write(void);
void op_wbinvd(void);
void op_write_cr4(void);
void op_xgetbv(void);
void op_xsetbv(void);

static bool has_avx;

struct operation {
    const char *name;
    void (*run)(void);
    /* Up to three registers that the instruction takes, */
    struct {
        unsigned int reg;
        uint64_t value;
    } inputs[3];
    unsigned int input_count;
    uint32_t changed; /* and those that it changes. */
};

/* Runs the operation several times with different patterns. */
static void check_operation(const struct operation *op)
{
    unsigned int differences = 0;

    for (unsigned int round = 0; round < ROUNDS; round++) {
        struct regfile before, after;

        memset(&before, 0, sizeof(before));
        regfile_fill(&before, 1000 * round + 1, has_avx);
        before.operation = op->run;
        for (unsigned int i = 0; i < op->input_count; i++)
            before.gpr[op->inputs[i].reg] = op->inputs[i].value;
        after = before;
        bool irqs = irq_save();
        regfile_run(&after);
        irq_restore(irqs);
        differences += regfile_differences(&before, &after, op->changed);
    }
    check(op->name, differences, 0);
}

static void instructions(void)
{
    static const struct operation operations[] = {
        {"registers/hypercall", op_hypercall, {{REG_RDI, 0}, {REG_RSI, 0}}, 2, BIT(REG_RAX)},
        {"registers/yield", op_yields, {{REG_RDI, 0}, {REG_RSI, 0}}, 2, BIT(REG_RAX)},
        {"registers/CPUID",
         op_cpuid,
         {{REG_RAX, 1}, {REG_RCX, 0}},
         2,
         BIT(REG_RAX) | BIT(REG_RBX) | BIT(REG_RCX) | BIT(REG_RDX)},
        {"registers/IN", op_in, {{REG_RDX, UNCLAIMED_PORT}}, 1, BIT(REG_RAX)},
        {"registers/OUT", op_out, {{REG_RDX, UNCLAIMED_PORT}}, 1, 0},
        {"registers/RDMSR", op_rdmsr, {{REG_RCX, MSR_EFER}}, 1, BIT(REG_RAX) | BIT(REG_RDX)},
        {"registers/WRMSR",
         op_wrmsr,
         {{REG_RCX, MSR_LSTAR}, {REG_RAX, 0x1000}, {REG_RDX, 0}},
         3,
         0},
        {"registers/WBINVD", op_wbinvd, {{REG_RAX, 0}}, 0, 0},
        {"registers/the APIC page",
         op_read_32,
         {{REG_RDI, DIRECT_MAP + APIC_PAGE_ID}},
         1,
         BIT(REG_RAX)},
    };

    for (unsigned int i = 0; i < ARRAY_COUNT(operations); i++)
        check_operation(&operations[i]);
}

/* What IN leaves in the rest of RAX: 8-bit input does not touch it. */
static void input_width(void)
{
    struct regfile file;

    memset(&file, 0, sizeof(file));
    regfile_fill(&file, 7, has_avx);
    file.operation = op_in;
    file.gpr[REG_RAX] = 0x1122334455667788;
    file.gpr[REG_RDX] = UNCLAIMED_PORT;
    regfile_run(&file);
    check("registers/IN to AL changes no more", (int64_t)file.gpr[REG_RAX], 0x11223344556677ff);
}

static void control_registers(void)
{
    struct operation cr4 = {"registers/MOV CR4", op_write_cr4, {{REG_RAX, read_cr4()}}, 1, 0};
    struct operation xcr0 = {
        "registers/XSETBV", op_xsetbv, {{REG_RCX, 0}, {REG_RAX, 7}, {REG_RDX, 0}}, 3, 0};

    check_operation(&cr4);
    if (has_avx)
        check_operation(&xcr0);
    else
        check_skip("registers/XSETBV", "no AVX");
}

static void again(struct timer *timer)
{
    timer_start(timer, time_now() + 2 * NS_PER_MS);
}

/* The timer's interrupt ends the halt; its handler leaves every register as it was. */
static void halt(void)
{
    static const struct operation op = {"registers/HLT and an interrupt", op_halt, {{0, 0}}, 0, 0};
    struct timer timer = {.expire = again};

    again(&timer);
    check_operation(&op);
    timer_stop(&timer);
}

/* A page that the hypervisor has only just given: its first use may exit. */
static void first_touch(void)
{
    uint8_t *page = page_alloc();
    uint64_t gfn = virt_to_gfn(page);
    struct xen_memory_reservation arg = {
        .extent_start = (uintptr_t)&gfn, .nr_extents = 1, .domid = DOMID_SELF};
    struct operation read = {
        "registers/first read of a page", op_read, {{REG_RDI, (uintptr_t)page}}, 1, BIT(REG_RAX)};
    struct operation write = {
        "registers/first write to a page", op_write, {{REG_RDI, (uintptr_t)page}}, 1, 0};

    for (unsigned int i = 0; i < 2; i++) {
        if (hypercall_memory_op(XENMEM_decrease_reservation, &arg) != 1 ||
            hypercall_memory_op(XENMEM_populate_physmap, &arg) != 1)
            guest_panic("frame %lx did not go and come back", gfn);
        check_operation(i == 0 ? &read : &write);
    }
}

/* A vcpu begins with the vector state of a reset, and with nobody else's. */
static void initial_state(void)
{
    struct regfile file;
    unsigned int set_bytes = 0;

    memset(&file, 0, sizeof(file));
    regfile_store_vectors(&file);
    for (unsigned int i = 0; i < REG_VECTORS; i++) {
        for (unsigned int j = 0; j < REG_VECTOR_SIZE; j++)
            set_bytes += file.vectors[i][j] != 0;
    }
    check("registers/vector registers begin as 0", set_bytes, 0);
    check("registers/MXCSR begins with its reset value", file.mxcsr, MXCSR_RESET);
}

void test_cases(void)
{
    has_avx = regfile_enable_vectors();
    if (!has_avx)
        check_skip("registers/YMM", "no AVX");
    initial_state();
    instructions();
    input_width();
    control_registers();
    halt();
    first_touch();
}
