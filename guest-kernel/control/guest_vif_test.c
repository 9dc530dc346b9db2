/* SPDX-License-Identifier: BSD-2-Clause */
/* Network interfaces in xl's words, what has no effect and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/guest_vif.h"
#include "lib/errno.h"

static struct guest_vif vif;
static struct guest_vif_report report;

static void read(const char *text)
{
    memset(&vif, 0xa5, sizeof(vif));
    assert_int_equal(guest_vif_read(&vif, text, 3, &report), 0);
}

static void test_the_defaults(void **state)
{
    assert_null(*state);
    read("");
    assert_int_equal(vif.number, 3);
    assert_false(vif.has_address);
    assert_false(vif.has_antispoof);
    assert_string_equal(vif.bridge, "xenbr0");
    assert_int_equal(vif.mtu, 1500);
    assert_string_equal(report.warning, "");
}

static void test_every_key(void **state)
{
    const uint8_t address[] = {0x00, 0x16, 0x3e, 0x5f, 0x48, 0xe4};

    assert_null(*state);
    read("mac=00:16:3E:5f:48:e4, bridge=inner,mtu=9000 ,devid=7,antispoof=1,type=vif,backend=0");
    assert_true(vif.has_address);
    assert_memory_equal(vif.address, address, sizeof(address));
    assert_string_equal(vif.bridge, "inner");
    assert_int_equal(vif.mtu, 9000);
    assert_int_equal(vif.number, 7);
    assert_true(vif.has_antispoof);
    read("antispoof=0,bridge=fifteen-letters");
    assert_false(vif.has_antispoof);
    assert_string_equal(vif.bridge, "fifteen-letters");
}

static void test_keys_without_effect_warn(void **state)
{
    static const char *const texts[] = {"rate=10Mb/s", "ip=10.0.0.2",   "script=vif-route",
                                        "model=e1000", "vifname=outer", "gatewaydev=eth0",
                                        "netdev=eth0", "untrusted",     "trusted=1"};

    assert_null(*state);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        read(texts[i]);
        assert_non_null(strstr(report.warning, "has no effect"));
    }
}

static void refuse(const char *text, const char *right)
{
    assert_int_equal(guest_vif_read(&vif, text, 0, &report), -EINVAL);
    assert_non_null(strstr(report.why, right));
    assert_non_null(strstr(report.why, text));
}

static void test_what_is_refused(void **state)
{
    static const char *const macs[] = {"mac=",
                                       "mac",
                                       "mac=00:16:3e:00:00",
                                       "mac=00:16:3e:00:00:0",
                                       "mac=00:16:3e:00:00:00:00",
                                       "mac=00-16-3e-00-00-00",
                                       "mac=00:16:3e:00:00:0g",
                                       "mac=01:16:3e:00:00:00",
                                       "mac=00:00:00:00:00:00"};

    assert_null(*state);
    for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++)
        refuse(macs[i], "00:16:3e:01:02:03");
    refuse("bridge=", "1 to 15 bytes");
    refuse("bridge=a-name-of-16-byt", "1 to 15 bytes");
    refuse("bridge=a b", "no blank");
    refuse("mtu=67", "68 to 65517");
    refuse("mtu=65518", "68 to 65517");
    refuse("mtu=large", "68 to 65517");
    refuse("devid=256", "0 to 255");
    refuse("antispoof=yes", "0 or 1");
    refuse("type=ioemu", "type is vif");
    refuse("backend=drivers", "backend is 0");
    refuse("macs=00:16:3e:00:00:01", "the keys are");
    refuse("colour=red", "the keys are");
}

static void test_a_made_address_depends_on_uuid_and_number_alone(void **state)
{
    uint8_t uuid[16] = {1, 2, 3}, first[NET_ADDRESS_SIZE];
    const uint8_t prefix[] = {0x00, 0x16, 0x3e};

    assert_null(*state);
    read("");
    guest_vif_make_address(&vif, uuid);
    assert_true(vif.has_address);
    assert_memory_equal(vif.address, prefix, sizeof(prefix));
    memcpy(first, vif.address, sizeof(first));
    read("bridge=other");
    guest_vif_make_address(&vif, uuid);
    assert_memory_equal(vif.address, first, sizeof(first));
    vif.number = 4;
    guest_vif_make_address(&vif, uuid);
    assert_memory_not_equal(vif.address, first, sizeof(first));
    vif.number = 3;
    uuid[15] = 1;
    guest_vif_make_address(&vif, uuid);
    assert_memory_not_equal(vif.address, first, sizeof(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_defaults),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_keys_without_effect_warn),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_made_address_depends_on_uuid_and_number_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
