/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chunks: lists of them by what is free in them, the free lists of frames inside each, scrubbing.
 * All under frame_lock.
 */
#include "core/frame_table.h"

#define SCRUB_STEP_FRAMES 16u /* 64 KiB */

struct lock frame_lock = LOCK_INIT(LOCK_FRAME);
struct frame_counts chunk_totals;

/* Index of the first chunk + 1, so that the start value is "empty". */
static uint32_t list_first[CHUNK_LISTS];
uint64_t chunk_free_frames[CHUNK_STATES][2];

uint32_t chunk_first(enum chunk_list list)
{
    return list_first[list] - 1;
}

uint32_t chunk_any(enum chunk_list list)
{
    return chunk_first(list_first[list] != 0 ? list : list + 1);
}

static void list_remove(const struct chunk *chunk)
{
    if (chunk->list == LIST_NONE)
        return;
    if (chunk->previous != CHUNK_INDEX_NONE)
        chunk_at(chunk->previous)->next = chunk->next;
    else
        list_first[chunk->list] = chunk->next + 1;
    if (chunk->next != CHUNK_INDEX_NONE)
        chunk_at(chunk->next)->previous = chunk->previous;
}

/* Puts a chunk on the list that its state and counts ask for. */
static void relist(uint32_t index)
{
    static const uint8_t clean_list[CHUNK_STATES] = {
        [CHUNK_FREE] = LIST_FREE, [CHUNK_SPLIT] = LIST_SPLIT, [CHUNK_HEAP] = LIST_HEAP};
    struct chunk *chunk = chunk_at(index);
    uint8_t list = clean_list[chunk->state];

    if (chunk->count[0] != 0 && list != LIST_NONE)
        list++;
    else if (chunk->count[1] == 0)
        list = LIST_NONE;
    if (chunk->list == list)
        return;
    list_remove(chunk);
    chunk->list = list;
    if (list == LIST_NONE)
        return;
    chunk->previous = CHUNK_INDEX_NONE;
    chunk->next = chunk_first(list);
    if (chunk->next != CHUNK_INDEX_NONE)
        chunk_at(chunk->next)->previous = index;
    list_first[list] = index + 1;
}

static void add_free(struct chunk *chunk, bool is_clean, int frames)
{
    chunk->count[is_clean] = (uint16_t)(chunk->count[is_clean] + frames);
    chunk_free_frames[chunk->state][is_clean] += (uint64_t)frames;
}

static void set_state(uint32_t index, enum chunk_state state)
{
    struct chunk *chunk = chunk_at(index);

    for (unsigned kind = 0; kind < 2; kind++) {
        chunk_free_frames[chunk->state][kind] -= chunk->count[kind];
        chunk_free_frames[state][kind] += chunk->count[kind];
    }
    chunk->state = (uint8_t)state;
    relist(index);
}

void chunk_close(uint32_t index, enum chunk_state state)
{
    struct chunk *chunk = chunk_at(index);

    add_free(chunk, false, -chunk->count[0]);
    add_free(chunk, true, -chunk->count[1]);
    chunk->head[0] = chunk->head[1] = CHUNK_NO_FRAME;
    set_state(index, state);
}

void chunk_push_frame(mfn_t mfn, bool is_clean)
{
    uint32_t index = chunk_index_of(mfn);
    struct chunk *chunk = chunk_at(index);

    frame_write(
        mfn, frame_make(FRAME_FREE, 0, chunk->head[is_clean] | (is_clean ? FRAME_FREE_CLEAN : 0)));
    chunk->head[is_clean] = (uint16_t)(mfn.v % CHUNK_FRAMES);
    add_free(chunk, is_clean, 1);
    /* All free but of both kinds: it becomes FREE once it is scrubbed. */
    if (chunk->state == CHUNK_SPLIT && chunk->count[is_clean] == CHUNK_FRAMES)
        set_state(index, CHUNK_FREE);
    else
        relist(index);
}

static mfn_t pop(uint32_t index, bool is_clean)
{
    struct chunk *chunk = chunk_at(index);
    mfn_t mfn = mfn_add(chunk_mfn(index), chunk->head[is_clean]);

    chunk->head[is_clean] = (uint16_t)(frame_read(mfn) & FRAME_FREE_NEXT_MASK);
    add_free(chunk, is_clean, -1);
    frame_write(mfn, frame_make(FRAME_HELD, 0, 0));
    relist(index);
    return mfn;
}

mfn_t chunk_pop_frame(uint32_t index, bool *is_clean)
{
    *is_clean = chunk_at(index)->count[1] != 0;
    return pop(index, *is_clean);
}

void chunk_open(uint32_t index, enum chunk_state state)
{
    struct chunk *chunk = chunk_at(index);
    bool is_clean = chunk->count[1] != 0;

    for (uint32_t i = 0; i < CHUNK_FRAMES; i++)
        frame_write(mfn_add(chunk_mfn(index), i),
                    frame_make(FRAME_FREE, 0,
                               (i + 1 < CHUNK_FRAMES ? i + 1 : CHUNK_NO_FRAME) |
                                   (is_clean ? FRAME_FREE_CLEAN : 0)));
    chunk->head[is_clean] = 0;
    chunk->head[!is_clean] = CHUNK_NO_FRAME;
    set_state(index, state);
}

void chunk_free(uint32_t index)
{
    add_free(chunk_at(index), false, (int)CHUNK_FRAMES);
    set_state(index, CHUNK_FREE);
}

/* Stores that the compiler cannot turn into a string instruction, which emulators run slowly. */
NOINLINE void page_clear(void *page)
{
    for (uint64_t *words = page; words < (uint64_t *)page + PAGE_SIZE / 8; words += 16) {
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++)
            WRITE_ONCE(words[i], 0);
    }
}

void frame_clear(mfn_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        page_clear(window_map(WINDOW_SCRUB, mfn_add(first, i)));
    window_unmap(WINDOW_SCRUB);
}

/* What is scrubbed next: what is in use first, so that FREE chunks are opened one by one. */
static uint32_t find_dirty(void)
{
    for (enum chunk_list list = LIST_SPLIT_DIRTY; list < CHUNK_LISTS; list += 2)
        if (list_first[list] != 0)
            return chunk_first(list);
    return CHUNK_INDEX_NONE;
}

bool chunk_scrub_step(void)
{
    mfn_t frames[SCRUB_STEP_FRAMES];
    unsigned count = 0;
    uint32_t index;

    lock_take(&frame_lock);
    index = find_dirty();
    if (index == CHUNK_INDEX_NONE) {
        lock_drop(&frame_lock);
        return false;
    }
    if (chunk_at(index)->state == CHUNK_FREE)
        chunk_open(index, CHUNK_SPLIT);
    while (count < SCRUB_STEP_FRAMES && chunk_at(index)->count[0] != 0)
        frames[count++] = pop(index, false);
    lock_drop(&frame_lock);
    for (unsigned i = 0; i < count; i++)
        page_clear(window_map(WINDOW_SCRUB, frames[i]));
    window_unmap(WINDOW_SCRUB);
    lock_take(&frame_lock);
    for (unsigned i = 0; i < count; i++)
        chunk_push_frame(frames[i], true);
    index = find_dirty();
    lock_drop(&frame_lock);
    return index != CHUNK_INDEX_NONE;
}
