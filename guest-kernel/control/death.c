/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the text form of death records (pv-abi/atoll.h). */
#include "guest-kernel/control/death.h"

#include <stdarg.h>

#include "lib/compiler.h"
#include "lib/format.h"
#include "pv-abi/atoll.h"

#define REGISTERS_PER_LINE 4u

const char *death_exit_name(uint64_t kind)
{
    static const char *const names[ATOLL_EXIT_KINDS] = {[ATOLL_EXIT_NONE] = "interrupt",
                                                        [ATOLL_EXIT_WINDOW] = "window",
                                                        [ATOLL_EXIT_HLT] = "hlt",
                                                        [ATOLL_EXIT_CPUID] = "cpuid",
                                                        [ATOLL_EXIT_HYPERCALL] = "call",
                                                        [ATOLL_EXIT_PORT] = "port",
                                                        [ATOLL_EXIT_MSR_READ] = "rdmsr",
                                                        [ATOLL_EXIT_MSR_WRITE] = "wrmsr",
                                                        [ATOLL_EXIT_CR_WRITE] = "cr",
                                                        [ATOLL_EXIT_XSETBV] = "xsetbv",
                                                        [ATOLL_EXIT_CACHE] = "wbinvd",
                                                        [ATOLL_EXIT_FAULT] = "fault",
                                                        [ATOLL_EXIT_UNDEFINED] = "#UD",
                                                        [ATOLL_EXIT_SHUTDOWN] = "triple fault",
                                                        [ATOLL_EXIT_BAD_STATE] = "bad state",
                                                        [ATOLL_EXIT_DEBUG] = "#DB",
                                                        [ATOLL_EXIT_ALIGNMENT] = "#AC",
                                                        [ATOLL_EXIT_UNKNOWN] = "unknown"};

    return kind < ATOLL_EXIT_KINDS ? names[kind] : "unknown";
}

struct text {
    char *at;
    size_t left;
};

static void add(struct text *text, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void add(struct text *text, const char *fmt, ...)
{
    va_list args;
    size_t size;

    va_start(args, fmt);
    size = format_va(text->at, text->left, fmt, args);
    va_end(args);
    if (size >= text->left)
        size = text->left == 0 ? 0 : text->left - 1;
    text->at += size;
    text->left -= size;
}

void death_format(const struct atoll_death *death, char *to, size_t size)
{
    static const char *const registers[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                            "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    struct text text = {to, size};

    add(&text, "%.*s", (int)sizeof(death->reason), death->reason);
    add(&text, "\n  vcpu %u  rip %016lx  rflags %08lx", death->vcpu, death->rip, death->rflags);
    add(&text, "\n  cr0 %016lx  cr3 %016lx  cr4 %016lx", death->cr0, death->cr3, death->cr4);
    for (size_t i = 0; i < ARRAY_COUNT(registers); i++)
        add(&text, "%s%3s %016lx", i % REGISTERS_PER_LINE == 0 ? "\n  " : "  ", registers[i],
            death->gpr[i]);
    add(&text, "\n  the latest exits, newest first:");
    for (size_t i = 0; i < ATOLL_DEATH_EXITS; i++)
        add(&text, "\n    %-12s rip %016lx  info %lx", death_exit_name(death->exits[i].kind),
            death->exits[i].rip, death->exits[i].info);
}
