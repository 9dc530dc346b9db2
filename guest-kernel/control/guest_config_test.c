/* SPDX-License-Identifier: BSD-2-Clause */
/* What a configuration may say, and the sentence where it may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/guest_config.h"
#include "lib/errno.h"

#define BASE "name = \"g\"\ntype = \"pvh\"\nkernel = \"k\"\n"

static char warnings[1024];
static struct guest_config_report report;
static struct guest_config config;

static void warn(const char *sentence)
{
    strncat(warnings, sentence, sizeof(warnings) - strlen(warnings) - 2);
    strcat(warnings, "\n");
}

static int read_text(const char *text)
{
    warnings[0] = '\0';
    report.error[0] = '\0';
    report.warn = warn;
    return guest_config_read(&config, "g.cfg", text, strlen(text), &report);
}

static void test_defaults(void **state)
{
    assert_null(*state);
    assert_int_equal(read_text(BASE), 0);
    assert_string_equal(config.name, "g");
    assert_string_equal(config.kernel, "k");
    assert_string_equal(config.ramdisk, "");
    assert_string_equal(config.cmdline, "");
    assert_int_equal(config.vcpus, 1);
    assert_int_equal(config.weight, 256);
    assert_int_equal(config.maxmem_mib, config.memory_mib);
    assert_true(config.cpus == UINT64_MAX);
    assert_int_equal(config.on_poweroff, END_DESTROY);
    assert_int_equal(config.on_reboot, END_RESTART);
    assert_int_equal(config.on_crash, END_DESTROY);
    assert_false(config.has_uuid);
    assert_string_equal(warnings, "");
}

static void test_every_key(void **state)
{
    assert_null(*state);
    assert_int_equal(
        read_text("name='web-1'; type='pvh'; kernel='vmlinuz'; ramdisk='initrd.gz'\n"
                  "root='/dev/xvda'\nextra='console=hvc0 ro'\nmemory=256\nmaxmem=512\nvcpus=2\n"
                  "cpus='0-3,^1'\ncpu_weight=512\non_poweroff='preserve'\non_reboot='destroy'\n"
                  "on_crash='restart'\nuuid='01234567-89ab-cdef-0123-456789ABCDEF'\n"
                  "tsc_mode='native'\n"),
        0);
    assert_string_equal(warnings, "");
    assert_string_equal(config.name, "web-1");
    assert_string_equal(config.ramdisk, "initrd.gz");
    assert_string_equal(config.cmdline, "root=/dev/xvda console=hvc0 ro");
    assert_int_equal(config.memory_mib, 256);
    assert_int_equal(config.maxmem_mib, 512);
    assert_int_equal(config.vcpus, 2);
    assert_int_equal(config.cpus, 0xd);
    assert_int_equal(config.weight, 512);
    assert_int_equal(config.on_poweroff, END_PRESERVE);
    assert_int_equal(config.on_reboot, END_DESTROY);
    assert_int_equal(config.on_crash, END_RESTART);
    assert_true(config.has_uuid);
    assert_int_equal(config.uuid[0], 0x01);
    assert_int_equal(config.uuid[15], 0xef);
}

static void test_cmdline_beats_root_and_extra(void **state)
{
    assert_null(*state);
    assert_int_equal(read_text(BASE "cmdline='a b'\nextra='c'\n"), 0);
    assert_string_equal(config.cmdline, "a b");
    assert_non_null(strstr(warnings, "g.cfg: cmdline is set: root and extra are ignored"));
}

static void test_unknown_keys_warn_with_their_line(void **state)
{
    assert_null(*state);
    assert_int_equal(read_text(BASE "memory=8\nserial=['a','b']\nvfb=1\n"), 0);
    assert_non_null(strstr(warnings, "g.cfg:5: the key serial"));
    assert_non_null(strstr(warnings, "g.cfg:6: the key vfb"));
}

static void test_a_key_that_is_set_again_warns(void **state)
{
    assert_null(*state);
    assert_int_equal(read_text(BASE "memory=16\nvcpus=2\nmemory=32\n"), 0);
    assert_int_equal(config.memory_mib, 32);
    assert_string_equal(warnings, "g.cfg:6: memory is set again, and line 4 is ignored\n");
}

static void test_disks(void **state)
{
    assert_null(*state);
    assert_int_equal(read_text(BASE "disk=['phy:vda,xvda,w', 'target=root, vdev=xvdb']\n"), 0);
    assert_int_equal(config.disk_count, 2);
    assert_string_equal(config.disks[1].target, "root");
    assert_int_equal(config.disks[1].number, 51728);
    assert_int_equal(read_text(BASE "disk=['phy:vda,xvda,w', 'phy:vdb,xvda,w']\n"), -EINVAL);
    assert_non_null(strstr(report.error, "two disks xvda"));
    assert_int_equal(read_text(BASE "disk=['phy:vda,hda,w']\n"), -EINVAL);
    assert_non_null(strstr(report.error, "g.cfg:4:"));
}

static void test_network_interfaces(void **state)
{
    assert_null(*state);
    assert_int_equal(read_text(BASE "vif=['', 'bridge=inner,mtu=9000']\n"), 0);
    assert_int_equal(config.vif_count, 2);
    assert_int_equal(config.vifs[0].number, 0);
    assert_int_equal(config.vifs[1].number, 1);
    assert_string_equal(config.vifs[1].bridge, "inner");
    assert_int_equal(read_text(BASE "vif=['rate=1MB/s']\n"), 0);
    assert_non_null(strstr(warnings, "vif 0: rate has no effect"));
    assert_int_equal(read_text(BASE "vif=['devid=1', '']\n"), -EINVAL);
    assert_non_null(strstr(report.error, "two network interfaces 1"));
    assert_int_equal(read_text(BASE "vif=['mac=0']\n"), -EINVAL);
    assert_non_null(strstr(report.error, "mac has the form"));
}

static void test_wrong_values(void **state)
{
    static const struct {
        const char *text;
        const char *where;
        const char *right;
    } wrongs[] = {
        {"type='pvh'\nkernel='k'", "g.cfg", "name = \"NAME\""},
        {"name='a b'\ntype='pvh'\nkernel='k'", ":1:", "no blank"},
        {"name='1a'\ntype='pvh'\nkernel='k'", ":1:", "digit"},
        {"name='a'\nkernel='k'", "g.cfg", "type = \"pvh\""},
        {"name='a'\ntype='hvm'\nkernel='k'", ":2:", "type = \"pvh\""},
        {"name='a'\ntype='pvh'", "g.cfg", "boot module"},
        {BASE "tsc_mode='always_emulate'", ":4:", "\"native\""},
        {BASE "memory=2", ":4:", "4"},
        {BASE "memory='much'", ":4:", "number"},
        {BASE "memory=64\nmaxmem=32", ":5:", "64"},
        {BASE "vcpus=0", ":4:", "1"},
        {BASE "vcpus=65", ":4:", "64"},
        {BASE "cpus='x'", ":4:", "0-3"},
        {BASE "cpus='64'", ":4:", "below 64"},
        {BASE "cpu_weight=0", ":4:", "1"},
        {BASE "cpu_weight=65536", ":4:", "65535"},
        {BASE "on_crash='coredump-destroy'", ":4:", "\"preserve\""},
        {BASE "on_reboot='rename-restart'", ":4:", "\"restart\""},
        {BASE "on_poweroff=1", ":4:", "text"},
        {BASE "uuid='0123'", ":4:", "0123-456789abcdef"},
        {BASE "kernel=['a'", "g.cfg", "]"},
    };

    assert_null(*state);
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        if (read_text(wrongs[i].text) == 0)
            fail_msg("accepted: %s", wrongs[i].text);
        if (strstr(report.error, wrongs[i].where) == NULL ||
            strstr(report.error, wrongs[i].right) == NULL)
            fail_msg("`%s` says: %s", wrongs[i].text, report.error);
    }
}

static void test_a_file_that_is_too_large(void **state)
{
    static char text[GUEST_CONFIG_MAX + 1];

    assert_null(*state);
    memset(text, '\n', sizeof(text));
    report.warn = warn;
    assert_int_not_equal(guest_config_read(&config, "g.cfg", text, sizeof(text), &report), 0);
    assert_non_null(strstr(report.error, "larger"));
}

static void test_a_command_line_that_is_too_long(void **state)
{
    static char text[2 * GUEST_CMDLINE_MAX];

    assert_null(*state);
    snprintf(text, sizeof(text), BASE "extra='%0*d'\n", GUEST_CMDLINE_MAX, 1);
    assert_int_not_equal(read_text(text), 0);
    assert_non_null(strstr(report.error, ":4:"));
}

static void test_sets_of_cpus(void **state)
{
    static const struct {
        const char *text;
        uint64_t cpus;
    } rights[] = {{"all", UINT64_MAX},     {"0", 1},     {"63", UINT64_C(1) << 63},
                  {"0-63", UINT64_MAX},    {"1,3", 0xa}, {"0-3,^1-2", 0x9},
                  {"all,^0", ~UINT64_C(1)}};
    static const char *const wrongs[] = {"", "-1", "1-", "3-1", "1,", "^1", "1 2", "0-64", "1;2"};
    uint64_t cpus;

    assert_null(*state);
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        assert_int_equal(guest_config_parse_cpus(rights[i].text, &cpus), 0);
        assert_true(cpus == rights[i].cpus);
    }
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        if (guest_config_parse_cpus(wrongs[i], &cpus) == 0)
            fail_msg("accepted: %s", wrongs[i]);
    }
}

static void take_name(const char *name, void *arg)
{
    strcat(arg, name);
    strcat(arg, " ");
}

static int read_domains(const char *text, char *names)
{
    names[0] = '\0';
    return guest_config_domains(text, strlen(text), take_name, names, &report);
}

static void test_domains_of_atoll_cfg(void **state)
{
    char names[64];

    assert_null(*state);
    assert_int_equal(read_domains("control='c'\ndomains=['a.cfg', 'b.cfg']\n", names), 0);
    assert_string_equal(names, "a.cfg b.cfg ");
    assert_int_equal(read_domains("control='c'\n", names), 0);
    assert_string_equal(names, "");
    assert_int_not_equal(read_domains("domains=[1]\n", names), 0);
    assert_non_null(strstr(report.error, "atoll.cfg:1:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_cmdline_beats_root_and_extra),
        cmocka_unit_test(test_unknown_keys_warn_with_their_line),
        cmocka_unit_test(test_a_key_that_is_set_again_warns),
        cmocka_unit_test(test_disks),
        cmocka_unit_test(test_network_interfaces),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_a_file_that_is_too_large),
        cmocka_unit_test(test_a_command_line_that_is_too_long),
        cmocka_unit_test(test_sets_of_cpus),
        cmocka_unit_test(test_domains_of_atoll_cfg),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
