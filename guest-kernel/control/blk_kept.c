/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the table of a queue's persistent grants: by reference, from its own place on. */
#include "guest-kernel/control/blk_kept.h"

#include <stddef.h>

#include "guest-kernel/control/heap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/io_blkif.h"

/* More than BLKIF_MAX_SEGMENTS_PER_REQUEST, so that a search ends at a free slot. */
#define SLOTS_PER_ENTRY 16u
_Static_assert(SLOTS_PER_ENTRY > BLKIF_MAX_SEGMENTS_PER_REQUEST, "the table never fills");

int blk_kept_init(struct blk_kept_table *table, uint32_t entry_count)
{
    uint32_t count = entry_count * SLOTS_PER_ENTRY;

    table->slots = heap_alloc(count * sizeof(struct blk_kept));
    if (table->slots == NULL)
        return -ENOMEM;
    memset(table->slots, 0, count * sizeof(struct blk_kept));
    table->slot_count = count;
    table->used = 0;
    table->most = entry_count * BLKIF_MAX_SEGMENTS_PER_REQUEST;
    return 0;
}

/* The slot of `ref`, or the free one where it would be. */
static struct blk_kept *slot_of(const struct blk_kept_table *table, grant_ref_t ref)
{
    uint32_t mask = table->slot_count - 1, at = ref & mask;

    while (table->slots[at].ref != 0 && table->slots[at].ref != ref)
        at = (at + 1) & mask;
    return &table->slots[at];
}

uint64_t blk_kept_find(const struct blk_kept_table *table, grant_ref_t ref)
{
    return slot_of(table, ref)->paddr;
}

bool blk_kept_add(struct blk_kept_table *table, struct blk_kept kept)
{
    struct blk_kept *slot;

    if (kept.ref == 0 || table->used == table->most)
        return false;
    slot = slot_of(table, kept.ref);
    if (slot->ref != 0)
        return false;
    *slot = kept;
    table->used++;
    return true;
}

void blk_kept_free(struct blk_kept_table *table)
{
    if (table->slots != NULL)
        heap_free(table->slots, table->slot_count * sizeof(struct blk_kept));
    *table = (struct blk_kept_table){.slots = NULL};
}
