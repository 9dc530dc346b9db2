/* SPDX-License-Identifier: BSD-2-Clause */
/* needs: drivers/host/acpi.c */
/* Tables as firmware lays them, and damaged ones. */
#include "drivers/host/acpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno.h"

/* Physical memory of the test: address 0x1000 is memory[0x1000]. */
static uint8_t memory[0x4000];

#define RSDP 0x1000u
#define RSDT 0x1100u
#define MADT 0x1200u
#define FADT 0x1300u
#define DSDT 0x1500u
#define HPET 0x1600u
#define MCFG 0x1700u

static const void *map(uint64_t paddr, size_t size)
{
    assert_true(paddr < sizeof(memory) && size <= sizeof(memory) - paddr);
    return memory + paddr;
}

static void put32(unsigned at, uint32_t value)
{
    memcpy(memory + at, &value, sizeof(value));
}

static void seal(unsigned at, size_t size, unsigned checksum_at)
{
    uint8_t sum = 0;

    memory[at + checksum_at] = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + memory[at + i]);
    memory[at + checksum_at] = (uint8_t)-sum;
}

static void table(unsigned at, const char *name, uint32_t size)
{
    memcpy(memory + at, name, 4);
    put32(at + 4, size);
    seal(at, size, 9);
}

static void lay_madt(void)
{
    static const uint8_t entries[] = {
        0, 8,  0, 5, 1, 0, 0,    0,                   /* CPU, APIC ID 5, enabled */
        0, 8,  1, 7, 0, 0, 0,    0,                   /* CPU, APIC ID 7, not enabled */
        1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0,    0, 0, 0, /* IO-APIC at fec00000, GSI 0 */
        2, 10, 0, 9, 9, 0, 0,    0,    0x0d, 0,       /* ISA 9 at GSI 9, level, high */
    };

    memcpy(memory + MADT + 44, entries, sizeof(entries));
    table(MADT, "APIC", 44 + sizeof(entries));
}

static void lay_fadt(void)
{
    static const uint8_t s5[] = {0x08, '_',  'S',  '5',  '_',  0x12,
                                 0x06, 0x04, 0x0a, 0x05, 0x00, 0x00};

    memcpy(memory + DSDT + 40, s5, sizeof(s5));
    table(DSDT, "DSDT", 64);
    put32(FADT + 40, DSDT);
    put32(FADT + 64, 0x604);
    put32(FADT + 76, 0x608);
    put32(FADT + 112, 1u << 10);
    memory[FADT + 116] = 1;
    put32(FADT + 120, 0xcf9);
    memory[FADT + 128] = 0x0f;
    table(FADT, "FACP", 132);
}

static void lay_all(void)
{
    memset(memory, 0, sizeof(memory));
    memset(&acpi, 0, sizeof(acpi));
    lay_madt();
    lay_fadt();
    put32(HPET + 44, 0xfed00000);
    table(HPET, "HPET", 56);
    put32(MCFG + 44, 0xb0000000);
    memory[MCFG + 55] = 0xff;
    table(MCFG, "MCFG", 60);
    put32(RSDT + 36, MADT);
    put32(RSDT + 40, FADT);
    put32(RSDT + 44, HPET);
    put32(RSDT + 48, MCFG);
    table(RSDT, "RSDT", 52);
    memcpy(memory + RSDP, "RSD PTR ", 8);
    put32(RSDP + 16, RSDT);
    seal(RSDP, 20, 8);
}

static void test_reads_what_the_firmware_says(void **state)
{
    assert_null(*state);
    lay_all();
    assert_int_equal(acpi_read(RSDP, map), 0);
    assert_int_equal(acpi.cpu_count, 1);
    assert_int_equal(acpi.cpu_apic_id[0], 5);
    assert_int_equal(acpi.ioapic[0].paddr, 0xfec00000);
    assert_int_equal(acpi.override[0].gsi, 9);
    assert_int_equal(acpi.override[0].flags, 0x0d);
    assert_int_equal(acpi.pm_timer_port, 0x608);
    assert_true(acpi.has_s5);
    assert_int_equal(acpi.s5_type_a, 5);
    assert_int_equal(acpi.s5_type_b, 0);
    assert_true(acpi.has_reset);
    assert_int_equal(acpi.reset_port, 0xcf9);
    assert_int_equal(acpi.hpet_paddr, 0xfed00000);
    assert_int_equal(acpi.ecam_paddr, 0xb0000000);
    assert_int_equal(acpi.ecam_bus_last, 0xff);
}

static void test_a_table_with_a_bad_checksum_is_left_out(void **state)
{
    assert_null(*state);
    lay_all();
    memory[MADT + 50] ^= 1;
    assert_int_equal(acpi_read(RSDP, map), 0);
    assert_int_equal(acpi.cpu_count, 0);
    assert_int_equal(acpi.pm_timer_port, 0x608);
}

static void test_an_entry_past_the_end_is_not_read(void **state)
{
    assert_null(*state);
    lay_all();
    memory[MADT + 44 + 16 + 1] = 200; /* the IO-APIC's entry */
    seal(MADT, 44 + 38, 9);
    assert_int_equal(acpi_read(RSDP, map), 0);
    assert_int_equal(acpi.cpu_count, 1);
    assert_int_equal(acpi.ioapic_count, 0);
}

static void test_no_root_is_said(void **state)
{
    assert_null(*state);
    lay_all();
    assert_int_equal(acpi_read(0, map), -ENOENT);
    memory[RSDP] = 'X';
    assert_int_equal(acpi_read(RSDP, map), -ENOENT);
    lay_all();
    memory[RSDT + 40] ^= 1;
    assert_int_equal(acpi_read(RSDP, map), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_the_firmware_says),
        cmocka_unit_test(test_a_table_with_a_bad_checksum_is_left_out),
        cmocka_unit_test(test_an_entry_past_the_end_is_not_read),
        cmocka_unit_test(test_no_root_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
