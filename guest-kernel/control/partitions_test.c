/* SPDX-License-Identifier: BSD-2-Clause */
/* Partition tables as they should be, and spoilt ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/partitions.h"
#include "lib/errno.h"

#define SECTORS     64u
#define DISK_SIZE   (SECTORS * 512)
#define ENTRIES_AT  1024u
#define ENTRY_COUNT 128u

static uint8_t disk[DISK_SIZE];
static struct partition found[8];
static unsigned int found_count;
static int read_error;

static int read_sector(const struct partition_source *source, uint64_t sector, uint8_t to[512])
{
    assert_true(sector < source->sector_count);
    memcpy(to, disk + 512 * sector, 512);
    return sector == 0 ? 0 : read_error;
}

static const struct partition_source source = {.sector_count = SECTORS, .read = read_sector};

static void note(const struct partition *partition, void *arg)
{
    assert_ptr_equal(arg, disk);
    assert_true(found_count < 8);
    found[found_count++] = *partition;
}

static int read_disk(void)
{
    found_count = 0;
    return partitions_read(&source, note, disk);
}

static void put(size_t at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        disk[at + i] = (uint8_t)(value >> 8 * i);
}

static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;

    while (size-- > 0) {
        crc ^= *bytes++;
        for (int i = 0; i < 8; i++)
            crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1));
    }
    return ~crc;
}

static void seal(void)
{
    put(512 + 88, crc_of(disk + ENTRIES_AT, ENTRY_COUNT * 128), 4);
    put(512 + 16, 0, 4);
    put(512 + 16, crc_of(disk + 512, 92), 4);
}

static void put_entry(unsigned int index, uint64_t first, uint64_t last, const char *name)
{
    size_t at = ENTRIES_AT + (size_t)index * 128;

    disk[at] = 0xaf;
    disk[at + 16] = (uint8_t)(index + 1);
    put(at + 32, first, 8);
    put(at + 40, last, 8);
    for (size_t i = 0; name[i] != '\0'; i++)
        put(at + 56 + 2 * i, (uint8_t)name[i], 2);
}

static int setup(void **state)
{
    *state = NULL;
    read_error = 0;
    memset(disk, 0, sizeof(disk));
    put(510, 0xaa55, 2);
    disk[446 + 4] = 0xee;
    memcpy(disk + 512, "EFI PART", 8);
    put(512 + 12, 92, 4);
    put(512 + 72, 2, 8);
    put(512 + 80, ENTRY_COUNT, 4);
    put(512 + 84, 128, 4);
    put_entry(0, 40, 47, "boot");
    put_entry(2, 48, 62, "root file-system");
    seal();
    return 0;
}

/* The check value of CRC-32 (IEEE 802.3): of "123456789". */
static void test_the_checksum_itself(void **state)
{
    assert_null(*state);
    assert_int_equal(crc_of((const uint8_t *)"123456789", 9), 0xcbf43926);
}

static void test_a_gpt(void **state)
{
    assert_null(*state);
    assert_int_equal(read_disk(), 0);
    assert_int_equal(found_count, 2);
    assert_int_equal(found[0].number, 1);
    assert_int_equal(found[0].start, 40);
    assert_int_equal(found[0].sector_count, 8);
    assert_string_equal(found[0].name, "boot");
    assert_int_equal(found[0].guid[0], 1);
    assert_int_equal(found[1].number, 3);
    assert_string_equal(found[1].name, "root?file-system");
}

static void test_a_name_of_36_characters(void **state)
{
    assert_null(*state);
    put_entry(0, 40, 47, "123456789012345678901234567890123456");
    seal();
    assert_int_equal(read_disk(), 0);
    assert_string_equal(found[0].name, "123456789012345678901234567890123456");
}

static void test_partitions_off_the_disk_do_not_exist(void **state)
{
    assert_null(*state);
    put_entry(0, 40, 64, "");
    put_entry(1, 64, 64, "");
    put_entry(2, 50, 49, "");
    put_entry(3, 0, 49, "");
    put_entry(4, 0, UINT64_MAX, "");
    put_entry(5, UINT64_MAX, UINT64_MAX, "");
    put_entry(6, 63, 63, "");
    seal();
    assert_int_equal(read_disk(), 0);
    assert_int_equal(found_count, 1);
    assert_int_equal(found[0].number, 7);
}

static void test_wrong_sums(void **state)
{
    assert_null(*state);
    disk[ENTRIES_AT + 33] ^= 1;
    assert_int_equal(read_disk(), -EBADMSG);
    disk[ENTRIES_AT + 33] ^= 1;
    disk[512 + 24] ^= 1;
    assert_int_equal(read_disk(), -EBADMSG);
    assert_int_equal(found_count, 0);
}

static void test_wrong_limits(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        size_t size;
    } wrong[] = {
        {12, 91, 4},  {12, 513, 4}, {72, SECTORS - 31, 8}, {72, UINT64_MAX, 8}, {80, UINT32_MAX, 4},
        {84, 256, 4}, {84, 0, 4},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        setup(state);
        put(512 + wrong[i].at, wrong[i].value, wrong[i].size);
        seal();
        assert_int_equal(read_disk(), -EBADMSG);
    }
}

static void test_errors_of_the_disk_are_passed_on(void **state)
{
    assert_null(*state);
    read_error = -EIO;
    assert_int_equal(read_disk(), -EIO);
}

static void test_an_mbr(void **state)
{
    assert_null(*state);
    disk[446 + 4] = 0x83;
    put(446 + 8, 32, 4);
    put(446 + 12, 16, 4);
    disk[446 + 32 + 4] = 0x0c;
    put(446 + 32 + 8, 48, 4);
    put(446 + 32 + 12, 17, 4); /* too long */
    disk[446 + 48 + 4] = 0x0f; /* extended */
    put(446 + 48 + 8, 48, 4);
    put(446 + 48 + 12, 8, 4);
    assert_int_equal(read_disk(), 0);
    assert_int_equal(found_count, 1);
    assert_int_equal(found[0].number, 1);
    assert_int_equal(found[0].start, 32);
    assert_string_equal(found[0].name, "");
    put(510, 0, 2);
    assert_int_equal(read_disk(), 0);
    assert_int_equal(found_count, 0);
}

#define TEST(name) cmocka_unit_test_setup(test_##name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_checksum_itself),
        TEST(a_gpt),
        TEST(a_name_of_36_characters),
        TEST(partitions_off_the_disk_do_not_exist),
        TEST(wrong_sums),
        TEST(wrong_limits),
        TEST(errors_of_the_disk_are_passed_on),
        TEST(an_mbr),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
