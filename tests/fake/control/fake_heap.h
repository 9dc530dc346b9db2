/* SPDX-License-Identifier: BSD-2-Clause */
/* A heap for tests: each piece is the host's, so that the sanitizers see its ends; it counts what
 * is alive and fails at the n-th call. */
#pragma once

#include <stddef.h>

struct fake_heap {
    size_t alive;         /* bytes */
    unsigned int calls;   /* so far */
    unsigned int fail_at; /* this one fails; 0: none */
};

extern struct fake_heap fake_heap;
