/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the forms of what front ends read from the store and write to it; no state but a path's
 * buffer. */
#include "drivers/pv/xenbus.h"

#include "guest-kernel/time.h"
#include "guest-kernel/xenstore.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/errno.h"
#include "pv-abi/io_xenbus.h"

#define VALUE_MAX  512u
#define WAIT_TIME  (60 * NS_PER_SECOND)
#define WAIT_TOKEN "xenbus"

bool xenbus_init(void)
{
    return xenstore_init() == 0;
}

const char *xenbus_path(const char *node, const char *name)
{
    static char path[XENBUS_PATH_MAX];

    format_str(path, sizeof(path), "%s/%s", node, name);
    return path;
}

int xenbus_read(const char *path, char *value, size_t size)
{
    return xenstore_read(0, path, value, size);
}

int xenbus_read_u64(const char *path, uint64_t *value)
{
    char text[24];
    int err = xenbus_read(path, text, sizeof(text));

    if (err != 0)
        return err;
    return str_parse_u64(text, value) == 0 ? 0 : -XEN_EINVAL;
}

int xenbus_write(const char *path, const char *fmt, ...)
{
    char value[VALUE_MAX];
    size_t size;
    va_list args;

    va_start(args, fmt);
    size = format_va(value, sizeof(value), fmt, args);
    va_end(args);
    return size < sizeof(value) ? xenstore_write(0, path, value) : -XEN_E2BIG;
}

int xenbus_remove(const char *path)
{
    int err = xenstore_remove(0, path);

    return err == -XEN_ENOENT ? 0 : err;
}

int xenbus_list(const char *path, char *names, size_t size, size_t *count)
{
    static struct xenstore_answer answer;
    int err = xenstore_ask(XS_DIRECTORY, 0, path, strlen(path) + 1, &answer);

    if (err != 0)
        return err;
    if (answer.size > size)
        return -XEN_E2BIG;
    memcpy(names, answer.bytes, answer.size);
    *count = 0;
    for (size_t i = 0; i < answer.size; i++)
        *count += names[i] == '\0';
    return 0;
}

/* Reads the number at each event of a watch on it; the first one comes at once. */
static int wait_watched(const char *path, uint64_t wanted)
{
    uint64_t end = time_now() + WAIT_TIME, value;
    struct xenstore_event event;

    while (xenstore_wait_event(&event, end)) {
        int err = xenbus_read_u64(path, &value);

        if (err != 0 || value == wanted)
            return err;
    }
    return -XEN_ETIMEDOUT;
}

int xenbus_wait(const char *path, uint64_t wanted)
{
    int err = xenstore_watch(path, WAIT_TOKEN), undone;

    if (err != 0)
        return err;
    err = wait_watched(path, wanted);
    undone = xenstore_unwatch(path, WAIT_TOKEN);
    return err != 0 ? err : undone;
}

int xenbus_find_back_end(const char *node, char *back_node, size_t size, domid_t *domid)
{
    uint64_t number;
    int err = xenbus_read(xenbus_path(node, "backend"), back_node, size);

    if (err == 0)
        err = xenbus_read_u64(xenbus_path(node, "backend-id"), &number);
    if (err == 0)
        *domid = (domid_t)number;
    return err;
}

int xenbus_close(const char *node, const char *back_node)
{
    int err = xenbus_write(xenbus_path(node, "state"), "%d", XenbusStateClosing);

    if (err == 0)
        err = xenbus_wait(xenbus_path(back_node, "state"), XenbusStateClosing);
    if (err == 0)
        err = xenbus_write(xenbus_path(node, "state"), "%d", XenbusStateClosed);
    if (err == 0)
        err = xenbus_wait(xenbus_path(back_node, "state"), XenbusStateClosed);
    return err;
}
