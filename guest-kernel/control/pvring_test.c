/* SPDX-License-Identifier: BSD-2-Clause */
/* The back end against well-behaved and hostile guests. The page stands between two guard areas
 * that nothing may touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/pvring.h"
#include "pv-abi/io_console.h"

#define GUARD_SIZE 64
#define GUARD_BYTE 0x5a

static struct {
    uint8_t before[GUARD_SIZE];
    struct xencons_interface page;
    uint8_t after[GUARD_SIZE];
} memory;
static struct pvring ring;

static int setup(void **state)
{
    *state = &ring;
    memset(&memory, GUARD_BYTE, sizeof(memory));
    memset(&memory.page, 0, sizeof(memory.page));
    pvring_connect(&ring, &memory.page);
    return 0;
}

static int check_guards(void **state)
{
    int touched = *state != &ring;

    for (size_t i = 0; i < GUARD_SIZE; i++)
        touched |= memory.before[i] != GUARD_BYTE || memory.after[i] != GUARD_BYTE;
    return touched;
}

static void guest_write(const char *text)
{
    for (; *text != '\0'; text++)
        memory.page.out[memory.page.out_prod++ % sizeof(memory.page.out)] = *text;
}

static void test_output_arrives_and_is_acknowledged(void **state)
{
    char text[16] = "";

    assert_ptr_equal(*state, &ring);
    guest_write("hello");
    assert_int_equal(pvring_take(&ring, text, sizeof(text)), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(memory.page.out_cons, 5);
    assert_int_equal(pvring_take(&ring, text, sizeof(text)), 0);
}

static void test_output_comes_in_pieces(void **state)
{
    char text[4] = "";

    assert_ptr_equal(*state, &ring);
    guest_write("abcde");
    assert_int_equal(pvring_take(&ring, text, 3), 3);
    assert_int_equal(pvring_take(&ring, text, 3), 2);
    assert_memory_equal(text, "de", 2);
}

static void test_indices_wrap(void **state)
{
    char text[16] = "";

    assert_ptr_equal(*state, &ring);
    ring.out_cons = memory.page.out_prod = memory.page.out_cons = UINT32_MAX - 1;
    guest_write("wrap");
    assert_int_equal(pvring_take(&ring, text, sizeof(text)), 4);
    assert_string_equal(text, "wrap");
}

static void test_a_full_ring_is_read_whole(void **state)
{
    char text[sizeof(memory.page.out) + 1];

    assert_ptr_equal(*state, &ring);
    memory.page.out_prod = sizeof(memory.page.out);
    assert_int_equal(pvring_take(&ring, text, sizeof(text)), sizeof(memory.page.out));
}

static void test_an_impossible_producer_is_not_believed(void **state)
{
    static const uint32_t lies[] = {sizeof(memory.page.out) + 1, 0x7fffffff, 0x80000000,
                                    UINT32_MAX};
    char text[64];

    assert_ptr_equal(*state, &ring);
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        pvring_connect(&ring, &memory.page);
        memory.page.out_prod = lies[i];
        assert_int_equal(pvring_take(&ring, text, sizeof(text)), 0);
        /* Once it tells the truth again, it is heard again. */
        guest_write("ok");
        assert_int_equal(pvring_take(&ring, text, sizeof(text)), 2);
    }
}

static void test_a_changed_out_cons_is_not_read_back(void **state)
{
    char text[16] = "";

    assert_ptr_equal(*state, &ring);
    guest_write("one");
    assert_int_equal(pvring_take(&ring, text, sizeof(text)), 3);
    memory.page.out_cons = 0x12345678;
    guest_write("two");
    assert_int_equal(pvring_take(&ring, text, sizeof(text)), 3);
    assert_memory_equal(text, "two", 3);
}

static void test_input_goes_in_until_the_ring_is_full(void **state)
{
    char text[2 * sizeof(memory.page.in)];

    assert_ptr_equal(*state, &ring);
    memset(text, 'x', sizeof(text));
    assert_int_equal(pvring_put(&ring, text, sizeof(text)), sizeof(memory.page.in));
    assert_int_equal(memory.page.in_prod, sizeof(memory.page.in));
    assert_int_equal(pvring_put(&ring, text, 1), 0);
    memory.page.in_cons = 10;
    assert_int_equal(pvring_put(&ring, text, sizeof(text)), 10);
}

static void test_an_impossible_consumer_gets_nothing(void **state)
{
    assert_ptr_equal(*state, &ring);
    memory.page.in_cons = 1;
    assert_int_equal(pvring_put(&ring, "abc", 3), 0);
    memory.page.in_cons = 0x80000000;
    assert_int_equal(pvring_put(&ring, "abc", 3), 0);
    assert_int_equal(memory.page.in_prod, 0);
}

static void test_a_changed_in_prod_is_not_read_back(void **state)
{
    assert_ptr_equal(*state, &ring);
    assert_int_equal(pvring_put(&ring, "ab", 2), 2);
    memory.page.in_prod = 0x40000000;
    assert_int_equal(pvring_put(&ring, "cd", 2), 2);
    assert_int_equal(memory.page.in_prod, 4);
    assert_memory_equal(memory.page.in, "abcd", 4);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, setup, check_guards)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RING_TEST(test_output_arrives_and_is_acknowledged),
        RING_TEST(test_output_comes_in_pieces),
        RING_TEST(test_indices_wrap),
        RING_TEST(test_a_full_ring_is_read_whole),
        RING_TEST(test_an_impossible_producer_is_not_believed),
        RING_TEST(test_a_changed_out_cons_is_not_read_back),
        RING_TEST(test_input_goes_in_until_the_ring_is_full),
        RING_TEST(test_an_impossible_consumer_gets_nothing),
        RING_TEST(test_a_changed_in_prod_is_not_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
