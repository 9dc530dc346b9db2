/* SPDX-License-Identifier: BSD-2-Clause */
/* The demo's part about the store: reading and writing, a transaction, and requests to power off or
 * to reboot, which come as a node's value. */
#include <stdint.h>

#include "guest-kernel/console.h"
#include "guest-kernel/demo/demo.h"
#include "guest-kernel/xenstore.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/sched.h"

#define SHUTDOWN_NODE "control/shutdown"
#define TEXT_MAX      64u

static bool has_store;

/* Counts up a node's value by a transaction, which is tried again when the node has changed. */
static int count_up(const char *path)
{
    char value[TEXT_MAX];
    uint32_t tx;
    int err;

    do {
        err = xenstore_begin(&tx);
        if (err != 0)
            return err;
        err = xenstore_read(tx, path, value, sizeof(value));
        if (err == 0) {
            value[0]++;
            err = xenstore_write(tx, path, value);
        }
        if (err != 0)
            return xenstore_end(tx, false) == 0 ? err : -EIO;
        err = xenstore_end(tx, true);
    } while (err == -EAGAIN);
    return err;
}

bool demo_store(void)
{
    char name[TEXT_MAX], target[TEXT_MAX], value[TEXT_MAX];
    int err = xenstore_init();

    if (err == -ENODEV) {
        console_printf("demo: no store\n");
        return true;
    }
    has_store = err == 0;
    if (err == 0)
        err = xenstore_read(0, "name", name, sizeof(name));
    if (err == 0)
        err = xenstore_read(0, "memory/target", target, sizeof(target));
    if (err == 0)
        err = xenstore_write(0, "data/demo", "1");
    if (err == 0)
        err = count_up("data/demo");
    if (err == 0)
        err = xenstore_read(0, "data/demo", value, sizeof(value));
    if (err == 0)
        console_printf("demo: the store calls it %s, with %s KiB; data/demo went from 1 to %s\n",
                       name, target, value);
    else
        console_printf("demo: the store answers with error %d\n", -err);
    return err == 0 && strcmp(value, "2") == 0;
}

void demo_listen(void)
{
    if (has_store && (xenstore_watch(SHUTDOWN_NODE, "shutdown") != 0 ||
                      xenstore_write(0, "control/feature-poweroff", "1") != 0 ||
                      xenstore_write(0, "control/feature-reboot", "1") != 0))
        console_printf("demo: it cannot be asked to shut down\n");
}

bool demo_is_asked(unsigned int *reason)
{
    char value[TEXT_MAX];
    struct xenstore_event event;

    if (!xenstore_take_event(&event) || strcmp(event.path, SHUTDOWN_NODE) != 0 ||
        xenstore_read(0, SHUTDOWN_NODE, value, sizeof(value)) != 0)
        return false;
    if (strcmp(value, "poweroff") == 0)
        *reason = SHUTDOWN_poweroff;
    else if (strcmp(value, "reboot") == 0)
        *reason = SHUTDOWN_reboot;
    else
        return false;
    console_printf("demo: asked to %s\n", value);
    /* Emptied, the node says that the request has arrived. */
    return xenstore_write(0, SHUTDOWN_NODE, "") == 0;
}
