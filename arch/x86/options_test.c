/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: arch/x86/options.c */
/* The hypervisor's options: what each word sets, and what is named as not understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/x86/options.h"
#include "arch/x86/percpu.h"
#include "core/log.h"

static struct options options;

static void test_nothing_said(UNUSED void **state)
{
    options_read("", &options);
    assert_int_equal(options.console_port, 0x3f8);
    assert_int_equal(options.console_baud, 115200);
    assert_int_equal(options.cpu_max, CPU_MAX);
    assert_int_equal(options.log_level, LOG_NOTICE);
    assert_int_equal(options.debug_exit, 0);
    assert_string_equal(options.unknown, "");
}

static void test_all_said(UNUSED void **state)
{
    options_read("  console=com2,9600 maxcpus=3  loglevel=debug debug-exit=0xf4 ", &options);
    assert_int_equal(options.console_port, 0x2f8);
    assert_int_equal(options.console_baud, 9600);
    assert_int_equal(options.cpu_max, 3);
    assert_int_equal(options.log_level, LOG_DEBUG);
    assert_int_equal(options.debug_exit, 0xf4);
    assert_string_equal(options.unknown, "");
    options_read("console=0x2e8 maxcpus=4 maxcpus=5", &options);
    assert_int_equal(options.console_port, 0x2e8);
    assert_int_equal(options.cpu_max, 5);
    options_read("console=none", &options);
    assert_int_equal(options.console_port, 0);
}

static void test_what_is_not_understood_changes_nothing(UNUSED void **state)
{
    static const char *const texts[] = {
        "maxcpu=2",         "maxcpus=0",    "maxcpus=65",      "maxcpus=",   "maxcpus=2x",
        "console=0x10000",  "console=com3", "console=com1,0",  "loglevel=4", "maxcpus",
        "debug-exit=65536", "-1",           "loglevel=errors",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
        options_read(texts[i], &options);
        assert_ptr_equal(options.unknown, texts[i]);
    }
    options_read("maxcpus=0 loglevel=error", &options);
    assert_string_equal(options.unknown, "maxcpus=0 loglevel=error");
    assert_int_equal(options.cpu_max, CPU_MAX);
    assert_int_equal(options.log_level, LOG_ERROR);
    options_read("maxcpus=2 frob console=com7", &options);
    assert_string_equal(options.unknown, "frob console=com7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_said),
        cmocka_unit_test(test_all_said),
        cmocka_unit_test(test_what_is_not_understood_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
