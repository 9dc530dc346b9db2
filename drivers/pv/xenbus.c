/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the store's ring: the only code of a guest that touches it. */
#include "drivers/pv/xenbus.h"

#include "guest-kernel/events.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/errno.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/io_xs_wire.h"

#define ANSWER_MAX    512u
#define ANSWER_TIME   (5 * NS_PER_SECOND)
#define WAIT_TIME     (3 * NS_PER_SECOND)
#define WAIT_INTERVAL NS_PER_MS

static struct xenstore_domain_interface *page;
static evtchn_port_t port;
static uint32_t last_id;

/* The store's event only ends a halt. */
static void on_event(void *arg)
{
    bool *has_come = arg;

    __atomic_store_n(has_come, true, __ATOMIC_RELEASE);
}

bool xenbus_init(void)
{
    static bool has_come;
    uint64_t gfn = 0, number = 0;

    if (hvm_param_get(HVM_PARAM_STORE_PFN, &gfn) != 0 || gfn == 0 ||
        hvm_param_get(HVM_PARAM_STORE_EVTCHN, &number) != 0 || number == 0)
        return false;
    port = (evtchn_port_t)number;
    page = phys_to_virt(gfn << PAGE_SHIFT);
    return event_set_handler(port, on_event, &has_come) == 0;
}

/* Halts for a moment unless the time is over. */
static bool keep_waiting(uint64_t end)
{
    event_send(port);
    time_sleep(WAIT_INTERVAL / 10);
    return time_now() < end;
}

static int send_bytes(const void *bytes, size_t size)
{
    const char *from = bytes;
    uint64_t end = time_now() + ANSWER_TIME;

    while (size > 0) {
        uint32_t prod = page->req_prod;
        /* Pairs with the store's release of req_cons: it has read what is overwritten. */
        uint32_t used = prod - __atomic_load_n(&page->req_cons, __ATOMIC_ACQUIRE);

        if (used < sizeof(page->req)) {
            page->req[prod % sizeof(page->req)] = *from++;
            __atomic_store_n(&page->req_prod, prod + 1, __ATOMIC_RELEASE);
            size--;
        } else if (!keep_waiting(end)) {
            return -XEN_EIO;
        }
    }
    return 0;
}

/* Takes `size` bytes of an answer; those that do not fit in `room` are dropped. */
static int receive_bytes(void *bytes, size_t room, size_t size)
{
    char *to = bytes;
    uint64_t end = time_now() + ANSWER_TIME;

    for (size_t done = 0; done < size;) {
        uint32_t cons = page->rsp_cons;

        /* Pairs with the store's release of rsp_prod: the byte is there. */
        if (__atomic_load_n(&page->rsp_prod, __ATOMIC_ACQUIRE) != cons) {
            if (done < room)
                to[done] = page->rsp[cons % sizeof(page->rsp)];
            done++;
            __atomic_store_n(&page->rsp_cons, cons + 1, __ATOMIC_RELEASE);
        } else if (!keep_waiting(end)) {
            return -XEN_EIO;
        }
    }
    return 0;
}

/* The number of an error's name (<xen/io/xs_wire.h>, xsd_errors). */
static int error_of(const char *name)
{
    static const struct {
        const char *name;
        int error;
    } errors[] = {{"ENOENT", -XEN_ENOENT}, {"EACCES", -XEN_EACCES}, {"EINVAL", -XEN_EINVAL},
                  {"EAGAIN", -XEN_EAGAIN}, {"ENOSPC", -XEN_ENOSPC}, {"EEXIST", -XEN_EEXIST}};

    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        if (strcmp(name, errors[i].name) == 0)
            return errors[i].error;
    }
    return -XEN_EIO;
}

/* Waits for the answer to the last request. */
static int receive(uint32_t type, char *answer, size_t *size)
{
    struct xsd_sockmsg head;
    int err;

    do {
        err = receive_bytes(&head, sizeof(head), sizeof(head));
        if (err == 0)
            err = receive_bytes(answer, ANSWER_MAX - 1, head.len);
        /* Nothing is watched here; an event could only be one of a program before. */
    } while (err == 0 && head.type == XS_WATCH_EVENT);
    if (err != 0 || head.req_id != last_id)
        return -XEN_EIO;
    *size = head.len < ANSWER_MAX - 1 ? head.len : ANSWER_MAX - 1;
    answer[*size] = '\0';
    if (head.type == XS_ERROR)
        return error_of(answer);
    return head.type == type ? 0 : -XEN_EIO;
}

/* Sends a request with two pieces of payload and waits for its answer. */
static int ask(uint32_t type, const char *path, const char *value, char *answer, size_t *size)
{
    size_t path_size = strlen(path) + 1, value_size = value != NULL ? strlen(value) : 0;
    struct xsd_sockmsg head = {
        .type = type, .req_id = ++last_id, .len = (uint32_t)(path_size + value_size)};
    int err = page == NULL ? -XEN_EIO : send_bytes(&head, sizeof(head));

    if (err == 0)
        err = send_bytes(path, path_size);
    if (err == 0)
        err = send_bytes(value, value_size);
    if (err != 0)
        return err;
    event_send(port);
    return receive(type, answer, size);
}

int xenbus_read(const char *path, char *value, size_t size)
{
    static char answer[ANSWER_MAX];
    size_t got;
    int err = ask(XS_READ, path, NULL, answer, &got);

    if (err != 0)
        return err;
    return str_copy(value, size, answer) ? 0 : -XEN_E2BIG;
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
    static char value[ANSWER_MAX], answer[ANSWER_MAX];
    size_t got;
    va_list args;

    va_start(args, fmt);
    got = format_va(value, sizeof(value), fmt, args);
    va_end(args);
    return got < sizeof(value) ? ask(XS_WRITE, path, value, answer, &got) : -XEN_E2BIG;
}

int xenbus_list(const char *path, char *names, size_t size, size_t *count)
{
    static char answer[ANSWER_MAX];
    size_t got;
    int err = ask(XS_DIRECTORY, path, NULL, answer, &got);

    if (err != 0)
        return err;
    if (got > size)
        return -XEN_E2BIG;
    memcpy(names, answer, got);
    *count = 0;
    for (size_t i = 0; i < got; i++)
        *count += names[i] == '\0';
    return 0;
}

int xenbus_wait(const char *path, uint64_t wanted)
{
    uint64_t end = time_now() + WAIT_TIME, value;
    int err;

    do {
        err = xenbus_read_u64(path, &value);
        if (err != 0 || value == wanted)
            return err;
        time_sleep(WAIT_INTERVAL);
    } while (time_now() < end);
    return -XEN_ETIMEDOUT;
}
