/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns access to guests' store pages. */
#include "guest-kernel/control/xs_ring.h"

#include "lib/errno.h"
#include "pv-abi/io_xs_wire.h"

void xs_ring_connect(struct xs_ring *ring, volatile struct xenstore_domain_interface *page)
{
    ring->page = page;
    ring->req_cons = 0;
    ring->rsp_prod = 0;
    page->server_features = XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR;
}

int xs_ring_take(struct xs_ring *ring, void *buffer, size_t size, size_t *count)
{
    volatile struct xenstore_domain_interface *page = ring->page;
    uint32_t cons = ring->req_cons;
    /* Pairs with the guest's release of req_prod: its bytes are there. */
    uint32_t waiting = __atomic_load_n(&page->req_prod, __ATOMIC_ACQUIRE) - cons;
    char *to = buffer;

    *count = 0;
    if (waiting > sizeof(page->req))
        return -EINVAL;
    while (*count < size && *count < waiting)
        to[(*count)++] = page->req[cons++ % sizeof(page->req)];
    ring->req_cons = cons;
    /* Pairs with the guest's acquire of req_cons: the bytes have been read. */
    __atomic_store_n(&page->req_cons, cons, __ATOMIC_RELEASE);
    return 0;
}

int xs_ring_put(struct xs_ring *ring, const void *bytes, size_t size, size_t *count)
{
    volatile struct xenstore_domain_interface *page = ring->page;
    uint32_t prod = ring->rsp_prod;
    /* Pairs with the guest's release of rsp_cons: it has read what is overwritten. */
    uint32_t used = prod - __atomic_load_n(&page->rsp_cons, __ATOMIC_ACQUIRE);
    const char *from = bytes;

    *count = 0;
    if (used > sizeof(page->rsp))
        return -EINVAL;
    while (*count < size && used + *count < sizeof(page->rsp))
        page->rsp[prod++ % sizeof(page->rsp)] = from[(*count)++];
    ring->rsp_prod = prod;
    /* Pairs with the guest's acquire of rsp_prod. */
    __atomic_store_n(&page->rsp_prod, prod, __ATOMIC_RELEASE);
    return 0;
}

void xs_ring_set_error(const struct xs_ring *ring, uint32_t error)
{
    __atomic_store_n(&ring->page->error, error, __ATOMIC_RELEASE);
}

bool xs_ring_wants_reset(const struct xs_ring *ring)
{
    /* Pairs with the guest's release of connection: it touches the indices no more. */
    return __atomic_load_n(&ring->page->connection, __ATOMIC_ACQUIRE) == XENSTORE_RECONNECT;
}

void xs_ring_reset(struct xs_ring *ring)
{
    volatile struct xenstore_domain_interface *page = ring->page;

    page->req_cons = 0;
    page->req_prod = 0;
    page->rsp_cons = 0;
    page->rsp_prod = 0;
    page->error = XENSTORE_ERROR_NONE;
    ring->req_cons = 0;
    ring->rsp_prod = 0;
    /* Pairs with the guest's acquire of connection: the indices are 0. */
    __atomic_store_n(&page->connection, XENSTORE_CONNECTED, __ATOMIC_RELEASE);
}
