/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the last words: reason, CPU, domain, registers, the calls on the stack with names; then
 * stops every CPU. */
#include "arch/x86/apic.h"
#include "arch/x86/host_console.h"
#include "arch/x86/layout.h"
#include "arch/x86/trap.h"
#include "core/domain.h"
#include "core/log.h"
#include "lib/format.h"
#include "lib/insn.h"
#include "lib/string.h"

#define BACKTRACE_MAX 16

uint16_t debug_exit_port;
static _Atomic bool is_panicking;

/* Made by tools/symbols.py from the first link: for each function, in order of address, 4 bytes of
 * offset from IMAGE_VA and its name. The last offset is that of no address. */
extern const char symbol_table[] __attribute__((weak));
extern const char text_end[];

static void say(const char *format, ...) PRINTF(1, 2);
static void say(const char *format, ...)
{
    char line[200];
    va_list args;

    va_start(args, format);
    format_va(line, sizeof(line), format, args);
    va_end(args);
    host_console_write_raw(line);
    host_console_write_raw("\n");
}

static bool is_text(uint64_t address)
{
    return address >= IMAGE_VA && address < (uint64_t)text_end;
}

/* An address in the text, with the function that holds it. */
static void say_address(const char *what, uint64_t address)
{
    const char *next = symbol_table, *name;
    uint32_t start, offset = 0;

    do {
        start = offset;
        name = next + sizeof(offset);
        next = name + strlen(name) + 1;
        memcpy(&offset, next, sizeof(offset));
    } while (offset <= address - IMAGE_VA);
    say("  %s %016lx %s+0x%lx", what, address, name, address - IMAGE_VA - start);
}

/* Whether ADDRESS lies behind a CALL: E8 with 32 bits, or FF with a register or a short operand
 * (APM Vol. 3, CALL). */
static bool is_return(uint64_t address)
{
    const uint8_t *code = (const uint8_t *)address;

    return is_text(address - 7) && (code[-5] == 0xe8 || code[-2] == 0xff || code[-3] == 0xff);
}

/* The code keeps no frame pointers: every return address between RSP and the stack's end, those
 * that returned calls have left included. */
static void say_stack(uint64_t rsp)
{
    uint64_t at =
        rsp - PRIVATE_VA < PRIVATE_STACK ? PRIVATE_VA + PRIVATE_STACK : rsp & ~UINT64_C(7);
    uint64_t end = at - PRIVATE_VA < PRIVATE_STACK_TOP ? PRIVATE_VA + PRIVATE_STACK_TOP
                                                       : (at | (PAGE_SIZE - 1)) + 1;

    for (int said = 0; at >= IMAGE_VA && at < end && said < BACKTRACE_MAX; at += 8) {
        uint64_t word = *(const uint64_t *)at;

        if (is_return(word)) {
            say_address("from", word);
            said++;
        }
    }
}

static void say_registers(const struct trap_frame *f)
{
    say("  vector %lu error %lx cr2 %016lx cr3 %016lx", f->vector, f->error, read_cr2(),
        read_cr3());
    say("  rax %016lx rcx %016lx rdx %016lx", f->rax, f->rcx, f->rdx);
    say("  rbx %016lx rsp %016lx rbp %016lx", f->rbx, f->rsp, f->rbp);
    say("  rsi %016lx rdi %016lx r8  %016lx", f->rsi, f->rdi, f->r8);
    say("  r9  %016lx r10 %016lx r11 %016lx", f->r9, f->r10, f->r11);
    say("  r12 %016lx r13 %016lx r14 %016lx", f->r12, f->r13, f->r14);
    say("  r15 %016lx rflags %08lx", f->r15, f->rflags);
}

void cpu_stop(void)
{
    for (;;) {
        irq_disable();
        cpu_halt();
    }
}

/* The first CPU to panic goes on; a second one, or the same one again, stops at once. */
void panic_frame(const struct trap_frame *frame, const char *what)
{
    const struct vcpu *v = lock_knows_cpu ? this_cpu()->current : NULL;

    if (atomic_exchange(&is_panicking, true))
        cpu_stop();
    if (cpu_count > 1)
        apic_send(0, APIC_NMI_OTHERS);
    say("\nPANIC: %s", what);
    if (v == NULL)
        say("  CPU %u, no vCPU loaded", lock_knows_cpu ? this_cpu()->id : 0);
    else
        say("  CPU %u, domain %u vCPU %u", this_cpu()->id, v->domain->id, v->id);
    if (frame != NULL) {
        if (is_text(frame->rip))
            say_address("at  ", frame->rip);
        say_registers(frame);
    }
    say_stack(frame != NULL ? frame->rsp : (uint64_t)__builtin_frame_address(0));
    if (debug_exit_port != 0)
        out32(debug_exit_port, DEBUG_EXIT_PANIC);
    cpu_stop();
}

void panic(const char *format, ...)
{
    char reason[160];
    va_list args;

    va_start(args, format);
    format_va(reason, sizeof(reason), format, args);
    va_end(args);
    panic_frame(NULL, reason);
}

void panic_stop_if_asked(void)
{
    if (atomic_load(&is_panicking))
        cpu_stop();
}
