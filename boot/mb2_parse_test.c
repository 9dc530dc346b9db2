/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot2 information: what is taken from it, and that malformed tags are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/mb2_parse.h"
#include "boot/multiboot2.h"
#include "lib/errno.h"

static unsigned char area[32768];
static size_t length;
static struct boot_info info;
static struct mb2_boot boot;
static struct refusal refusal;

static int setup(void **state)
{
    memset(area, 0, sizeof(area));
    length = sizeof(struct mb2_info);
    return *state != NULL;
}

/* Appends a tag of `size` bytes, its header included, with what follows the header. */
static void add_tag(uint32_t type, uint32_t size, const void *bytes)
{
    const struct mb2_tag tag = {.type = type, .size = size};

    memcpy(area + length, &tag, sizeof(tag));
    memcpy(area + length + sizeof(tag), bytes, size - sizeof(tag));
    length += (size + 7ul) & ~7ul;
    assert_in_range(length, 0, sizeof(area));
}

static void add_module(uint32_t start, uint32_t end, const char *cmdline)
{
    unsigned char bytes[1024];
    uint32_t size = (uint32_t)strlen(cmdline) + 1;

    memcpy(bytes, &start, 4);
    memcpy(bytes + 4, &end, 4);
    memcpy(bytes + 8, cmdline, size);
    add_tag(MB2_TAG_MODULE, size + 16, bytes);
}

static void add_mmap(void)
{
    static const struct {
        uint32_t entry_size;
        uint32_t entry_version;
        struct mb2_mmap_entry entry[4];
    } mmap = {24,
              0,
              {{0, 0x9fc00, 1, 0},
               {0x9fc00, 0x400, 2, 0},
               {0x100000, 0x1f00000, 1, 0},
               {0x2000000, 0x10000, 3, 0}}};

    add_tag(MB2_TAG_MMAP, 16 + 4 * 24, &mmap);
}

static void add_end(void)
{
    add_tag(MB2_TAG_END, 8, "");
}

/* Parses a heap copy of exactly `size` bytes, so that ASan sees a read past its end. */
static int parse_size(size_t size)
{
    unsigned char *copy = malloc(size + (size == 0));
    int rc;

    assert_non_null(copy);
    memcpy(copy, area, size);
    rc = mb2_parse(copy, size, &info, &boot, &refusal);
    free(copy);
    return rc;
}

static int parse(void)
{
    return parse_size(length);
}

static void test_memory_map(void **state)
{
    static const uint64_t expected[][3] = {
        {0, 0x9f000, BOOT_MEM_FREE},
        {0x9f000, 0x1000, BOOT_MEM_RESERVED},
        {0x100000, 0x1f00000, BOOT_MEM_FREE},
        {0x2000000, 0x10000, BOOT_MEM_ACPI},
    };

    add_mmap();
    add_end();
    assert_int_equal(parse(), 0);
    assert_int_equal(info.mem_count, ARRAY_COUNT(expected));
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        assert_int_equal(info.mem[i].base, expected[i][0]);
        assert_int_equal(info.mem[i].size, expected[i][1]);
        assert_int_equal(info.mem[i].type, expected[i][2]);
    }
    assert_null(*state);
}

static void test_modules_and_command_lines(void **state)
{
    add_tag(MB2_TAG_CMDLINE, 8 + 13, "console=com1");
    add_module(0x100000, 0x100123, "control.elf");
    add_module(0x101000, 0x101000, "demo.cfg   a  b ");
    add_mmap();
    add_end();

    assert_int_equal(parse(), 0);

    assert_string_equal(boot.cmdline, "console=com1");
    assert_int_equal(boot.module_count, 2);
    assert_string_equal(boot.module[0].name, "control.elf");
    assert_string_equal(boot.module[0].cmdline, "");
    assert_int_equal(boot.module[0].paddr, 0x100000);
    assert_int_equal(boot.module[0].size, 0x123);
    assert_string_equal(boot.module[1].name, "demo.cfg");
    assert_string_equal(boot.module[1].cmdline, "a  b ");
    assert_null(*state);
}

static void test_new_root_pointer_wins_in_any_order(void **state)
{
    static const uint32_t types[][2] = {{MB2_TAG_ACPI_OLD, MB2_TAG_ACPI_NEW},
                                        {MB2_TAG_ACPI_NEW, MB2_TAG_ACPI_OLD}};
    unsigned char pointer[36] = "RSD PTR ";

    for (size_t i = 0; i < 2; i++) {
        setup(state);
        for (size_t j = 0; j < 2; j++) {
            uint32_t size = types[i][j] == MB2_TAG_ACPI_NEW ? 36 : 20;

            pointer[15] = (unsigned char)size;
            add_tag(types[i][j], size + 8, pointer);
        }
        add_mmap();
        add_end();
        assert_int_equal(parse(), 0);
        assert_int_equal(boot.rsdp_size, 36);
        assert_int_equal(boot.rsdp[15], 36);
    }
    assert_null(*state);
}

static void test_every_truncation_is_refused_or_harmless(void **state)
{
    add_tag(MB2_TAG_CMDLINE, 8 + 4, "abc");
    add_module(0x100000, 0x100123, "control.elf x");
    add_mmap();
    add_end();
    for (size_t size = 0; size < length; size++) {
        int rc = parse_size(size);

        assert_true(rc == -EBADMSG || (rc == 0 && size >= length - 8));
    }
    assert_null(*state);
}

static void test_any_tag_size(void **state)
{
    static const uint32_t types[] = {MB2_TAG_CMDLINE,  MB2_TAG_MODULE,   MB2_TAG_MMAP,
                                     MB2_TAG_ACPI_OLD, MB2_TAG_ACPI_NEW, 99};
    static const uint32_t sizes[] = {0,  1,  7,          8,          9,          15,        16,
                                     17, 40, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};

    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(sizes); j++) {
            struct mb2_tag tag = {types[i], sizes[j]};

            setup(state);
            memcpy(area + length, &tag, sizeof(tag));
            /* Ones: no NUL ends a text, and an entry size is huge. */
            memset(area + length + sizeof(tag), 0xff, 32);
            length += 40;
            assert_int_equal(parse(), -EBADMSG);
        }
    }
    assert_null(*state);
}

static void test_malformed_tags_have_a_sentence(void **state)
{
    add_mmap();
    add_module(0x100123, 0x100122, "backwards");
    add_end();
    assert_int_equal(parse(), -EBADMSG);
    assert_string_equal(refusal.sentence, "the boot loader's information has a malformed tag (type "
                                          "3, size 26): use GRUB 2.04 or later.");
    assert_null(*state);
}

static void test_small_mmap_entries(void **state)
{
    static const uint32_t mmap[8] = {0};

    add_tag(MB2_TAG_MMAP, 40, mmap);
    add_end();
    assert_int_equal(parse(), -EBADMSG);
    assert_null(*state);
}

static void test_no_memory_map(void **state)
{
    add_end();
    assert_int_equal(parse(), -EBADMSG);
    assert_string_equal(refusal.sentence,
                        "the boot loader gave no memory map: use GRUB 2.04 or later.");
    assert_null(*state);
}

static void test_texts_that_do_not_fit(void **state)
{
    char text[BOOT_OPTIONS_MAX + 1];

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    add_tag(MB2_TAG_CMDLINE, 8 + sizeof(text), text);
    add_mmap();
    assert_int_equal(parse(), -ENOSPC);

    setup(state);
    text[BOOT_NAME_MAX] = '\0';
    add_module(0, 1, text);
    add_mmap();
    assert_int_equal(parse(), -ENOSPC);
    assert_string_equal(refusal.sentence, "a module's command line is too long: name it in at most "
                                          "63 characters in the GRUB menu entry.");
    assert_null(*state);
}

static void test_too_many_modules(void **state)
{
    for (unsigned int i = 0; i <= BOOT_MODULE_MAX; i++) {
        add_module(0, 1, "m");
    }
    add_mmap();
    assert_int_equal(parse(), -ENOSPC);
    assert_string_equal(refusal.sentence,
                        "more than 64 modules: remove module2 lines from the GRUB menu entry.");
    assert_null(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_memory_map, setup),
        cmocka_unit_test_setup(test_modules_and_command_lines, setup),
        cmocka_unit_test_setup(test_new_root_pointer_wins_in_any_order, setup),
        cmocka_unit_test_setup(test_every_truncation_is_refused_or_harmless, setup),
        cmocka_unit_test_setup(test_any_tag_size, setup),
        cmocka_unit_test_setup(test_malformed_tags_have_a_sentence, setup),
        cmocka_unit_test_setup(test_small_mmap_entries, setup),
        cmocka_unit_test_setup(test_no_memory_map, setup),
        cmocka_unit_test_setup(test_texts_that_do_not_fit, setup),
        cmocka_unit_test_setup(test_too_many_modules, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
