/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chunks: lists of them by what is free in them, the free lists of frames inside each, scrubbing.
 * Under frame_lock, except heap chunks and LIST_HEAP, which are under the heap's lock.
 */
#include "core/frame_table.h"

#define SCRUB_STEP_FRAMES 16u /* 64 KiB */

struct lock frame_lock = LOCK_INIT(LOCK_FRAME);
struct frame_counts chunk_totals;

/* Index of the first chunk + 1, so that the start value is "empty". */
static uint32_t list_first[CHUNK_LISTS];

uint32_t chunk_first(enum chunk_list list)
{
    return list_first[list] - 1;
}

static void list_remove(uint32_t index)
{
    struct chunk *chunk = chunk_at(index);

    if (chunk->list == LIST_NONE)
        return;
    if (chunk->previous != CHUNK_INDEX_NONE)
        chunk_at(chunk->previous)->next = chunk->next;
    else
        list_first[chunk->list] = chunk->next + 1;
    if (chunk->next != CHUNK_INDEX_NONE)
        chunk_at(chunk->next)->previous = chunk->previous;
    chunk->list = LIST_NONE;
}

static enum chunk_list list_of(const struct chunk *chunk)
{
    switch (chunk->state) {
    case CHUNK_FREE:
        return chunk->scrubbed == CHUNK_FRAMES ? LIST_FREE_CLEAN : LIST_FREE_DIRTY;
    case CHUNK_HEAP:
        return chunk->count[0] + chunk->count[1] != 0 ? LIST_HEAP : LIST_NONE;
    case CHUNK_SPLIT:
        if (chunk->count[1] != 0)
            return chunk->count[0] != 0 ? LIST_MIXED : LIST_CLEAN;
        return chunk->count[0] != 0 ? LIST_DIRTY : LIST_NONE;
    default:
        return LIST_NONE;
    }
}

void chunk_relist(uint32_t index)
{
    struct chunk *chunk = chunk_at(index);
    enum chunk_list list = list_of(chunk);

    if (chunk->list == list)
        return;
    list_remove(index);
    if (list == LIST_NONE)
        return;
    chunk->list = (uint8_t)list;
    chunk->previous = CHUNK_INDEX_NONE;
    chunk->next = chunk_first(list);
    if (chunk->next != CHUNK_INDEX_NONE)
        chunk_at(chunk->next)->previous = index;
    list_first[list] = index + 1;
}

static void count_free(const struct chunk *chunk, bool is_clean, int64_t frames)
{
    uint64_t *total = is_clean ? &chunk_totals.free_clean : &chunk_totals.free_dirty;

    if (chunk->state != CHUNK_HEAP)
        *total += (uint64_t)frames;
}

void chunk_push_frame(mfn_t mfn, bool is_clean)
{
    uint32_t index = chunk_index_of(mfn);
    struct chunk *chunk = chunk_at(index);
    uint64_t low = chunk->head[is_clean] | (is_clean ? FRAME_FREE_CLEAN : 0);

    atomic_store_explicit(frame_entry(mfn), frame_make(FRAME_FREE, 0, low), memory_order_relaxed);
    chunk->head[is_clean] = (uint16_t)(mfn.v % CHUNK_FRAMES);
    chunk->count[is_clean]++;
    count_free(chunk, is_clean, 1);
    /* All free but of both kinds: it becomes FREE once it is scrubbed. */
    if (chunk->state == CHUNK_SPLIT && chunk->count[is_clean] == CHUNK_FRAMES) {
        chunk->scrubbed = is_clean ? CHUNK_FRAMES : 0;
        chunk->state = CHUNK_FREE;
    }
    chunk_relist(index);
}

mfn_t chunk_pop_frame(uint32_t index, bool is_clean)
{
    struct chunk *chunk = chunk_at(index);
    mfn_t mfn = mfn_add(chunk_mfn(index), chunk->head[is_clean]);
    uint64_t entry = atomic_load_explicit(frame_entry(mfn), memory_order_relaxed);

    chunk->head[is_clean] = (uint16_t)(entry & FRAME_FREE_NEXT_MASK);
    chunk->count[is_clean]--;
    count_free(chunk, is_clean, -1);
    atomic_store_explicit(frame_entry(mfn), frame_make(FRAME_HELD, 0, 0), memory_order_relaxed);
    chunk_relist(index);
    return mfn;
}

void chunk_fill(uint32_t index)
{
    struct chunk *chunk = chunk_at(index);
    uint32_t clean = chunk->scrubbed;

    for (uint32_t i = 0; i < CHUNK_FRAMES; i++) {
        bool is_last = i == clean - 1 || i == CHUNK_FRAMES - 1;
        uint64_t low = (is_last ? CHUNK_NO_FRAME : i + 1) | (i < clean ? FRAME_FREE_CLEAN : 0);

        atomic_store_explicit(frame_entry(mfn_add(chunk_mfn(index), i)),
                              frame_make(FRAME_FREE, 0, low), memory_order_relaxed);
    }
    chunk->head[1] = clean != 0 ? 0 : CHUNK_NO_FRAME;
    chunk->count[1] = (uint16_t)clean;
    chunk->head[0] = clean != CHUNK_FRAMES ? (uint16_t)clean : CHUNK_NO_FRAME;
    chunk->count[0] = (uint16_t)(CHUNK_FRAMES - clean);
}

void chunk_split(uint32_t index)
{
    struct chunk *chunk = chunk_at(index);
    uint32_t clean = chunk->scrubbed;

    chunk_fill(index);
    if (clean != CHUNK_FRAMES) {
        /* A FREE chunk's frames count as dirty until all are clean. */
        chunk_totals.free_dirty -= clean;
        chunk_totals.free_clean += clean;
    }
    chunk->state = CHUNK_SPLIT;
    chunk_relist(index);
}

void chunk_free(uint32_t index)
{
    struct chunk *chunk = chunk_at(index);

    chunk->state = CHUNK_FREE;
    chunk->scrubbed = 0;
    chunk_totals.free_dirty += CHUNK_FRAMES;
    chunk_relist(index);
}

void chunk_hold(uint32_t index)
{
    struct chunk *chunk = chunk_at(index);

    if (chunk->scrubbed == CHUNK_FRAMES)
        chunk_totals.free_clean -= CHUNK_FRAMES;
    else
        chunk_totals.free_dirty -= CHUNK_FRAMES;
    chunk->state = CHUNK_HELD;
    chunk_relist(index);
}

uint32_t chunk_take(void)
{
    uint32_t index = chunk_first(LIST_FREE_CLEAN);

    if (index == CHUNK_INDEX_NONE)
        index = chunk_first(LIST_FREE_DIRTY);
    if (index != CHUNK_INDEX_NONE)
        chunk_hold(index);
    return index;
}

/* Stores that the compiler cannot turn into a string instruction, which emulators run slowly. */
void page_clear(void *page)
{
    uint64_t *words = page;

    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*words); i += 8) {
        WRITE_ONCE(words[i], 0);
        WRITE_ONCE(words[i + 1], 0);
        WRITE_ONCE(words[i + 2], 0);
        WRITE_ONCE(words[i + 3], 0);
        WRITE_ONCE(words[i + 4], 0);
        WRITE_ONCE(words[i + 5], 0);
        WRITE_ONCE(words[i + 6], 0);
        WRITE_ONCE(words[i + 7], 0);
    }
}

void frame_clear(mfn_t mfn)
{
    page_clear(window_map(WINDOW_SCRUB, mfn));
    window_unmap(WINDOW_SCRUB);
}

static void clear_some(uint32_t index, uint32_t frames)
{
    struct chunk *chunk = chunk_at(index);

    for (; frames != 0 && chunk->scrubbed < CHUNK_FRAMES; frames--, chunk->scrubbed++)
        page_clear(window_map(WINDOW_SCRUB, mfn_add(chunk_mfn(index), chunk->scrubbed)));
    window_unmap(WINDOW_SCRUB);
}

void chunk_clear(uint32_t index)
{
    clear_some(index, CHUNK_FRAMES);
}

/* Clears up to a step's frames of SPLIT chunk INDEX; frame_lock is held, and dropped meanwhile. */
static void scrub_split(uint32_t index)
{
    mfn_t frames[SCRUB_STEP_FRAMES];
    unsigned count = 0;

    while (count < SCRUB_STEP_FRAMES && chunk_at(index)->count[0] != 0)
        frames[count++] = chunk_pop_frame(index, false);
    chunk_totals.free_dirty += count; /* as long as they are being scrubbed */
    lock_drop(&frame_lock);
    for (unsigned i = 0; i < count; i++)
        page_clear(window_map(WINDOW_SCRUB, frames[i]));
    window_unmap(WINDOW_SCRUB);
    lock_take(&frame_lock);
    chunk_totals.free_dirty -= count;
    for (unsigned i = 0; i < count; i++)
        chunk_push_frame(frames[i], true);
}

/* The same for FREE chunk INDEX, which counts as dirty until all of it is clean. */
static void scrub_free(uint32_t index)
{
    struct chunk *chunk = chunk_at(index);

    chunk->state = CHUNK_HELD;
    chunk_relist(index);
    lock_drop(&frame_lock);
    clear_some(index, SCRUB_STEP_FRAMES);
    lock_take(&frame_lock);
    chunk->state = CHUNK_FREE;
    if (chunk->scrubbed == CHUNK_FRAMES) {
        chunk_totals.free_dirty -= CHUNK_FRAMES;
        chunk_totals.free_clean += CHUNK_FRAMES;
    }
    chunk_relist(index);
}

bool chunk_scrub_step(void)
{
    uint32_t index;
    bool has_more;

    lock_take(&frame_lock);
    index = chunk_first(LIST_DIRTY);
    if (index == CHUNK_INDEX_NONE)
        index = chunk_first(LIST_MIXED);
    if (index != CHUNK_INDEX_NONE) {
        scrub_split(index);
    } else if ((index = chunk_first(LIST_FREE_DIRTY)) != CHUNK_INDEX_NONE) {
        scrub_free(index);
    }
    has_more = chunk_totals.free_dirty != 0;
    lock_drop(&frame_lock);
    return has_more;
}
