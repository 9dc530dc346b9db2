/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the demo offer each other. */
#pragma once

#include <stdbool.h>

/* Does what the command line asks for; returns if that is to power off. */
void demo_end(void);

/* store.c: reads and writes the store. False: it does not work. */
bool demo_store(void);

/* store.c: lets the guest hear of requests to shut down, and takes one: a SHUTDOWN_ reason. */
void demo_listen(void);
bool demo_is_asked(unsigned int *reason);

/* disks.c: the disks that the store shows. False: one of them does not work. */
bool demo_disks(void);

/* nets.c: the networks that the store shows. False: one of them does not work. */
bool demo_nets(void);

/* nets.c: whether a frame has come, for a condition that is waited for; answers those that have. */
bool demo_net_has_work(void);
void demo_net_work(void);

/* nets.c: closes what demo_nets() left open. */
void demo_nets_end(void);
