/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the virtual addresses below 4 GiB of a test guest:
 *     0x10000000  code and stack of compatibility mode
 *     0x20000000  code and stack of privilege 3
 *     0x30000000  low_alloc()
 *     0x40000000  crossing_buffer(), edge_buffer(), readonly_page(), each beside holes
 */
#include "tests/guest/modes.h"

#include <stdbool.h>

#include "guest-kernel/guest.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/traps.h"
#include "lib/insn.h"
#include "lib/string.h"

/* modes_entry.asm has the first one and the stack's end too. */
#define COMPAT_CODE     0x10000000u
#define COMPAT_STACK    0x10001000u
#define USER_CODE       0x20000000u
#define USER_STACK      0x20001000u
#define LOW_DATA        0x30000000u
#define CROSSING_BUFFER 0x40000000u
#define EDGE_BUFFER     0x40010000u
#define READONLY_PAGE   0x40020000u

#define INSN_SIZE 3
#define DATA      (MAP_PRESENT | MAP_WRITE | MAP_USER | MAP_NX)

extern const uint8_t compat_code[], compat_code_insn[], compat_code_end[];
extern const uint8_t user_code[], user_code_end[];

struct compat_registers {
    uint32_t eax, ebx, ecx, edx, esi, edi;
};

struct user_registers {
    uint64_t rax, rdi, rsi, rdx, rip, rsp;
};

void user_enter(const struct user_registers *registers);

/* Maps a new zeroed page. */
static void *map_new(uint64_t vaddr, uint64_t flags)
{
    void *page = page_alloc();

    if (!page || map_page(vaddr, virt_to_phys(page), flags) != 0)
        guest_panic("no memory for the page at %lx", vaddr);
    return page;
}

/* SDM Vol. 2C, VMCALL; APM Vol. 3, VMMCALL. */
void write_hypercall_insn(uint8_t *to)
{
    static const uint8_t vmcall[INSN_SIZE] = {0x0f, 0x01, 0xc1};
    static const uint8_t vmmcall[INSN_SIZE] = {0x0f, 0x01, 0xd9};
    bool is_intel = cpuid(0, 0).ecx == 0x6c65746e; /* "ntel" of "GenuineIntel" */

    memcpy(to, is_intel ? vmcall : vmmcall, INSN_SIZE);
}

static void *bytes_at(uint64_t vaddr)
{
    return (void *)(uintptr_t)vaddr;
}

void *low_alloc(size_t size)
{
    static uint64_t next = LOW_DATA;
    static uint64_t end = LOW_DATA;
    uint64_t start;

    if (next + size > end) {
        next = end;
        map_new(end, DATA);
        end += PAGE_SIZE;
    }
    start = next;
    next = (next + size + 15) & ~(uint64_t)15;
    return bytes_at(start);
}

void *crossing_buffer(size_t size)
{
    static bool is_mapped;
    uint8_t *boundary = bytes_at(CROSSING_BUFFER + PAGE_SIZE);

    if (!is_mapped) {
        map_new(CROSSING_BUFFER + PAGE_SIZE, DATA);
        if (!page_alloc())
            guest_panic("no page between the two of the crossing buffer");
        map_new(CROSSING_BUFFER, DATA);
        is_mapped = true;
    }
    memset(boundary - size / 2, 0, size);
    return boundary - size / 2;
}

void *edge_buffer(size_t size)
{
    static bool is_mapped;
    uint8_t *end = bytes_at(EDGE_BUFFER + PAGE_SIZE);

    if (!is_mapped)
        map_new(EDGE_BUFFER, DATA);
    is_mapped = true;
    memset(end - size, 0, size);
    return end - size;
}

void *readonly_page_alias(void)
{
    static void *alias;

    if (!alias)
        alias = map_new(READONLY_PAGE, MAP_PRESENT | MAP_NX);
    return alias;
}

void *readonly_page(void)
{
    readonly_page_alias();
    return bytes_at(READONLY_PAGE);
}

int64_t hypercall_compat(unsigned int number, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4,
                         uint32_t a5)
{
    static struct compat_registers *registers;
    void (*run)(struct compat_registers *) =
        (void (*)(struct compat_registers *))(uintptr_t)COMPAT_CODE;
    bool irqs;

    if (!registers) {
        uint8_t *page = map_new(COMPAT_CODE, MAP_PRESENT | MAP_WRITE);

        registers = low_alloc(sizeof(*registers));
        map_new(COMPAT_STACK, DATA);
        memcpy(page, compat_code, (size_t)(compat_code_end - compat_code));
        write_hypercall_insn(page + (compat_code_insn - compat_code));
    }
    *registers = (struct compat_registers){number, a1, a2, a3, a4, a5};
    irqs = irq_save();
    run(registers);
    irq_restore(irqs);
    return (int32_t)registers->eax;
}

static void enter(void *arg)
{
    user_enter(arg);
}

int64_t hypercall_user(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3)
{
    static bool is_mapped;
    struct user_registers registers = {number, a1, a2, a3, USER_CODE, USER_STACK + PAGE_SIZE};
    struct trap_record record;

    if (!is_mapped) {
        uint8_t *page = map_new(USER_CODE, MAP_PRESENT | MAP_USER);

        map_new(USER_STACK, DATA);
        memcpy(page, user_code, (size_t)(user_code_end - user_code));
        write_hypercall_insn(page);
        is_mapped = true;
    }
    if (trap_expect(enter, &registers, &record) != TRAP_UD ||
        record.frame.rip != USER_CODE + INSN_SIZE)
        guest_panic("privilege 3 ended with trap %lu at %lx", record.frame.vector,
                    record.frame.rip);
    return (int64_t)record.frame.rax;
}
