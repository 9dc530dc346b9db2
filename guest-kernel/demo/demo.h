/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the demo offer each other. */
#ifndef GUEST_KERNEL_DEMO_DEMO_H
#define GUEST_KERNEL_DEMO_DEMO_H

#include <stdbool.h>

/* Does what the command line asks for; returns if that is to power off. */
void demo_end(void);

/* disks.c: the disks that the store shows. False: one of them does not work. */
bool demo_disks(void);

#endif
