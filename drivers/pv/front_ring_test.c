/* SPDX-License-Identifier: BSD-2-Clause */
/* The front end's side of a ring with the back end's side of it, and against a back end that keeps
 * no rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pv/back_ring.h"
#include "drivers/pv/front_ring.h"
#include "lib/errno.h"
#include "pv-abi/io_ring.h"

#define ENTRY   12u
#define ENTRIES 256u

static struct {
    struct xen_sring ring;
    uint8_t entries[4096 - sizeof(struct xen_sring)];
} page;
static struct front_ring front;
static struct back_ring back;
static uint8_t request[ENTRY], response[ENTRY];

static int setup(void **state)
{
    *state = NULL;
    memset(&page, 0, sizeof(page));
    front_ring_init(&front, &page, sizeof(page), ENTRY);
    back_ring_connect(&back, &page, sizeof(page), ENTRY);
    return 0;
}

static void put(uint8_t value)
{
    memset(front_ring_put(&front), value, ENTRY);
}

/* The back end answers everything that it sees, with the request itself. */
static unsigned int answer(void)
{
    unsigned int count = 0;

    for (; back_ring_take(&back, request) == 1; count++)
        back_ring_put(&back, request, ENTRY);
    return count;
}

static void test_what_is_not_shown_is_not_seen(void **state)
{
    assert_null(*state);
    assert_int_equal(front.entry_count, ENTRIES);
    put(1);
    put(2);
    assert_int_equal(answer(), 0);
    assert_true(front_ring_show(&front));
    assert_int_equal(answer(), 2);
}

static void test_a_full_ring_many_times(void **state)
{
    uint8_t next = 0;

    assert_null(*state);
    for (unsigned int round = 0; round < 5; round++) {
        for (unsigned int i = 0; i < ENTRIES; i++)
            put((uint8_t)i);
        assert_int_equal(front_ring_room(&front), 0);
        assert_true(front_ring_show(&front));
        assert_int_equal(answer(), ENTRIES);
        assert_true(back_ring_show(&back));
        for (unsigned int i = 0; i < ENTRIES; i++, next++) {
            assert_int_equal(front_ring_take(&front, response, ENTRY), 1);
            assert_int_equal(response[ENTRY - 1], next);
        }
        assert_int_equal(front_ring_room(&front), ENTRIES);
        assert_false(front_ring_sleep(&front));
        assert_false(back_ring_sleep(&back));
    }
}

static void test_events_only_when_asked_for(void **state)
{
    assert_null(*state);
    put(1);
    assert_true(front_ring_show(&front));
    put(2);
    assert_false(front_ring_show(&front));
    assert_false(front_ring_show(&front));
    assert_int_equal(answer(), 2);
    assert_true(back_ring_show(&back));
    put(3);
    assert_false(front_ring_show(&front));
    assert_true(back_ring_sleep(&back));
}

static void test_a_response_that_comes_before_the_sleep_is_told(void **state)
{
    assert_null(*state);
    put(1);
    assert_true(front_ring_show(&front));
    assert_false(front_ring_sleep(&front));
    assert_int_equal(answer(), 1);
    assert_true(back_ring_show(&back));
    assert_true(front_ring_sleep(&front));
}

static void test_more_responses_than_requests(void **state)
{
    assert_null(*state);
    put(1);
    page.ring.rsp_prod = 1;
    assert_int_equal(front_ring_take(&front, response, ENTRY), -EBADMSG);
    assert_true(front_ring_show(&front));
    assert_int_equal(front_ring_take(&front, response, ENTRY), 1);
    page.ring.rsp_prod = 0;
    assert_int_equal(front_ring_take(&front, response, ENTRY), -EBADMSG);
    page.ring.rsp_prod = UINT32_MAX;
    assert_int_equal(front_ring_take(&front, response, ENTRY), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_is_not_shown_is_not_seen, setup),
        cmocka_unit_test_setup(test_a_full_ring_many_times, setup),
        cmocka_unit_test_setup(test_events_only_when_asked_for, setup),
        cmocka_unit_test_setup(test_a_response_that_comes_before_the_sleep_is_told, setup),
        cmocka_unit_test_setup(test_more_responses_than_requests, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
