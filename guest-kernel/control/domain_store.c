/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the tree of a domain (docs/store.md): the nodes that Xen's tools make, which guests' drivers
 * look for. */
#include "guest-kernel/control/domain_store.h"

#include "guest-kernel/control/store.h"
#include "lib/errno.h"
#include "lib/format.h"

#define CONSOLE_LIMIT 1048576 /* xl's; the console here has a limit of its own */

/* A domain's tree while it is made: what fails first ends it. */
struct tree {
    domid_t domid;
    char path[STORE_PATH_MAX]; /* of the latest node */
    int err;
};

/* Sets tree->path to a node below the domain's own. */
static void go(struct tree *tree, const char *name)
{
    format_str(tree->path, sizeof(tree->path), "/local/domain/%u/%s", tree->domid, name);
}

static void set(struct tree *tree, const char *name, const char *value)
{
    go(tree, name);
    if (tree->err == 0)
        tree->err = store_write(tree->path, value);
}

static void set_number(struct tree *tree, const char *name, uint64_t value)
{
    go(tree, name);
    if (tree->err == 0)
        tree->err = store_printf(tree->path, "%llu", (unsigned long long)value);
}

/* Makes a node that belongs to the guest. */
static void give(struct tree *tree, const char *name)
{
    go(tree, name);
    if (tree->err == 0)
        tree->err = store_mkdir(tree->path);
    if (tree->err == 0)
        tree->err = store_set_access(tree->path, tree->domid, 0);
}

/* Makes a directory anywhere that the guest may read. */
static void show(struct tree *tree)
{
    if (tree->err == 0)
        tree->err = store_mkdir(tree->path);
    if (tree->err == 0)
        tree->err = store_set_access(tree->path, 0, tree->domid);
}

static size_t format_uuid(char *to, size_t size, const uint8_t uuid[16])
{
    static const char dashes[16] = {[4] = 1, [6] = 1, [8] = 1, [10] = 1};
    size_t at = 0;

    for (size_t i = 0; i < 16; i++)
        at += format_str(to + at, size - at, "%s%02x", dashes[i] ? "-" : "", uuid[i]);
    return at;
}

/* /vm/UUID: what stays the same when a domain reboots under another number. */
static void make_vm(struct tree *tree, const struct guest_config *config)
{
    char vm[64], node[80];
    size_t size = format_str(vm, sizeof(vm), "/vm/");

    format_uuid(vm + size, sizeof(vm) - size, config->uuid);
    format_str(tree->path, sizeof(tree->path), "%s", vm);
    show(tree);
    format_str(node, sizeof(node), "%s/name", vm);
    if (tree->err == 0)
        tree->err = store_write(node, config->name);
    format_str(node, sizeof(node), "%s/uuid", vm);
    if (tree->err == 0)
        tree->err = store_write(node, vm + size);
    set(tree, "vm", vm);
}

static void make_machine(struct tree *tree, const struct guest_config *config)
{
    char name[40];

    for (uint32_t i = 0; i < config->vcpus; i++) {
        format_str(name, sizeof(name), "cpu/%u/availability", i);
        set(tree, name, "online");
    }
    /* Equal, or Linux gives memory back before its first process runs. */
    set_number(tree, "memory/static-max", config->memory_mib * UINT64_C(1024));
    set_number(tree, "memory/target", config->memory_mib * UINT64_C(1024));
}

/* What the guest is asked to do, and what it says that it can. */
static void make_control(struct tree *tree)
{
    give(tree, "control/shutdown");
    give(tree, "control/feature-poweroff");
    give(tree, "control/feature-reboot");
    give(tree, "control/feature-suspend");
    give(tree, "control/sysrq");
    set_number(tree, "control/platform-feature-multiprocessor-suspend", 1);
    set_number(tree, "control/platform-feature-xs_reset_watches", 1);
}

static void make_rings(struct tree *tree, const struct built_domain *built)
{
    set_number(tree, "store/port", built->store_port);
    set_number(tree, "store/ring-ref", built->store_gfn);
    set_number(tree, "console/port", built->console_port);
    set_number(tree, "console/ring-ref", built->console_gfn);
    set_number(tree, "console/limit", CONSOLE_LIMIT);
    set_number(tree, "console/backend-id", 0);
    set(tree, "console/type", "xenconsoled");
    set(tree, "console/output", "pty");
    go(tree, "console/backend");
    if (tree->err == 0)
        tree->err = store_printf(tree->path, "/local/domain/0/backend/console/%u/0", tree->domid);
}

/* Sets tree->path to a node of the console's back end. */
static void go_console(struct tree *tree, const char *name)
{
    format_str(tree->path, sizeof(tree->path), "/local/domain/0/backend/console/%u/0%s",
               tree->domid, name);
}

static void make_console_backend(struct tree *tree)
{
    static const struct {
        const char *name, *value;
    } nodes[] = {{"/online", "1"}, {"/state", "1"}, {"/protocol", "vt100"}};

    go_console(tree, "");
    show(tree);
    for (size_t i = 0; i < ARRAY_COUNT(nodes); i++) {
        go_console(tree, nodes[i].name);
        if (tree->err == 0)
            tree->err = store_write(tree->path, nodes[i].value);
    }
    go_console(tree, "/frontend");
    if (tree->err == 0)
        tree->err = store_printf(tree->path, "/local/domain/%u/console", tree->domid);
    go_console(tree, "/frontend-id");
    if (tree->err == 0)
        tree->err = store_printf(tree->path, "%u", tree->domid);
}

static void make_all(struct tree *tree, const struct guest_config *config,
                     const struct built_domain *built)
{
    static const char *const guests[] = {"data", "drivers", "feature", "attr", "error"};

    format_str(tree->path, sizeof(tree->path), "/local/domain/%u", tree->domid);
    show(tree);
    make_vm(tree, config);
    set(tree, "name", config->name);
    set_number(tree, "domid", tree->domid);
    make_machine(tree, config);
    go(tree, "device");
    show(tree);
    make_control(tree);
    make_rings(tree, built);
    for (size_t i = 0; i < ARRAY_COUNT(guests); i++)
        give(tree, guests[i]);
    make_console_backend(tree);
}

int domain_store_init(void)
{
    struct tree tree = {.domid = 0};

    set(&tree, "name", "Domain-0");
    set_number(&tree, "domid", 0);
    return tree.err;
}

int domain_store_create(const struct guest_config *config, const struct built_domain *built)
{
    struct tree tree = {.domid = built->domid};
    int err = store_begin();

    if (err != 0)
        return err;
    make_all(&tree, config, built);
    err = store_end(tree.err == 0);
    if (tree.err != 0)
        return tree.err;
    if (err == 0)
        err = store_introduce(built->domid, built->store_gfn, built->store_port);
    if (err != 0)
        domain_store_remove(built->domid, config->uuid);
    return err;
}

void domain_store_remove(domid_t domid, const uint8_t uuid[16])
{
    char path[STORE_PATH_MAX];
    size_t size;

    store_release(domid);
    format_str(path, sizeof(path), "/local/domain/%u", domid);
    store_remove(path);
    format_str(path, sizeof(path), "/local/domain/0/backend/console/%u", domid);
    store_remove(path);
    size = format_str(path, sizeof(path), "/vm/");
    format_uuid(path + size, sizeof(path) - size, uuid);
    store_remove(path);
}
