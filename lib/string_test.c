/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/string.c, compiled as lib_memcpy and so on, against the host's own functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void *lib_memcpy(void *restrict dst, const void *restrict src, size_t size);
void *lib_memmove(void *dst, const void *src, size_t size);
void *lib_memset(void *dst, int value, size_t size);
int lib_memcmp(const void *left, const void *right, size_t size);
size_t lib_strlen(const char *text);
int lib_strcmp(const char *left, const char *right);
int lib_strncmp(const char *left, const char *right, size_t size);
char *lib_strchr(const char *text, int wanted);

#define AREA 600u

static unsigned char area[AREA];
static unsigned char expected[AREA];

static void fill_area(void)
{
    for (size_t i = 0; i < AREA; i++) {
        area[i] = (unsigned char)(i * 7 + i / 256);
    }
    memcpy(expected, area, AREA);
}

static const size_t sizes[] = {0, 1, 7, 8, 9, 63, 127, 128, 129, 135, 200, 256};

static void test_memcpy_any_alignment(void **state)
{
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t to = 0; to < 9; to++) {
            fill_area();
            memcpy(expected + to, expected + 300 + s, sizes[s]);

            assert_ptr_equal(lib_memcpy(area + to, area + 300 + s, sizes[s]), area + to);

            assert_memory_equal(area, expected, AREA);
        }
    }
    assert_null(*state);
}

static void test_memset_stays_inside(void **state)
{
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t to = 0; to < 9; to++) {
            fill_area();
            memset(expected + to, 0xa5, sizes[s]);

            assert_ptr_equal(lib_memset(area + to, 0xa5, sizes[s]), area + to);

            assert_memory_equal(area, expected, AREA);
        }
    }
    assert_null(*state);
}

static void test_memmove_overlap_both_ways(void **state)
{
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t to = 90; to < 111; to++) {
            fill_area();
            memmove(expected + to, expected + 100, sizes[s]);

            assert_ptr_equal(lib_memmove(area + to, area + 100, sizes[s]), area + to);

            assert_memory_equal(area, expected, AREA);
        }
    }
    assert_null(*state);
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void test_comparisons_have_the_sign_of_the_host(void **state)
{
    static const char *const texts[] = {"", "a", "ab", "abc", "abd", "\xff", "ab\xff"};
    size_t count = sizeof(texts) / sizeof(texts[0]);

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(lib_strlen(texts[i]), strlen(texts[i]));
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(sign(lib_strcmp(texts[i], texts[j])),
                             sign(strcmp(texts[i], texts[j])));
            assert_int_equal(sign(lib_strncmp(texts[i], texts[j], 2)),
                             sign(strncmp(texts[i], texts[j], 2)));
        }
    }
    assert_int_equal(sign(lib_memcmp("a\0b", "a\0c", 3)), -1);
    assert_int_equal(lib_memcmp("a\0b", "a\0c", 2), 0);
    assert_null(*state);
}

static void test_strchr_finds_first_and_nul(void **state)
{
    const char *text = "a=b=c";

    assert_ptr_equal(lib_strchr(text, '='), text + 1);
    assert_ptr_equal(lib_strchr(text, '\0'), text + 5);
    assert_null(lib_strchr(text, 'x'));
    assert_null(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memcpy_any_alignment),
        cmocka_unit_test(test_memset_stays_inside),
        cmocka_unit_test(test_memmove_overlap_both_ways),
        cmocka_unit_test(test_comparisons_have_the_sign_of_the_host),
        cmocka_unit_test(test_strchr_finds_first_and_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
