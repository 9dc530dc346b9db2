/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP and ICMP echo against packets as they are seen on a wire, and against what is cut short or
 * spoilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pv/inet.h"
#include "lib/errno.h"

#define OWN      0x0a000210u /* 10.0.2.16 */
#define HOST     0x0a000202u /* 10.0.2.2 */
#define OWN_MAC  0x00, 0x16, 0x3e, 0x01, 0x02, 0x03
#define HOST_MAC 0x52, 0x55, 0x0a, 0x00, 0x02, 0x02

static const uint8_t own_mac[] = {OWN_MAC}, host_mac[] = {HOST_MAC};

/* Who has 10.0.2.16? Tell 10.0.2.2. */
static const uint8_t question[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, HOST_MAC, 0x08, 0x06, 0, 1,
                                   0x08, 0x00, 6,    4,    0,    1,    HOST_MAC, 10,   0,    2, 2,
                                   0,    0,    0,    0,    0,    0,    10,       0,    2,    16};
static const uint8_t arp_reply[] = {HOST_MAC, OWN_MAC, 0x08, 0x06, 0, 1,  0x08,     0x00, 6, 4, 0,
                                    2,        OWN_MAC, 10,   0,    2, 16, HOST_MAC, 10,   0, 2, 2};
/* 10.0.2.2 pings 10.0.2.16 with identifier 0x1234, sequence 1 and the data "atoll". */
static const uint8_t ping[] = {OWN_MAC, HOST_MAC, 0x08, 0x00, 0x45, 0,    0,    33,   0,    0,
                               0,       0,        64,   1,    0x62, 0xcb, 10,   0,    2,    2,
                               10,      0,        2,    16,   8,    0,    0xa8, 0xe9, 0x12, 0x34,
                               0,       1,        'a',  't',  'o',  'l',  'l'};
static const uint8_t pong[] = {HOST_MAC, OWN_MAC, 0x08, 0x00, 0x45, 0,    0,    33,   0,    0,
                               0,        0,       64,   1,    0x62, 0xcb, 10,   0,    2,    16,
                               10,       0,       2,    2,    0,    0,    0xb0, 0xe9, 0x12, 0x34,
                               0,        1,       'a',  't',  'o',  'l',  'l'};

static struct inet inet;
static uint8_t answer[256], frame[256];

static int setup(void **state)
{
    *state = NULL;
    inet_init(&inet, own_mac, OWN);
    memset(answer, 0xee, sizeof(answer));
    return 0;
}

/* A copy with nothing behind it, for the address sanitiser. */
static size_t take(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    size_t result;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    result = inet_take(&inet, copy, size, answer);
    free(copy);
    return result;
}

static void test_a_question_for_its_address_is_answered(void **state)
{
    assert_null(*state);
    assert_int_equal(take(question, sizeof(question)), sizeof(arp_reply));
    assert_memory_equal(answer, arp_reply, sizeof(arp_reply));
    assert_int_equal(inet.arps_answered, 1);
    assert_true(inet_knows(&inet, HOST));
}

static void test_a_question_for_another_is_not(void **state)
{
    assert_null(*state);
    memcpy(frame, question, sizeof(question));
    frame[sizeof(question) - 1]++;
    assert_int_equal(take(frame, sizeof(question)), 0);
    assert_false(inet_knows(&inet, HOST));
}

static void test_a_ping_is_answered_with_its_data(void **state)
{
    assert_null(*state);
    assert_int_equal(take(ping, sizeof(ping)), sizeof(pong));
    assert_memory_equal(answer, pong, sizeof(pong));
    assert_int_equal(inet.pings_answered, 1);
}

/* Short frames are filled up to 60 bytes on Ethernet; what follows the packet is not its data. */
static void test_padding_does_not_count(void **state)
{
    assert_null(*state);
    memset(frame, 0x55, sizeof(frame));
    memcpy(frame, ping, sizeof(ping));
    assert_int_equal(take(frame, 60), sizeof(pong));
    assert_memory_equal(answer, pong, sizeof(pong));
}

static void test_what_is_cut_short_is_dropped(void **state)
{
    assert_null(*state);
    for (size_t size = 0; size < sizeof(ping); size++)
        assert_int_equal(take(ping, size), 0);
    for (size_t size = 0; size < sizeof(question); size++)
        assert_int_equal(take(question, size), 0);
    assert_int_equal(inet.pings_answered + inet.arps_answered, 0);
}

/* A changed bit makes a checksum wrong, or the frame another host's, or its type another one. The
 * source of the Ethernet header is the exception. */
static void test_no_spoilt_ping_is_answered(void **state)
{
    assert_null(*state);
    for (size_t bit = 0; bit < sizeof(ping) * 8; bit++) {
        if (bit / 8 >= 6 && bit / 8 < 12)
            continue;
        memcpy(frame, ping, sizeof(ping));
        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(take(frame, sizeof(ping)), 0);
    }
}

static void test_fragments_are_dropped(void **state)
{
    assert_null(*state);
    memcpy(frame, ping, sizeof(ping));
    /* More fragments; the checksum's first byte makes up for it. */
    frame[20] = 0x20;
    frame[24] = (uint8_t)(frame[24] - 0x20);
    assert_int_equal(take(frame, sizeof(ping)), 0);
    /* Do not fragment: a whole packet. */
    frame[20] = 0x40;
    frame[24] = (uint8_t)(frame[24] - 0x20);
    assert_int_equal(take(frame, sizeof(ping)), sizeof(pong));
}

static void test_a_ping_of_its_own(void **state)
{
    struct inet other;
    size_t size;

    assert_null(*state);
    inet_init(&other, host_mac, HOST);
    size = inet_make_ping(&inet, HOST, 7, frame);
    assert_int_equal(size, sizeof(question));
    assert_false(inet_knows(&inet, HOST));
    /* Question, answer, ping, answer. */
    size = inet_take(&other, frame, size, answer);
    assert_int_equal(take(answer, size), 0);
    assert_true(inet_knows(&inet, HOST));
    size = inet_make_ping(&inet, HOST, 7, frame);
    assert_int_equal(size, INET_ANSWER_MIN);
    size = inet_take(&other, frame, size, answer);
    assert_int_equal(size, INET_ANSWER_MIN);
    assert_int_equal(take(answer, size), 0);
    assert_int_equal(inet.pongs, 1);
    assert_int_equal(inet.pong_sequence, 7);
    assert_int_equal(inet.pong_from, HOST);
}

/* An answer to somebody else's ping has another identifier. */
static void test_foreign_answers_do_not_count(void **state)
{
    assert_null(*state);
    memcpy(frame, pong, sizeof(pong));
    memcpy(frame, own_mac, sizeof(own_mac));
    memcpy(frame + 6, host_mac, sizeof(host_mac));
    memcpy(frame + 26, ping + 26, 8);
    assert_int_equal(take(frame, sizeof(pong)), 0);
    assert_int_equal(inet.pongs, 0);
}

static void test_neighbours_are_bounded(void **state)
{
    assert_null(*state);
    memcpy(frame, question, sizeof(question));
    for (uint8_t i = 0; i < 100; i++) {
        frame[31] = i + 1;
        assert_int_equal(take(frame, sizeof(question)), sizeof(arp_reply));
        assert_true(inet_knows(&inet, 0x0a000201u + i));
    }
    assert_false(inet_knows(&inet, HOST));
}

static void test_addresses_as_text(void **state)
{
    static const char *const bad[] = {"",        "10.0.2",    "10.0.2.256",  "10.0.2.",
                                      "10..2.3", "10.0.2.3 ", "10.0.2.3/24", "a.b.c.d"};
    char text[INET_ADDRESS_TEXT];
    uint32_t address;

    assert_null(*state);
    assert_int_equal(inet_parse_address("10.0.2.16", &address), 0);
    assert_int_equal(address, OWN);
    assert_string_equal(inet_address_text(0xffffffffu, text), "255.255.255.255");
    for (unsigned int i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(inet_parse_address(bad[i], &address), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_question_for_its_address_is_answered, setup),
        cmocka_unit_test_setup(test_a_question_for_another_is_not, setup),
        cmocka_unit_test_setup(test_a_ping_is_answered_with_its_data, setup),
        cmocka_unit_test_setup(test_padding_does_not_count, setup),
        cmocka_unit_test_setup(test_what_is_cut_short_is_dropped, setup),
        cmocka_unit_test_setup(test_no_spoilt_ping_is_answered, setup),
        cmocka_unit_test_setup(test_fragments_are_dropped, setup),
        cmocka_unit_test_setup(test_a_ping_of_its_own, setup),
        cmocka_unit_test_setup(test_foreign_answers_do_not_count, setup),
        cmocka_unit_test_setup(test_neighbours_are_bounded, setup),
        cmocka_unit_test_setup(test_addresses_as_text, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
