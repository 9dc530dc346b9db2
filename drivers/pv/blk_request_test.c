/* SPDX-License-Identifier: BSD-2-Clause */
/* Block requests as both kinds of front end write them, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pv/blk_request.h"
#include "lib/errno.h"

#define ID      UINT64_C(0x1122334455667788)
#define SECTOR  UINT64_C(0x123456789)
#define SECTORS (SECTOR + 100)

static struct blk_request request;

static struct blkif_request plain(uint8_t operation, uint8_t segments)
{
    struct blkif_request from = {
        .operation = operation, .nr_segments = segments, .id = ID, .sector_number = SECTOR};

    for (uint8_t i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
        from.seg[i] = (struct blkif_request_segment){100u + i, i % 8, 7};
    return from;
}

static int check(void)
{
    return blk_request_check(&request, SECTORS, false);
}

static void test_a_read(void **state)
{
    struct blkif_request from = plain(BLKIF_OP_READ, 3);

    assert_null(*state);
    assert_int_equal(blk_request_read(&request, &from, false), 0);
    assert_int_equal(request.action, BLK_READ);
    assert_int_equal(request.operation, BLKIF_OP_READ);
    assert_int_equal(request.id, ID);
    assert_int_equal(request.sector, SECTOR);
    assert_int_equal(request.sector_count, 8 + 7 + 6);
    assert_int_equal(request.segment_count, 3);
    assert_int_equal(request.segments[2].ref, 102);
    assert_int_equal(request.segments[2].first, 2);
    assert_int_equal(request.segments[2].count, 6);
    assert_int_equal(check(), 0);
}

static void test_a_32_bit_write(void **state)
{
    struct compat_blkif_request from = {
        .operation = BLKIF_OP_WRITE, .nr_segments = 11, .id = ID, .sector_number = SECTOR};

    assert_null(*state);
    for (uint8_t i = 0; i < 11; i++)
        from.seg[i] = (struct blkif_request_segment){i, 0, 7};
    assert_int_equal(blk_request_read(&request, &from, true), 0);
    assert_int_equal(request.action, BLK_WRITE);
    assert_int_equal(request.id, ID);
    assert_int_equal(request.sector, SECTOR);
    assert_int_equal(request.sector_count, 88);
    assert_int_equal(request.segments[10].ref, 10);
}

static void test_discards(void **state)
{
    struct blkif_request_discard from = {
        .operation = BLKIF_OP_DISCARD, .id = ID, .sector_number = SECTOR, .nr_sectors = 100};
    struct compat_blkif_request compat = {.operation = 0};
    struct compat_blkif_request_discard *small = (void *)&compat;

    assert_null(*state);
    assert_int_equal(blk_request_read(&request, &from, false), 0);
    assert_int_equal(request.action, BLK_DISCARD);
    assert_int_equal(request.sector_count, 100);
    assert_int_equal(check(), 0);
    from.nr_sectors = UINT64_MAX;
    assert_int_equal(blk_request_read(&request, &from, false), 0);
    assert_int_equal(check(), -EINVAL);
    from.nr_sectors = 0;
    assert_int_equal(blk_request_read(&request, &from, false), 0);
    assert_int_equal(check(), -EINVAL);
    from.flag = BLKIF_DISCARD_SECURE;
    assert_int_equal(blk_request_read(&request, &from, false), -EOPNOTSUPP);
    *small = (struct compat_blkif_request_discard){
        .operation = BLKIF_OP_DISCARD, .id = ID, .sector_number = 5, .nr_sectors = 6};
    assert_int_equal(blk_request_read(&request, &compat, true), 0);
    assert_int_equal(request.sector, 5);
    assert_int_equal(request.sector_count, 6);
}

static struct blkif_request_segment segments[BLK_SEGMENTS_MAX];

static void test_indirect_requests(void **state)
{
    struct blkif_request_indirect from = {.operation = BLKIF_OP_INDIRECT,
                                          .indirect_op = BLKIF_OP_WRITE,
                                          .nr_segments = BLK_SEGMENTS_MAX,
                                          .id = ID,
                                          .sector_number = 8,
                                          .indirect_grefs = {77}};

    assert_null(*state);
    for (uint32_t i = 0; i < BLK_SEGMENTS_MAX; i++)
        segments[i] = (struct blkif_request_segment){i, 1, 1};
    assert_int_equal(blk_request_read(&request, &from, false), 0);
    assert_true(request.is_indirect);
    assert_int_equal(request.indirect_ref, 77);
    assert_int_equal(request.action, BLK_WRITE);
    assert_int_equal(request.operation, BLKIF_OP_WRITE);
    assert_int_equal(blk_request_read_segments(&request, segments), 0);
    assert_int_equal(request.sector_count, BLK_SEGMENTS_MAX);
    assert_int_equal(check(), 0);
    segments[31].last_sect = 8;
    assert_int_equal(blk_request_read_segments(&request, segments), -EINVAL);
}

static void test_wrong_indirect_requests(void **state)
{
    static const struct {
        uint8_t op;
        uint16_t count;
    } wrong[] = {{BLKIF_OP_WRITE, 0},           {BLKIF_OP_WRITE, BLK_SEGMENTS_MAX + 1},
                 {BLKIF_OP_WRITE, UINT16_MAX},  {BLKIF_OP_INDIRECT, 1},
                 {BLKIF_OP_FLUSH_DISKCACHE, 1}, {BLKIF_OP_DISCARD, 1}};

    assert_null(*state);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct blkif_request_indirect from = {.operation = BLKIF_OP_INDIRECT,
                                              .indirect_op = wrong[i].op,
                                              .nr_segments = wrong[i].count,
                                              .id = ID};

        assert_int_equal(blk_request_read(&request, &from, false), -EINVAL);
        assert_int_equal(request.id, ID);
    }
}

static void test_operations_that_do_not_exist(void **state)
{
    assert_null(*state);
    for (unsigned int op = 0; op < 256; op++) {
        struct blkif_request from = plain((uint8_t)op, 1);

        if (op == BLKIF_OP_RESERVED_1 || op > BLKIF_OP_INDIRECT) {
            assert_int_equal(blk_request_read(&request, &from, false), -EOPNOTSUPP);
            assert_int_equal(request.operation, op);
            assert_int_equal(request.id, ID);
        }
    }
}

static void test_segments_that_cannot_be(void **state)
{
    struct blkif_request from = plain(BLKIF_OP_READ, 12);

    assert_null(*state);
    assert_int_equal(blk_request_read(&request, &from, false), -EINVAL);
    from = plain(BLKIF_OP_READ, 0);
    assert_int_equal(blk_request_read(&request, &from, false), -EINVAL);
    from = plain(BLKIF_OP_WRITE, 2);
    from.seg[1] = (struct blkif_request_segment){1, 0, 8};
    assert_int_equal(blk_request_read(&request, &from, false), -EINVAL);
    from.seg[1] = (struct blkif_request_segment){1, 5, 4};
    assert_int_equal(blk_request_read(&request, &from, false), -EINVAL);
    from.seg[1] = (struct blkif_request_segment){1, 255, 255};
    assert_int_equal(blk_request_read(&request, &from, false), -EINVAL);
}

static void test_the_end_of_the_disk(void **state)
{
    struct blkif_request from = plain(BLKIF_OP_READ, 1);

    assert_null(*state);
    from.sector_number = SECTORS - 8;
    assert_int_equal(blk_request_read(&request, &from, false), 0);
    assert_int_equal(check(), 0);
    request.sector++;
    assert_int_equal(check(), -EINVAL);
    request.sector = UINT64_MAX;
    assert_int_equal(check(), -EINVAL);
    request.sector = UINT64_MAX - 7;
    assert_int_equal(check(), -EINVAL);
    assert_int_equal(blk_request_check(&request, 7, false), -EINVAL);
}

static void test_a_disk_that_is_only_read(void **state)
{
    static const uint8_t writes[] = {BLKIF_OP_WRITE, BLKIF_OP_WRITE_BARRIER};
    struct blkif_request from = plain(BLKIF_OP_READ, 1);

    assert_null(*state);
    assert_int_equal(blk_request_read(&request, &from, false), 0);
    assert_int_equal(blk_request_check(&request, SECTORS, true), 0);
    for (size_t i = 0; i < sizeof(writes); i++) {
        from = plain(writes[i], 1);
        assert_int_equal(blk_request_read(&request, &from, false), 0);
        assert_int_equal(blk_request_check(&request, SECTORS, true), -EROFS);
    }
    from = plain(BLKIF_OP_FLUSH_DISKCACHE, 0);
    assert_int_equal(blk_request_read(&request, &from, false), 0);
    assert_int_equal(blk_request_check(&request, SECTORS, true), 0);
    from = plain(BLKIF_OP_FLUSH_DISKCACHE, 1);
    assert_int_equal(blk_request_read(&request, &from, false), 0);
    assert_int_equal(blk_request_check(&request, SECTORS, true), -EROFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_read),
        cmocka_unit_test(test_a_32_bit_write),
        cmocka_unit_test(test_discards),
        cmocka_unit_test(test_indirect_requests),
        cmocka_unit_test(test_wrong_indirect_requests),
        cmocka_unit_test(test_operations_that_do_not_exist),
        cmocka_unit_test(test_segments_that_cannot_be),
        cmocka_unit_test(test_the_end_of_the_disk),
        cmocka_unit_test(test_a_disk_that_is_only_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
