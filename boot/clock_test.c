/* SPDX-License-Identifier: BSD-2-Clause */
/* Calendar arithmetic against the host's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "boot/clock.h"
#include "lib/compiler.h"

static void test_every_day_matches_the_host(void **state)
{
    const time_t step = 86400 + 3661;

    for (time_t seconds = 0; seconds < 150L * 366 * 86400; seconds += step) {
        const struct tm *tm = gmtime(&seconds);
        struct clock_date date;

        assert_non_null(tm);
        date = (struct clock_date){.year = (uint32_t)tm->tm_year + 1900,
                                   .month = (uint32_t)tm->tm_mon + 1,
                                   .day = (uint32_t)tm->tm_mday,
                                   .hour = (uint32_t)tm->tm_hour,
                                   .minute = (uint32_t)tm->tm_min,
                                   .second = (uint32_t)tm->tm_sec};
        assert_int_equal(clock_seconds(&date), seconds);
    }
    assert_null(*state);
}

static void test_impossible_dates_are_zero(void **state)
{
    static const struct clock_date dates[] = {
        {1969, 12, 31, 0, 0, 0}, {10000, 1, 1, 0, 0, 0}, {2026, 0, 1, 0, 0, 0},
        {2026, 13, 1, 0, 0, 0},  {2026, 1, 0, 0, 0, 0},  {2026, 1, 32, 0, 0, 0},
        {2026, 1, 1, 24, 0, 0},  {2026, 1, 1, 0, 60, 0}, {2026, 1, 1, 0, 0, 61},
    };

    for (size_t i = 0; i < ARRAY_COUNT(dates); i++) {
        assert_int_equal(clock_seconds(&dates[i]), 0);
    }
    assert_null(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_matches_the_host),
        cmocka_unit_test(test_impossible_dates_are_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
