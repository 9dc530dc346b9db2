/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines become requests; what is wrong is said in a sentence. The management interface and the
 * tables are fakes here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/manage.h"
#include "guest-kernel/control/shell.h"
#include "guest-kernel/control/shell_show.h"
#include "guest-kernel/time.h"
#include "lib/errno.h"

static struct manage_request requested;
static int request_count, next_status;
static char shown[2048];

void manage(const struct manage_request *request, struct manage_answer *answer)
{
    requested = *request;
    request_count++;
    memset(answer, 0, sizeof(*answer));
    answer->status = next_status;
    if (next_status != 0)
        strcpy(answer->sentence, "that cannot be");
}

uint64_t time_now(void)
{
    return 4711;
}

/* A table stands for itself: its name and its target. */
static int show(struct shell_output *output, const char *what, const char *target)
{
    shell_printf(output, "<%s %s>", what, target != NULL ? target : "all");
    return 0;
}

int show_list(struct shell_output *output, const char *target)
{
    return show(output, "list", target);
}

int show_vcpus(struct shell_output *output, const char *target)
{
    return show(output, "vcpus", target);
}

int show_machine(struct shell_output *output)
{
    return show(output, "machine", NULL);
}

int show_memory(struct shell_output *output)
{
    return show(output, "memory", NULL);
}

int show_volumes(struct shell_output *output)
{
    return show(output, "volumes", NULL);
}

int show_vbds(struct shell_output *output, const char *target)
{
    return show(output, "vbds", target);
}

int show_vifs(struct shell_output *output, const char *target)
{
    return show(output, "vifs", target);
}

int show_bridges(struct shell_output *output, const char *port)
{
    return show(output, "bridges", port);
}

int show_log(struct shell_output *output)
{
    return show(output, "log", NULL);
}

int show_counters(struct shell_output *output, const char *target)
{
    return show(output, "counters", target);
}

int show_death(struct shell_output *output, const char *target)
{
    return show(output, "death", target);
}

int show_measure(struct shell_output *output)
{
    return show(output, "measure", NULL);
}

int do_xenstore_ls(char **words, int count, struct shell_output *output)
{
    return show(output, words[0], words[count - 1]);
}

int do_xenstore_list(char **words, int count, struct shell_output *output)
{
    return show(output, words[0], words[count - 1]);
}

int do_xenstore_read(char **words, int count, struct shell_output *output)
{
    return show(output, words[0], words[count - 1]);
}

int do_xenstore_write(char **words, int count, struct shell_output *output)
{
    return show(output, words[0], words[count - 1]);
}

int do_xenstore_rm(char **words, int count, struct shell_output *output)
{
    return show(output, words[0], words[count - 1]);
}

static void write_shown(struct shell_output *output, const char *text, size_t size)
{
    assert_non_null(output);
    strncat(shown, text, size);
}

static int attach(struct shell_output *output, const char *target)
{
    assert_non_null(output);
    if (strcmp(target, "0") == 0)
        return -EINVAL;
    return strcmp(target, "demo") == 0 ? 0 : -ESRCH;
}

static struct shell_output terminal = {write_shown, attach};
static struct shell_output pipe_output = {write_shown, NULL};

static int setup(void **state)
{
    *state = shown;
    shown[0] = '\0';
    request_count = next_status = 0;
    return 0;
}

static int run(const char *text)
{
    char line[512];

    shown[0] = '\0';
    snprintf(line, sizeof(line), "%s", text);
    return shell_execute(line, &terminal);
}

static void test_words(void **state)
{
    char line[] = "  create \t \"a b.cfg\"  \"\" c ", open[] = "a \"b";
    char many[] = "1 2 3 4 5 6 7 8 9";
    char *words[SHELL_WORDS_MAX];

    assert_ptr_equal(*state, shown);
    assert_int_equal(shell_split(line, words), 4);
    assert_string_equal(words[0], "create");
    assert_string_equal(words[1], "a b.cfg");
    assert_string_equal(words[2], "");
    assert_string_equal(words[3], "c");
    assert_int_equal(shell_split(open, words), -EINVAL);
    assert_int_equal(shell_split(many, words), -E2BIG);
}

static void test_verbs(void **state)
{
    static const struct {
        const char *line;
        enum manage_verb verb;
    } cases[] = {{"create g", MANAGE_CREATE},     {"destroy g", MANAGE_DESTROY},
                 {"pause g", MANAGE_PAUSE},       {"unpause g", MANAGE_UNPAUSE},
                 {"shutdown g", MANAGE_SHUTDOWN}, {"reboot g", MANAGE_REBOOT}};

    assert_ptr_equal(*state, shown);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run(cases[i].line), 0);
        assert_int_equal(requested.verb, cases[i].verb);
        assert_string_equal(requested.target, "g");
        assert_false(requested.is_paused);
    }
    assert_int_equal(run("create -p g.cfg"), 0);
    assert_true(requested.is_paused);
    assert_string_equal(requested.target, "g.cfg");
}

static void test_tables(void **state)
{
    static const char *const cases[][2] = {
        {"list", "<list all>"},
        {"list g", "<list g>"},
        {"vcpu-list", "<vcpus all>"},
        {"vcpu-list g", "<vcpus g>"},
        {"info", "<machine all>"},
        {"info memory", "<memory all>"},
        {"network-list g", "<vifs g>"},
        {"bridges", "<bridges all>"},
        {"bridges vif1.0", "<bridges vif1.0>"},
        {"dmesg", "<log all>"},
        {"counters g", "<counters g>"},
        {"death g", "<death g>"},
        {"measure", "<measure all>"},
        {"volumes", "<volumes all>"},
        {"block-list g", "<vbds g>"},
    };

    assert_ptr_equal(*state, shown);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run(cases[i][0]), 0);
        assert_string_equal(shown, cases[i][1]);
    }
}

static void test_time_runs_a_command(void **state)
{
    assert_ptr_equal(*state, shown);
    assert_int_equal(run("time list g"), 0);
    assert_memory_equal(shown, "<list g>", 8);
    assert_non_null(strstr(shown, " ticks, begun 4711 ns after"));
    assert_int_equal(run("time lst"), -EINVAL);
}

static void test_wrong_usage(void **state)
{
    static const char *const lines[] = {
        "create",  "create a b", "destroy", "destroy a b",   "list a b",  "info cpus", "dmesg all",
        "console", "counters",   "pause",   "vcpu-list a b", "create -p", "create -c"};

    assert_ptr_equal(*state, shown);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(run(lines[i]), -EINVAL);
        assert_memory_equal(shown, "usage: ", 7);
        assert_null(strstr(shown, " \n"));
    }
    assert_int_equal(request_count, 0);
}

static void test_errors_are_passed_on(void **state)
{
    assert_ptr_equal(*state, shown);
    next_status = -ESRCH;
    assert_int_equal(run("destroy g"), -ESRCH);
    assert_string_equal(shown, "that cannot be.\n");
    assert_int_equal(run("create g.cfg"), -ESRCH);
    assert_non_null(strstr(shown, "that cannot be."));
}

static void test_what_is_no_command(void **state)
{
    char text[200];

    assert_ptr_equal(*state, shown);
    assert_int_equal(run(""), 0);
    assert_int_equal(run("   "), 0);
    assert_string_equal(shown, "");
    assert_int_equal(run("lst"), -EINVAL);
    assert_non_null(strstr(shown, "no command lst"));
    assert_int_equal(run("help lst"), -EINVAL);
    assert_int_equal(run("list \"a"), -EINVAL);
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "destroy ", 8);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(run(text), -ENAMETOOLONG);
    assert_int_equal(request_count, 0);
}

static void test_console_needs_a_terminal(void **state)
{
    char line[] = "console demo";

    assert_ptr_equal(*state, shown);
    assert_int_equal(run("console demo"), 0);
    assert_int_equal(run("console other"), -ESRCH);
    assert_int_equal(run("console 0"), -EINVAL);
    assert_string_equal(shown, "this is the console of 0.\n");
    assert_int_equal(shell_execute(line, &pipe_output), -EOPNOTSUPP);
}

static void test_help_lists_every_command(void **state)
{
    static const char *const names[] = {"list",      "create",   "destroy", "pause",
                                        "unpause",   "shutdown", "reboot",  "console",
                                        "vcpu-list", "info",     "dmesg",   "help"};

    assert_ptr_equal(*state, shown);
    assert_int_equal(run("help"), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_non_null(strstr(shown, names[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_words, setup),
        cmocka_unit_test_setup(test_verbs, setup),
        cmocka_unit_test_setup(test_tables, setup),
        cmocka_unit_test_setup(test_time_runs_a_command, setup),
        cmocka_unit_test_setup(test_wrong_usage, setup),
        cmocka_unit_test_setup(test_errors_are_passed_on, setup),
        cmocka_unit_test_setup(test_what_is_no_command, setup),
        cmocka_unit_test_setup(test_console_needs_a_terminal, setup),
        cmocka_unit_test_setup(test_help_lists_every_command, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
