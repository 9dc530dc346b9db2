/* SPDX-License-Identifier: BSD-2-Clause */
/* The log: a ring that the control domain reads and the serial console shows. Levels say whose
 * fault it is. Nothing on an exit path logs; a guest's share of lines is limited. */
#pragma once

#include "core/types.h"

enum log_level {
    LOG_ERROR,  /* the hypervisor is wrong */
    LOG_NOTICE, /* the platform, and what everybody wants to see */
    LOG_GUEST,  /* a guest is wrong: rate limited */
    LOG_DEBUG,
};

/* Appends one line (no newline in FORMAT) to the ring and, if LEVEL is shown, to the console. */
void log_line(enum log_level level, const char *format, ...) PRINTF(2, 3);
/* Lines at this level and below go to the console too. */
extern enum log_level log_shown;
/* Copies ring bytes from sequence number *SEQUENCE on into BUF, at most SIZE bytes; advances
 * *SEQUENCE past what was copied (and past what the ring has lost). Returns the count of bytes
 * copied. */
size_t log_read(uint64_t *sequence, char *buf, size_t size);

/* Stops every CPU and prints reason, CPU, domain, registers where known, backtrace with symbols. */
void panic(const char *format, ...) PRINTF(1, 2) NORETURN;

/* A broken hypervisor invariant: going on could leak. Never for what a guest controls. */
#define BUG_ON(condition)                                                                          \
    do {                                                                                           \
        if (unlikely(condition))                                                                   \
            panic("%s:%d: BUG_ON(%s)", __FILE__, __LINE__, #condition);                            \
    } while (0)
/* A developer's check: costs nothing unless DEBUG=1, and is never the only defence. */
#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (DEBUG && unlikely(!(condition)))                                                       \
            panic("%s:%d: ASSERT(%s)", __FILE__, __LINE__, #condition);                            \
    } while (0)
