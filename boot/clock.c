/* SPDX-License-Identifier: BSD-2-Clause */
/* Calendar arithmetic. */
#include "boot/clock.h"

#include <stdbool.h>

#include "lib/compiler.h"

#define EPOCH_YEAR       1970u
#define YEAR_MAX         9999u
#define SECONDS_PER_DAY  86400u
#define SECONDS_PER_HOUR 3600u

static bool is_leap(uint32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Leap years from year 1 to `year`. */
static uint32_t leaps_until(uint32_t year)
{
    return year / 4 - year / 100 + year / 400;
}

uint64_t clock_seconds(const struct clock_date *date)
{
    /* Days before each month in a common year. */
    static const uint16_t days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    uint64_t days;

    if (date->year < EPOCH_YEAR || date->year > YEAR_MAX || date->month < 1 ||
        date->month > ARRAY_COUNT(days_before) || date->day < 1 || date->day > 31 ||
        date->hour > 23 || date->minute > 59 || date->second > 60) {
        return 0;
    }
    days = (date->year - EPOCH_YEAR) * UINT64_C(365) + leaps_until(date->year - 1) -
           leaps_until(EPOCH_YEAR - 1) + days_before[date->month - 1] + date->day - 1;
    if (date->month > 2 && is_leap(date->year)) {
        days++;
    }
    return days * SECONDS_PER_DAY + date->hour * SECONDS_PER_HOUR + date->minute * 60 +
           date->second;
}
