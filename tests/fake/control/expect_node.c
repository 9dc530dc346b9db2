/* SPDX-License-Identifier: BSD-2-Clause */
/* What a test expects of a node of the store. */
#include "tests/fake/control/expect_node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guest-kernel/control/store.h"

void expect_node(const char *path, const char *value, const char *access)
{
    char text[64];

    assert_int_equal(store_read(path, text, sizeof(text)), 0);
    assert_string_equal(text, value);
    assert_int_equal(store_read_access(path, text, sizeof(text)), 0);
    assert_string_equal(text, access);
}
