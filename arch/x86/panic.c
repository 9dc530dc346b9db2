/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the last words: reason, CPU, domain, registers, backtrace with names, last log lines; then
 * stops every CPU. */
#include "arch/x86/panic.h"

#include "arch/x86/apic.h"
#include "arch/x86/host_console.h"
#include "arch/x86/insn.h"
#include "arch/x86/io.h"
#include "arch/x86/layout.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "core/domain.h"
#include "core/log.h"
#include "lib/format.h"

#define BACKTRACE_MAX 16

uint16_t debug_exit_port;
static _Atomic bool is_panicking;

/* Made by tools/symbols.py from the first link; ascending offsets from IMAGE_VA. */
struct symbol {
    uint32_t offset;
    uint32_t name;
};
extern const struct symbol symbol_table[] __attribute__((weak));
extern const uint32_t symbol_count __attribute__((weak));
extern const char symbol_names[] __attribute__((weak));
extern const char text_end[];

const char *symbol_find(uint64_t address, uint64_t *offset)
{
    uint32_t low = 0, high;

    if (&symbol_count == NULL || address < IMAGE_VA || address >= (uint64_t)text_end)
        return NULL;
    high = symbol_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (symbol_table[middle].offset <= address - IMAGE_VA)
            low = middle;
        else
            high = middle;
    }
    *offset = address - IMAGE_VA - symbol_table[low].offset;
    return symbol_names + symbol_table[low].name;
}

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

static void say_address(const char *what, uint64_t address)
{
    uint64_t offset = 0;
    const char *name = symbol_find(address, &offset);

    say("  %s %016llx %s+0x%llx", what, (unsigned long long)address, name ? name : "?",
        (unsigned long long)offset);
}

/* Walks frame pointers as long as they stay on one stack. */
static void say_backtrace(uint64_t rbp)
{
    for (int depth = 0; depth < BACKTRACE_MAX && rbp != 0 && rbp % 8 == 0; depth++) {
        const uint64_t *frame = (const uint64_t *)rbp;
        uint64_t offset;

        if (rbp < PRIVATE_VA || !symbol_find(frame[1], &offset))
            return;
        say_address("from", frame[1]);
        if (frame[0] <= rbp || frame[0] - rbp > PAGE_SIZE * 4)
            return;
        rbp = frame[0];
    }
}

static void say_where(void)
{
    const struct vcpu *v = apic_is_ready() ? this_cpu()->current : NULL;

    if (v == NULL)
        say("  CPU %u, no vCPU loaded", apic_is_ready() ? this_cpu()->id : 0);
    else
        say("  CPU %u, domain %u vCPU %u", this_cpu()->id, v->domain->id, v->id);
}

static void say_registers(const struct trap_frame *f)
{
#define WORD(x) (unsigned long long)(x)
    say("  vector %llu error %llx cr2 %016llx cr3 %016llx", WORD(f->vector), WORD(f->error),
        WORD(insn_read_cr2()), WORD(insn_read_cr3()));
    say("  rax %016llx rcx %016llx rdx %016llx", WORD(f->rax), WORD(f->rcx), WORD(f->rdx));
    say("  rbx %016llx rsp %016llx rbp %016llx", WORD(f->rbx), WORD(f->rsp), WORD(f->rbp));
    say("  rsi %016llx rdi %016llx r8  %016llx", WORD(f->rsi), WORD(f->rdi), WORD(f->r8));
    say("  r9  %016llx r10 %016llx r11 %016llx", WORD(f->r9), WORD(f->r10), WORD(f->r11));
    say("  r12 %016llx r13 %016llx r14 %016llx", WORD(f->r12), WORD(f->r13), WORD(f->r14));
    say("  r15 %016llx rflags %08llx", WORD(f->r15), WORD(f->rflags));
#undef WORD
}

static void stop_this_cpu(void) NORETURN;
static void stop_this_cpu(void)
{
    for (;;) {
        insn_cli();
        insn_hlt();
    }
}

/* The first CPU to panic goes on; a second one, or the same one again, stops at once. */
static void panic_begin(const char *reason)
{
    if (atomic_exchange(&is_panicking, true))
        stop_this_cpu();
    if (apic_is_ready())
        apic_send_nmi_others();
    host_console_write_raw("\nPANIC: ");
    host_console_write_raw(reason);
    host_console_write_raw("\n");
    say_where();
}

static void panic_end(void) NORETURN;
static void panic_end(void)
{
    if (debug_exit_port != 0)
        out32(debug_exit_port, DEBUG_EXIT_PANIC);
    stop_this_cpu();
}

void panic(const char *format, ...)
{
    char reason[160];
    va_list args;

    va_start(args, format);
    format_va(reason, sizeof(reason), format, args);
    va_end(args);
    panic_begin(reason);
    say_backtrace((uint64_t)__builtin_frame_address(0));
    panic_end();
}

void panic_frame(const struct trap_frame *frame, const char *what)
{
    panic_begin(what);
    say_address("at  ", frame->rip);
    say_registers(frame);
    say_backtrace(frame->rbp);
    panic_end();
}

void panic_stop_if_asked(const struct trap_frame *frame)
{
    if (atomic_load(&is_panicking) && frame != NULL)
        stop_this_cpu();
}
