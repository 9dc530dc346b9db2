/* SPDX-License-Identifier: BSD-2-Clause */
/* Calendar time into seconds, and the CMOS clock that BIOS machines have. */
#pragma once

#include <stdint.h>

struct clock_date {
    uint32_t year;  /* with its century */
    uint32_t month; /* 1 to 12 */
    uint32_t day;   /* 1 to 31 */
    uint32_t hour;
    uint32_t minute;
    uint32_t second;
};

/* Seconds since 1970-01-01 00:00 UTC in the Gregorian calendar. 0 for a date that is none. */
uint64_t clock_seconds(const struct clock_date *date);

/* Reads the CMOS clock, which is taken to run in UTC. Waits at most a few milliseconds for an
 * update to pass. 0: it shows no valid date. */
uint64_t clock_read_cmos(void);
