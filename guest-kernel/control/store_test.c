/* SPDX-License-Identifier: BSD-2-Clause */
/* The store as the control domain's code uses it, with guests that come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest-kernel/control/store.h"
#include "lib/errno.h"
#include "pv-abi/io_xs_wire.h"
#include "tests/fake/control/fake_heap.h"
#include "tests/fake/control/fake_rings.h"

static char heard[512];

static void changed(struct store_watch *watch, const char *path)
{
    assert_non_null(watch);
    snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s; ", path);
}

static void step(void)
{
    for (int i = 0; store_has_work(); i++) {
        assert_true(i < 100);
        store_step();
    }
}

/* What own watches have heard since the last call. */
static const char *news(void)
{
    static char text[sizeof(heard)];

    step();
    strcpy(text, heard);
    heard[0] = '\0';
    return text;
}

static int group_setup(void **state)
{
    *state = &fake_rings;
    return store_init();
}

static int setup(void **state)
{
    *state = &fake_rings;
    fake_rings = (struct fake_rings){.mapped = 0};
    heard[0] = '\0';
    fake_heap.fail_at = fake_heap.calls = 0;
    return 0;
}

/* Nothing may be left of a test but what was there before. */
static int teardown(void **state)
{
    static size_t alive;

    assert_ptr_equal(*state, &fake_rings);
    store_remove("/test");
    store_remove("/local");
    for (domid_t domid = 1; domid < FAKE_RINGS; domid++)
        store_release(domid);
    step();
    /* A node from which a name is taken keeps its size. */
    assert_int_equal(store_mkdir("/test"), 0);
    store_remove("/test");
    if (alive == 0)
        alive = fake_heap.alive;
    return fake_rings.mapped != 0 || fake_rings.ports != 0 || fake_heap.alive != alive;
}

static void test_values(void **state)
{
    char text[8];
    uint64_t number;

    assert_ptr_equal(*state, &fake_rings);
    assert_int_equal(store_write("/test/a", "value"), 0);
    assert_int_equal(store_read("/test/a", text, sizeof(text)), 0);
    assert_string_equal(text, "value");
    assert_int_equal(store_read("/test/a", text, 5), -EOVERFLOW);
    assert_int_equal(store_read("/test/b", text, sizeof(text)), -ENOENT);
    assert_int_equal(store_write("test/", "value"), -EINVAL);
    assert_int_equal(store_printf("/test/n", "%u", 42), 0);
    assert_int_equal(store_read_u64("/test/n", &number), 0);
    assert_int_equal(number, 42);
    assert_int_equal(store_read_u64("/test/a", &number), -EINVAL);
    store_remove("/test");
    assert_false(store_exists("/test/a"));
}

static void add_name(const char *name, void *arg)
{
    strcat(arg, name);
    strcat(arg, ",");
}

static void test_lists_and_access(void **state)
{
    char text[32] = "";

    assert_ptr_equal(*state, &fake_rings);
    assert_int_equal(store_mkdir("/test/b"), 0);
    assert_int_equal(store_mkdir("/test/a"), 0);
    assert_int_equal(store_list("/test", add_name, text), 0);
    assert_string_equal(text, "b,a,");
    assert_int_equal(store_list("/none", add_name, text), -ENOENT);
    assert_int_equal(store_set_access("/test", 1, 2), 0);
    assert_int_equal(store_mkdir("/test/c"), 0);
    assert_int_equal(store_read_access("/test/c", text, sizeof(text)), 0);
    assert_string_equal(text, "n1,r2");
    assert_int_equal(store_read_access("/test/a", text, sizeof(text)), 0);
    assert_string_equal(text, "n0");
}

static void test_a_transaction_is_seen_as_a_whole(void **state)
{
    struct store_watch watch = {changed};
    char text[8];

    assert_ptr_equal(*state, &fake_rings);
    assert_int_equal(store_watch(&watch, "/test"), 0);
    assert_string_equal(news(), "/test; ");
    assert_int_equal(store_begin(), 0);
    assert_int_equal(store_begin(), -EBUSY);
    assert_int_equal(store_write("/test/a", "1"), 0);
    assert_int_equal(store_read("/test/a", text, sizeof(text)), 0);
    assert_string_equal(news(), "");
    assert_int_equal(store_end(false), 0);
    assert_false(store_exists("/test/a"));
    assert_int_equal(store_begin(), 0);
    assert_int_equal(store_write("/test/a", "1"), 0);
    assert_int_equal(store_write("/test/b", "2"), 0);
    assert_int_equal(store_end(true), 0);
    assert_string_equal(news(), "/test/a; /test/b; ");
    store_unwatch(&watch, "/test");
    store_remove("/test");
    assert_string_equal(news(), "");
}

/* Sends a guest's request and lets the store work; the answer's payload as a text. */
static const char *ask(domid_t domid, uint32_t type, const char *payload, size_t size)
{
    static char answer[64];
    struct xenstore_domain_interface *page = &fake_rings.pages[domid];
    struct xsd_sockmsg header = {.type = type, .len = (uint32_t)size};
    size_t count = 0;

    for (size_t i = 0; i < sizeof(header); i++)
        page->req[page->req_prod++ % sizeof(page->req)] = ((char *)&header)[i];
    for (size_t i = 0; i < size; i++)
        page->req[page->req_prod++ % sizeof(page->req)] = payload[i];
    fake_rings.handlers[domid](fake_rings.args[domid]);
    assert_true(store_has_work());
    step();
    page->rsp_cons += (uint32_t)sizeof(header);
    while (page->rsp_cons != page->rsp_prod && count + 1 < sizeof(answer))
        answer[count++] = page->rsp[page->rsp_cons++ % sizeof(page->rsp)];
    answer[count] = '\0';
    return answer;
}

static void introduce(domid_t domid)
{
    char path[64];

    memset(&fake_rings.pages[domid], 0, sizeof(fake_rings.pages[domid]));
    snprintf(path, sizeof(path), "/local/domain/%u/data", domid);
    assert_int_equal(store_mkdir(path), 0);
    assert_int_equal(store_set_access(path, domid, 0), 0);
    assert_int_equal(store_introduce(domid, 0xfeffc, 1), 0);
}

static void test_domains_come_and_go(void **state)
{
    struct store_watch watch = {changed};

    assert_ptr_equal(*state, &fake_rings);
    assert_int_equal(store_watch(&watch, "@introduceDomain"), 0);
    assert_int_equal(store_watch(&watch, "@releaseDomain"), 0);
    assert_string_equal(news(), "@introduceDomain; @releaseDomain; ");
    introduce(1);
    assert_string_equal(news(), "@introduceDomain; ");
    assert_string_equal(ask(1, XS_WRITE, "data/x\0a", 8), "OK");
    store_shut_down(1);
    assert_string_equal(news(), "@releaseDomain; ");
    assert_true(store_exists("/local/domain/1/data/x"));
    store_release(1);
    assert_string_equal(news(), "@releaseDomain; ");
    assert_false(store_exists("/local/domain/1/data"));
    assert_true(store_exists("/local/domain/1"));
    store_release(1);
    store_shut_down(1);
    assert_string_equal(news(), "");
    store_unwatch(&watch, "@introduceDomain");
    store_unwatch(&watch, "@releaseDomain");
}

static void test_nothing_of_a_gone_domain_helps_its_successor(void **state)
{
    char text[32];

    assert_ptr_equal(*state, &fake_rings);
    introduce(1);
    introduce(2);
    assert_string_equal(ask(1, XS_SET_PERMS, "data\0n1\0b2", 11), "OK");
    assert_string_equal(ask(2, XS_WRITE, "/local/domain/1/data/of2\0a", 26), "OK");
    store_release(2);
    assert_false(store_exists("/local/domain/1/data/of2"));
    assert_int_equal(store_read_access("/local/domain/1/data", text, sizeof(text)), 0);
    assert_string_equal(text, "n1");
    introduce(2);
    assert_string_equal(ask(2, XS_WRITE, "/local/domain/1/data/of2\0a", 26), "EACCES");
}

static void test_guests_writes_reach_own_watches(void **state)
{
    struct store_watch watch = {changed};

    assert_ptr_equal(*state, &fake_rings);
    introduce(1);
    assert_int_equal(store_watch(&watch, "/local/domain/1/data/state"), 0);
    step();
    news();
    assert_string_equal(ask(1, XS_WRITE, "data/state\0001", 12), "OK");
    assert_string_equal(ask(1, XS_WRITE, "data/other\0001", 12), "OK");
    assert_string_equal(news(), "/local/domain/1/data/state; ");
    assert_false(store_is_watched("/local/domain/1/data", 1));
    assert_string_equal(ask(1, XS_WATCH, "data\0t", 7), "OK");
    assert_true(store_is_watched("/local/domain/1/data/x", 1));
    store_unwatch(&watch, "/local/domain/1/data/state");
}

static void test_a_domain_that_cannot_be_connected_leaves_nothing(void **state)
{
    assert_ptr_equal(*state, &fake_rings);
    fake_heap.fail_at = fake_heap.calls + 1;
    assert_int_equal(store_introduce(1, 0xfeffc, 1), -ENOMEM);
    fake_rings.refuses_map = true;
    assert_int_equal(store_introduce(1, 0xfeffc, 1), -EFAULT);
    fake_rings.refuses_map = false;
    fake_rings.refuses_bind = true;
    assert_int_equal(store_introduce(1, 0xfeffc, 1), -ENOSPC);
}

static void write_in_callback(struct store_watch *watch, const char *path)
{
    changed(watch, path);
    assert_int_equal(store_write("/test/self", "x"), 0);
}

static void test_a_callback_that_changes_what_it_watches_does_not_hang(void **state)
{
    struct store_watch watch = {write_in_callback};

    assert_ptr_equal(*state, &fake_rings);
    assert_int_equal(store_watch(&watch, "/test/self"), 0);
    store_step();
    assert_true(store_has_work());
    store_unwatch(&watch, "/test/self");
    step();
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_values),
        CASE(test_lists_and_access),
        CASE(test_a_transaction_is_seen_as_a_whole),
        CASE(test_domains_come_and_go),
        CASE(test_nothing_of_a_gone_domain_helps_its_successor),
        CASE(test_guests_writes_reach_own_watches),
        CASE(test_a_domain_that_cannot_be_connected_leaves_nothing),
        CASE(test_a_callback_that_changes_what_it_watches_does_not_hang),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
