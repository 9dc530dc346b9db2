/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page shared by a guest's console and its back end (<xen/io/console.h>). Same layout in 32
 * bit. A producer index less its consumer index is the number of bytes in a ring; indices run
 * freely, a byte is at the index modulo the ring's size.
 */
#ifndef PV_ABI_IO_CONSOLE_H
#define PV_ABI_IO_CONSOLE_H

#include "pv-abi/layout.h"

typedef uint32_t XENCONS_RING_IDX;

struct xencons_interface {
    char in[1024];  /* To the guest. */
    char out[2048]; /* From the guest. */
    XENCONS_RING_IDX in_cons;
    XENCONS_RING_IDX in_prod;
    XENCONS_RING_IDX out_cons;
    XENCONS_RING_IDX out_prod;
};
ABI_LAYOUT(struct xencons_interface, 3088, in, 0, out, 1024, in_cons, 3072, in_prod, 3076, out_cons,
           3080, out_prod, 3084);

#endif
