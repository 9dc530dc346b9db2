/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the store's page and port, and the events that have come while an answer was waited for. */
#include "guest-kernel/xenstore.h"

#include "guest-kernel/events.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/time.h"
#include "guest-kernel/xenstore_error.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/strutil.h"
#include "pv-abi/hvm_params.h"

static volatile struct xenstore_domain_interface *page;
static evtchn_port_t port;
static bool is_told; /* an event has been sent since the page was changed */
static uint32_t last_request;
static struct xenstore_event events[XENSTORE_EVENTS_MAX]; /* a ring */
static size_t event_first, event_count;

int xenstore_init(void)
{
    uint64_t gfn = 0, number = 0;

    if (hvm_param_get(HVM_PARAM_STORE_PFN, &gfn) != 0 || gfn == 0 ||
        hvm_param_get(HVM_PARAM_STORE_EVTCHN, &number) != 0 || number == 0)
        return -ENODEV;
    /* No handler: an event only ends a halt. */
    if (event_set_handler((evtchn_port_t)number, NULL, NULL) != 0)
        return -ENODEV;
    page = phys_to_virt(gfn << PAGE_SHIFT);
    port = (evtchn_port_t)number;
    return 0;
}

volatile struct xenstore_domain_interface *xenstore_page(void)
{
    return page;
}

void xenstore_notify(void)
{
    is_told = true;
    event_send(port);
}

/* Before a wait: the store must know of all that has been written and read. */
static void tell(void)
{
    if (!is_told)
        xenstore_notify();
}

static bool has_room(void *arg)
{
    const uint32_t *prod = arg;

    /* Pairs with the store's release of req_cons: it has read what is overwritten. */
    return *prod - __atomic_load_n(&page->req_cons, __ATOMIC_ACQUIRE) < sizeof(page->req);
}

static void put(const void *bytes, size_t size)
{
    uint32_t prod = page->req_prod;
    const char *from = bytes;

    for (size_t i = 0; i < size; i++) {
        if (!has_room(&prod)) {
            tell();
            event_wait_until(has_room, &prod);
        }
        page->req[prod++ % sizeof(page->req)] = from[i];
        /* Pairs with the store's acquire of req_prod: the byte is there. */
        __atomic_store_n(&page->req_prod, prod, __ATOMIC_RELEASE);
        is_told = false;
    }
}

static bool has_answer(void *arg)
{
    const uint32_t *cons = arg;

    /* Pairs with the store's release of rsp_prod: its bytes are there. */
    return __atomic_load_n(&page->rsp_prod, __ATOMIC_ACQUIRE) != *cons;
}

static void take(void *bytes, size_t size)
{
    uint32_t cons = page->rsp_cons;
    char *to = bytes;

    for (size_t i = 0; i < size; i++) {
        if (!has_answer(&cons)) {
            tell();
            event_wait_until(has_answer, &cons);
        }
        to[i] = page->rsp[cons++ % sizeof(page->rsp)];
        /* Pairs with the store's acquire of rsp_cons: the byte has been read. */
        __atomic_store_n(&page->rsp_cons, cons, __ATOMIC_RELEASE);
        is_told = false;
    }
}

static void keep_event(const struct xenstore_answer *message)
{
    size_t path_size = strlen(message->bytes) + 1;
    struct xenstore_event *event;

    if (path_size >= message->size)
        return;
    if (event_count == XENSTORE_EVENTS_MAX) {
        event_first++;
        event_count--;
    }
    event = &events[(event_first + event_count) % XENSTORE_EVENTS_MAX];
    if (str_copy(event->path, sizeof(event->path), message->bytes) &&
        str_copy(event->token, sizeof(event->token), message->bytes + path_size))
        event_count++;
}

/* Waits for a message; the answer, unless it is an event, which is kept. */
static int take_message(struct xsd_sockmsg *header, struct xenstore_answer *message)
{
    take(header, sizeof(*header));
    if (header->len > XENSTORE_PAYLOAD_MAX)
        return -EIO;
    take(message->bytes, header->len);
    message->size = header->len;
    message->bytes[header->len] = '\0';
    xenstore_notify();
    if (header->type == XS_WATCH_EVENT)
        keep_event(message);
    return 0;
}

/* A part of a payload. */
struct piece {
    const void *bytes;
    size_t size;
};

static int ask_pieces(uint32_t type, uint32_t tx, const struct piece pieces[2],
                      struct xenstore_answer *answer)
{
    static struct xsd_sockmsg header;
    int err;

    if (page == NULL)
        return -ENODEV;
    header.type = type;
    header.req_id = ++last_request;
    header.tx_id = tx;
    header.len = (uint32_t)(pieces[0].size + pieces[1].size);
    put(&header, sizeof(header));
    put(pieces[0].bytes, pieces[0].size);
    put(pieces[1].bytes, pieces[1].size);
    xenstore_notify();
    do {
        err = take_message(&header, answer);
    } while (err == 0 && header.type == XS_WATCH_EVENT);
    if (err != 0)
        return err;
    if (header.req_id != last_request || (header.type != type && header.type != XS_ERROR))
        return -EIO;
    return header.type == XS_ERROR ? xenstore_error_number(answer->bytes) : 0;
}

int xenstore_ask(uint32_t type, uint32_t tx, const void *payload, size_t size,
                 struct xenstore_answer *answer)
{
    const struct piece pieces[2] = {{payload, size}};

    return ask_pieces(type, tx, pieces, answer);
}

/* Answers are large, and requests do not nest. */
static struct xenstore_answer answer;

/* Sends a path, with its NUL. */
static int ask_path(uint32_t type, uint32_t tx, const char *path)
{
    return xenstore_ask(type, tx, path, strlen(path) + 1, &answer);
}

/* Sends two strings, the second one without its NUL if it is a value. */
static int ask_two(uint32_t type, uint32_t tx, const char *first, const char *second, bool is_value)
{
    const struct piece pieces[2] = {{first, strlen(first) + 1},
                                    {second, strlen(second) + (is_value ? 0 : 1)}};

    return pieces[0].size + pieces[1].size <= XENSTORE_PAYLOAD_MAX
               ? ask_pieces(type, tx, pieces, &answer)
               : -E2BIG;
}

int xenstore_read(uint32_t tx, const char *path, char *value, size_t size)
{
    int err = ask_path(XS_READ, tx, path);

    if (err == 0 && answer.size >= size)
        err = -EOVERFLOW;
    if (err == 0)
        memcpy(value, answer.bytes, answer.size + 1);
    return err;
}

int xenstore_write(uint32_t tx, const char *path, const char *value)
{
    return ask_two(XS_WRITE, tx, path, value, true);
}

int xenstore_remove(uint32_t tx, const char *path)
{
    return ask_path(XS_RM, tx, path);
}

int xenstore_begin(uint32_t *tx)
{
    uint64_t number;
    int err = ask_path(XS_TRANSACTION_START, 0, "");

    if (err != 0)
        return err;
    if (str_to_u64(answer.bytes, 10, &number, NULL) != 0 || number > UINT32_MAX)
        return -EIO;
    *tx = (uint32_t)number;
    return 0;
}

int xenstore_end(uint32_t tx, bool commit)
{
    return ask_path(XS_TRANSACTION_END, tx, commit ? "T" : "F");
}

int xenstore_watch(const char *path, const char *token)
{
    return ask_two(XS_WATCH, 0, path, token, false);
}

int xenstore_unwatch(const char *path, const char *token)
{
    return ask_two(XS_UNWATCH, 0, path, token, false);
}

/* Takes what has come without being asked for. */
static void collect(void)
{
    struct xsd_sockmsg header;

    while (page != NULL && page->rsp_cons != __atomic_load_n(&page->rsp_prod, __ATOMIC_ACQUIRE)) {
        if (take_message(&header, &answer) != 0)
            return;
    }
}

bool xenstore_has_event(void)
{
    return event_count > 0 ||
           (page != NULL && page->rsp_cons != __atomic_load_n(&page->rsp_prod, __ATOMIC_ACQUIRE));
}

bool xenstore_take_event(struct xenstore_event *event)
{
    collect();
    if (event_count == 0)
        return false;
    *event = events[event_first % XENSTORE_EVENTS_MAX];
    event_first++;
    event_count--;
    return true;
}

struct waiter {
    struct timer timer;
    uint32_t cons;
    bool is_over;
};

static void time_over(struct timer *timer)
{
    ((struct waiter *)timer)->is_over = true;
}

static bool has_answer_or_time_over(void *arg)
{
    struct waiter *waiter = arg;

    return waiter->is_over || has_answer(&waiter->cons);
}

bool xenstore_wait_event(struct xenstore_event *event, uint64_t deadline)
{
    struct waiter waiter = {.timer = {.expire = time_over}};
    bool has_event = xenstore_take_event(event);

    if (has_event || page == NULL)
        return has_event;
    timer_start(&waiter.timer, deadline);
    do {
        waiter.cons = page->rsp_cons;
        event_wait_until(has_answer_or_time_over, &waiter);
        has_event = xenstore_take_event(event);
    } while (!has_event && !waiter.is_over);
    timer_stop(&waiter.timer);
    return has_event;
}
