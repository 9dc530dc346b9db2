/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns access to guests' console pages. */
#include "guest-kernel/control/pvring.h"

#include "pv-abi/io_console.h"

void pvring_connect(struct pvring *ring, volatile struct xencons_interface *page)
{
    ring->page = page;
    ring->out_cons = 0;
    ring->in_prod = 0;
}

size_t pvring_take(struct pvring *ring, char *buffer, size_t size)
{
    volatile struct xencons_interface *page = ring->page;
    uint32_t cons = ring->out_cons;
    /* Pairs with the guest's release of out_prod: its bytes are there. */
    uint32_t waiting = __atomic_load_n(&page->out_prod, __ATOMIC_ACQUIRE) - cons;
    size_t count = 0;

    if (waiting > sizeof(page->out)) {
        cons += waiting;
        waiting = 0;
    }
    while (count < size && count < waiting)
        buffer[count++] = page->out[cons++ % sizeof(page->out)];
    ring->out_cons = cons;
    /* Pairs with the guest's acquire of out_cons: the bytes have been read. */
    __atomic_store_n(&page->out_cons, cons, __ATOMIC_RELEASE);
    return count;
}

size_t pvring_put(struct pvring *ring, const char *bytes, size_t size)
{
    volatile struct xencons_interface *page = ring->page;
    uint32_t prod = ring->in_prod;
    /* Pairs with the guest's release of in_cons: it has read what is overwritten. */
    uint32_t used = prod - __atomic_load_n(&page->in_cons, __ATOMIC_ACQUIRE);
    size_t count = 0;

    if (used > sizeof(page->in))
        return 0;
    while (count < size && used + count < sizeof(page->in))
        page->in[prod++ % sizeof(page->in)] = bytes[count++];
    ring->in_prod = prod;
    /* Pairs with the guest's acquire of in_prod. */
    __atomic_store_n(&page->in_prod, prod, __ATOMIC_RELEASE);
    return count;
}
