/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own pages. They come from heap chunks, which are mapped for good, and from what
 * is left of the image's chunk. The heap grows by a chunk while it still has the pages that mapping
 * one may cost; an empty chunk goes back to the frames when a CPU is idle. heap_lock protects heap
 * chunks, LIST_HEAP and what domains are charged.
 */
#include "core/heap.h"

#include "core/domain.h"
#include "core/frame_table.h"
#include "core/log.h"
#include "lib/errno.h"

/* The heap grows when it would have fewer free pages: enough for a table of the host and for what
 * other CPUs take meanwhile. */
#define RESERVE_PAGES 16u
/* An empty chunk is given back only if this many free pages remain without it. */
#define SPARE_PAGES 64u

static struct lock heap_lock = LOCK_INIT(LOCK_HEAP);
static uint64_t free_pages, used_pages, chunk_pages;
static bool is_growing;
static uint32_t leaving = CHUNK_INDEX_NONE; /* unmapped, waits for every CPU's flush */
static uint64_t leaving_generation;

mfn_t heap_mfn(const void *page)
{
    return (mfn_t){((uint64_t)page - HEAP_MAP_BASE) >> PAGE_SHIFT};
}

void *heap_page(mfn_t mfn)
{
    return (void *)(HEAP_MAP_BASE + paddr_of(mfn).v);
}

void heap_boot(mfn_t first, uint64_t count)
{
    uint32_t index = chunk_index_of(first);
    struct chunk *chunk = chunk_at(index);

    lock_take(&heap_lock);
    chunk->state = CHUNK_HEAP;
    chunk->head[0] = chunk->head[1] = CHUNK_NO_FRAME;
    for (uint64_t i = 0; i < count; i++)
        chunk_push_frame(mfn_add(first, i), false);
    free_pages += count;
    lock_drop(&heap_lock);
}

/* Makes a chunk of frames a heap chunk; without the lock, one caller at a time. */
static void grow(void)
{
    uint32_t index;

    lock_take(&frame_lock);
    index = chunk_take();
    lock_drop(&frame_lock);
    if (index == CHUNK_INDEX_NONE)
        return;
    if (host_map_chunk(paddr_of(chunk_mfn(index))) != 0) {
        lock_take(&frame_lock);
        chunk_free(index);
        lock_drop(&frame_lock);
        return;
    }
    lock_take(&heap_lock);
    chunk_fill(index);
    chunk_at(index)->state = CHUNK_HEAP;
    chunk_relist(index);
    free_pages += CHUNK_FRAMES;
    chunk_pages += CHUNK_FRAMES;
    lock_drop(&heap_lock);
}

/* Takes heap_lock, with COUNT pages and the reserve there if that can be had. */
static void lock_with_room(unsigned count)
{
    lock_take(&heap_lock);
    if (free_pages >= count + RESERVE_PAGES || is_growing)
        return;
    is_growing = true;
    lock_drop(&heap_lock);
    grow();
    lock_take(&heap_lock);
    is_growing = false;
}

static bool is_over(const struct domain *d, unsigned count)
{
    return d != NULL && (count > d->hyp_limit || d->hyp_pages > d->hyp_limit - count);
}

bool heap_can_charge(const struct domain *d, unsigned count)
{
    return !is_over(d, count);
}

int heap_charge(struct domain *d, unsigned count)
{
    int error = 0;

    if (d == NULL)
        return 0;
    lock_take(&heap_lock);
    if (is_over(d, count))
        error = -ENOMEM;
    else
        d->hyp_pages += count;
    lock_drop(&heap_lock);
    return error;
}

void heap_uncharge(struct domain *d, unsigned count)
{
    if (d == NULL)
        return;
    lock_take(&heap_lock);
    d->hyp_pages -= count;
    lock_drop(&heap_lock);
}

static bool is_free(mfn_t mfn)
{
    return frame_type_of(atomic_load(frame_entry(mfn))) == FRAME_FREE;
}

/* First of COUNT free pages in a row in chunk INDEX, or CHUNK_FRAMES. */
static uint32_t find_run(uint32_t index, unsigned count)
{
    uint32_t run = 0;

    for (uint32_t i = 0; i < CHUNK_FRAMES; i++) {
        run = is_free(mfn_add(chunk_mfn(index), i)) ? run + 1 : 0;
        if (run == count)
            return i + 1 - count;
    }
    return CHUNK_FRAMES;
}

/* Takes pages FIRST .. FIRST + COUNT out of chunk INDEX by building its free lists anew; the taken
 * ones count as dirty. */
static void take_run(uint32_t index, uint32_t first, unsigned count)
{
    struct chunk *chunk = chunk_at(index);

    chunk->head[0] = chunk->head[1] = CHUNK_NO_FRAME;
    chunk->count[0] = chunk->count[1] = 0;
    for (uint32_t i = CHUNK_FRAMES; i-- != 0;) {
        mfn_t mfn = mfn_add(chunk_mfn(index), i);
        uint64_t entry = atomic_load(frame_entry(mfn));

        if (i >= first && i < first + count)
            atomic_store(frame_entry(mfn), frame_make(FRAME_HELD, 0, 0));
        else if (frame_type_of(entry) == FRAME_FREE)
            chunk_push_frame(mfn, (entry & FRAME_FREE_CLEAN) != 0);
    }
    chunk_relist(index);
}

/* Takes COUNT pages; *IS_CLEAN says whether they are zero. False: there are none. */
static bool take_pages(unsigned count, mfn_t *mfn, bool *is_clean)
{
    uint32_t index = chunk_first(LIST_HEAP);

    if (index == CHUNK_INDEX_NONE)
        return false;
    if (count == 1) {
        *is_clean = chunk_at(index)->count[1] != 0;
        *mfn = chunk_pop_frame(index, *is_clean);
        return true;
    }
    for (; index != CHUNK_INDEX_NONE; index = chunk_at(index)->next) {
        uint32_t first = find_run(index, count);

        if (first != CHUNK_FRAMES) {
            take_run(index, first, count);
            *mfn = mfn_add(chunk_mfn(index), first);
            *is_clean = false;
            return true;
        }
    }
    return false;
}

void *heap_alloc(struct domain *d, unsigned count)
{
    uint64_t entry = frame_make(FRAME_HEAP, d != NULL ? d->id : FRAME_OWNER_ORPHAN, 0);
    bool is_clean;
    mfn_t mfn;
    char *pages;

    if (frame_should_fail())
        return NULL;
    lock_with_room(count);
    if (is_over(d, count) || !take_pages(count, &mfn, &is_clean)) {
        lock_drop(&heap_lock);
        return NULL;
    }
    for (unsigned i = 0; i < count; i++)
        atomic_store_explicit(frame_entry(mfn_add(mfn, i)), entry, memory_order_relaxed);
    free_pages -= count;
    used_pages += count;
    if (d != NULL)
        d->hyp_pages += count;
    lock_drop(&heap_lock);
    pages = heap_page(mfn);
    for (unsigned i = 0; i < count && !is_clean; i++)
        page_clear(pages + i * PAGE_SIZE);
    return pages;
}

void heap_free(struct domain *d, void *pages, unsigned count)
{
    mfn_t mfn = heap_mfn(pages);

    lock_take(&heap_lock);
    for (unsigned i = 0; i < count; i++) {
        BUG_ON(frame_type_of(atomic_load(frame_entry(mfn_add(mfn, i)))) != FRAME_HEAP);
        chunk_push_frame(mfn_add(mfn, i), false);
    }
    free_pages += count;
    used_pages -= count;
    if (d != NULL)
        d->hyp_pages -= count;
    lock_drop(&heap_lock);
}

/* A heap chunk that is wholly free and can be spared, off the list; CHUNK_INDEX_NONE. */
static uint32_t take_empty(void)
{
    uint32_t index = chunk_first(LIST_HEAP);

    if (free_pages < CHUNK_FRAMES + SPARE_PAGES || is_growing)
        return CHUNK_INDEX_NONE;
    while (index != CHUNK_INDEX_NONE &&
           chunk_at(index)->count[0] + chunk_at(index)->count[1] != (int)CHUNK_FRAMES)
        index = chunk_at(index)->next;
    if (index != CHUNK_INDEX_NONE) {
        chunk_at(index)->state = CHUNK_HELD;
        chunk_relist(index);
        free_pages -= CHUNK_FRAMES;
        chunk_pages -= CHUNK_FRAMES;
    }
    return index;
}

/* Gives back the chunk that left once every CPU has flushed. True: it still waits. */
static bool finish_leaving(void)
{
    uint32_t index;

    if (leaving == CHUNK_INDEX_NONE)
        return false;
    if (!host_flush_done(leaving_generation))
        return true;
    lock_take(&heap_lock);
    index = leaving;
    leaving = CHUNK_INDEX_NONE;
    lock_drop(&heap_lock);
    if (index == CHUNK_INDEX_NONE)
        return false;
    lock_take(&frame_lock);
    chunk_free(index);
    lock_drop(&frame_lock);
    return false;
}

bool heap_idle_step(void)
{
    uint32_t index;
    mfn_t mfn = MFN_NONE;

    if (finish_leaving())
        return true;
    lock_take(&heap_lock);
    index = leaving == CHUNK_INDEX_NONE ? take_empty() : CHUNK_INDEX_NONE;
    if (index != CHUNK_INDEX_NONE) {
        leaving_generation = host_unmap_chunk(paddr_of(chunk_mfn(index)));
        leaving = index;
    } else {
        index = chunk_first(LIST_HEAP);
        if (index != CHUNK_INDEX_NONE && chunk_at(index)->count[0] != 0)
            mfn = chunk_pop_frame(index, false);
    }
    lock_drop(&heap_lock);
    if (mfn_equal(mfn, MFN_NONE))
        return leaving != CHUNK_INDEX_NONE;
    page_clear(heap_page(mfn));
    lock_take(&heap_lock);
    chunk_push_frame(mfn, true);
    lock_drop(&heap_lock);
    return true;
}

uint64_t heap_used_pages(void)
{
    return used_pages;
}

uint64_t heap_chunk_pages(void)
{
    return chunk_pages;
}
