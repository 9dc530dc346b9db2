/* SPDX-License-Identifier: BSD-2-Clause */
/* Enumeration and capabilities on a configuration space in a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci/pci.h"
#include "lib/errno.h"

#define FUNCTIONS_MAX              8u
#define WORDS                      64u
#define BDF(bus, device, function) ((uint16_t)((bus) << 8 | (device) << 3 | (function)))

static struct {
    uint16_t bdf;
    uint32_t words[WORDS];
} space[FUNCTIONS_MAX];
static unsigned int space_count;
static uint16_t found[FUNCTIONS_MAX];
static unsigned int found_count;

static uint32_t *word_at(struct pci_address at, unsigned int offset)
{
    for (unsigned int i = 0; i < space_count; i++) {
        if (space[i].bdf == at.bdf)
            return &space[i].words[offset / 4];
    }
    return NULL;
}

uint32_t pci_config_read(struct pci_address at, unsigned int offset)
{
    const uint32_t *word = word_at(at, offset);

    assert_true(offset % 4 == 0 && offset < 256);
    return word != NULL ? *word : UINT32_MAX;
}

void pci_config_write(struct pci_address at, unsigned int offset, uint32_t value)
{
    *word_at(at, offset) = value;
}

static int setup(void **state)
{
    memset(space, 0, sizeof(space));
    space_count = found_count = 0;
    *state = NULL;
    return 0;
}

static uint32_t *add(uint16_t bdf, uint32_t header)
{
    uint32_t *words = space[space_count].words;

    space[space_count++].bdf = bdf;
    words[0] = 0x10421af4;
    words[1] = 1u << 20;
    words[2] = 0x01000000;
    words[3] = header << 16;
    return words;
}

static void note(const struct pci_function *function, void *arg)
{
    assert_ptr_equal(arg, space);
    assert_int_equal(function->vendor, 0x1af4);
    assert_int_equal(function->device, 0x1042);
    assert_int_equal(function->class_code, 1);
    assert_true(found_count < FUNCTIONS_MAX);
    found[found_count++] = function->at.bdf;
}

static void test_functions_and_buses(void **state)
{
    assert_null(*state);
    add(BDF(0, 0, 0), 0);
    add(BDF(0, 2, 0), 1)[6] = 0x00050500; /* a bridge to bus 5 */
    add(BDF(0, 3, 0), 0x80);
    add(BDF(0, 3, 5), 0);
    add(BDF(0, 4, 1), 0); /* nobody: its device has no function 0 */
    add(BDF(5, 31, 0), 0);
    pci_scan(note, space);
    assert_int_equal(found_count, 5);
    assert_int_equal(found[2], BDF(0, 3, 0));
    assert_int_equal(found[3], BDF(0, 3, 5));
    assert_int_equal(found[4], BDF(5, 31, 0));
}

static void test_bridges_in_a_circle(void **state)
{
    assert_null(*state);
    add(BDF(0, 1, 0), 1)[6] = 0x00010100;
    add(BDF(1, 1, 0), 1)[6] = 0x00000000;
    pci_scan(note, space);
    assert_int_equal(found_count, 2);
}

static void test_capabilities(void **state)
{
    struct pci_address at = {BDF(0, 1, 0)};
    uint32_t *words = add(at.bdf, 0);

    assert_null(*state);
    words[0x34 / 4] = 0x40;
    words[0x40 / 4] = 0x5009;
    words[0x50 / 4] = 0x6011;
    words[0x60 / 4] = 0x0009;
    assert_int_equal(pci_find_capability(at, 0x09, 0), 0x40);
    assert_int_equal(pci_find_capability(at, 0x09, 0x40), 0x60);
    assert_int_equal(pci_find_capability(at, 0x09, 0x60), 0);
    assert_int_equal(pci_find_capability(at, 0x11, 0), 0x50);
    words[1] = 0; /* it has no list */
    assert_int_equal(pci_find_capability(at, 0x09, 0), 0);
}

static void test_a_list_without_end(void **state)
{
    struct pci_address at = {BDF(0, 1, 0)};
    uint32_t *words = add(at.bdf, 0);

    assert_null(*state);
    words[0x34 / 4] = 0x40;
    words[0x40 / 4] = 0x5009;
    words[0x50 / 4] = 0x4011;
    assert_int_equal(pci_find_capability(at, 0x05, 0), 0);
    words[0x34 / 4] = 0x3c; /* into the header */
    assert_int_equal(pci_find_capability(at, 0x09, 0), 0);
}

static void test_base_addresses(void **state)
{
    struct pci_address at = {BDF(0, 1, 0)};
    uint32_t *words = add(at.bdf, 0);
    uint64_t paddr;

    assert_null(*state);
    words[4] = 0x0000c001; /* ports */
    words[5] = 0xfe000000;
    words[6] = 0x0000400c; /* 64 bits */
    words[7] = 0x00000007;
    words[9] = 0x0000400c; /* 64 bits without an upper half */
    assert_int_equal(pci_bar(at, 0, &paddr), -EINVAL);
    assert_int_equal(pci_bar(at, 1, &paddr), 0);
    assert_int_equal(paddr, 0xfe000000);
    assert_int_equal(pci_bar(at, 2, &paddr), 0);
    assert_int_equal(paddr, 0x700004000);
    assert_int_equal(pci_bar(at, 4, &paddr), -EINVAL);
    assert_int_equal(pci_bar(at, 5, &paddr), -EINVAL);
    assert_int_equal(pci_bar(at, 6, &paddr), -EINVAL);
}

static void test_enabling_leaves_the_status_alone(void **state)
{
    struct pci_address at = {BDF(0, 1, 0)};
    uint32_t *words = add(at.bdf, 0);

    assert_null(*state);
    words[1] = 0xf9100001;
    pci_enable(at);
    assert_int_equal(words[1], 0x00000007);
}

#define TEST(name) cmocka_unit_test_setup(test_##name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(functions_and_buses), TEST(bridges_in_a_circle),
        TEST(capabilities),        TEST(a_list_without_end),
        TEST(base_addresses),      TEST(enabling_leaves_the_status_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
