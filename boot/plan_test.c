/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans made from configuration texts, and each refusal with its sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/plan.h"
#include "lib/errno.h"

struct fake_file {
    const char *name;
    const char *text;
};

static const struct fake_file *fake_files;
static struct plan plan;
static struct plan_source source;
static struct refusal refusal;

static int read_fake(void *files, const char *name, char *buf, size_t size, size_t *length)
{
    const struct fake_file *const *list = files;

    for (const struct fake_file *file = *list; file->name != NULL; file++) {
        if (strcmp(file->name, name) == 0) {
            if (file->text == NULL) {
                return -EIO;
            }
            *length = strlen(file->text);
            if (*length > size) {
                return -ENOSPC;
            }
            memcpy(buf, file->text, *length);
            return 0;
        }
    }
    return -ENOENT;
}

static int make(const struct fake_file *files)
{
    fake_files = files;
    source.read = read_fake;
    source.files = &fake_files;
    source.advice = "bring it.";
    return plan_make(&plan, &source, &refusal);
}

static void assert_files(const char *const *names, size_t count)
{
    assert_int_equal(plan.file_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(plan.file[i].name, names[i]);
    }
}

static void test_defaults(void **state)
{
    static const struct fake_file files[] = {{"atoll.cfg", ""}, {NULL, NULL}};
    static const char *const names[] = {"control.elf", "atoll.cfg"};

    assert_int_equal(make(files), 0);
    assert_string_equal(plan.hypervisor, "atoll.elf");
    assert_string_equal(plan.options, "");
    assert_string_equal(plan.control_options, "");
    assert_int_equal(plan.control_memory, 64);
    assert_int_equal(plan.guest_memory, 0);
    assert_files(names, ARRAY_COUNT(names));
    assert_null(*state);
}

static void test_everything_set(void **state)
{
    static const struct fake_file files[] = {
        {"atoll.cfg", "hypervisor=\"hv\"\ncontrol=\"c.elf\"\ncontrol_memory=100\n"
                      "control_options=\"x=1\"\noptions=\"console=com1\"\n"
                      "domains=[\"a.cfg\", \"b.cfg\"]\nfiles=[\"extra\", \"vmlinuz\"]\n"},
        {"a.cfg", "name='a'\nkernel='vmlinuz'\nramdisk='initrd'\nmemory=256\nmaxmem=999\n"},
        {"b.cfg", "name='b'\nkernel='vmlinuz'\nmemory='128'\n"},
        {NULL, NULL},
    };
    static const char *const names[] = {"c.elf", "atoll.cfg", "a.cfg", "b.cfg",
                                        "extra", "vmlinuz",   "initrd"};

    assert_int_equal(make(files), 0);
    assert_string_equal(plan.hypervisor, "hv");
    assert_string_equal(plan.options, "console=com1");
    assert_string_equal(plan.control_options, "x=1");
    assert_int_equal(plan.control_memory, 100);
    assert_int_equal(plan.guest_memory, 384);
    assert_files(names, ARRAY_COUNT(names));
    assert_string_equal(plan.file[6].named_by, "a.cfg");
    assert_null(*state);
}

static void test_guest_without_memory_counts_as_xl_does(void **state)
{
    static const struct fake_file files[] = {
        {"atoll.cfg", "domains=['a.cfg','a.cfg']"}, {"a.cfg", "name='a'"}, {NULL, NULL}};

    assert_int_equal(make(files), 0);
    assert_int_equal(plan.guest_memory, 2 * 32);
    assert_int_equal(plan.file_count, 3);
    assert_null(*state);
}

#define NAME_OF_64 "a123456789b123456789c123456789d123456789e123456789f123456789abcd"

static const struct {
    struct fake_file files[3];
    int rc;
    const char *sentence;
} refusals[] = {
    {{{NULL, NULL}}, -ENOENT, "the file atoll.cfg, which the loader names, is missing: bring it."},
    {{{"atoll.cfg", NULL}, {NULL, NULL}},
     -EIO,
     "atoll.cfg cannot be read (error 5): check the volume."},
    {{{"atoll.cfg", "control_memory = 64\noptions = console\n"}, {NULL, NULL}},
     -EINVAL,
     "atoll.cfg:2:11: a value wants quotes around a text: write \"...\"."},
    {{{"atoll.cfg", "control_memory = 'x'"}, {NULL, NULL}},
     -EINVAL,
     "atoll.cfg:1:18: 'control_memory' wants a number: write control_memory=N, "
     "N from 4 to 16777216."},
    {{{"atoll.cfg", "control_memory = 3"}, {NULL, NULL}},
     -ERANGE,
     "atoll.cfg:1:18: 'control_memory' is 3: write a number from 4 to "
     "16777216."},
    {{{"atoll.cfg", "control = ['c']"}, {NULL, NULL}},
     -EINVAL,
     "atoll.cfg:1:11: 'control' wants a text: write control=\"...\"."},
    {{{"atoll.cfg", "control = ''"}, {NULL, NULL}},
     -EINVAL,
     "atoll.cfg:1:11: 'control' names no file: write its path."},
    {{{"atoll.cfg", "\ncontrol_memroy = 64"}, {NULL, NULL}},
     -EINVAL,
     "atoll.cfg:2:1: 'control_memroy' is not known: write hypervisor, control, "
     "control_memory, control_options, options, domains or files."},
    {{{"atoll.cfg", "domains=[1]"}, {NULL, NULL}},
     -EINVAL,
     "atoll.cfg:1:10: item 1 of 'domains' wants a text: write it in quotes."},
    {{{"atoll.cfg", "domains=['a.cfg']"}, {NULL, NULL}},
     -ENOENT,
     "the file a.cfg, which atoll.cfg names, is missing: bring it."},
    {{{"atoll.cfg", "domains=['a.cfg']"}, {"a.cfg", "kernel=[]"}, {NULL, NULL}},
     -EINVAL,
     "a.cfg:1:8: 'kernel' wants a text: write kernel=\"...\"."},
    {{{"atoll.cfg", "domains=['a.cfg']"}, {"a.cfg", "memory=-5"}, {NULL, NULL}},
     -ERANGE,
     "a.cfg:1:8: 'memory' is -5: write a number from 1 to 16777216."},
    {{{"atoll.cfg", "hypervisor='" NAME_OF_64 "'"}, {NULL, NULL}},
     -EINVAL,
     "atoll.cfg:1:12: 'hypervisor' is longer than 63 characters: shorten it."},
    {{{"atoll.cfg", "files='" NAME_OF_64 "'"}, {NULL, NULL}},
     -EINVAL,
     "atoll.cfg:1:7: a file name of more than 63 characters: use a shorter "
     "path."},
};

static void test_refusals(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(refusals); i++) {
        assert_int_equal(make(refusals[i].files), refusals[i].rc);
        assert_string_equal(refusal.sentence, refusals[i].sentence);
    }
    assert_null(*state);
}

static void test_a_configuration_too_large(void **state)
{
    static char text[PLAN_CONFIG_MAX + 2];
    struct fake_file files[] = {{"atoll.cfg", text}, {NULL, NULL}};

    memset(text, '\n', PLAN_CONFIG_MAX);
    assert_int_equal(make(files), 0);
    memset(text, '\n', PLAN_CONFIG_MAX + 1);
    assert_int_equal(make(files), -ENOSPC);
    assert_string_equal(refusal.sentence, "atoll.cfg is larger than the 16384 bytes that a "
                                          "configuration may have: shorten it.");
    assert_null(*state);
}

static void test_too_many_files(void **state)
{
    static char text[2048] = "files=[";
    struct fake_file files[] = {{"atoll.cfg", text}, {NULL, NULL}};
    size_t length = strlen(text);

    for (unsigned int i = 0; i < BOOT_MODULE_MAX - 1; i++) {
        length += (size_t)snprintf(text + length, sizeof(text) - length, "\"%u\",", i);
    }
    snprintf(text + length, sizeof(text) - length, "]");
    assert_int_equal(make(files), -ENOSPC);
    assert_string_equal(refusal.sentence, "atoll.cfg:1:7: more than 64 files: name fewer.");
    assert_null(*state);
}

static void test_memory(void **state)
{
    memset(&plan, 0, sizeof(plan));
    plan.control_memory = 64;
    plan.guest_memory = 1024;
    assert_int_equal(plan_check_memory(&plan, UINT64_C(1104) << 20, &refusal), 0);
    assert_int_equal(plan_check_memory(&plan, (UINT64_C(1104) << 20) - 1, &refusal), -ENOMEM);
    assert_string_equal(refusal.sentence,
                        "the configured domains need 1104 MiB (hypervisor 16, control domain 64, "
                        "guests 1024), the machine has 1103 MiB free: lower control_memory or a "
                        "guest's memory, or add memory.");
    assert_null(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything_set),
        cmocka_unit_test(test_guest_without_memory_counts_as_xl_does),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_configuration_too_large),
        cmocka_unit_test(test_too_many_files),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
