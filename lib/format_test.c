/* SPDX-License-Identifier: BSD-2-Clause */
/* Each conversion must give the host's snprintf text, in buffers of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "lib/format.h"

/* Formats with both and compares text and length. */
#define ASSERT_LIKE_HOST(...)                                                                      \
    do {                                                                                           \
        char wanted[256];                                                                          \
        char got[256];                                                                             \
        int length = snprintf(wanted, sizeof(wanted), __VA_ARGS__);                                \
        assert_int_equal(format_str(got, sizeof(got), __VA_ARGS__), length);                       \
        assert_string_equal(got, wanted);                                                          \
    } while (0)

static void test_conversions_match_the_host(void **state)
{
    ASSERT_LIKE_HOST("plain %% %c|%3c|%-3c|", 'a', 'b', 'c');
    ASSERT_LIKE_HOST("%s|%6s|%-6s|%.2s|%6.2s|%.*s|", "abc", "abc", "abc", "abc", "abc", 1, "abc");
    ASSERT_LIKE_HOST("%d %i %u %x %X", -5, 7, 4000000000u, 0xbeefu, 0xbeefu);
    ASSERT_LIKE_HOST("%5d|%-5d|%05d|%05d|%*d|", -5, -5, -5, 5, 7, 3);
    ASSERT_LIKE_HOST("%08x|%-8x|%2x|", 0xabcu, 0xabcu, 0xabcdu);
    ASSERT_LIKE_HOST("%ld %lld %zu", INT64_MIN, INT64_MAX + 0LL, SIZE_MAX);
    ASSERT_LIKE_HOST("%lx %llu %016lx", UINT64_MAX, UINT64_MAX + 0ULL, UINT64_C(0x123456789abc));
    ASSERT_LIKE_HOST("%p", (void *)&state);
    ASSERT_LIKE_HOST("%d", INT32_MIN);
    assert_null(*state);
}

static void test_a_guid_is_written_as_people_do(void **state)
{
    /* The type of EFI system partitions (UEFI 2.10, table 5.7), as a disk has it. */
    static const uint8_t guid[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                     0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
    char text[FORMAT_GUID_SIZE];

    assert_null(*state);
    format_guid(text, guid);
    assert_string_equal(text, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
}

static void test_cut_text_is_closed_and_its_length_told(void **state)
{
    char buf[6] = "zzzzz";

    assert_int_equal(format_str(buf, 4, "%d", 123456), 6);
    assert_string_equal(buf, "123");
    assert_int_equal(buf[4], 'z');
    assert_int_equal(format_str(buf, 1, "abc"), 3);
    assert_string_equal(buf, "");
    assert_int_equal(format_str(NULL, 0, "abc"), 3);
    assert_null(*state);
}

static void test_precision_reads_no_further(void **state)
{
    const char unterminated[3] = {'a', 'b', 'c'};
    char buf[8];

    assert_int_equal(format_str(buf, sizeof(buf), "%.3s", unterminated), 3);
    assert_string_equal(buf, "abc");
    assert_null(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversions_match_the_host),
        cmocka_unit_test(test_a_guid_is_written_as_people_do),
        cmocka_unit_test(test_cut_text_is_closed_and_its_length_told),
        cmocka_unit_test(test_precision_reads_no_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
