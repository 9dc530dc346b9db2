/* SPDX-License-Identifier: BSD-2-Clause */
/* A domain's tree: it is there as a whole or not at all, and goes as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/build_layout.h"
#include "guest-kernel/control/domain_store.h"
#include "guest-kernel/control/store.h"
#include "lib/errno.h"
#include "tests/fake/control/expect_node.h"
#include "tests/fake/control/fake_heap.h"
#include "tests/fake/control/fake_rings.h"

#define CALLS_MAX 2000u

static const struct guest_config config = {
    .name = "g", .memory_mib = 32, .maxmem_mib = 64, .vcpus = 2, .uuid = {0x12, 0x34}};
static const struct built_domain built = {.domid = 1,
                                          .store_port = 1,
                                          .console_port = 2,
                                          .store_gfn = BUILD_STORE_GFN,
                                          .console_gfn = BUILD_CONSOLE_GFN};

#define UUID "12340000-0000-0000-0000-000000000000"

static int group_setup(void **state)
{
    *state = &fake_rings;
    return store_init() != 0 || domain_store_init() != 0;
}

static int setup(void **state)
{
    *state = &fake_rings;
    fake_rings = (struct fake_rings){.mapped = 0};
    fake_heap.fail_at = fake_heap.calls = 0;
    return 0;
}

/* Domain 0's own nodes, and the empty ones above domains', may stay. */
static void expect_nothing(void)
{
    assert_false(store_exists("/local/domain/1"));
    assert_false(store_exists("/vm/" UUID));
    assert_false(store_exists("/local/domain/0/backend/console/1"));
    assert_int_equal(fake_rings.mapped | fake_rings.ports, 0);
}

static void test_a_domains_tree(void **state)
{
    assert_ptr_equal(*state, &fake_rings);
    assert_int_equal(domain_store_create(&config, &built), 0);
    expect_node("/local/domain/1/name", "g", "n0,r1");
    expect_node("/local/domain/1/vm", "/vm/" UUID, "n0,r1");
    expect_node("/vm/" UUID "/uuid", UUID, "n0,r1");
    expect_node("/local/domain/1/cpu/1/availability", "online", "n0,r1");
    expect_node("/local/domain/1/memory/static-max", "32768", "n0,r1");
    expect_node("/local/domain/1/memory/target", "32768", "n0,r1");
    expect_node("/local/domain/1/control/shutdown", "", "n1,r0");
    expect_node("/local/domain/1/console/backend", "/local/domain/0/backend/console/1/0", "n0,r1");
    expect_node("/local/domain/0/backend/console/1/0/frontend", "/local/domain/1/console", "n0,r1");
    domain_store_remove(1, config.uuid);
    expect_nothing();
}

static void test_a_ring_that_cannot_be_mapped_undoes_it(void **state)
{
    assert_ptr_equal(*state, &fake_rings);
    fake_rings.refuses_map = true;
    assert_int_equal(domain_store_create(&config, &built), -EFAULT);
    expect_nothing();
}

static void test_failing_memory_leaves_nothing(void **state)
{
    unsigned int k = 0;
    int err;

    assert_ptr_equal(*state, &fake_rings);
    do {
        fake_heap.calls = 0;
        fake_heap.fail_at = ++k;
        err = domain_store_create(&config, &built);
        assert_true(err == 0 || err == -ENOMEM);
        if (err != 0)
            expect_nothing();
    } while (err != 0 && k < CALLS_MAX);
    assert_in_range(k, 50, CALLS_MAX - 1);
    domain_store_remove(1, config.uuid);
    expect_nothing();
}

static void test_domains_leave_no_memory_behind(void **state)
{
    size_t alive = 0;

    assert_ptr_equal(*state, &fake_rings);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(domain_store_create(&config, &built), 0);
        domain_store_remove(1, config.uuid);
        assert_true(i == 0 || fake_heap.alive == alive);
        alive = fake_heap.alive;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_domains_tree, setup),
        cmocka_unit_test_setup(test_a_ring_that_cannot_be_mapped_undoes_it, setup),
        cmocka_unit_test_setup(test_failing_memory_leaves_nothing, setup),
        cmocka_unit_test_setup(test_domains_leave_no_memory_behind, setup),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
