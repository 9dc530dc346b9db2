/* SPDX-License-Identifier: BSD-2-Clause */
/* XenStore through the shared page: the domain's tree, every request, its errors, watches,
 * transactions, limits, and what becomes of a connection that breaks the protocol. */
#include "guest-kernel/xenstore.h"

#include "guest-kernel/hypercall.h"
#include "guest-kernel/time.h"
#include "lib/compiler.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "pv-abi/sched.h"
#include "tests/guest/check.h"

#define NODES_MAX   1000u /* xenstored's quota-nodes */
#define CHAIN       20u   /* nodes made by one request here */
#define WATCHES_MAX 128u  /* xenstored's quota-watches, which lets one more pass */
#define STARTS_MAX  10u   /* xenstored's quota-transactions, which does too */

static struct xenstore_answer answer;

/* A request whose payload is a string constant with its last NUL. */
#define ask(type, tx, text) xenstore_ask(type, tx, text, sizeof(text), &answer)

static int ask_path(uint32_t type, const char *path)
{
    return xenstore_ask(type, 0, path, strlen(path) + 1, &answer);
}

/* A case that wants an answer's bytes: a string constant without its last NUL. */
#define check_answer(name, result, text)                                                           \
    check_true(name, (result) == 0 && answer.size == sizeof(text) - 1 &&                           \
                         memcmp(answer.bytes, text, sizeof(text) - 1) == 0)

static void tree(void)
{
    static const char *const nodes[] = {"vm",
                                        "name",
                                        "domid",
                                        "cpu/0/availability",
                                        "memory/target",
                                        "memory/static-max",
                                        "control",
                                        "control/shutdown",
                                        "control/platform-feature-multiprocessor-suspend",
                                        "control/platform-feature-xs_reset_watches",
                                        "store/port",
                                        "store/ring-ref",
                                        "console/backend",
                                        "console/backend-id",
                                        "console/port",
                                        "console/ring-ref",
                                        "console/limit",
                                        "console/type",
                                        "console/output",
                                        "device",
                                        "data",
                                        "drivers",
                                        "feature",
                                        "attr",
                                        "error"};
    char name[64], text[32], target[32] = "", maximum[32] = "";

    for (unsigned int i = 0; i < ARRAY_COUNT(nodes); i++) {
        format_str(name, sizeof(name), "xenstore/tree has %s", nodes[i]);
        check(name, ask_path(XS_READ, nodes[i]), 0);
    }
    format_str(text, sizeof(text), "%u", hypervisor_info.domid);
    check("xenstore/the domain's number", ask_path(XS_READ, "domid"), 0);
    check_true("xenstore/the domain's number is right", strcmp(answer.bytes, text) == 0);
    check("xenstore/memory/target", xenstore_read(0, "memory/target", target, sizeof(target)), 0);
    check("xenstore/memory/static-max",
          xenstore_read(0, "memory/static-max", maximum, sizeof(maximum)), 0);
    check_true("xenstore/memory/target is static-max", strcmp(target, maximum) == 0);
    check_answer("xenstore/the store's port", ask_path(XS_READ, "store/port"), "1");
    check_answer("xenstore/the console's port", ask_path(XS_READ, "console/port"), "2");
    check_true("xenstore/the page is connected", xenstore_page()->connection == XENSTORE_CONNECTED);
}

static void values(void)
{
    check_answer("xenstore/write", ask(XS_WRITE, 0, "data/x\0value"), "OK\0");
    check_answer("xenstore/read", ask(XS_READ, 0, "data/x"), "value\0");
    check("xenstore/write no value", xenstore_write(0, "data/x", ""), 0);
    check_answer("xenstore/read no value", ask(XS_READ, 0, "data/x"), "");
    check("xenstore/write makes the nodes above", xenstore_write(0, "data/a/b/c", "1"), 0);
    check_answer("xenstore/mkdir", ask(XS_MKDIR, 0, "data/a/d"), "OK\0");
    check("xenstore/mkdir of what exists", ask(XS_MKDIR, 0, "data/a"), 0);
    check_answer("xenstore/directory", ask(XS_DIRECTORY, 0, "data/a"), "b\0d\0");
    check_answer("xenstore/directory of an empty node", ask(XS_DIRECTORY, 0, "data/a/d"), "");
    check("xenstore/directory_part", ask(XS_DIRECTORY_PART, 0, "data/a\0002"), 0);
    check_true("xenstore/directory_part ends with an empty name",
               answer.size > 3 && memcmp(answer.bytes + answer.size - 4, "\0d\0", 4) == 0);
    check_answer("xenstore/rm", ask(XS_RM, 0, "data/a"), "OK\0");
    check("xenstore/rm takes what is below", ask(XS_READ, 0, "data/a/b/c"), -ENOENT);
    check("xenstore/rm of what does not exist", ask(XS_RM, 0, "data/a"), 0);
    check("xenstore/rm below what does not exist", ask(XS_RM, 0, "data/a/b"), -ENOENT);
    check("xenstore/rm of the root", ask(XS_RM, 0, "/"), -EACCES);
}

static void errors(void)
{
    static char path[XENSTORE_ABS_PATH_MAX + 2];

    check("xenstore/read of no node", ask(XS_READ, 0, "data/none"), -ENOENT);
    check("xenstore/directory of no node", ask(XS_DIRECTORY, 0, "data/none"), -ENOENT);
    check("xenstore/read of domain 0's", ask(XS_READ, 0, "/local/domain/0/name"), -EACCES);
    check("xenstore/write to what is shown only", xenstore_write(0, "name", "x"), -EACCES);
    check("xenstore/write beside what is shown only", xenstore_write(0, "other", "x"), -EACCES);
    check("xenstore/rm of what is shown only", ask(XS_RM, 0, "name"), -EACCES);
    check("xenstore/a slash at the end", ask(XS_READ, 0, "data/"), -EINVAL);
    check("xenstore/an empty part", ask(XS_READ, 0, "/local//domain"), -EINVAL);
    check("xenstore/a character that no path has", ask(XS_READ, 0, "data/a b"), -EINVAL);
    check("xenstore/no string", xenstore_ask(XS_READ, 0, "data", 4, &answer), -EINVAL);
    check("xenstore/no payload", xenstore_ask(XS_READ, 0, "", 0, &answer), -EINVAL);
    check("xenstore/two strings for one", ask(XS_READ, 0, "data\0data"), -EINVAL);
    check("xenstore/unknown type", ask(XS_TYPE_COUNT, 0, "data"), -ENOSYS);
    check("xenstore/type with a hole's number", ask(20, 0, "data"), -ENOSYS);
    check("xenstore/introduce", ask(XS_INTRODUCE, 0, "1\0001\0001"), -EACCES);
    check("xenstore/release", ask(XS_RELEASE, 0, "1"), -EACCES);
    check("xenstore/control", ask(XS_CONTROL, 0, "help"), -EACCES);
    check("xenstore/a transaction that is none", ask(XS_READ, 12345, "name"), -ENOENT);
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    check("xenstore/a path that is too long", ask_path(XS_READ, path), -EINVAL);
}

static void domains(void)
{
    char text[32], path[40];

    format_str(text, sizeof(text), "%u", hypervisor_info.domid);
    format_str(path, sizeof(path), "/local/domain/%s", text);
    check("xenstore/get_domain_path", ask_path(XS_GET_DOMAIN_PATH, text), 0);
    check_true("xenstore/get_domain_path says it", strcmp(answer.bytes, path) == 0);
    check("xenstore/is_domain_introduced is for domain 0", ask_path(XS_IS_DOMAIN_INTRODUCED, text),
          -EACCES);
}

static void access(void)
{
    char text[64], own[16];
    size_t size;

    format_str(own, sizeof(own), "n%u", hypervisor_info.domid);
    check("xenstore/write for access", xenstore_write(0, "data/p", "x"), 0);
    check("xenstore/get_perms", ask(XS_GET_PERMS, 0, "data/p"), 0);
    check_true("xenstore/what a domain makes is its own", strcmp(answer.bytes, own) == 0);
    check("xenstore/get_perms of what is shown only", ask(XS_GET_PERMS, 0, "name"), 0);
    check_true("xenstore/it is domain 0's", strcmp(answer.bytes, "n0") == 0);
    size = format_str(text, sizeof(text), "data/p") + 1;
    size += format_str(text + size, sizeof(text) - size, "%s", own) + 1;
    size += format_str(text + size, sizeof(text) - size, "r0") + 1;
    check("xenstore/set_perms", xenstore_ask(XS_SET_PERMS, 0, text, size, &answer), 0);
    check("xenstore/get_perms again", ask(XS_GET_PERMS, 0, "data/p"), 0);
    check_true("xenstore/set_perms has set", answer.size == strlen(own) + 1 + 3 &&
                                                 strcmp(answer.bytes + strlen(own) + 1, "r0") == 0);
    check("xenstore/set_perms gives nothing away", ask(XS_SET_PERMS, 0, "data/p\0n0"), -EPERM);
    check("xenstore/set_perms of what is shown only", ask(XS_SET_PERMS, 0, "name\0n0"), -EACCES);
    check("xenstore/set_perms with what is no access", ask(XS_SET_PERMS, 0, "data/p\0x1"), -EINVAL);
}

/* Waits until an event with this path and token has come; others may come before it. */
static bool wait_for(const char *path, const char *token)
{
    struct xenstore_event event;
    uint64_t deadline = time_now() + CHECK_PATIENCE;

    while (xenstore_wait_event(&event, deadline)) {
        if (strcmp(event.path, path) == 0 && strcmp(event.token, token) == 0)
            return true;
    }
    return false;
}

static void watches(void)
{
    struct xenstore_event event;
    char path[48];

    check("xenstore/watch", xenstore_watch("data/w", "t"), 0);
    check_true("xenstore/watch fires at once", wait_for("data/w", "t"));
    check("xenstore/watch twice", xenstore_watch("data/w", "t"), -EEXIST);
    check("xenstore/watch with another token", xenstore_watch("data/w", "u"), 0);
    wait_for("data/w", "u");
    check("xenstore/write below a watch", xenstore_write(0, "data/w/x", "1"), 0);
    check_true("xenstore/a write below a watch fires", wait_for("data/w/x", "t"));
    check("xenstore/write beside a watch", xenstore_write(0, "data/ww", "1"), 0);
    check("xenstore/unwatch", xenstore_unwatch("data/w", "u"), 0);
    check("xenstore/unwatch twice", xenstore_unwatch("data/w", "u"), -ENOENT);
    while (xenstore_take_event(&event))
        ;
    format_str(path, sizeof(path), "/local/domain/%u/data/w/x", hypervisor_info.domid);
    check("xenstore/watch by an absolute path", xenstore_watch(path, "abs"), 0);
    check_true("xenstore/its events have absolute paths", wait_for(path, "abs"));
    check("xenstore/rm above a watch", xenstore_remove(0, "data/w"), 0);
    check_true("xenstore/rm fires above", wait_for("data/w", "t"));
    check("xenstore/watch of a special name", xenstore_watch("@releaseDomain", "r"), 0);
    check_true("xenstore/it fires at once", wait_for("@releaseDomain", "r"));
    check("xenstore/watch without a token", ask(XS_WATCH, 0, "data"), -EINVAL);
    check("xenstore/reset_watches", ask(XS_RESET_WATCHES, 0, ""), 0);
    check("xenstore/unwatch after reset_watches", xenstore_unwatch("data/w", "t"), -ENOENT);
    while (xenstore_take_event(&event))
        ;
}

static void transactions(void)
{
    uint32_t first = 0, second = 0;

    check("xenstore/transaction_start", xenstore_begin(&first), 0);
    check("xenstore/write in a transaction", xenstore_write(first, "data/t/a", "1"), 0);
    check_answer("xenstore/read in it", ask(XS_READ, first, "data/t/a"), "1");
    check("xenstore/read outside of it", ask(XS_READ, 0, "data/t/a"), -ENOENT);
    check("xenstore/transaction_end", xenstore_end(first, true), 0);
    check_answer("xenstore/read behind it", ask(XS_READ, 0, "data/t/a"), "1");
    check("xenstore/transaction_end twice", xenstore_end(first, true), -ENOENT);
    check("xenstore/start to abandon", xenstore_begin(&first), 0);
    check("xenstore/rm in a transaction", xenstore_remove(first, "data/t"), 0);
    check("xenstore/read of what it has removed", ask(XS_READ, first, "data/t/a"), -ENOENT);
    check("xenstore/abandon", xenstore_end(first, false), 0);
    check("xenstore/what was not removed", ask(XS_READ, 0, "data/t/a"), 0);
    check("xenstore/start the first of two", xenstore_begin(&first), 0);
    check("xenstore/start the second", xenstore_begin(&second), 0);
    check("xenstore/read in the first", ask(XS_READ, first, "data/t/a"), 0);
    check("xenstore/write in the second", xenstore_write(second, "data/t/a", "2"), 0);
    check("xenstore/write in the first", xenstore_write(first, "data/t/b", "3"), 0);
    check("xenstore/end of the second", xenstore_end(second, true), 0);
    check("xenstore/end of the first conflicts", xenstore_end(first, true), -EAGAIN);
    check("xenstore/the first has changed nothing", ask(XS_READ, 0, "data/t/b"), -ENOENT);
    check("xenstore/end of no transaction", xenstore_end(0, true), -ENOENT);
    check("xenstore/start once more", xenstore_begin(&first), 0);
    check("xenstore/start in a transaction", ask(XS_TRANSACTION_START, first, ""), -EBUSY);
    check("xenstore/end with neither T nor F", ask(XS_TRANSACTION_END, first, "X"), -EINVAL);
    check("xenstore/reset_watches ends transactions", ask(XS_RESET_WATCHES, 0, ""), 0);
    check("xenstore/it has", xenstore_end(first, true), -ENOENT);
}

static void limits(void)
{
    static char payload[XENSTORE_PAYLOAD_MAX] = "data/l";
    uint32_t id;
    char path[64];
    unsigned int count;
    int err = 0;

    check("xenstore/a value that is too long",
          xenstore_ask(XS_WRITE, 0, payload, 7 + 2048, &answer), -ENOSPC);
    check("xenstore/a value that is long", xenstore_ask(XS_WRITE, 0, payload, 7 + 1900, &answer),
          0);
    check("xenstore/read of a long value", ask(XS_READ, 0, "data/l"), 0);
    check("xenstore/a long value's size", (int64_t)answer.size, 1900);
    check("xenstore/rm of the data", ask(XS_RM, 0, "data/l"), 0);
    for (count = 0; count <= STARTS_MAX + 1 && err == 0; count++)
        err = xenstore_begin(&id);
    check("xenstore/too many transactions", err, -ENOSPC);
    check_either("xenstore/transactions at once", count - 1, STARTS_MAX, STARTS_MAX + 1);
    for (count = 0, err = 0; count <= WATCHES_MAX + 1 && err == 0; count++) {
        format_str(path, sizeof(path), "data/watch%u", count);
        err = xenstore_watch(path, "t");
    }
    check("xenstore/too many watches", err, -E2BIG);
    check_either("xenstore/watches at once", count - 1, WATCHES_MAX, WATCHES_MAX + 1);
    check("xenstore/reset of all that", ask(XS_RESET_WATCHES, 0, ""), 0);
    for (count = 0, err = 0; count <= NODES_MAX && err == 0; count += CHAIN) {
        format_str(path, sizeof(path), "data/%u/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", count);
        err = xenstore_write(0, path, "x");
    }
    check("xenstore/too many nodes", err, -ENOSPC);
    check_true("xenstore/nodes at once",
               count > NODES_MAX - 2 * CHAIN && count <= NODES_MAX + CHAIN);
    check("xenstore/reads go on", ask(XS_READ, 0, "data/0/b/c"), 0);
    for (unsigned int i = 0; i < count; i += CHAIN) {
        format_str(path, sizeof(path), "data/%u", i);
        err = xenstore_remove(0, path);
    }
    check("xenstore/rm of so many", err, 0);
    check("xenstore/writes go on", xenstore_write(0, "data/x", "x"), 0);
}

/* A payload that no message may have: the store stops reading this domain's ring. */
static void broken(void)
{
    volatile struct xenstore_domain_interface *page = xenstore_page();
    struct xsd_sockmsg header = {.type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1};
    const char *bytes = (const char *)&header;
    uint64_t deadline = time_now() + CHECK_PATIENCE;
    uint32_t features = page->server_features;

    if ((features & XENSTORE_SERVER_FEATURE_ERROR) == 0)
        check_skip("xenstore/a message that is too long", "the store has no error field");
    for (size_t i = 0; i < sizeof(header); i++)
        page->req[(page->req_prod + i) % sizeof(page->req)] = bytes[i];
    __atomic_store_n(&page->req_prod, page->req_prod + (uint32_t)sizeof(header), __ATOMIC_RELEASE);
    xenstore_notify();
    while ((features & XENSTORE_SERVER_FEATURE_ERROR) != 0 &&
           __atomic_load_n(&page->error, __ATOMIC_ACQUIRE) == 0 && time_now() < deadline)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    if ((features & XENSTORE_SERVER_FEATURE_ERROR) != 0)
        check("xenstore/a message that is too long", page->error, XENSTORE_ERROR_PROTO);
    if ((features & XENSTORE_SERVER_FEATURE_RECONNECTION) == 0) {
        check_skip("xenstore/reconnect", "the store does not offer it");
        return;
    }
    __atomic_store_n(&page->connection, XENSTORE_RECONNECT, __ATOMIC_RELEASE);
    xenstore_notify();
    while (__atomic_load_n(&page->connection, __ATOMIC_ACQUIRE) != XENSTORE_CONNECTED &&
           time_now() < deadline)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    check("xenstore/reconnect", page->connection, XENSTORE_CONNECTED);
    check("xenstore/reconnect clears the error", page->error, XENSTORE_ERROR_NONE);
    check("xenstore/requests go on", ask(XS_READ, 0, "name"), 0);
}

void test_cases(void)
{
    if (!check("xenstore/the page is there", xenstore_init(), 0))
        return;
    tree();
    values();
    errors();
    domains();
    access();
    watches();
    transactions();
    limits();
    broken();
}
