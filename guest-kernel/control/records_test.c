/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the report protocol, as tools/atoll/records.py writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/records.h"
#include "lib/errno.h"

static char line[RECORD_MAX * 2];
static struct record record;

static int parse(const char *text)
{
    snprintf(line, sizeof(line), "%s", text);
    return record_parse(line, &record);
}

static void test_exec(void **state)
{
    assert_null(*state);
    assert_int_equal(parse("exec 12 vcpu-list debian"), 0);
    assert_int_equal(record.kind, RECORD_EXEC);
    assert_int_equal(record.number, 12);
    assert_string_equal(record.command, "vcpu-list debian");
}

static void test_exec_without_a_command(void **state)
{
    assert_null(*state);
    assert_int_equal(parse("exec 3"), 0);
    assert_string_equal(record.command, "");
}

static void test_console(void **state)
{
    assert_null(*state);
    assert_int_equal(parse("console debian 6e70726F630a"), 0);
    assert_int_equal(record.kind, RECORD_CONSOLE);
    assert_string_equal(record.name, "debian");
    assert_int_equal(record.size, 6);
    assert_memory_equal(record.bytes, "nproc\n", 6);
}

static void test_console_without_bytes(void **state)
{
    assert_null(*state);
    assert_int_equal(parse("console debian"), 0);
    assert_int_equal(record.size, 0);
}

static void test_the_largest_piece_fits(void **state)
{
    char text[20 + 2 * RECORD_PIECE_MAX + 3] = "console d ";

    assert_null(*state);
    for (unsigned int i = 0; i < RECORD_PIECE_MAX; i++)
        strcat(text, "41");
    assert_int_equal(parse(text), 0);
    assert_int_equal(record.size, RECORD_PIECE_MAX);
    strcat(text, "41");
    assert_int_equal(parse(text), -EINVAL);
}

static void test_what_is_no_record(void **state)
{
    static const char *const lines[] = {"",
                                        "exec",
                                        "exec x list",
                                        "exec -1 list",
                                        "console",
                                        "console d 4",
                                        "console d 4g",
                                        "console d 41 42",
                                        "ready",
                                        "execute 1 list",
                                        "exec 99999999999999999999 list"};

    assert_null(*state);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (parse(lines[i]) == 0)
            fail_msg("taken for a record: %s", lines[i]);
    }
}

static void test_hex(void **state)
{
    char text[9];

    assert_null(*state);
    assert_int_equal(record_hex(text, "\x00\xff\n~", 4), 8);
    assert_string_equal(text, "00ff0a7e");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exec),
        cmocka_unit_test(test_exec_without_a_command),
        cmocka_unit_test(test_console),
        cmocka_unit_test(test_console_without_bytes),
        cmocka_unit_test(test_the_largest_piece_fits),
        cmocka_unit_test(test_what_is_no_record),
        cmocka_unit_test(test_hex),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
