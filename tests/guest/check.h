/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a conformance test is made of. A test guest provides test_cases(), which calls the functions
 * below; each prints one line: `ok NAME`, `not ok NAME: want X got Y` or `skip NAME: REASON`. The
 * last line is `N passed, M failed`; the guest then powers off, or crashes if a case failed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/time.h"

/* The longest that a case waits for what comes surely, in nanoseconds. Time goes on while the
 * machine's host is busy with something else. */
#define CHECK_PATIENCE (60 * NS_PER_SECOND)

void test_cases(void);

/* A case that wants a value: a result, an error, a register. Returns whether it was right. */
bool check(const char *name, int64_t got, int64_t want);

/* A case for which two values are right, because it depends on what else is on the machine. */
bool check_either(const char *name, int64_t got, int64_t want, int64_t also);

/* A case in which a caller without privilege names a domain that does not exist: it may be told so
 * (-ESRCH, as Xen does), or only that it has no right to ask (-EPERM). */
bool check_no_domain(const char *name, int64_t got);

/* A case that wants something to be true. */
bool check_true(const char *name, bool is_true);

/* A case that cannot be tried here. */
void check_skip(const char *name, const char *reason);

/* How many cases have failed so far. */
unsigned int check_failures(void);
