/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest at its ring: messages in pieces, answers that find no room, and everything that a guest
 * can do wrong, which stops its own connection only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/xs_connection.h"
#include "tests/fake/control/fake_heap.h"
#include "tests/fake/control/xs_ask.h"

#define STEPS_MAX 1000

static struct xenstore_domain_interface page;
static struct xs_connection connection;

static int setup(void **state)
{
    int err = xs_test_setup(state);

    memset(&page, 0, sizeof(page));
    xs_connection_open(&connection, &xs_test.store, 3, &page);
    return err;
}

static int teardown(void **state)
{
    xs_connection_close(&connection);
    return xs_test_teardown(state);
}

/* The guest's side: puts bytes into the ring, which must have room. */
static void put(const void *bytes, size_t size)
{
    const char *from = bytes;

    assert_true(page.req_prod - page.req_cons + size <= sizeof(page.req));
    for (size_t i = 0; i < size; i++)
        page.req[page.req_prod++ % sizeof(page.req)] = from[i];
}

static void put_request(uint32_t type, uint32_t id, const char *payload, size_t size)
{
    struct xsd_sockmsg header = {type, id, 0, (uint32_t)size};

    put(&header, sizeof(header));
    put(payload, size);
}

/* Takes all that there is of answers. */
static size_t take(char *to, size_t size)
{
    size_t count = 0;

    while (page.rsp_cons != page.rsp_prod && count < size)
        to[count++] = page.rsp[page.rsp_cons++ % sizeof(page.rsp)];
    return count;
}

/* Lets the store work until it has nothing more to do. */
static unsigned int run(void)
{
    unsigned int done, all = 0;
    int steps = 0;

    do {
        done = xs_connection_step(&connection);
        all |= done;
        assert_true(++steps < STEPS_MAX);
    } while (done & XS_STEP_MORE);
    return all & XS_STEP_MOVED;
}

/* One answer with its header. */
static void expect_bytes(uint32_t type, uint32_t id, const char *payload, size_t length)
{
    struct {
        struct xsd_sockmsg header;
        char payload[XENSTORE_PAYLOAD_MAX];
    } got;
    size_t size = take((char *)&got, sizeof(got.header));

    assert_int_equal(size, sizeof(got.header));
    assert_int_equal(got.header.type, type);
    assert_int_equal(got.header.req_id, id);
    assert_int_equal(got.header.tx_id, 0);
    assert_int_equal(take(got.payload, got.header.len), got.header.len);
    assert_int_equal(got.header.len, length);
    assert_memory_equal(got.payload, payload, length);
}

static void expect(uint32_t type, uint32_t id, const char *payload)
{
    expect_bytes(type, id, payload, strlen(payload) + 1);
}

static void test_a_request_is_answered(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    put_request(XS_GET_DOMAIN_PATH, 5, "3", 2);
    assert_int_equal(run(), XS_STEP_MOVED);
    expect(XS_GET_DOMAIN_PATH, 5, "/local/domain/3");
    assert_int_equal(run(), 0);
    put_request(XS_READ, 6, "none", 5);
    run();
    expect(XS_ERROR, 6, "EACCES");
}

static void test_a_request_may_come_byte_by_byte(void **state)
{
    struct xsd_sockmsg header = {XS_GET_DOMAIN_PATH, 9, 0, 2};

    assert_ptr_equal(*state, &xs_test);
    for (size_t i = 0; i < sizeof(header); i++) {
        put((char *)&header + i, 1);
        run();
    }
    put("3", 1);
    run();
    assert_int_equal(page.rsp_prod, 0);
    put("", 1);
    run();
    expect(XS_GET_DOMAIN_PATH, 9, "/local/domain/3");
}

static void test_many_requests_at_once_are_answered_in_order(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    for (uint32_t id = 1; id <= 50; id++)
        put_request(XS_GET_DOMAIN_PATH, id, "3", 2);
    for (uint32_t id = 1; id <= 50; id++) {
        if (page.rsp_cons == page.rsp_prod)
            run();
        expect(XS_GET_DOMAIN_PATH, id, "/local/domain/3");
        run();
    }
    assert_int_equal(page.req_cons, page.req_prod);
}

static void test_long_messages_pass_in_pieces(void **state)
{
    static char value[2000], answer[2100];
    struct xsd_sockmsg header = {XS_WRITE, 1, 0, 8 + sizeof(value)};
    size_t sent = 0, got = 0;

    assert_ptr_equal(*state, &xs_test);
    xs_ask(&xs_test.zero, XS_MKDIR, 0, "/local/domain/3");
    xs_ask(&xs_test.zero, XS_SET_PERMS, 0, "/local/domain/3\0n3");
    memset(value, 'v', sizeof(value));
    put(&header, sizeof(header));
    put("data/xx", 8);
    for (; sent < sizeof(value); sent += 500) {
        run();
        put(value + sent, 500);
    }
    run();
    expect(XS_WRITE, 1, "OK");
    put_request(XS_READ, 2, "data/xx", 8);
    while (run() != 0)
        got += take(answer + got, sizeof(answer) - got);
    assert_int_equal(got, sizeof(header) + sizeof(value));
    assert_memory_equal(answer + sizeof(header), value, sizeof(value));
}

static void test_events_come_behind_the_answer(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    put_request(XS_WATCH, 1, "data\0token", 11);
    run();
    expect(XS_WATCH, 1, "OK");
    expect_bytes(XS_WATCH_EVENT, 0, "data\0token", 11);
    xs_ask(&xs_test.zero, XS_SET_PERMS, 0, "/local/domain\0r0");
    assert_false(connection.client.has_news);
    xs_ask(&xs_test.zero, XS_MKDIR, 0, "/local/domain/3/data/a");
    assert_true(connection.client.has_news);
    run();
    expect_bytes(XS_WATCH_EVENT, 0, "data/a\0token", 13);
}

static void expect_broken(uint32_t error)
{
    uint32_t cons = page.req_cons;

    assert_int_equal(page.error, error);
    page.req_prod = cons;
    put_request(XS_GET_DOMAIN_PATH, 5, "3", 2);
    assert_int_equal(run(), 0);
    assert_int_equal(page.req_cons, cons);
    assert_int_equal(page.rsp_prod, page.rsp_cons);
}

/* The guest begins anew, and all is well. */
static void reconnect(void)
{
    page.connection = XENSTORE_RECONNECT;
    assert_int_equal(run(), XS_STEP_MOVED);
    assert_int_equal(page.connection, XENSTORE_CONNECTED);
    assert_int_equal(page.error, XENSTORE_ERROR_NONE);
    assert_int_equal(page.req_cons | page.req_prod | page.rsp_cons | page.rsp_prod, 0);
    put_request(XS_GET_DOMAIN_PATH, 8, "3", 2);
    run();
    expect(XS_GET_DOMAIN_PATH, 8, "/local/domain/3");
}

static void test_a_jump_of_the_request_index_breaks_the_connection(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    page.req_prod = sizeof(page.req) + 1;
    run();
    expect_broken(XENSTORE_ERROR_RINGIDX);
    reconnect();
}

static void test_a_jump_of_the_answer_index_breaks_the_connection(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    page.rsp_cons = 1;
    put_request(XS_GET_DOMAIN_PATH, 5, "3", 2);
    run();
    page.rsp_cons = page.rsp_prod;
    expect_broken(XENSTORE_ERROR_RINGIDX);
    reconnect();
}

static void test_a_message_that_is_too_long_breaks_the_connection(void **state)
{
    struct xsd_sockmsg header = {XS_READ, 1, 0, XENSTORE_PAYLOAD_MAX + 1};

    assert_ptr_equal(*state, &xs_test);
    put(&header, sizeof(header));
    run();
    expect_broken(XENSTORE_ERROR_PROTO);
    reconnect();
}

static void test_the_stores_own_indices_are_not_read_back(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    put_request(XS_GET_DOMAIN_PATH, 1, "3", 2);
    run();
    expect(XS_GET_DOMAIN_PATH, 1, "/local/domain/3");
    page.req_cons = 12345;
    page.rsp_prod = 54321;
    run();
    put_request(XS_GET_DOMAIN_PATH, 2, "3", 2);
    run();
    expect(XS_GET_DOMAIN_PATH, 2, "/local/domain/3");
    assert_int_equal(page.rsp_prod, page.rsp_cons);
}

static void test_a_reconnect_forgets_watches_and_half_requests(void **state)
{
    struct xsd_sockmsg header = {XS_READ, 1, 0, 100};

    assert_ptr_equal(*state, &xs_test);
    put_request(XS_WATCH, 1, "data\0token", 11);
    put_request(XS_TRANSACTION_START, 2, "", 1);
    run();
    put(&header, sizeof(header));
    run();
    reconnect();
    assert_int_equal(connection.client.watch_count + connection.client.transaction_count, 0);
}

static void test_a_guest_that_does_not_read_is_not_served(void **state)
{
    uint32_t cons;

    assert_ptr_equal(*state, &xs_test);
    do {
        cons = page.req_cons;
        for (int i = 0; i < 10; i++)
            put_request(XS_GET_DOMAIN_PATH, 1, "3", 2);
        run();
    } while (page.req_cons == page.req_prod);
    assert_int_equal(page.rsp_prod - page.rsp_cons, sizeof(page.rsp));
    assert_true(page.req_cons - cons < 10 * 18);
    assert_int_equal(run(), 0);
    page.rsp_cons = page.rsp_prod;
    assert_int_equal(run(), XS_STEP_MOVED);
}

static void test_one_step_serves_a_limited_number(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    for (int i = 0; i < 40; i++)
        put_request(XS_TYPE_COUNT, 1, "", 0);
    assert_int_equal(xs_connection_step(&connection), XS_STEP_MOVED | XS_STEP_MORE);
    assert_int_equal(page.req_cons, XS_STEP_MESSAGES * sizeof(struct xsd_sockmsg));
}

static void test_a_connection_without_memory_answers_so(void **state)
{
    assert_ptr_equal(*state, &xs_test);
    fake_heap.fail_at = fake_heap.calls + 1;
    put_request(XS_WATCH, 1, "data\0token", 11);
    run();
    expect(XS_ERROR, 1, "ENOMEM");
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_a_request_is_answered),
        CASE(test_a_request_may_come_byte_by_byte),
        CASE(test_many_requests_at_once_are_answered_in_order),
        CASE(test_long_messages_pass_in_pieces),
        CASE(test_events_come_behind_the_answer),
        CASE(test_a_jump_of_the_request_index_breaks_the_connection),
        CASE(test_a_jump_of_the_answer_index_breaks_the_connection),
        CASE(test_a_message_that_is_too_long_breaks_the_connection),
        CASE(test_the_stores_own_indices_are_not_read_back),
        CASE(test_a_reconnect_forgets_watches_and_half_requests),
        CASE(test_a_guest_that_does_not_read_is_not_served),
        CASE(test_one_step_serves_a_limited_number),
        CASE(test_a_connection_without_memory_answers_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
