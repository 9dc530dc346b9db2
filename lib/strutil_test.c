/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounded copies, numbers and options of a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/errno.h"
#include "lib/strutil.h"

static void test_copy_cuts_and_says_so(void **state)
{
    char buf[4] = "xxx";

    assert_true(str_copy(buf, sizeof(buf), "abc"));
    assert_string_equal(buf, "abc");
    assert_false(str_copy(buf, sizeof(buf), "defg"));
    assert_string_equal(buf, "def");
    assert_false(str_copy(buf, 0, "q"));
    assert_string_equal(buf, "def");
    assert_null(*state);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        unsigned int base;
        int rc;
        uint64_t value;
        char next;
    } rows[] = {
        {"0", 0, 0, 0, '\0'},
        {"10 ", 0, 0, 10, ' '},
        {"0x1fG", 0, 0, 0x1f, 'G'},
        {"0x", 0, 0, 0, 'x'},
        {"1f", 16, 0, 0x1f, '\0'},
        {"0X1F", 16, 0, 0x1f, '\0'},
        {"0x10", 10, 0, 0, 'x'},
        {"18446744073709551615", 0, 0, UINT64_MAX, '\0'},
        {"18446744073709551616", 0, -ERANGE, 0, '\0'},
        {"0x10000000000000000", 0, -ERANGE, 0, '\0'},
        {"", 0, -EINVAL, 0, '\0'},
        {"-1", 0, -EINVAL, 0, '\0'},
        {"f", 10, -EINVAL, 0, '\0'},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint64_t value = 77;
        const char *end = NULL;

        assert_int_equal(str_to_u64(rows[i].text, rows[i].base, &value, &end), rows[i].rc);
        if (rows[i].rc == 0) {
            assert_int_equal(value, rows[i].value);
            assert_int_equal(*end, rows[i].next);
        } else {
            assert_int_equal(value, 77);
        }
    }
    assert_null(*state);
}

static void test_whole_text_number(void **state)
{
    uint64_t value;

    assert_int_equal(str_parse_u64("64", &value), 0);
    assert_int_equal(value, 64);
    assert_int_equal(str_parse_u64("64M", &value), -EINVAL);
    assert_int_equal(str_parse_u64("", &value), -EINVAL);
    assert_null(*state);
}

static void test_option_of_a_line(void **state)
{
    char value[8];

    assert_true(str_option("console=com1 maxcpus=2", "maxcpus", value, sizeof(value)));
    assert_string_equal(value, "2");
    assert_true(str_option("a=1  a=2", "a", value, sizeof(value)));
    assert_string_equal(value, "2");
    assert_true(str_option("a= b=1", "a", value, sizeof(value)));
    assert_string_equal(value, "");
    assert_false(str_option("xa=1", "a", value, sizeof(value)));
    assert_false(str_option("a", "a", value, sizeof(value)));
    assert_false(str_option("a=12345678", "a", value, sizeof(value)));
    assert_null(*state);
}

static void test_starts_with(void **state)
{
    assert_true(str_starts_with("console", "con"));
    assert_false(str_starts_with("co", "con"));
    assert_null(*state);
}

static void test_items_between_commas(void **state)
{
    char word[5];
    const char *at = str_next_item(" a b ,, longer", word, sizeof(word));

    assert_null(*state);
    assert_string_equal(word, "a b");
    at = str_next_item(at, word, sizeof(word));
    assert_string_equal(word, "");
    assert_null(str_next_item(at, word, sizeof(word)));
    assert_string_equal(word, "long");
    assert_null(str_next_item("", word, sizeof(word)));
    assert_string_equal(word, "");
}

static void test_hexadecimal_digits(void **state)
{
    assert_null(*state);
    assert_int_equal(str_hex_digit('0'), 0);
    assert_int_equal(str_hex_digit('9'), 9);
    assert_int_equal(str_hex_digit('f'), 15);
    assert_int_equal(str_hex_digit('A'), 10);
    assert_int_equal(str_hex_digit('g'), -1);
    assert_int_equal(str_hex_digit('/'), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_cuts_and_says_so), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_whole_text_number),     cmocka_unit_test(test_option_of_a_line),
        cmocka_unit_test(test_starts_with),           cmocka_unit_test(test_items_between_commas),
        cmocka_unit_test(test_hexadecimal_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
