/* SPDX-License-Identifier: BSD-2-Clause */
/* What a user sees and gets from keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/line.h"

static char shown[4096];

static void show(const char *text, size_t size)
{
    strncat(shown, text, size);
}

static struct line line;

static int setup(void **state)
{
    shown[0] = '\0';
    *state = &line;
    line_init(&line, show);
    return 0;
}

static enum line_result type(const char *keys)
{
    enum line_result result = LINE_MORE;

    while (*keys != '\0')
        result = line_key(&line, *keys++);
    return result;
}

/* Types a line and goes to the next one. */
static void enter(const char *keys)
{
    assert_int_equal(type(keys), LINE_MORE);
    assert_int_equal(type("\r"), LINE_DONE);
    line_clear(&line);
}

static void test_return_completes_the_line(void **state)
{
    assert_ptr_equal(*state, &line);
    assert_int_equal(type("list"), LINE_MORE);
    assert_int_equal(type("\r"), LINE_DONE);
    assert_string_equal(line.text, "list");
    assert_string_equal(shown, "list\r\n");
}

static void test_crlf_is_one_return(void **state)
{
    assert_ptr_equal(*state, &line);
    assert_int_equal(type("a\r"), LINE_DONE);
    line_clear(&line);
    assert_int_equal(type("\n"), LINE_MORE);
    assert_int_equal(type("b\n"), LINE_DONE);
    assert_string_equal(line.text, "b");
}

static void test_backspace_takes_one_and_stops_at_the_start(void **state)
{
    assert_ptr_equal(*state, &line);
    type("ab\x7f\b\x7f"
         "c\r");
    assert_string_equal(line.text, "c");
}

static void test_ctrl_u_empties(void **state)
{
    assert_ptr_equal(*state, &line);
    type("abc\x15xy\r");
    assert_string_equal(line.text, "xy");
}

static void test_the_cursor_moves(void **state)
{
    static const struct {
        const char *keys, *text;
    } cases[] = {
        {"bc\x1b[D\x1b[Da", "abc"},
        {"ac\x1bODb\x1b[Cd", "abcd"},
        {"ac\x02"
         "b\x06"
         "d",
         "abcd"},
        {"bc\x01"
         "a\x05"
         "d",
         "abcd"},
        {"bc\x1b[Ha\x1b[Fd", "abcd"},
        {"bc\x1b[1~a\x1b[4~d", "abcd"},
        {"abc\x1b[D\x1b[D\x1b[3~", "ac"},
        {"abc\x1b[D\x04\x04", "ab"},
        {"abc\x1b[D\x7f", "ac"},
        {"abc\x1b[D\x1b[D\x0b", "a"},
        {"abc\x1b[D\x15", "c"},
        {"ab cd  \x17"
         "e",
         "ab e"},
        {"\x1b[D\x1b[C\x7f\x04\x17\x0b"
         "a",
         "a"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setup(state);
        type(cases[i].keys);
        assert_string_equal(line.text, cases[i].text);
    }
}

/* A terminal of one line: what it shows, and where its cursor is, after all that was shown. */
static void look(char screen[LINE_MAX], size_t *cursor)
{
    size_t end = 0;

    *cursor = 0;
    for (const char *at = shown; *at != '\0'; at++) {
        if (*at == '\b') {
            assert_true(*cursor > 0);
            --*cursor;
        } else {
            screen[(*cursor)++] = *at;
        }
        if (*cursor > end)
            end = *cursor;
    }
    while (end > 0 && screen[end - 1] == ' ')
        end--;
    screen[end] = '\0';
}

static void test_the_screen_shows_the_line(void **state)
{
    static const char keys[] =
        "pause web\x17list\x01\x1b[C\x7fx\x1b[D\x04y\x1b[F\x1b[D\x0b\x02z\x15q";
    char screen[LINE_MAX];
    size_t cursor;

    assert_ptr_equal(*state, &line);
    for (const char *key = keys; *key != '\0'; key++) {
        char one[2] = {*key, '\0'};

        type(one);
        look(screen, &cursor);
        assert_int_equal(cursor, line.at);
        assert_memory_equal(screen, line.text, strlen(screen));
    }
    shown[0] = '\0';
    line_show(&line);
    look(screen, &cursor);
    assert_string_equal(screen, line.text);
    assert_int_equal(cursor, line.at);
}

static void test_ctrl_c_cancels(void **state)
{
    assert_ptr_equal(*state, &line);
    assert_int_equal(type("abc\x03"), LINE_CANCEL);
    assert_string_equal(line.text, "");
    assert_non_null(strstr(shown, "^C"));
}

static void test_arrows_walk_the_history(void **state)
{
    assert_ptr_equal(*state, &line);
    enter("one");
    enter("two");
    enter("two");
    type("\x1b[A\x1b[A\x1b[A");
    assert_string_equal(line.text, "one");
    type("\x1b[B");
    assert_string_equal(line.text, "two");
    type("\x1b[B\x1b[B");
    assert_string_equal(line.text, "");
}

static void test_history_keeps_the_latest(void **state)
{
    char name[2] = "a";

    assert_ptr_equal(*state, &line);
    for (unsigned int i = 0; i < LINE_HISTORY + 2; i++, name[0]++)
        enter(name);
    for (unsigned int i = 0; i < LINE_HISTORY + 2; i++)
        type("\x1b[A");
    assert_string_equal(line.text, "c");
}

static void test_other_sequences_leave_no_trace(void **state)
{
    assert_ptr_equal(*state, &line);
    type("a\x1b[3~\x1b[1;5C\x1bOPb\t\r");
    assert_string_equal(line.text, "ab");
}

static void test_a_terminals_answers_are_not_typed(void **state)
{
    assert_ptr_equal(*state, &line);
    type("a\x1bP1$rdestroy\x1b\\b\x1b]ldestroy web\ac\x1b[24;80Rd\r");
    assert_string_equal(line.text, "abcd");
    /* One without an end is over at the end of the line. */
    line_clear(&line);
    type("\x1b]ldestroy web\rlist\r");
    assert_string_equal(line.text, "list");
}

static void test_a_long_line_is_cut(void **state)
{
    assert_ptr_equal(*state, &line);
    for (unsigned int i = 0; i < 2 * LINE_MAX; i++)
        type("x");
    assert_int_equal(type("\r"), LINE_DONE);
    assert_int_equal(strlen(line.text), LINE_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_return_completes_the_line, setup),
        cmocka_unit_test_setup(test_crlf_is_one_return, setup),
        cmocka_unit_test_setup(test_backspace_takes_one_and_stops_at_the_start, setup),
        cmocka_unit_test_setup(test_ctrl_u_empties, setup),
        cmocka_unit_test_setup(test_the_cursor_moves, setup),
        cmocka_unit_test_setup(test_the_screen_shows_the_line, setup),
        cmocka_unit_test_setup(test_ctrl_c_cancels, setup),
        cmocka_unit_test_setup(test_arrows_walk_the_history, setup),
        cmocka_unit_test_setup(test_history_keeps_the_latest, setup),
        cmocka_unit_test_setup(test_other_sequences_leave_no_trace, setup),
        cmocka_unit_test_setup(test_a_terminals_answers_are_not_typed, setup),
        cmocka_unit_test_setup(test_a_long_line_is_cut, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
