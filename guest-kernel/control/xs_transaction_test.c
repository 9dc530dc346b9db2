/* SPDX-License-Identifier: BSD-2-Clause */
/* Transactions, the limits of a guest, and what failing memory leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/control/fake_heap.h"
#include "tests/fake/control/xs_ask.h"

static struct xs_client *const zero = &xs_test.zero, *const one = &xs_test.one,
                               *const two = &xs_test.two;

static const char *end(struct xs_client *client, uint32_t tx)
{
    return xs_ask(client, XS_TRANSACTION_END, tx, "T");
}

static void test_nobody_else_sees_a_transaction_before_its_end(void **state)
{
    uint32_t tx = xs_ask_begin(one);

    assert_ptr_equal(*state, &xs_test);
    xs_ask(one, XS_WATCH, 0, "data\0t");
    xs_ask_events(one);
    assert_string_equal(xs_ask_write(one, tx, "data/x\0a"), "OK|");
    assert_string_equal(xs_ask_write(one, tx, "data/y/z\0b"), "OK|");
    assert_string_equal(xs_ask(one, XS_READ, tx, "data/x"), "a");
    assert_string_equal(xs_ask(one, XS_DIRECTORY, tx, "data"), "x|y|");
    assert_string_equal(xs_ask(one, XS_READ, 0, "data/x"), "!ENOENT|");
    assert_string_equal(xs_ask_events(one), "");
    assert_string_equal(end(one, tx), "OK|");
    assert_string_equal(xs_ask(one, XS_READ, 0, "data/y/z"), "b");
    assert_string_equal(xs_ask_events(one), "data/x|t|; data/y/z|t|; ");
    assert_string_equal(xs_ask(one, XS_READ, tx, "data/x"), "!ENOENT|");
}

static void test_an_abandoned_transaction_changes_nothing(void **state)
{
    uint32_t tx = xs_ask_begin(one);

    assert_ptr_equal(*state, &xs_test);
    xs_ask_write(one, tx, "data/x\0a");
    xs_ask(one, XS_RM, tx, "data");
    assert_string_equal(xs_ask(one, XS_TRANSACTION_END, tx, "F"), "OK|");
    assert_string_equal(xs_ask(one, XS_DIRECTORY, 0, "data"), "");
}

/* What one does in a transaction, and what happens outside meanwhile. */
static void conflict(const char *inside, uint32_t type, const char *outside, const char *wanted)
{
    uint32_t tx;

    xs_ask_write(one, 0, "data/a/b\0old");
    xs_ask_write(one, 0, "data/c\0old");
    tx = xs_ask_begin(one);
    xs_ask_bytes(one, type, tx, inside, strlen(inside) + 1);
    xs_ask_bytes(one, XS_WRITE, 0, outside, strlen(outside) + 2);
    assert_string_equal(end(one, tx), wanted);
}

static void test_a_transaction_conflicts_with_a_change_of_what_it_saw(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    conflict("data/c", XS_READ, "data/c\0x", "!EAGAIN|");
    conflict("data/c", XS_WRITE, "data/c\0x", "!EAGAIN|");
    conflict("data/none", XS_READ, "data/none\0x", "!EAGAIN|");
    conflict("data/a", XS_DIRECTORY, "data/a/new\0x", "!EAGAIN|");
    conflict("data/a/new2", XS_WRITE, "data/a/new3\0x", "!EAGAIN|");
    conflict("data/c", XS_READ, "data/a/b\0x", "OK|");
    conflict("data/a", XS_READ, "data/a/b\0x", "OK|");
    /* What is removed is removed whatever came into it. */
    conflict("data/a", XS_RM, "data/a/b\0x", "OK|");
    assert_string_equal(xs_ask(one, XS_READ, 0, "data/a/b"), "!ENOENT|");
}

static void test_a_conflict_leaves_the_others_change(void **state)
{
    uint32_t first = xs_ask_begin(one), second = xs_ask_begin(one);

    assert_ptr_equal(*state, &xs_test);
    xs_ask_write(one, first, "data/x\0a");
    xs_ask_write(one, second, "data/x\0b");
    assert_string_equal(end(one, second), "OK|");
    assert_string_equal(end(one, first), "!EAGAIN|");
    assert_string_equal(xs_ask(one, XS_READ, 0, "data/x"), "b");
}

static void test_what_is_removed_can_be_made_again(void **state)
{
    uint32_t tx;

    assert_ptr_equal(*state, &xs_test);
    xs_ask_write(one, 0, "data/a/b\0old");
    tx = xs_ask_begin(one);
    xs_ask(one, XS_RM, tx, "data/a");
    assert_string_equal(xs_ask(one, XS_READ, tx, "data/a/b"), "!ENOENT|");
    xs_ask_write(one, tx, "data/a/c\0new");
    assert_string_equal(xs_ask(one, XS_DIRECTORY, tx, "data/a"), "c|");
    xs_ask(one, XS_RM, tx, "data/a/c");
    xs_ask_write(one, tx, "data/a/d\0new");
    assert_string_equal(end(one, tx), "OK|");
    assert_string_equal(xs_ask(one, XS_DIRECTORY, 0, "data/a"), "d|");
    assert_string_equal(xs_ask(one, XS_DIRECTORY, 0, "data"), "a|");
    assert_int_equal(one->owned_count, 3);
}

static void test_access_in_a_transaction(void **state)
{
    uint32_t tx = xs_ask_begin(two);

    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask(two, XS_READ, tx, "/local/domain/1/name"), "!EACCES|");
    assert_string_equal(xs_ask_write(two, tx, "data/x\0a"), "OK|");
    assert_string_equal(xs_ask(two, XS_SET_PERMS, tx, "data/x\0n2\0r1"), "OK|");
    assert_string_equal(xs_ask(two, XS_GET_PERMS, tx, "data/x"), "n2|r1|");
    assert_string_equal(end(two, tx), "OK|");
    assert_string_equal(xs_ask(one, XS_READ, 0, "/local/domain/2/data/x"), "a");
}

static void test_numbers_of_transactions(void **state)
{
    uint32_t tx = xs_ask_begin(one);

    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask(one, XS_TRANSACTION_START, tx, ""), "!EBUSY|");
    assert_string_equal(xs_ask(one, XS_TRANSACTION_END, tx, "X"), "!EINVAL|");
    assert_string_equal(xs_ask(one, XS_TRANSACTION_END, 0, "T"), "!ENOENT|");
    assert_string_equal(xs_ask(two, XS_TRANSACTION_END, tx, "T"), "!ENOENT|");
    assert_string_equal(xs_ask_write(one, tx + 1, "data/x\0a"), "!ENOENT|");
    assert_string_equal(xs_ask(one, XS_RESET_WATCHES, 0, ""), "OK|");
    assert_string_equal(end(one, tx), "!ENOENT|");
}

static void test_limit_on_transactions(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    for (unsigned int i = 0; i < XS_TRANSACTIONS_MAX; i++)
        xs_ask_begin(one);
    assert_string_equal(xs_ask(one, XS_TRANSACTION_START, 0, ""), "!ENOSPC|");
    xs_ask_begin(two);
}

static const char *make(struct xs_client *client, uint32_t tx, unsigned int number)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "data/%u/%u", number / 50, number % 50) + 1;

    return xs_ask_bytes(client, XS_MKDIR, tx, text, (size_t)size);
}

static void test_limit_on_nodes(void **state)
{
    unsigned int made = 0;

    assert_ptr_equal(*state, &xs_test);
    while (strcmp(make(one, 0, made), "OK|") == 0)
        made++;
    assert_string_equal(make(one, 0, made), "!ENOSPC|");
    assert_int_equal(one->owned_count, XS_NODES_MAX);
    assert_string_equal(make(two, 0, 0), "OK|");
    assert_string_equal(xs_ask_write(one, 0, "data/0/0\0x"), "OK|");
    assert_string_equal(xs_ask(one, XS_RM, 0, "data/0"), "OK|");
    assert_string_equal(make(one, 0, made), "OK|");
}

static void test_limit_on_nodes_of_all_transactions_together(void **state)
{
    unsigned int made;
    uint32_t first, second;

    assert_ptr_equal(*state, &xs_test);
    for (made = 0; one->owned_count < XS_NODES_MAX - 3; made++)
        make(one, 0, made);
    xs_ask_write(one, 0, "data/0\0x");
    first = xs_ask_begin(one);
    second = xs_ask_begin(one);
    assert_string_equal(xs_ask(one, XS_MKDIR, first, "data/0/a/b"), "OK|");
    assert_string_equal(xs_ask(one, XS_MKDIR, second, "data/1/a/b"), "OK|");
    assert_string_equal(end(one, first), "OK|");
    assert_string_equal(end(one, second), "!ENOSPC|");
    assert_int_equal(one->owned_count, XS_NODES_MAX - 1);
}

static void test_limit_on_sizes(void **state)
{
    char text[XENSTORE_PAYLOAD_MAX] = "data/x";
    unsigned int made = 0;

    assert_ptr_equal(*state, &xs_test);
    assert_string_equal(xs_ask_bytes(one, XS_WRITE, 0, text, 7 + XS_NODE_SIZE_MAX), "!ENOSPC|");
    while (made < XS_NODES_MAX &&
           strcmp(xs_ask_bytes(one, XS_WRITE, 0, text, 7 + 2000), "OK|") == 0)
        snprintf(text, 40, "data/%u%c", made++, 0);
    assert_true(one->owned_size <= XS_OWNED_MAX && one->owned_size > XS_OWNED_MAX - 4096);
    /* Domain 0 goes on. */
    assert_string_equal(xs_ask_write(zero, 0, "/local/domain/1/data/more\0a"), "OK|");
}

static void test_limit_on_the_memory_of_a_transaction(void **state)
{
    char text[XENSTORE_PAYLOAD_MAX];
    uint32_t tx = xs_ask_begin(one);
    const char *answer = "OK|";

    assert_ptr_equal(*state, &xs_test);
    memset(text, 0, sizeof(text));
    for (unsigned int i = 0; i < 100 && strcmp(answer, "OK|") == 0; i++) {
        snprintf(text, 40, "data/%u", i);
        answer = xs_ask_bytes(one, XS_WRITE, tx, text, 2000);
    }
    assert_string_equal(answer, "!ENOSPC|");
    assert_string_equal(end(one, tx), "!ENOSPC|");
    assert_string_equal(xs_ask(one, XS_DIRECTORY, 0, "data"), "");
    assert_int_equal(one->private_size, 0);
}

static void test_limit_on_what_a_transaction_looks_at(void **state)
{
    uint32_t tx = xs_ask_begin(one);
    const char *answer = "!ENOENT|";
    char text[16];
    unsigned int count = 0;

    assert_ptr_equal(*state, &xs_test);
    while (strcmp(answer, "!ENOENT|") == 0) {
        size_t size = (size_t)snprintf(text, sizeof(text), "data/%u", count++) + 1;

        answer = xs_ask_bytes(one, XS_READ, tx, text, size);
    }
    assert_string_equal(answer, "!ENOSPC|");
    assert_int_equal(count, XS_ENTRIES_MAX + 1);
    /* What it has seen it can see again. */
    assert_string_equal(xs_ask(one, XS_READ, tx, "data/0"), "!ENOENT|");
    assert_string_equal(end(one, tx), "OK|");
}

static void test_limit_on_watches_and_tokens(void **state)
{
    char text[XS_TOKEN_MAX + 16] = "data";

    assert_ptr_equal(*state, &xs_test);
    for (unsigned int i = 0; i < XS_WATCHES_MAX; i++) {
        size_t size = (size_t)snprintf(text + 5, 10, "%u", i) + 6;

        assert_string_equal(xs_ask_bytes(one, XS_WATCH, 0, text, size), "OK|");
    }
    assert_string_equal(xs_ask(one, XS_WATCH, 0, "data\0more"), "!E2BIG|");
    memset(text + 5, 't', XS_TOKEN_MAX);
    text[5 + XS_TOKEN_MAX] = '\0';
    assert_string_equal(xs_ask_bytes(two, XS_WATCH, 0, text, 6 + XS_TOKEN_MAX), "!E2BIG|");
    text[5 + XS_TOKEN_MAX - 1] = '\0';
    assert_string_equal(xs_ask_bytes(two, XS_WATCH, 0, text, 5 + XS_TOKEN_MAX), "OK|");
}

static void test_more_events_than_can_wait_become_one(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    xs_ask(one, XS_WATCH, 0, "data\0t");
    xs_ask_events(one);
    for (unsigned int i = 0; i < XS_EVENTS_MAX + 50; i++)
        make(one, 0, i);
    assert_int_equal(one->event_count, XS_EVENTS_MAX);
    assert_non_null(strstr(xs_ask_events(one), "data/5/5|t|; data|t|; "));
    assert_string_equal(xs_ask_events(one), "");
}

/* Some of everything. */
static void work(void)
{
    uint32_t tx;
    char *rest;

    xs_ask(one, XS_WATCH, 0, "data\0t");
    xs_ask_write(one, 0, "data/a/b\0x");
    tx = (uint32_t)strtoul(xs_ask(one, XS_TRANSACTION_START, 0, ""), &rest, 10);
    xs_ask(one, XS_READ, tx, "name");
    xs_ask_write(one, tx, "data/a/c/d\0x");
    xs_ask(one, XS_RM, tx, "data/a/b");
    xs_ask(one, XS_SET_PERMS, tx, "data/a\0n1\0r2");
    xs_ask(one, XS_TRANSACTION_END, tx, "T");
    xs_ask(one, XS_RM, 0, "data/a");
}

static void test_failing_memory_leaves_the_store_whole(void **state)
{
    unsigned int k = 0;

    assert_ptr_equal(*state, &xs_test);
    do {
        fake_heap.calls = 0;
        fake_heap.fail_at = ++k;
        work();
        if (fake_heap.calls >= k) {
            fake_heap.fail_at = 0;
            xs_ask(one, XS_RESET_WATCHES, 0, "");
            xs_ask(one, XS_RM, 0, "data/a");
            assert_int_equal(one->private_size, 0);
            assert_int_equal(one->owned_count, 1);
            assert_string_equal(xs_ask(one, XS_DIRECTORY, 0, "data"), "");
        }
    } while (fake_heap.calls >= k && k < 1000);
    fake_heap.fail_at = 0;
    assert_in_range(k, 20, 999);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, xs_test_setup, xs_test_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_nobody_else_sees_a_transaction_before_its_end),
        CASE(test_an_abandoned_transaction_changes_nothing),
        CASE(test_a_transaction_conflicts_with_a_change_of_what_it_saw),
        CASE(test_a_conflict_leaves_the_others_change),
        CASE(test_what_is_removed_can_be_made_again),
        CASE(test_access_in_a_transaction),
        CASE(test_numbers_of_transactions),
        CASE(test_limit_on_transactions),
        CASE(test_limit_on_nodes),
        CASE(test_limit_on_nodes_of_all_transactions_together),
        CASE(test_limit_on_sizes),
        CASE(test_limit_on_the_memory_of_a_transaction),
        CASE(test_limit_on_what_a_transaction_looks_at),
        CASE(test_limit_on_watches_and_tokens),
        CASE(test_more_events_than_can_wait_become_one),
        CASE(test_failing_memory_leaves_the_store_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
