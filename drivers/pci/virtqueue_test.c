/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's side of a queue against a device that keeps the rules, and one that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci/virtqueue.h"
#include "lib/errno.h"

#define SIZE 8u

static struct virtqueue queue;
static char owners[SIZE];

static int setup(void **state)
{
    *state = aligned_alloc(4096, VIRTQUEUE_BYTES);
    memset(*state, 0, VIRTQUEUE_BYTES);
    virtqueue_init(&queue, *state, SIZE);
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* Adds a chain of `count` pieces of which the last is the device's to write. */
static int add(unsigned int count, void *owner)
{
    struct virtq_piece pieces[SIZE + 1];

    for (unsigned int i = 0; i < count; i++)
        pieces[i] = (struct virtq_piece){0x1000 * (i + 1), 512 + i, i + 1 == count};
    return virtqueue_add(&queue, pieces, count, owner);
}

/* The device returns the chain with this head. */
static void give_back(uint32_t id)
{
    queue.used->ring[queue.used->idx % SIZE].id = id;
    queue.used->idx++;
}

static uint32_t written;

static void *take(void)
{
    return virtqueue_take(&queue, &written);
}

static uint16_t head_of(unsigned int chain)
{
    return queue.avail->ring[chain % SIZE];
}

static void test_a_chain_reaches_the_device(void **state)
{
    const struct virtq_desc *desc;

    assert_ptr_equal(queue.desc, *state);
    assert_int_equal(add(3, &owners[0]), 0);
    assert_int_equal(queue.avail->idx, 0);
    assert_true(virtqueue_publish(&queue));
    assert_int_equal(queue.avail->idx, 1);
    desc = &queue.desc[head_of(0)];
    assert_int_equal(desc->addr, 0x1000);
    assert_int_equal(desc->len, 512);
    assert_int_equal(desc->flags, 1);
    desc = &queue.desc[queue.desc[desc->next].next];
    assert_int_equal(desc->addr, 0x3000);
    assert_int_equal(desc->flags, 2);
}

static void test_nothing_new_needs_no_notice(void **state)
{
    assert_non_null(*state);
    assert_false(virtqueue_publish(&queue));
    assert_int_equal(add(1, &owners[0]), 0);
    queue.used->flags = 1; /* the device looks by itself */
    assert_false(virtqueue_publish(&queue));
    assert_int_equal(queue.avail->idx, 1);
}

static void test_chains_come_back_in_any_order(void **state)
{
    assert_non_null(*state);
    for (unsigned int round = 0; round < 100; round++) {
        assert_int_equal(add(3, &owners[0]), 0);
        assert_int_equal(add(3, &owners[1]), 0);
        assert_int_equal(add(3, &owners[2]), -ENOSPC);
        virtqueue_publish(&queue);
        assert_null(take());
        give_back(head_of(2 * round + 1));
        assert_true(virtqueue_has_used(&queue));
        assert_ptr_equal(take(), &owners[1]);
        assert_null(take());
        give_back(head_of(2 * round));
        assert_ptr_equal(take(), &owners[0]);
        assert_int_equal(queue.free_count, SIZE);
    }
}

static void test_all_descriptors_can_be_used(void **state)
{
    assert_non_null(*state);
    assert_int_equal(add(SIZE + 1, &owners[0]), -ENOSPC);
    assert_int_equal(add(0, &owners[0]), -ENOSPC);
    for (unsigned int i = 0; i < SIZE; i++)
        assert_int_equal(add(1, &owners[i]), 0);
    assert_int_equal(add(1, &owners[0]), -ENOSPC);
    virtqueue_publish(&queue);
    for (unsigned int i = 0; i < SIZE; i++)
        give_back(head_of(i));
    for (unsigned int i = 0; i < SIZE; i++)
        assert_ptr_equal(take(), &owners[i]);
    assert_int_equal(add(SIZE, &owners[0]), 0);
}

static void expect_broken(uint32_t id)
{
    give_back(id);
    assert_null(take());
    assert_true(queue.is_broken);
    assert_false(virtqueue_has_used(&queue));
}

static void test_a_chain_that_it_never_had(void **state)
{
    assert_non_null(*state);
    assert_int_equal(add(2, &owners[0]), 0);
    virtqueue_publish(&queue);
    expect_broken((uint32_t)head_of(0) + 1);
}

static void test_a_chain_beyond_the_queue(void **state)
{
    assert_non_null(*state);
    expect_broken(SIZE);
}

static void test_the_same_chain_twice(void **state)
{
    assert_non_null(*state);
    assert_int_equal(add(2, &owners[0]), 0);
    virtqueue_publish(&queue);
    give_back(head_of(0));
    assert_ptr_equal(take(), &owners[0]);
    expect_broken(head_of(0));
}

static void give_back_written(uint32_t len)
{
    queue.used->ring[queue.used->idx % SIZE].len = len;
    give_back(head_of(0));
}

/* The last of a chain's pieces is the device's to write: 512 bytes and the piece's number. */
static void test_what_it_has_written(void **state)
{
    assert_non_null(*state);
    assert_int_equal(add(3, &owners[0]), 0);
    virtqueue_publish(&queue);
    give_back_written(514);
    assert_ptr_equal(take(), &owners[0]);
    assert_int_equal(written, 514);
}

static void test_more_written_than_it_was_given(void **state)
{
    assert_non_null(*state);
    assert_int_equal(add(3, &owners[0]), 0);
    virtqueue_publish(&queue);
    give_back_written(515);
    assert_null(take());
    assert_true(queue.is_broken);
}

static void test_interrupts_are_asked_for(void **state)
{
    assert_non_null(*state);
    assert_int_equal(queue.avail->flags, 0);
    virtqueue_sleep_through(&queue);
    assert_int_equal(queue.avail->flags, 1);
    assert_int_equal(add(1, &owners[0]), 0);
    virtqueue_publish(&queue);
    assert_false(virtqueue_want_interrupt(&queue));
    assert_int_equal(queue.avail->flags, 0);
    give_back(head_of(0));
    assert_true(virtqueue_want_interrupt(&queue));
}

/* What the device writes into the descriptors does not change which of them are free. */
static void test_spoilt_descriptors(void **state)
{
    assert_non_null(*state);
    assert_int_equal(add(3, &owners[0]), 0);
    virtqueue_publish(&queue);
    for (unsigned int i = 0; i < SIZE; i++)
        queue.desc[i].next = 0xffff;
    give_back(head_of(0));
    assert_ptr_equal(take(), &owners[0]);
    assert_int_equal(add(SIZE, &owners[1]), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chain_reaches_the_device),    TEST(nothing_new_needs_no_notice),
        TEST(chains_come_back_in_any_order), TEST(all_descriptors_can_be_used),
        TEST(a_chain_that_it_never_had),     TEST(a_chain_beyond_the_queue),
        TEST(the_same_chain_twice),          TEST(spoilt_descriptors),
        TEST(what_it_has_written),           TEST(more_written_than_it_was_given),
        TEST(interrupts_are_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
