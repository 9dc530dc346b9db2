/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands for net_copy.c on the host: two domains have pages, reference N is page N; a reference
 * that there is not fails. Copies are made at once. A piece that leaves its page ends the test.
 */
#pragma once

#include <stdint.h>

#include "guest-kernel/control/net_copy.h"

#define FAKE_DOMAINS   2u /* 1 and 2 */
#define FAKE_PAGES     64u
#define FAKE_PAGE_SIZE 4096u

extern uint8_t fake_pages[FAKE_DOMAINS][FAKE_PAGES][FAKE_PAGE_SIZE];
