/* SPDX-License-Identifier: BSD-2-Clause */
/* What a user sees of the prompt, of notices and of a guest's console. The shell, the domains and
 * the serial console are fakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/console.h"
#include "guest-kernel/control/domains.h"
#include "guest-kernel/control/shell.h"
#include "guest-kernel/control/terminal.h"
#include "lib/errno.h"

#define LEAVE "\x18\x0f\x1b[!p\x1b[0m\x1b[?1000;1002;1003;1006;2004l\n"

static char shown[16384], typed[64], executed[64];
static const char *input = "";
static void (*input_handler)(void);
static struct domains_listener *listener;
static struct domain guest = {.name = "web", .domid = 7, .is_used = true};
static unsigned int serve_count;

void console_write(const char *text, size_t size)
{
    strncat(shown, text, size);
}

size_t console_read(char *buffer, size_t size)
{
    size_t count = strlen(input) < size ? strlen(input) : size;

    memcpy(buffer, input, count);
    input += count;
    return count;
}

void console_set_input_handler(void (*handler)(void))
{
    input_handler = handler;
}

void domains_listen(struct domains_listener *to)
{
    listener = to;
}

struct domain *domains_find_name(const char *name)
{
    return strcmp(name, guest.name) == 0 ? &guest : NULL;
}

struct domain *domains_find_id(uint32_t domid)
{
    return domid == guest.domid ? &guest : NULL;
}

void guest_console_type(struct guest_console *console, const char *bytes, size_t size)
{
    assert_ptr_equal(console, &guest.console);
    strncat(typed, bytes, size);
}

size_t guest_console_read_log(const struct guest_console *console, uint64_t *at, char *to,
                              size_t size)
{
    size_t count = 0;

    while (count < size && *at < console->log_end)
        to[count++] = (*at)++ % 100 == 99 ? '\n' : 'l';
    return count;
}

void shell_printf(struct shell_output *output, const char *fmt, ...)
{
    output->write(output, fmt, strlen(fmt));
}

/* "console X" attaches; any other command answers with two lines, and a notice comes between. */
int shell_execute(char *line, struct shell_output *output)
{
    snprintf(executed, sizeof(executed), "%s", line);
    if (strncmp(line, "console ", 8) == 0)
        return output->attach(output, line + 8);
    output->write(output, "one\n", 4);
    listener->notice("something");
    output->write(output, "two\n", 4);
    return 0;
}

static void serve(void)
{
    serve_count++;
}

static void keys(const char *text)
{
    input = text;
    input_handler();
    assert_true(terminal_has_work());
    terminal_step();
    assert_false(terminal_has_work());
}

static int setup(void **state)
{
    static bool is_started;

    *state = &guest;
    if (!is_started) {
        terminal_init();
        terminal_set_meanwhile(serve);
        terminal_start();
        terminal_step();
    }
    is_started = true;
    shown[0] = typed[0] = executed[0] = '\0';
    guest.console.log_end = 0;
    serve_count = 0;
    return 0;
}

static void test_a_command_and_its_output(void **state)
{
    assert_ptr_equal(*state, &guest);
    keys("list\r");
    assert_string_equal(executed, "list");
    assert_string_equal(shown, "list\r\none\nsomething\ntwo\natoll> ");
    /* Other guests do not wait for the line until the command ends. */
    assert_int_equal(serve_count, 2);
}

static void test_a_notice_leaves_what_was_typed(void **state)
{
    assert_ptr_equal(*state, &guest);
    keys("lit\x1b[D");
    shown[0] = '\0';
    listener->notice("web has crashed");
    assert_string_equal(shown, "\nweb has crashed\natoll> lit\b");
    keys("s\r");
    assert_string_equal(executed, "list");
}

static void test_a_guests_console(void **state)
{
    assert_ptr_equal(*state, &guest);
    keys("console 7\r");
    listener->output(&guest, "hello", 5);
    keys("ls\r");
    assert_string_equal(typed, "ls\r");
    shown[0] = '\0';
    keys("\x1d");
    assert_string_equal(shown, LEAVE "atoll> ");
    shown[0] = '\0';
    listener->output(&guest, "hello", 5);
    assert_string_equal(shown, "");
}

static void test_a_guest_that_is_gone(void **state)
{
    assert_ptr_equal(*state, &guest);
    keys("console web\r");
    shown[0] = '\0';
    listener->gone(&guest);
    assert_string_equal(shown, LEAVE "atoll> ");
}

static void test_the_log_begins_at_a_line_and_others_go_on(void **state)
{
    assert_ptr_equal(*state, &guest);
    guest.console.log_end = 1050;
    keys("console web\r");
    assert_true(serve_count >= 8);
    keys("\x1d");
    guest.console.log_end = 9050;
    shown[0] = '\0';
    serve_count = 0;
    keys("console web\r");
    assert_true(serve_count >= 64);
    keys("\x1d");
}

static void test_what_has_no_console(void **state)
{
    assert_ptr_equal(*state, &guest);
    keys("console mail\r");
    keys("console 0\r");
    listener->output(&guest, "hello", 5);
    assert_null(strstr(shown, "hello"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_command_and_its_output, setup),
        cmocka_unit_test_setup(test_a_notice_leaves_what_was_typed, setup),
        cmocka_unit_test_setup(test_a_guests_console, setup),
        cmocka_unit_test_setup(test_a_guest_that_is_gone, setup),
        cmocka_unit_test_setup(test_the_log_begins_at_a_line_and_others_go_on, setup),
        cmocka_unit_test_setup(test_what_has_no_console, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
