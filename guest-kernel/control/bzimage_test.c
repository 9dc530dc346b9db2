/* SPDX-License-Identifier: BSD-2-Clause */
/* Header checks against files with one thing wrong, and what boot_params holds. Offsets are those
 * of Linux's boot.rst and zero-page.rst. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/bzimage.h"
#include "lib/errno.h"

#define SETUP_SECTS 3
#define CODE_OFFSET ((SETUP_SECTS + 1) * 512)
#define CODE_SIZE   1000

static uint8_t file[CODE_OFFSET + CODE_SIZE];
static struct bzimage image;
static const char *why;

static void put(uint8_t *to, size_t at, uint64_t value, size_t size)
{
    memcpy(to + at, &value, size);
}

static uint64_t get(const uint8_t *from, size_t at, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, from + at, size);
    return value;
}

/* A header as Linux 6.1 has it. */
static int setup(void **state)
{
    *state = file;
    memset(file, 0, sizeof(file));
    put(file, 0x1f1, SETUP_SECTS, 1);
    put(file, 0x1fe, 0xaa55, 2);
    put(file, 0x200, 0x6ceb, 2); /* jmp: the header ends at 0x26e */
    memcpy(file + 0x202, "HdrS", 4);
    put(file, 0x206, 0x20f, 2);
    put(file, 0x211, 0x01, 1);
    put(file, 0x22c, 0x7fffffff, 4);
    put(file, 0x230, 0x200000, 4);
    put(file, 0x238, 2047, 4);
    put(file, 0x258, 0x1000000, 8);
    put(file, 0x260, 0x2000000, 4);
    return 0;
}

static int read_image(void)
{
    return bzimage_read(file, sizeof(file), &image, &why);
}

static void test_a_good_header(void **state)
{
    assert_ptr_equal(*state, file);
    assert_true(bzimage_is(file, sizeof(file)));
    assert_int_equal(read_image(), 0);
    assert_int_equal(image.code_offset, CODE_OFFSET);
    assert_int_equal(image.code_size, CODE_SIZE);
    assert_int_equal(image.load_address, 0x1000000);
    assert_int_equal(image.init_size, 0x2000000);
    assert_int_equal(image.cmdline_max, 2047);
    assert_int_equal(image.ramdisk_limit, 0x7fffffff);
}

static void test_no_sector_count_means_four(void **state)
{
    assert_ptr_equal(*state, file);
    put(file, 0x1f1, 0, 1);
    assert_int_equal(read_image(), 0);
    assert_int_equal(image.code_offset, 5 * 512);
}

static void test_what_is_refused(void **state)
{
    static const struct {
        size_t at, size;
        uint64_t value;
        const char *why;
    } wrongs[] = {
        {0x1fe, 2, 0, "no bzImage"},
        {0x202, 4, 0, "no bzImage"},
        {0x206, 2, 0x20b, "2.12"},
        {0x211, 1, 0, "zImage"},
        {0x201, 1, 0x10, "length"},
        {0x201, 1, 0xff, "length"},
        {0x1f1, 1, 200, "cut short"},
        {0x258, 8, 0x10000, "between 1 MiB and 4 GiB"},
        {0x258, 8, 0x100000000, "between 1 MiB and 4 GiB"},
        {0x258, 8, 0xff000000, "between 1 MiB and 4 GiB"},
        {0x260, 4, CODE_SIZE - 1, "larger"},
    };

    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        setup(state);
        put(file, wrongs[i].at, wrongs[i].value, wrongs[i].size);
        assert_int_equal(read_image(), -ENOEXEC);
        if (strstr(why, wrongs[i].why) == NULL)
            fail_msg("case %zu says: %s", i, why);
    }
}

static void test_any_cut_of_the_file_is_safe(void **state)
{
    assert_ptr_equal(*state, file);
    for (uint64_t size = 0; size <= CODE_OFFSET; size++) {
        /* On the heap, so that the sanitizer sees a read past the end. */
        uint8_t *copy = test_malloc(size + 1);

        memcpy(copy, file, size);
        assert_int_equal(bzimage_read(copy, size, &image, &why), -ENOEXEC);
        test_free(copy);
    }
}

static void test_params(void **state)
{
    struct bzimage_start start = {
        .cmdline = 0x5000, .ramdisk = 0x3000000, .ramdisk_size = 77, .rsdp = 0xfc000000};
    uint8_t params[BZIMAGE_PARAMS_SIZE];

    assert_ptr_equal(*state, file);
    assert_int_equal(read_image(), 0);
    memset(params, 0xee, sizeof(params));
    bzimage_params(&image, &start, params);
    assert_memory_equal(params + 0x202, "HdrS", 4);
    assert_int_equal(params[0x210], 0x90);
    assert_int_equal(get(params, 0x218, 4), 0x3000000);
    assert_int_equal(get(params, 0x21c, 4), 77);
    assert_int_equal(get(params, 0x228, 4), 0x5000);
    assert_int_equal(get(params, 0x070, 8), 0xfc000000);
    assert_int_equal(params[0x1ef], 0);
    assert_int_equal(params[0x1f0], 0);
    assert_int_equal(params[0x26e], 0);
    assert_int_equal(params[0x1e8], 0);
}

static void test_memory_map(void **state)
{
    uint8_t params[BZIMAGE_PARAMS_SIZE] = {0};

    assert_ptr_equal(*state, file);
    bzimage_add_memory(params, 0, 0xa0000, 1);
    bzimage_add_memory(params, 0x100000, 0x100000000, 1);
    assert_int_equal(params[0x1e8], 2);
    assert_int_equal(get(params, 0x2d0 + 20, 8), 0x100000);
    assert_int_equal(get(params, 0x2d0 + 28, 8), 0x100000000);
    assert_int_equal(get(params, 0x2d0 + 36, 4), 1);
    for (int i = 0; i < 200; i++)
        bzimage_add_memory(params, 0, 1, 2);
    assert_int_equal(params[0x1e8], 128);
}

static void test_descriptors_are_flat(void **state)
{
    uint8_t gdt[BZIMAGE_GDT_SIZE];

    assert_ptr_equal(*state, file);
    bzimage_gdt(gdt);
    assert_int_equal(get(gdt, 0, 8), 0);
    assert_int_equal(gdt[0x10 + 5] & 0x9a, 0x9a); /* present, code, readable */
    assert_int_equal(gdt[0x18 + 5] & 0x9a, 0x92); /* present, data, writable */
    assert_int_equal(gdt[0x10 + 6], 0xcf);        /* 4 GiB, 32 bits */
    assert_int_equal(gdt[0x18 + 6], 0xcf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_good_header, setup),
        cmocka_unit_test_setup(test_no_sector_count_means_four, setup),
        cmocka_unit_test_setup(test_what_is_refused, setup),
        cmocka_unit_test_setup(test_any_cut_of_the_file_is_safe, setup),
        cmocka_unit_test_setup(test_params, setup),
        cmocka_unit_test_setup(test_memory_map, setup),
        cmocka_unit_test_setup(test_descriptors_are_flat, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
