/* SPDX-License-Identifier: BSD-2-Clause */
/* The back end's side of a ring against a front end that keeps the rules, and one that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pv/back_ring.h"
#include "lib/errno.h"
#include "pv-abi/io_ring.h"

#define ENTRY   100u
#define ENTRIES 32u /* of 40 that would fit */

static struct {
    struct xen_sring ring;
    uint8_t entries[4096 - sizeof(struct xen_sring)];
} page;
static struct back_ring ring;
static uint8_t copy[ENTRY];

/* As a front end initialises it (<xen/io/ring.h>, SHARED_RING_INIT). */
static int setup(void **state)
{
    *state = NULL;
    memset(&page, 0, sizeof(page));
    page.ring.req_event = page.ring.rsp_event = 1;
    back_ring_connect(&ring, &page, sizeof(page), ENTRY);
    return 0;
}

static uint8_t *entry(uint32_t index)
{
    return page.ring.ring + (size_t)(index % ENTRIES) * ENTRY;
}

static void request(uint8_t value)
{
    memset(entry(page.ring.req_prod), value, ENTRY);
    page.ring.req_prod++;
}

static void test_requests_come_in_order(void **state)
{
    assert_null(*state);
    assert_int_equal(ring.entry_count, ENTRIES);
    assert_int_equal(back_ring_take(&ring, copy), 0);
    request(7);
    request(8);
    assert_int_equal(back_ring_take(&ring, copy), 1);
    assert_int_equal(copy[ENTRY - 1], 7);
    assert_int_equal(back_ring_take(&ring, copy), 1);
    assert_int_equal(copy[0], 8);
    assert_int_equal(back_ring_take(&ring, copy), 0);
}

static void test_a_full_ring_many_times(void **state)
{
    assert_null(*state);
    for (unsigned int round = 0; round < 100; round++) {
        for (unsigned int i = 0; i < ENTRIES; i++)
            request((uint8_t)i);
        for (unsigned int i = 0; i < ENTRIES; i++) {
            assert_int_equal(back_ring_take(&ring, copy), 1);
            assert_int_equal(copy[0], i);
            copy[0] = (uint8_t)~i;
            back_ring_put(&ring, copy, 8);
        }
        assert_true(back_ring_show(&ring));
        assert_int_equal(page.ring.rsp_prod, (round + 1) * ENTRIES);
        assert_int_equal(*entry(round * ENTRIES + 3), 0xfc);
        page.ring.rsp_event = page.ring.rsp_prod + 1;
    }
}

static void test_indices_wrap(void **state)
{
    assert_null(*state);
    page.ring.req_prod = page.ring.rsp_prod = UINT32_MAX;
    ring.req_cons = ring.rsp_prod = ring.rsp_sent = UINT32_MAX;
    page.ring.rsp_event = 0;
    request(1);
    request(2);
    assert_int_equal(page.ring.req_prod, 1);
    assert_int_equal(back_ring_take(&ring, copy), 1);
    assert_int_equal(back_ring_take(&ring, copy), 1);
    assert_int_equal(copy[0], 2);
    back_ring_put(&ring, copy, 8);
    assert_true(back_ring_show(&ring));
}

static void test_an_index_that_jumps(void **state)
{
    static const uint32_t jumps[] = {ENTRIES + 1, 1000, UINT32_MAX, 0x80000000};

    for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        setup(state);
        page.ring.req_prod = jumps[i];
        assert_int_equal(back_ring_take(&ring, copy), -EBADMSG);
        assert_int_equal(ring.req_cons, 0);
    }
}

/* 32 requests wait for their responses: a 33rd lies where a response goes. */
static void test_requests_over_unanswered_ones(void **state)
{
    assert_null(*state);
    for (unsigned int i = 0; i < ENTRIES; i++) {
        request((uint8_t)i);
        assert_int_equal(back_ring_take(&ring, copy), 1);
    }
    request(0);
    assert_int_equal(back_ring_take(&ring, copy), -EBADMSG);
    back_ring_put(&ring, copy, 8);
    assert_int_equal(back_ring_take(&ring, copy), 1);
}

static void test_an_event_is_asked_for_before_sleep(void **state)
{
    assert_null(*state);
    assert_false(back_ring_sleep(&ring));
    assert_int_equal(page.ring.req_event, 1);
    request(1);
    assert_true(back_ring_sleep(&ring));
}

static void test_an_event_for_several_requests(void **state)
{
    assert_null(*state);
    request(1);
    assert_int_equal(back_ring_waiting(&ring), 1);
    assert_false(back_ring_sleep_until(&ring, 3));
    assert_int_equal(page.ring.req_event, 3);
    request(2);
    request(3);
    assert_true(back_ring_sleep_until(&ring, 3));
    assert_int_equal(back_ring_waiting(&ring), 3);
    page.ring.req_prod += ENTRIES;
    assert_int_equal(back_ring_waiting(&ring), -EBADMSG);
}

static void test_events_only_where_they_are_wanted(void **state)
{
    assert_null(*state);
    assert_false(back_ring_show(&ring)); /* nothing new */
    for (unsigned int i = 0; i < 4; i++) {
        request(1);
        assert_int_equal(back_ring_take(&ring, copy), 1);
    }
    page.ring.rsp_event = 3;
    back_ring_put(&ring, copy, 8);
    assert_false(back_ring_show(&ring));
    back_ring_put(&ring, copy, 8);
    back_ring_put(&ring, copy, 8);
    assert_true(back_ring_show(&ring));
    back_ring_put(&ring, copy, 8);
    assert_false(back_ring_show(&ring));
}

#define TEST(name) cmocka_unit_test_setup(test_##name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_come_in_order),
        TEST(a_full_ring_many_times),
        TEST(indices_wrap),
        TEST(an_index_that_jumps),
        TEST(requests_over_unanswered_ones),
        TEST(an_event_is_asked_for_before_sleep),
        TEST(an_event_for_several_requests),
        TEST(events_only_where_they_are_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
