/* SPDX-License-Identifier: BSD-2-Clause */
/* A device's life in the store, with the real store, a front end that the test plays, and a kind of
 * device that counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/backend.h"
#include "guest-kernel/control/domains.h"
#include "lib/errno.h"
#include "pv-abi/io_xenbus.h"
#include "tests/fake/control/expect_node.h"
#include "tests/fake/control/fake_heap.h"
#include "tests/fake/control/fake_rings.h"

#define FRONT     "/local/domain/1/device/thing/7"
#define BACK      "/local/domain/0/backend/thing/1/7"
#define CALLS_MAX 500u

static struct {
    int connects, disconnects;
    int refusal; /* what connect() answers */
} device;
static char noticed[512];
static unsigned int notice_count;

void domains_notice(const char *sentence)
{
    notice_count++;
    snprintf(noticed, sizeof(noticed), "%s", sentence);
}

static struct backend backend;

static int connect(struct backend *which)
{
    assert_ptr_equal(which, &backend);
    device.connects++;
    return device.refusal;
}

static void disconnect(struct backend *which)
{
    assert_ptr_equal(which, &backend);
    device.disconnects++;
}

static const struct backend_kind kind = {"thing", "gadget", connect, disconnect};

static int write_own(struct backend *which)
{
    const struct backend_value values[] = {{"/word", "text", 0}, {"/number", NULL, 42}};

    return backend_write(which, values, ARRAY_COUNT(values));
}

/* Watches are called. */
static void step(void)
{
    for (int i = 0; store_has_work(); i++) {
        assert_true(i < 100);
        store_step();
    }
}

static int create(void)
{
    backend = (struct backend){.kind = &kind, .domid = 1, .number = 7};
    return backend_create(&backend, write_own);
}

static int group_setup(void **state)
{
    *state = &backend;
    return store_init();
}

static int setup(void **state)
{
    fake_heap.fail_at = 0;
    if (create() != 0)
        return -1;
    step();
    memset(&device, 0, sizeof(device));
    notice_count = 0;
    *state = &backend;
    return 0;
}

static int teardown(void **state)
{
    *state = NULL;
    backend_remove(&backend);
    store_remove("/local");
    step();
    return 0;
}

/* The front end writes its state; gives the back end's. */
static uint64_t say(const char *front_state)
{
    uint64_t state;

    assert_int_equal(store_write(FRONT "/state", front_state), 0);
    step();
    assert_int_equal(store_read_u64(BACK "/state", &state), 0);
    return state;
}

static void test_both_directories(void **state)
{
    assert_ptr_equal(*state, &backend);
    expect_node(FRONT "/backend", BACK, "n1,r0");
    expect_node(FRONT "/backend-id", "0", "n1,r0");
    expect_node(FRONT "/state", "1", "n1,r0");
    expect_node(BACK "/frontend", FRONT, "n0,r1");
    expect_node(BACK "/frontend-id", "1", "n0,r1");
    expect_node(BACK "/online", "1", "n0,r1");
    expect_node(BACK "/hotplug-status", "connected", "n0,r1");
    expect_node(BACK "/state", "2", "n0,r1");
    expect_node(BACK "/word", "text", "n0,r1");
    expect_node(BACK "/number", "42", "n0,r1");
}

static void test_from_the_first_word_to_the_last(void **state)
{
    assert_ptr_equal(*state, &backend);
    assert_int_equal(say("3"), XenbusStateConnected);
    assert_int_equal(say("4"), XenbusStateConnected);
    assert_int_equal(device.connects, 1);
    assert_int_equal(device.disconnects, 0);
    assert_int_equal(say("5"), XenbusStateClosing);
    assert_true(device.disconnects > 0);
    assert_int_equal(say("6"), XenbusStateClosed);
    assert_int_equal(say("1"), XenbusStateInitWait);
    assert_int_equal(say("4"), XenbusStateConnected);
    assert_int_equal(device.connects, 2);
    assert_int_equal(notice_count, 0);
}

/* A closed device is no place to connect to: the front end begins anew first. */
static void test_no_connection_without_a_beginning(void **state)
{
    assert_ptr_equal(*state, &backend);
    assert_int_equal(say("6"), XenbusStateClosed);
    assert_int_equal(say("3"), XenbusStateClosed);
    assert_int_equal(say("4"), XenbusStateClosed);
    assert_int_equal(device.connects, 0);
}

static void test_a_front_end_that_begins_anew_in_the_middle(void **state)
{
    assert_ptr_equal(*state, &backend);
    assert_int_equal(say("4"), XenbusStateConnected);
    assert_int_equal(say("1"), XenbusStateInitWait);
    assert_int_equal(device.disconnects, 1);
    assert_int_equal(say("3"), XenbusStateConnected);
    assert_int_equal(device.connects, 2);
}

static void test_what_is_no_state_changes_nothing(void **state)
{
    static const char *const wrong[] = {
        "", "0", "2", "7", "9", "-1", "4 ", "four", "18446744073709551620"};

    assert_ptr_equal(*state, &backend);
    assert_int_equal(say("4"), XenbusStateConnected);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_int_equal(say(wrong[i]), XenbusStateConnected);
    store_remove(FRONT);
    step();
    assert_int_equal(device.disconnects, 0);
}

static void test_a_front_end_that_cannot_be_connected(void **state)
{
    assert_ptr_equal(*state, &backend);
    device.refusal = -EINVAL;
    assert_int_equal(say("3"), XenbusStateClosing);
    assert_int_equal(device.disconnects, 1);
    assert_string_equal(noticed,
                        "gadget 7 of domain 1: its front end cannot be connected (error 22)");
    /* It may correct itself. */
    device.refusal = 0;
    assert_int_equal(say("1"), XenbusStateInitWait);
    assert_int_equal(say("3"), XenbusStateConnected);
}

static void test_complaints_are_few(void **state)
{
    assert_ptr_equal(*state, &backend);
    device.refusal = -EFAULT;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(say("1"), XenbusStateInitWait);
        assert_int_equal(say("3"), XenbusStateClosing);
    }
    assert_int_equal(device.connects, 50);
    assert_int_equal(notice_count, 4);
}

static void test_numbers_of_the_front_end(void **state)
{
    const struct backend_value values[] = {
        {"/ring-ref", NULL, 100}, {"/event-channel", "1x", 0}, {"/empty", "", 0}};
    uint64_t value;

    assert_ptr_equal(*state, &backend);
    assert_int_equal(backend_write_front(&backend, values, ARRAY_COUNT(values)), 0);
    assert_int_equal(backend_read_number(FRONT, "ring-ref", 100, &value), 0);
    assert_int_equal(value, 100);
    assert_int_equal(backend_read_number(FRONT, "ring-ref", 99, &value), -EINVAL);
    assert_int_equal(backend_read_number(FRONT, "event-channel", 100, &value), -EINVAL);
    assert_int_equal(backend_read_number(FRONT, "empty", 100, &value), -EINVAL);
    assert_int_equal(backend_read_number(FRONT, "nothing", 100, &value), -ENOENT);
}

static void test_a_removed_device(void **state)
{
    assert_ptr_equal(*state, &backend);
    assert_int_equal(say("4"), XenbusStateConnected);
    backend_remove(&backend);
    assert_int_equal(device.disconnects, 1);
    assert_false(store_exists(FRONT));
    assert_false(store_exists(BACK));
    assert_int_equal(store_write(FRONT "/state", "4"), 0);
    step();
    assert_int_equal(device.connects, 1);
    assert_int_equal(create(), 0);
}

/* The directories are there as a whole or not at all; what failed is removed like what did not. */
static void test_failing_memory_leaves_nothing(void **state)
{
    unsigned int k = 0;
    size_t alive;
    int err;

    assert_ptr_equal(*state, &backend);
    backend_remove(&backend);
    step();
    alive = fake_heap.alive;
    do {
        fake_heap.calls = 0;
        fake_heap.fail_at = ++k;
        err = create();
        fake_heap.fail_at = 0;
        assert_true(err == 0 || err == -ENOMEM);
        assert_int_equal(store_exists(FRONT), store_exists(BACK "/number"));
        if (err != 0) {
            backend_remove(&backend);
            step();
            assert_false(store_exists(FRONT) || store_exists(BACK));
            assert_true(fake_heap.alive <= alive);
        }
    } while (err != 0 && k < CALLS_MAX);
    assert_in_range(k, 10, CALLS_MAX - 1);
    assert_int_equal(say("4"), XenbusStateConnected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_directories),
        TEST(from_the_first_word_to_the_last),
        TEST(no_connection_without_a_beginning),
        TEST(a_front_end_that_begins_anew_in_the_middle),
        TEST(what_is_no_state_changes_nothing),
        TEST(a_front_end_that_cannot_be_connected),
        TEST(complaints_are_few),
        TEST(numbers_of_the_front_end),
        TEST(a_removed_device),
        TEST(failing_memory_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
