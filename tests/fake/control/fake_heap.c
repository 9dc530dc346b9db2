/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the fake heap's counts. */
#include "tests/fake/control/fake_heap.h"

#include <stdlib.h>

#include "guest-kernel/control/heap.h"

struct fake_heap fake_heap;

void *heap_alloc(size_t size)
{
    void *piece = ++fake_heap.calls == fake_heap.fail_at ? NULL : malloc(size);

    if (piece != NULL)
        fake_heap.alive += size;
    return piece;
}

void heap_free(void *piece, size_t size)
{
    fake_heap.alive -= size;
    free(piece);
}
