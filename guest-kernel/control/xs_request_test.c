/* SPDX-License-Identifier: BSD-2-Clause */
/* What clients see of the store: nodes, access, watches, by messages. Two guests, 1 and 2, and
 * domain 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/xs_watch.h"
#include "tests/fake/control/xs_ask.h"

static void test_values_are_any_bytes(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask_write(&xs_test.one, 0, "data/x\0a\0b"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_READ, 0, "data/x"), "a|b");
    assert_string_equal(xs_ask_bytes(&xs_test.one, XS_WRITE, 0, "data/x", 7), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_READ, 0, "data/x"), "");
    assert_string_equal(xs_ask(&xs_test.one, XS_READ, 0, "name"), "first");
    assert_string_equal(xs_ask(&xs_test.one, XS_READ, 0, "/local/domain/1/name"), "first");
}

static void test_names_are_listed_in_the_order_of_their_making(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask_write(&xs_test.one, 0, "data/b/c/d\0x"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_MKDIR, 0, "data/a"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_MKDIR, 0, "data/a"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_DIRECTORY, 0, "data"), "b|a|");
    assert_string_equal(xs_ask(&xs_test.one, XS_DIRECTORY, 0, "data/b"), "c|");
    assert_string_equal(xs_ask(&xs_test.one, XS_READ, 0, "data/b/c"), "");
    assert_string_equal(xs_ask(&xs_test.one, XS_DIRECTORY, 0, "data/a"), "");
}

static void test_removal_takes_everything_below(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    xs_ask_write(&xs_test.one, 0, "data/b/c/d\0x");
    xs_ask_write(&xs_test.one, 0, "data/bb\0y");
    assert_string_equal(xs_ask(&xs_test.one, XS_RM, 0, "data/b"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_DIRECTORY, 0, "data"), "bb|");
    assert_string_equal(xs_ask(&xs_test.one, XS_READ, 0, "data/b/c/d"), "!ENOENT|");
    assert_string_equal(xs_ask(&xs_test.one, XS_RM, 0, "data/b"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_RM, 0, "data/b/c"), "!ENOENT|");
    assert_string_equal(xs_ask(&xs_test.zero, XS_RM, 0, "/"), "!EINVAL|");
    assert_int_equal(xs_test.one.owned_count, 2);
}

static void test_deep_trees_are_removed(void **state)
{
    char path[XENSTORE_ABS_PATH_MAX + 1] = "/local/domain/1/data";

    assert_ptr_equal(*state, &xs_test);
    while (strlen(path) + 2 < sizeof(path))
        strcat(path, "/x");
    assert_string_equal(xs_ask_bytes(&xs_test.zero, XS_MKDIR, 0, path, strlen(path) + 1), "OK|");
    assert_int_equal(xs_test.one.owned_count, 1 + (strlen(path) - 20) / 2);
    assert_string_equal(xs_ask(&xs_test.one, XS_RM, 0, "data/x"), "OK|");
    assert_int_equal(xs_test.one.owned_count, 1);
}

static void test_what_is_no_path(void **state)
{
    static const char *const wrong[] = {"data/", "//", "/local//domain", "a b", "", "@x", "/a.b"};
    char path[XENSTORE_REL_PATH_MAX + 2];

    assert_ptr_equal(*state, &xs_test);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_string_equal(xs_ask_bytes(&xs_test.one, XS_READ, 0, wrong[i], strlen(wrong[i]) + 1),
                            "!EINVAL|");
    memset(path, 'a', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    assert_string_equal(xs_ask_bytes(&xs_test.one, XS_READ, 0, path, sizeof(path)), "!EINVAL|");
    assert_string_equal(xs_ask_bytes(&xs_test.one, XS_READ, 0, path + 1, sizeof(path) - 1),
                        "!ENOENT|");
    assert_string_equal(xs_ask(&xs_test.one, XS_READ, 0, "@releaseDomain"), "!EINVAL|");
}

static void test_what_is_no_request(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask(&xs_test.one, XS_READ, 0, "name\0name"), "!EINVAL|");
    assert_string_equal(xs_ask_bytes(&xs_test.one, XS_READ, 0, "name", 4), "!EINVAL|");
    assert_string_equal(xs_ask_bytes(&xs_test.one, XS_READ, 0, NULL, 0), "!EINVAL|");
    assert_string_equal(xs_ask_bytes(&xs_test.one, XS_WRITE, 0, "data/x", 6), "!EINVAL|");
    assert_string_equal(xs_ask_bytes(&xs_test.one, XS_WATCH, 0, "name", 5), "!EINVAL|");
    assert_string_equal(xs_ask(&xs_test.one, XS_SET_PERMS, 0, "data"), "!EINVAL|");
    assert_string_equal(xs_ask(&xs_test.one, XS_SET_PERMS, 0, "data\0x1"), "!EINVAL|");
    assert_string_equal(xs_ask(&xs_test.one, XS_TYPE_COUNT, 0, "name"), "!ENOSYS|");
    assert_string_equal(xs_ask(&xs_test.one, XS_WATCH_EVENT, 0, "name\0a"), "!ENOSYS|");
    assert_string_equal(xs_ask(&xs_test.one, 20, 0, "name"), "!ENOSYS|");
    assert_string_equal(xs_ask(&xs_test.one, XS_INTRODUCE, 0, "1\0002\0003"), "!EACCES|");
    assert_string_equal(xs_ask(&xs_test.one, XS_CONTROL, 0, "help"), "!EACCES|");
    assert_string_equal(xs_ask(&xs_test.one, XS_SET_TARGET, 0, "1\0002"), "!EACCES|");
}

static void test_access_is_by_domain(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask_write(&xs_test.one, 0, "name\0other"), "!EACCES|");
    assert_string_equal(xs_ask_write(&xs_test.one, 0, "new\0other"), "!EACCES|");
    assert_string_equal(xs_ask(&xs_test.two, XS_READ, 0, "/local/domain/1/name"), "!EACCES|");
    assert_string_equal(xs_ask(&xs_test.two, XS_READ, 0, "/local/domain/1/none"), "!EACCES|");
    assert_string_equal(xs_ask(&xs_test.two, XS_DIRECTORY, 0, "/"), "!EACCES|");
    assert_string_equal(xs_ask_write(&xs_test.one, 0, "data/x\0a"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_GET_PERMS, 0, "data/x"), "n1|");
    assert_string_equal(xs_ask(&xs_test.two, XS_READ, 0, "/local/domain/1/data/x"), "!EACCES|");
    assert_string_equal(xs_ask(&xs_test.one, XS_SET_PERMS, 0, "data/x\0n1\0r2"), "OK|");
    assert_string_equal(xs_ask(&xs_test.two, XS_READ, 0, "/local/domain/1/data/x"), "a");
    assert_string_equal(xs_ask_write(&xs_test.two, 0, "/local/domain/1/data/x\0b"), "!EACCES|");
    assert_string_equal(xs_ask(&xs_test.one, XS_SET_PERMS, 0, "data/x\0n1\0b2"), "OK|");
    assert_string_equal(xs_ask_write(&xs_test.two, 0, "/local/domain/1/data/x\0b"), "OK|");
    assert_string_equal(xs_ask(&xs_test.two, XS_SET_PERMS, 0, "/local/domain/1/data/x\0n2"),
                        "!EACCES|");
    assert_string_equal(xs_ask(&xs_test.one, XS_SET_PERMS, 0, "data/x\0n2"), "!EPERM|");
    assert_string_equal(xs_ask(&xs_test.one, XS_SET_PERMS, 0, "name\0n0\0w1"), "!EACCES|");
}

static void test_what_a_guest_makes_elsewhere_is_its_own(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    xs_ask(&xs_test.one, XS_SET_PERMS, 0, "data\0w1");
    assert_string_equal(xs_ask_write(&xs_test.two, 0, "/local/domain/1/data/y\0b"), "OK|");
    assert_string_equal(xs_ask(&xs_test.two, XS_GET_PERMS, 0, "/local/domain/1/data/y"), "w2|");
    assert_int_equal(xs_test.two.owned_count, 2);
}

static void test_special_names_have_access_alone(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask(&xs_test.zero, XS_GET_PERMS, 0, "@releaseDomain"), "n0|");
    assert_string_equal(xs_ask(&xs_test.one, XS_SET_PERMS, 0, "@releaseDomain\0n1"), "!EACCES|");
    assert_string_equal(xs_ask(&xs_test.one, XS_WATCH, 0, "@releaseDomain\0t"), "OK|");
    assert_string_equal(xs_ask_events(&xs_test.one), "@releaseDomain|t|; ");
    xs_watch_fire(&xs_test.store, XS_RELEASE_DOMAIN);
    assert_string_equal(xs_ask_events(&xs_test.one), "");
    assert_string_equal(xs_ask(&xs_test.zero, XS_SET_PERMS, 0, "@releaseDomain\0n0\0r1"), "OK|");
    xs_watch_fire(&xs_test.store, XS_RELEASE_DOMAIN);
    assert_string_equal(xs_ask_events(&xs_test.one), "@releaseDomain|t|; ");
}

static void test_questions_about_domains(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask(&xs_test.one, XS_GET_DOMAIN_PATH, 0, "7"), "/local/domain/7|");
    assert_string_equal(xs_ask(&xs_test.one, XS_GET_DOMAIN_PATH, 0, "x"), "!EINVAL|");
    assert_string_equal(xs_ask(&xs_test.zero, XS_IS_DOMAIN_INTRODUCED, 0, "2"), "T|");
    assert_string_equal(xs_ask(&xs_test.zero, XS_IS_DOMAIN_INTRODUCED, 0, "3"), "F|");
    assert_string_equal(xs_ask(&xs_test.one, XS_IS_DOMAIN_INTRODUCED, 0, "1"), "!EACCES|");
}

static void test_a_watch_fires_at_once_and_for_what_is_below(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask(&xs_test.one, XS_WATCH, 0, "data\0t"), "OK|");
    assert_string_equal(xs_ask_events(&xs_test.one), "data|t|; ");
    xs_ask_write(&xs_test.one, 0, "data/a/b\0x");
    xs_ask_write(&xs_test.zero, 0, "/local/domain/1/database\0x");
    xs_ask(&xs_test.zero, XS_SET_PERMS, 0, "/local/domain/1/data/a\0n1");
    assert_string_equal(xs_ask_events(&xs_test.one), "data/a/b|t|; data/a|t|; ");
    assert_string_equal(xs_ask(&xs_test.one, XS_UNWATCH, 0, "data\0t"), "OK|");
    xs_ask_write(&xs_test.one, 0, "data/a/b\0y");
    assert_string_equal(xs_ask_events(&xs_test.one), "");
    assert_string_equal(xs_ask(&xs_test.one, XS_UNWATCH, 0, "data\0t"), "!ENOENT|");
}

static void test_watches_of_removed_nodes(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    xs_ask_write(&xs_test.one, 0, "data/a/b\0x");
    xs_ask(&xs_test.one, XS_WATCH, 0, "data\0above");
    xs_ask(&xs_test.one, XS_WATCH, 0, "/local/domain/1/data/a/b\0below");
    xs_ask(&xs_test.one, XS_WATCH, 0, "data/a/c\0none");
    xs_ask_events(&xs_test.one);
    xs_ask(&xs_test.one, XS_RM, 0, "data/a");
    assert_string_equal(xs_ask_events(&xs_test.one),
                        "data/a|above|; /local/domain/1/data/a/b|below|; ");
}

static void test_only_who_may_look_hears(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask(&xs_test.two, XS_WATCH, 0, "/local/domain/1\0t"), "OK|");
    assert_string_equal(xs_ask_events(&xs_test.two), "/local/domain/1|t|; ");
    xs_ask_write(&xs_test.zero, 0, "/local/domain/1/name\0x");
    xs_ask_write(&xs_test.one, 0, "data/secret\0x");
    assert_string_equal(xs_ask_events(&xs_test.two), "");
    xs_ask(&xs_test.one, XS_SET_PERMS, 0, "data/secret\0r1");
    assert_string_equal(xs_ask_events(&xs_test.two), "/local/domain/1/data/secret|t|; ");
    xs_ask(&xs_test.one, XS_SET_PERMS, 0, "data/secret\0n1");
    assert_string_equal(xs_ask_events(&xs_test.two), "/local/domain/1/data/secret|t|; ");
    xs_ask_write(&xs_test.one, 0, "data/secret\0y");
    assert_string_equal(xs_ask_events(&xs_test.two), "");
}

static void test_watches_are_different_by_path_and_token(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask(&xs_test.one, XS_WATCH, 0, "data\0a"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_WATCH, 0, "data\0b"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_WATCH, 0, "/local/domain/1/data\0a"), "!EEXIST|");
    assert_string_equal(xs_ask(&xs_test.two, XS_WATCH, 0, "/local/domain/1/data\0a"), "OK|");
    assert_string_equal(xs_ask(&xs_test.one, XS_RESET_WATCHES, 0, ""), "OK|");
    assert_string_equal(xs_ask_events(&xs_test.one), "");
    assert_string_equal(xs_ask_events(&xs_test.two), "/local/domain/1/data|a|; ");
}

static void test_long_lists_come_in_parts(void **state)
{
    char path[300] = "/tool/", first[64];
    const char *answer;

    assert_ptr_equal(*state, &xs_test);
    memset(path + 6, 'n', 250);
    for (int i = 0; i < 20; i++) {
        snprintf(path + 256, 12, "%02d", i);
        assert_string_equal(xs_ask_bytes(&xs_test.zero, XS_MKDIR, 0, path, strlen(path) + 1),
                            "OK|");
    }
    assert_string_equal(xs_ask(&xs_test.zero, XS_DIRECTORY, 0, "/tool"), "!E2BIG|");
    answer = xs_ask(&xs_test.zero, XS_DIRECTORY_PART, 0, "/tool\0000");
    snprintf(first, sizeof(first), "%.*s", (int)(strchr(answer, '|') - answer), answer);
    /* Sixteen whole names, and none behind. */
    assert_int_equal(strlen(answer), strlen(first) + 1 + 16 * 253);
    answer = xs_ask(&xs_test.zero, XS_DIRECTORY_PART, 0, "/tool\0004048");
    assert_int_equal(strlen(answer), strlen(first) + 1 + 4 * 253 + 1);
    assert_memory_equal(answer, first, strlen(first));
    assert_string_equal(answer + strlen(answer) - 4, "19||");
    assert_string_equal(xs_ask(&xs_test.zero, XS_DIRECTORY_PART, 0, "/tool\0009999"), "!EINVAL|");
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, xs_test_setup, xs_test_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_values_are_any_bytes),
        CASE(test_names_are_listed_in_the_order_of_their_making),
        CASE(test_removal_takes_everything_below),
        CASE(test_deep_trees_are_removed),
        CASE(test_what_is_no_path),
        CASE(test_what_is_no_request),
        CASE(test_access_is_by_domain),
        CASE(test_what_a_guest_makes_elsewhere_is_its_own),
        CASE(test_special_names_have_access_alone),
        CASE(test_questions_about_domains),
        CASE(test_a_watch_fires_at_once_and_for_what_is_below),
        CASE(test_watches_of_removed_nodes),
        CASE(test_only_who_may_look_hears),
        CASE(test_watches_are_different_by_path_and_token),
        CASE(test_long_lists_come_in_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
