/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program on guest-kernel provides and finds at its start. The library brings the first vcpu
 * into long mode, starts every module in the order traps, hypercalls, console, memory, events,
 * time, grants, enables interrupts and calls main_guest().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/compiler.h"
#include "pv-abi/hvm_start_info.h"

/* The program. Interrupts are enabled. Its result ends the domain: 0 powers off, anything else
 * counts as a crash. */
int main_guest(void);

/* The start info page, in the direct map. */
const struct hvm_start_info *guest_start_info(void);

/* The command line; an empty string if there is none. */
const char *guest_command_line(void);

/* True if `word` is one of the words of the command line, which spaces separate. */
bool guest_has_option(const char *word);

/* A boot module, its bytes in the direct map. */
struct guest_module {
    const char *command_line; /* "" if none */
    uint8_t *bytes;
    uint64_t paddr;
    uint64_t size;
};

/* Fills in boot module `index`; false if there are not that many. */
bool guest_module(unsigned int index, struct guest_module *module);

/* True in the domain that the hypervisor started itself (SIF_INITDOMAIN). */
bool guest_is_control(void);

/* Ends the domain with a SHUTDOWN_ reason of pv-abi/sched.h, after the console has been read. */
_Noreturn void guest_shutdown(unsigned int reason);

/* Prints a reason and the caller's address on the console and ends the domain as crashed. */
_Noreturn void guest_panic(const char *fmt, ...) PRINTF_LIKE(1, 2);
