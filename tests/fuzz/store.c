/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two guests at their store pages. The input is a list of actions: requests, right ones and any
 * bytes; jumps of indices; answers taken or left; reconnections; failing memory. After each input
 * the tree is whole, the counts are right, and at the end nothing is alive.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/control/xs_connection.h"
#include "guest-kernel/control/xs_transaction.h"
#include "guest-kernel/control/xs_watch.h"
#include "tests/fake/control/fake_heap.h"

#define GUESTS 2u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
};

static struct xs_store store;
static struct xs_client zero;
static struct xs_connection guests[GUESTS];
static struct xenstore_domain_interface pages[GUESTS];

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static uint8_t take(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

/* A request of domain 0's. */
static void prepare(uint32_t type, const char *payload, size_t size)
{
    static struct xs_request request;
    static struct xs_message answer;

    request.header = (struct xsd_sockmsg){.type = type, .len = (uint32_t)size};
    memcpy(request.payload, payload, size);
    xs_request_serve(&zero, &request, &answer);
    expect(answer.header.type == type);
}

#define PREPARE(type, text) prepare(type, text, sizeof(text))

static void begin(void)
{
    fake_heap = (struct fake_heap){.alive = 0};
    memset(pages, 0, sizeof(pages));
    expect(xs_store_init(&store, 1) == 0);
    xs_client_add(&store, &zero, 0);
    PREPARE(XS_MKDIR, "/local/domain/1/data");
    PREPARE(XS_SET_PERMS, "/local/domain/1/data\0n1\0b2");
    PREPARE(XS_MKDIR, "/local/domain/2/data");
    PREPARE(XS_SET_PERMS, "/local/domain/2/data\0n2\0r1");
    for (unsigned int i = 0; i < GUESTS; i++)
        xs_connection_open(&guests[i], &store, (domid_t)(i + 1), &pages[i]);
}

static void put(struct xenstore_domain_interface *page, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        page->req[page->req_prod++ % sizeof(page->req)] = ((const char *)bytes)[i];
}

/* Names that meet each other often. */
static size_t put_name(char *to, uint8_t choice)
{
    static const char *const names[] = {"data",
                                        "data/a",
                                        "data/a/b",
                                        "data/b",
                                        "/local/domain/1/data",
                                        "/local/domain/1/data/a",
                                        "/local/domain/2/data/c",
                                        "name",
                                        "/",
                                        "@releaseDomain",
                                        "data/",
                                        "data/a/b/c/d/e/f",
                                        "T",
                                        "F",
                                        "1",
                                        "n1",
                                        "n2",
                                        "r1",
                                        "b2",
                                        "w0",
                                        ""};
    const char *name = names[choice % (sizeof(names) / sizeof(names[0]))];

    strcpy(to, name);
    return strlen(name) + 1;
}

/* A request whose strings are names, or are any bytes. */
static void put_request(struct xenstore_domain_interface *page, struct input *input)
{
    char payload[1024];
    uint8_t shape = take(input);
    struct xsd_sockmsg header = {
        .type = take(input) % (XS_TYPE_COUNT + 1), .req_id = 1, .tx_id = shape >> 4 & 7u};
    size_t size = 0;

    for (uint8_t i = 0; i < (shape & 3u); i++)
        size += put_name(payload + size, take(input));
    if (shape & 4u) {
        for (uint8_t count = take(input); count > 0; count--)
            payload[size++] = (char)take(input);
    }
    if ((shape & 8u) && size > 0)
        size--;
    header.len = (uint32_t)size;
    put(page, &header, sizeof(header));
    put(page, payload, size);
}

static void drain(struct xenstore_domain_interface *page)
{
    if (page->rsp_prod - page->rsp_cons <= sizeof(page->rsp))
        page->rsp_cons = page->rsp_prod;
}

static void serve(unsigned int guest)
{
    expect(guests[guest].client.event_count <= XS_EVENTS_MAX);
    xs_connection_step(&guests[guest]);
}

static void act(struct input *input)
{
    uint8_t action = take(input);
    unsigned int guest = action >> 7;
    struct xenstore_domain_interface *page = &pages[guest];

    switch (action % 8) {
    case 0:
    case 1:
    case 2:
    case 3:
        put_request(page, input);
        serve(guest);
        drain(page);
        break;
    case 4:
        for (uint8_t count = take(input); count > 0; count--)
            put(page, &(char){(char)take(input)}, 1);
        break;
    case 5:
        *(take(input) % 2 == 0 ? &page->req_prod : &page->rsp_cons) += take(input) * 16u;
        break;
    case 6:
        page->connection = XENSTORE_RECONNECT;
        serve(guest);
        break;
    default:
        fake_heap.calls = 0;
        fake_heap.fail_at = take(input) % 16;
        break;
    }
    serve(guest);
}

static bool names_child(const struct xs_node *above, const char *leaf)
{
    const char *children = xs_node_children(above);

    for (size_t at = 0; at < above->children_size; at += strlen(children + at) + 1) {
        if (strcmp(children + at, leaf) == 0)
            return true;
    }
    return false;
}

/* Every node is named by the one above it, and there are as many names as nodes. */
static void check_tree(void)
{
    size_t nodes = 0, names = 0, owned[GUESTS + 1] = {0};

    for (size_t i = 0; i < XS_BUCKETS; i++) {
        for (const struct xs_node *node = store.buckets[i]; node != NULL; node = node->next) {
            const char *path = xs_node_path(node);
            size_t parent = xs_path_parent(path, node->path_size - 1);

            expect(node->perms[0].domid <= GUESTS);
            owned[node->perms[0].domid]++;
            for (size_t at = 0; at < node->children_size; at++)
                names += xs_node_children(node)[at] == '\0';
            if (parent == 0)
                continue;
            nodes++;
            expect(xs_store_find(&store, path, parent) != NULL &&
                   names_child(xs_store_find(&store, path, parent), xs_path_leaf(path)));
        }
    }
    expect(nodes == names);
    for (unsigned int i = 0; i < GUESTS; i++)
        expect(guests[i].client.owned_count == owned[i + 1] &&
               guests[i].client.owned_count <= XS_NODES_MAX &&
               guests[i].client.owned_size <= XS_OWNED_MAX &&
               guests[i].client.private_size <= XS_PRIVATE_MAX + sizeof(struct xs_request));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, size};

    begin();
    while (input.left > 0)
        act(&input);
    check_tree();
    for (unsigned int i = 0; i < GUESTS; i++) {
        xs_connection_close(&guests[i]);
        expect(guests[i].client.private_size == 0);
    }
    xs_watch_clear(&zero);
    xs_client_remove(&zero);
    xs_store_free(&store);
    expect(fake_heap.alive == 0);
    return 0;
}
