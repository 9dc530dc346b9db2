/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts and prints the results of a test guest's cases. */
#include "tests/guest/check.h"

#include "guest-kernel/console.h"
#include "guest-kernel/guest.h"
#include "pv-abi/errno.h"

/* Values of this size and more are addresses or registers: printed as hexadecimal. */
#define DECIMAL_LIMIT 1000000

static unsigned int passed, failed;

bool check(const char *name, int64_t got, int64_t want)
{
    if (got == want) {
        passed++;
        console_printf("ok %s\n", name);
        return true;
    }
    failed++;
    if (want > -DECIMAL_LIMIT && want < DECIMAL_LIMIT && got > -DECIMAL_LIMIT &&
        got < DECIMAL_LIMIT)
        console_printf("not ok %s: want %ld got %ld\n", name, want, got);
    else
        console_printf("not ok %s: want 0x%lx got 0x%lx\n", name, (uint64_t)want, (uint64_t)got);
    return false;
}

bool check_either(const char *name, int64_t got, int64_t want, int64_t also)
{
    return check(name, got, got == also ? also : want);
}

bool check_no_domain(const char *name, int64_t got)
{
    return check_either(name, got, -XEN_ESRCH, -XEN_EPERM);
}

bool check_true(const char *name, bool is_true)
{
    return check(name, is_true, true);
}

void check_skip(const char *name, const char *reason)
{
    console_printf("skip %s: %s\n", name, reason);
}

unsigned int check_failures(void)
{
    return failed;
}

int main_guest(void)
{
    test_cases();
    console_printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
