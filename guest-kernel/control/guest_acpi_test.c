/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables as a guest walks them: from the RSDP, by address, each with a right checksum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/guest_acpi.h"

#define PADDR 0xfc000000u

static uint8_t tables[4096];

static uint64_t get(const uint8_t *from, size_t at, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, from + at, size);
    return value;
}

static uint8_t sum(const uint8_t *from, size_t size)
{
    uint8_t total = 0;

    while (size-- > 0)
        total = (uint8_t)(total + *from++);
    return total;
}

/* The table that a guest finds at `paddr`, its signature and checksum verified. */
static const uint8_t *table_at(uint64_t paddr, const char *signature)
{
    const uint8_t *table = tables + (paddr - PADDR);

    assert_in_range(paddr, PADDR, PADDR + sizeof(tables) - 36);
    assert_memory_equal(table, signature, 4);
    assert_int_equal(sum(table, get(table, 4, 4)), 0);
    return table;
}

static const uint8_t *xsdt_entry(unsigned int index, const char *signature)
{
    const uint8_t *xsdt = table_at(get(tables, 24, 8), "XSDT");

    assert_true(get(xsdt, 4, 4) >= 36 + 8 * (index + 1));
    return table_at(get(xsdt, 36 + 8 * index, 8), signature);
}

static int setup(void **state)
{
    *state = tables;
    memset(tables, 0xee, sizeof(tables));
    acpi_build(tables, PADDR, 3);
    return 0;
}

static void test_rsdp(void **state)
{
    assert_ptr_equal(*state, tables);
    assert_memory_equal(tables, "RSD PTR ", 8);
    assert_int_equal(sum(tables, 20), 0);
    assert_int_equal(sum(tables, 36), 0);
    assert_int_equal(tables[15], 2);
    assert_int_equal(get(tables, 20, 4), 36);
}

static void test_fadt_says_pvh(void **state)
{
    const uint8_t *fadt = xsdt_entry(0, "FACP");
    uint64_t boot_arch = get(fadt, 109, 2);

    assert_ptr_equal(*state, tables);
    assert_true(fadt[8] >= 5);
    assert_int_equal(boot_arch & 0x24, 0x24); /* NO_VGA, NO_CMOS_RTC */
    assert_int_equal(boot_arch & 0x02, 0);    /* no 8042 */
    assert_true(get(fadt, 112, 4) & 1u << 20);
    table_at(get(fadt, 140, 8), "DSDT");
}

static void test_madt_lists_every_vcpu(void **state)
{
    const uint8_t *madt = xsdt_entry(1, "APIC");

    assert_ptr_equal(*state, tables);
    assert_int_equal(get(madt, 36, 4), 0xfee00000);
    assert_int_equal(get(madt, 4, 4), 44 + 3 * 8);
    for (unsigned int i = 0; i < 3; i++) {
        const uint8_t *entry = madt + 44 + 8 * i;

        assert_int_equal(entry[0], 0);
        assert_int_equal(entry[1], 8);
        assert_int_equal(entry[2], i);
        assert_int_equal(entry[3], 2 * i);
        assert_int_equal(get(entry, 4, 4), 1);
    }
}

static void test_size_is_what_is_written(void **state)
{
    size_t size = acpi_size(3);

    assert_ptr_equal(*state, tables);
    assert_int_equal(tables[size], 0xee);
    assert_int_not_equal(tables[size - 4], 0xee);
    assert_true(acpi_size(ACPI_VCPUS_MAX) <= sizeof(tables));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rsdp, setup),
        cmocka_unit_test_setup(test_fadt_says_pvh, setup),
        cmocka_unit_test_setup(test_madt_lists_every_vcpu, setup),
        cmocka_unit_test_setup(test_size_is_what_is_written, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
