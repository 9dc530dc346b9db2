/* SPDX-License-Identifier: BSD-2-Clause */
/* What guests print without a console of their own, and the serial console's input for the control
 * domain. */
#pragma once

#include "core/types.h"

struct domain;

/* Text that D printed (CONSOLEIO_write, port 0xe9). The control domain's goes to the serial console
 * as it is; another domain's becomes lines in the log, "(dN) text", of printable characters, as
 * many as its budget allows. */
void console_guest_write(struct domain *d, const char *text, size_t size);
/* A character typed on the serial console; VIRQ_CONSOLE goes to the control domain. Dropped when
 * nobody reads. Needs no lock held. */
void console_input(char c);

/* Given by the architecture: shows SIZE bytes on the serial console. */
void host_console_write(const char *text, size_t size);
