/* SPDX-License-Identifier: BSD-2-Clause */
/* The report protocol on the second serial port, for tools that run the machine; its records are
 * defined in tools/atoll/records.py. */
#pragma once

#include <stdbool.h>

/* Listens to the domains and to the port. False: there is no such port. */
bool report_init(void);

/* Says that the shell is up and the domains of atoll.cfg are. */
void report_ready(void);

/* True if report_step() has something to do. For the main loop, with interrupts off. */
bool report_has_work(void);

/* Executes what the tool sent, and says when no domain is left. */
void report_step(void);
