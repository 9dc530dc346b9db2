/* SPDX-License-Identifier: BSD-2-Clause */
/* Chains of tx requests as front ends write them, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pv/net_request.h"
#include "lib/errno.h"

static struct net_request request;

static int setup(void **state)
{
    assert_null(*state);
    net_request_start(&request);
    return 0;
}

static int add(uint16_t size, unsigned int flags)
{
    const union net_tx_entry entry = {.tx = {.gref = 100 + request.slot_count,
                                             .offset = 16,
                                             .flags = (uint16_t)flags,
                                             .id = (uint16_t)(7 + request.slot_count),
                                             .size = size}};

    return net_request_add(&request, &entry);
}

static int add_extra(uint8_t type, uint8_t flags)
{
    union net_tx_entry entry = {.extra = {.type = type, .flags = flags}};

    if (type == XEN_NETIF_EXTRA_TYPE_GSO) {
        entry.extra.u.gso.type = XEN_NETIF_GSO_TYPE_TCPV4;
        entry.extra.u.gso.size = 1448;
    } else {
        memcpy(entry.extra.u.mcast.addr, "\x01\x00\x5e\x00\x00\x05", 6);
    }
    return net_request_add(&request, &entry);
}

static void test_one_slot(void **state)
{
    assert_null(*state);
    assert_int_equal(add(60, 0), 0);
    assert_int_equal(request.action, NET_SEND);
    assert_int_equal(request.status, 0);
    assert_int_equal(request.size, 60);
    assert_int_equal(request.slot_count, 1);
    assert_int_equal(request.slots[0].ref, 100);
    assert_int_equal(request.slots[0].offset, 16);
    assert_int_equal(request.slots[0].size, 60);
    assert_int_equal(request.ids[0], 7);
    assert_false(request.is_csum_blank || request.is_csum_valid);
}

static void test_the_first_slot_has_what_the_others_leave(void **state)
{
    assert_null(*state);
    assert_int_equal(add(9000, NETTXF_more_data | NETTXF_data_validated), 1);
    assert_int_equal(add(4080, NETTXF_more_data), 1);
    assert_int_equal(add(4000, 0), 0);
    assert_int_equal(request.status, 0);
    assert_int_equal(request.size, 9000);
    assert_int_equal(request.slots[0].size, 920);
    assert_int_equal(request.slots[2].size, 4000);
    assert_true(request.is_csum_valid);
}

static void test_a_large_packet(void **state)
{
    assert_null(*state);
    assert_int_equal(add(6000, NETTXF_more_data | NETTXF_csum_blank | NETTXF_extra_info), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0), 1);
    assert_int_equal(add(4000, 0), 0);
    assert_int_equal(request.status, 0);
    assert_int_equal(request.extra_count, 1);
    assert_int_equal(request.slot_count, 2);
    assert_int_equal(request.gso_type, XEN_NETIF_GSO_TYPE_TCPV4);
    assert_int_equal(request.gso_size, 1448);
    assert_true(request.is_csum_blank);
}

static void test_groups(void **state)
{
    assert_null(*state);
    assert_int_equal(add(0, NETTXF_extra_info), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 0), 0);
    assert_int_equal(request.action, NET_MULTICAST_ADD);
    assert_int_equal(request.group[5], 5);
    net_request_start(&request);
    assert_int_equal(add(0, NETTXF_extra_info), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, 0), 0);
    assert_int_equal(request.action, NET_MULTICAST_DELETE);
}

static void test_a_hash_is_passed_over(void **state)
{
    assert_null(*state);
    assert_int_equal(add(60, NETTXF_extra_info | NETTXF_csum_blank), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0), 0);
    assert_int_equal(request.extra_count, 2);
    assert_int_equal(request.status, 0);
}

/* Adds `count` slots of 100 bytes of a frame that says it has `size`. */
static int add_chain(unsigned int count, uint16_t size)
{
    int result = 0;

    for (unsigned int i = 0; i < count; i++) {
        result = add(i == 0 ? size : 100, i < count - 1 ? NETTXF_more_data : 0);
        if (i < count - 1 && result != 1)
            return result;
    }
    return result;
}

static void test_how_many_slots_a_frame_may_have(void **state)
{
    assert_null(*state);
    assert_int_equal(add_chain(18, 2000), 0);
    assert_int_equal(request.status, 0);
    net_request_start(&request);
    assert_int_equal(add_chain(19, 2000), 0);
    assert_int_equal(request.status, -EINVAL);
    assert_int_equal(request.slot_count, 19);
    assert_int_equal(request.ids[18], 7 + 18);
    net_request_start(&request);
    assert_int_equal(add_chain(20, 2000), 0);
    assert_int_equal(request.status, -EINVAL);
    net_request_start(&request);
    assert_int_equal(add_chain(21, 2000), -EBADMSG);
}

static void test_sizes_that_do_not_add_up(void **state)
{
    assert_null(*state);
    assert_int_equal(add_chain(3, 199), 0);
    assert_int_equal(request.status, -EINVAL);
    net_request_start(&request);
    assert_int_equal(add(13, 0), 0);
    assert_int_equal(request.status, -EINVAL);
    net_request_start(&request);
    assert_int_equal(add(0, 0), 0);
    assert_int_equal(request.status, -EINVAL);
}

static void test_a_slot_that_leaves_its_page(void **state)
{
    union net_tx_entry entry = {.tx = {.offset = 0xffff, .size = 60}};

    assert_null(*state);
    assert_int_equal(add(4080, 0), 0);
    net_request_start(&request);
    assert_int_equal(add(4081, 0), -EBADMSG);
    net_request_start(&request);
    assert_int_equal(net_request_add(&request, &entry), -EBADMSG);
    net_request_start(&request);
    assert_int_equal(add(4000, NETTXF_more_data), 1);
    entry.tx.size = 100;
    entry.tx.offset = 3997;
    assert_int_equal(net_request_add(&request, &entry), -EBADMSG);
}

static void test_a_cut_without_a_checksum_to_fill_in(void **state)
{
    assert_null(*state);
    assert_int_equal(add(4000, NETTXF_extra_info), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0), 0);
    assert_int_equal(request.status, -EINVAL);
}

static void test_extra_information_that_breaks_the_protocol(void **state)
{
    union net_tx_entry entry = {.extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO}};

    assert_null(*state);
    for (unsigned int type = 0; type < 256; type++) {
        net_request_start(&request);
        assert_int_equal(add(60, NETTXF_extra_info), 1);
        if (type == XEN_NETIF_EXTRA_TYPE_NONE || type >= XEN_NETIF_EXTRA_TYPE_MAX)
            assert_int_equal(add_extra((uint8_t)type, 0), -EBADMSG);
    }
    /* gso_size 0, and a type that is not known. */
    entry.extra.u.gso.type = XEN_NETIF_GSO_TYPE_TCPV6;
    net_request_start(&request);
    assert_int_equal(add(60, NETTXF_extra_info), 1);
    assert_int_equal(net_request_add(&request, &entry), -EBADMSG);
    entry.extra.u.gso.size = 1;
    entry.extra.u.gso.type = 3;
    net_request_start(&request);
    assert_int_equal(add(60, NETTXF_extra_info), 1);
    assert_int_equal(net_request_add(&request, &entry), -EBADMSG);
}

static void test_a_chain_of_extra_information_ends(void **state)
{
    assert_null(*state);
    assert_int_equal(add(60, NETTXF_extra_info | NETTXF_csum_blank), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE), -EBADMSG);
}

static void test_extra_information_stands_behind_the_first_slot(void **state)
{
    assert_null(*state);
    assert_int_equal(add(200, NETTXF_more_data), 1);
    assert_int_equal(add(100, NETTXF_extra_info), -EBADMSG);
}

static void test_a_group_with_bytes_or_with_another(void **state)
{
    assert_null(*state);
    assert_int_equal(add(200, NETTXF_more_data | NETTXF_extra_info), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 0), 1);
    assert_int_equal(add(100, 0), -EBADMSG);
    net_request_start(&request);
    assert_int_equal(add(0, NETTXF_extra_info), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, XEN_NETIF_EXTRA_FLAG_MORE), 1);
    assert_int_equal(add_extra(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, 0), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_slot),
        TEST(test_the_first_slot_has_what_the_others_leave),
        TEST(test_a_large_packet),
        TEST(test_groups),
        TEST(test_a_hash_is_passed_over),
        TEST(test_how_many_slots_a_frame_may_have),
        TEST(test_sizes_that_do_not_add_up),
        TEST(test_a_slot_that_leaves_its_page),
        TEST(test_a_cut_without_a_checksum_to_fill_in),
        TEST(test_extra_information_that_breaks_the_protocol),
        TEST(test_a_chain_of_extra_information_ends),
        TEST(test_extra_information_stands_behind_the_first_slot),
        TEST(test_a_group_with_bytes_or_with_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
