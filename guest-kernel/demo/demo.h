/* SPDX-License-Identifier: BSD-2-Clause */
/* The demo's way to end. */
#ifndef GUEST_KERNEL_DEMO_DEMO_H
#define GUEST_KERNEL_DEMO_DEMO_H

/* Does what the command line asks for; returns if that is to power off. */
void demo_end(void);

#endif
