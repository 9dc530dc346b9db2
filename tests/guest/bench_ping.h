/* SPDX-License-Identifier: BSD-2-Clause */
/* Two bench guests that wake each other: the one that measures has peer=DOMID on its command line,
 * the other one partner=DOMID. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BENCH_ROUNDS 500

/* Opens a port for the partner and waits for it; false if it does not come. */
bool ping_connect(uint64_t peer);

/* Sends an event, halts until the partner's comes back, and returns the ticks. To be called
 * BENCH_ROUNDS times after ping_connect(). */
uint64_t ping_once(void);

/* Finds the other guest's port and answers BENCH_ROUNDS events. */
void ping_answer(uint64_t domid);
