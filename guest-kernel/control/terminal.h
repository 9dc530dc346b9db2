/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's terminal: the serial console that the hypervisor shares with the control domain. It is
 * at the shell's prompt, or attached to a guest's console. */
#pragma once

#include <stdbool.h>

/* Listens to the domains and to the keyboard. */
void terminal_init(void);

/* Lets serve() be called again and again while a command prints, or a guest's log is shown. It must
 * not use the terminal or the shell. */
void terminal_set_meanwhile(void (*serve)(void));

/* Prints the first prompt; before it, notices are plain lines and keys wait. */
void terminal_start(void);

/* True if terminal_step() has something to do. For the main loop, with interrupts off. */
bool terminal_has_work(void);

/* Takes what was typed. */
void terminal_step(void);

/* Takes what was typed at a guest's console; keys for the shell wait for terminal_step(). */
void terminal_serve_console(void);
