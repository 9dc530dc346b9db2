/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration syntax: what it accepts, and the place and sentence of each refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/cfg.h"
#include "lib/errno.h"

#define ENTRIES 16u

static struct cfg_entry entries[ENTRIES];
static struct cfg cfg;
static char *parsed_text;

/* The text gets a heap block of exactly its size, so that ASan sees a read past its end. */
static int parse(const char *text)
{
    size_t size = strlen(text);

    free(parsed_text);
    parsed_text = malloc(size + (size == 0));
    assert_non_null(parsed_text);
    memcpy(parsed_text, text, size);
    cfg_init(&cfg, entries, ENTRIES);
    return cfg_parse(&cfg, "t.cfg", parsed_text, size);
}

static int teardown(void **state)
{
    free(parsed_text);
    parsed_text = NULL;
    return *state != NULL;
}

static void assert_refused(const char *message)
{
    char text[256];

    cfg_format_error(&cfg, text, sizeof(text));
    assert_string_equal(text, message);
}

static void test_values_of_each_kind(void **state)
{
    const char *text = NULL;
    int64_t number = 0;
    size_t count = 0;

    assert_int_equal(parse("# a guest\n"
                           "name = \"debian\" # its name\n"
                           "kernel='vmlinuz';memory=256\r\n"
                           "hex=0x1F\nneg = -3\nquoted=\"64\"\n"
                           "disk = [ 'a,b', # first\n \"c\", 5,\n]\nempty=[]"),
                     0);

    assert_int_equal(cfg_get_string(&cfg, "name", &text), 0);
    assert_string_equal(text, "debian");
    assert_int_equal(cfg_get_string(&cfg, "kernel", &text), 0);
    assert_string_equal(text, "vmlinuz");
    assert_int_equal(cfg_get_number(&cfg, "memory", 1, 1000, &number), 0);
    assert_int_equal(number, 256);
    assert_int_equal(cfg_get_number(&cfg, "hex", 0, 100, &number), 0);
    assert_int_equal(number, 31);
    assert_int_equal(cfg_get_number(&cfg, "neg", -9, 0, &number), 0);
    assert_int_equal(number, -3);
    assert_int_equal(cfg_get_number(&cfg, "quoted", 0, 100, &number), 0);
    assert_int_equal(number, 64);
    assert_int_equal(cfg_get_list(&cfg, "disk", &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(cfg_get_item(&cfg, "disk", 1, &text), 0);
    assert_string_equal(text, "c");
    assert_int_equal(cfg_get_item(&cfg, "disk", 3, &text), -ENOENT);
    assert_int_equal(cfg_get_list(&cfg, "empty", &count), 0);
    assert_int_equal(count, 0);
    assert_null(*state);
}

static void test_escapes(void **state)
{
    const char *text = NULL;

    assert_int_equal(parse("a=\"x\\n\\t\\\\\\\"\\x41\\102'\""), 0);
    assert_int_equal(cfg_get_string(&cfg, "a", &text), 0);
    assert_string_equal(text, "x\n\t\\\"AB'");
    assert_null(*state);
}

static void test_last_setting_wins(void **state)
{
    int64_t number = 0;

    assert_int_equal(parse("a=1\na=2\n"), 0);
    assert_int_equal(cfg_get_number(&cfg, "a", 0, 9, &number), 0);
    assert_int_equal(number, 2);
    assert_null(cfg_next_unused(&cfg, NULL));
    assert_null(*state);
}

static void test_one_text_counts_as_a_list(void **state)
{
    const char *text = NULL;
    size_t count = 0;

    assert_int_equal(parse("cpus=\"0-1\""), 0);
    assert_int_equal(cfg_get_list(&cfg, "cpus", &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(cfg_get_item(&cfg, "cpus", 0, &text), 0);
    assert_string_equal(text, "0-1");
    assert_null(*state);
}

static void test_missing_setting_keeps_the_default(void **state)
{
    int64_t number = 42;
    const char *text = "default";

    assert_int_equal(parse(""), 0);
    assert_int_equal(cfg_get_number(&cfg, "a", 0, 9, &number), -ENOENT);
    assert_int_equal(cfg_get_string(&cfg, "a", &text), -ENOENT);
    assert_int_equal(number, 42);
    assert_string_equal(text, "default");
    assert_null(*state);
}

static void test_unused_settings_are_told(void **state)
{
    const struct cfg_entry *entry;
    const char *text;

    assert_int_equal(parse("name=\"a\"\nvif=['x']\nboot=\"c\"\n"), 0);
    assert_int_equal(cfg_get_string(&cfg, "name", &text), 0);

    entry = cfg_next_unused(&cfg, NULL);
    assert_non_null(entry);
    assert_string_equal(entry->name, "vif");
    assert_int_equal(entry->line, 2);
    cfg_refuse_name(&cfg, entry, "not here");
    assert_refused("t.cfg:2:1: not here");
    entry = cfg_next_unused(&cfg, entry);
    assert_non_null(entry);
    assert_string_equal(entry->name, "boot");
    assert_null(cfg_next_unused(&cfg, entry));
    assert_null(*state);
}

static void test_syntax_errors(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"a\n", "t.cfg:1:2: '=' is missing after the name: write name = value"},
        {"\n  5=1", "t.cfg:2:3: a setting begins with its name: write name = value"},
        {"a+=1", "t.cfg:1:2: '+=' is not known: write the whole value after one '='"},
        {"a=\n", "t.cfg:1:3: a value is missing: write \"text\", a number or [ list ]"},
        {"a=b", "t.cfg:1:3: a value wants quotes around a text: write \"...\""},
        {"a=?", "t.cfg:1:3: this is no value: write \"text\", a number or [ list ]"},
        {"a=\"b\nc", "t.cfg:1:3: the text is not closed: put \" at its end"},
        {"a='b", "t.cfg:1:3: the text is not closed: put ' at its end"},
        {"a=\"\\q\"", "t.cfg:1:5: unknown escape in a text: a backslash itself is "
                      "written \\\\"},
        {"a=\"\\", "t.cfg:1:5: unknown escape in a text: a backslash itself is "
                   "written \\\\"},
        {"a=\"\\x0\"", "t.cfg:1:7: this escape is no character: use \\x01 to \\xff or "
                       "\\001 to \\377"},
        {"a=12k", "t.cfg:1:5: 'k' does not belong to a number: put a text in quotes"},
        {"a=012", "t.cfg:1:3: a number with a leading 0: write it without, or as "
                  "0x..."},
        {"a=-", "t.cfg:1:4: a number wants digits here, as 64 or 0x40"},
        {"a=9223372036854775808", "t.cfg:1:21: the number is too large: the largest "
                                  "is 9223372036854775807"},
        {"a=1 b=2", "t.cfg:1:5: something follows the value: put the next setting on "
                    "a new line"},
        {"a=[1\n2]", "t.cfg:2:1: a list wants ',' or ']' after an item"},
        {"a=[[1]]", "t.cfg:1:4: a list within a list: write texts and numbers only"},
        {"a=[1,\n", "t.cfg:1:3: the list is not closed: put ] at its end"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(parse(rows[i].text), -EINVAL);
        assert_refused(rows[i].message);
    }
    assert_null(*state);
}

static void test_full_table(void **state)
{
    assert_int_equal(parse("a=[1,2,3,4,5,6,7,8]\nb=[1,2,3,4,5,6,7,8]"), -ENOSPC);
    assert_refused("t.cfg:2:16: more than 16 settings and list items: shorten the "
                   "file");
    assert_null(*state);
}

static void test_wrong_types_and_ranges(void **state)
{
    const char *text;
    int64_t number;

    assert_int_equal(parse("memory = \"much\"\nname=[ 'x' ]\nvcpus= 200\nl=[1]"), 0);

    assert_int_equal(cfg_get_number(&cfg, "memory", 16, 4096, &number), -EINVAL);
    assert_refused("t.cfg:1:10: 'memory' wants a number: write memory=N, N from 16 "
                   "to 4096");
    assert_int_equal(cfg_get_string(&cfg, "name", &text), -EINVAL);
    assert_refused("t.cfg:2:6: 'name' wants a text: write name=\"...\"");
    assert_int_equal(cfg_get_number(&cfg, "vcpus", 1, 128, &number), -ERANGE);
    assert_refused("t.cfg:3:8: 'vcpus' is 200: write a number from 1 to 128");
    assert_int_equal(cfg_get_item(&cfg, "l", 0, &text), -EINVAL);
    assert_refused("t.cfg:4:4: item 1 of 'l' wants a text: write it in quotes");
    assert_null(*state);
}

static void test_a_callers_own_refusal(void **state)
{
    assert_int_equal(parse("\non_crash='x'"), 0);
    assert_int_equal(
        cfg_refuse(&cfg, "on_crash", "'%s' is no action: write destroy or restart", "x"), -EINVAL);
    assert_refused("t.cfg:2:10: 'x' is no action: write destroy or restart");
    cfg_refuse(&cfg, "kernel", "there is no kernel: write kernel=\"FILE\"");
    assert_refused("t.cfg: there is no kernel: write kernel=\"FILE\"");
    assert_null(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_each_kind),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_last_setting_wins),
        cmocka_unit_test(test_one_text_counts_as_a_list),
        cmocka_unit_test(test_missing_setting_keeps_the_default),
        cmocka_unit_test(test_unused_settings_are_told),
        cmocka_unit_test(test_syntax_errors),
        cmocka_unit_test(test_full_table),
        cmocka_unit_test(test_wrong_types_and_ranges),
        cmocka_unit_test(test_a_callers_own_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
