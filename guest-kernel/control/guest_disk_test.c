/* SPDX-License-Identifier: BSD-2-Clause */
/* Disks in xl's words, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/guest_disk.h"
#include "lib/errno.h"

static struct guest_disk disk;
static char why[160];

static void expect(const char *text, const char *target, const char *name, bool is_write)
{
    memset(&disk, 0xa5, sizeof(disk));
    assert_int_equal(guest_disk_read(&disk, text, why, sizeof(why)), 0);
    assert_string_equal(disk.target, target);
    assert_string_equal(disk.name, name);
    assert_int_equal(disk.is_write, is_write);
}

static void test_the_short_form(void **state)
{
    assert_null(*state);
    expect("phy:vda3,xvda,w", "vda3", "xvda", true);
    expect("phy:root, xvdb, r", "root", "xvdb", false);
    expect("vda,raw,xvda,rw", "vda", "xvda", true);
    expect("vda,,xvda,ro", "vda", "xvda", false);
    expect("vda,xvda", "vda", "xvda", true);
}

static void test_the_long_form(void **state)
{
    assert_null(*state);
    expect("target=root, vdev=xvda1, access=w", "root", "xvda1", true);
    expect("format=raw, vdev=xvda, access=ro, devtype=disk, backendtype=phy, target=null", "null",
           "xvda", false);
    expect("phy:vda,vdev=xvdc", "vda", "xvdc", true);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *name;
        uint32_t number;
    } names[] = {{"xvda", 51712},      {"xvda1", 51713},      {"xvdb", 51728},
                 {"xvdp15", 51967},    {"xvdq", 0x10001000},  {"xvda16", 0x10000010},
                 {"xvdz", 0x10001900}, {"xvdaa", 0x10001a00}, {"xvdab3", 0x10001b03}};
    uint32_t number;

    assert_null(*state);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(guest_disk_number(names[i].name, &number), 0);
        assert_int_equal(number, names[i].number);
    }
}

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *text, *sentence;
    } wrong[] = {{"", "volume"},
                 {"phy:,xvda,w", "volume"},
                 {"vda", "vdev"},
                 {"vda,hda,w", "vdev"},
                 {"vda,sda", "vdev"},
                 {"vda,xvd,w", "vdev"},
                 {"vda,xvda0,w", "vdev"},
                 {"vda,xvda256,w", "vdev"},
                 {"vda,xvdzzzzzzzz,w", "vdev"},
                 {"vda,xvda,x", "access"},
                 {"vda,qcow2,xvda,w", "format"},
                 {"vda,xvda,w,cdrom", "more"},
                 {"vda,xvda,w,script=x", "keys"},
                 {"target=vda,vdev=xvda,devtype=cdrom", "devtype"}};

    assert_null(*state);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (guest_disk_read(&disk, wrong[i].text, why, sizeof(why)) != -EINVAL ||
            strstr(why, wrong[i].sentence) == NULL)
            fail_msg("%s: %s", wrong[i].text, why);
    }
}

static void test_long_words(void **state)
{
    char text[400];

    assert_null(*state);
    memset(text, 'v', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(guest_disk_read(&disk, text, why, sizeof(why)), -EINVAL);
    memcpy(text + 300, ",xvda,w", 8);
    assert_int_equal(guest_disk_read(&disk, text, why, sizeof(why)), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_short_form), cmocka_unit_test(test_the_long_form),
        cmocka_unit_test(test_numbers),        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_long_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
