/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own pages. They come from heap chunks, which are mapped for good, and from what
 * is left of the image's chunk. The heap grows by a chunk when a page is wanted; an empty chunk
 * goes back to the frames when a CPU is idle. All of it under frame_lock.
 */
#include "core/heap.h"

#include "core/domain.h"
#include "core/frame_table.h"
#include "lib/errno.h"

/* An empty chunk is given back only if this many free pages remain without it. */
#define SPARE_PAGES 64u

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
    lock_take(&frame_lock);
    chunk_close(chunk_index_of(first), CHUNK_HEAP);
    for (uint64_t i = 0; i < count; i++)
        chunk_push_frame(mfn_add(first, i), false);
    chunk_totals.heap = count;
    lock_drop(&frame_lock);
}

bool heap_can_charge(const struct domain *d, unsigned count)
{
    return d == NULL || (count <= d->hyp_limit && d->hyp_pages <= d->hyp_limit - count);
}

/* Makes a chunk of frames a heap chunk. CHUNK_INDEX_NONE: there is none. */
static uint32_t grow(void)
{
    uint32_t index = chunk_any(LIST_FREE);

    if (index != CHUNK_INDEX_NONE) {
        host_map_ram(heap_page(chunk_mfn(index)), paddr_of(chunk_mfn(index)), PT_LEVEL_2M);
        chunk_open(index, CHUNK_HEAP);
        chunk_totals.heap += CHUNK_FRAMES;
    }
    return index;
}

/* First of COUNT free pages in a row in one heap chunk, or MFN_NONE. */
static mfn_t find_run(unsigned count)
{
    for (enum chunk_list list = LIST_HEAP; list <= LIST_HEAP_DIRTY; list++)
        for (uint32_t index = chunk_first(list); index != CHUNK_INDEX_NONE;
             index = chunk_at(index)->next) {
            const struct chunk *chunk = chunk_at(index);
            uint32_t run = 0, i;

            for (i = 0; chunk->count[0] + chunk->count[1] >= (int)count && i < CHUNK_FRAMES; i++) {
                mfn_t mfn = mfn_add(chunk_mfn(index), i);

                run = frame_type_of(frame_read(mfn)) == FRAME_FREE ? run + 1 : 0;
                if (run == count)
                    return (mfn_t){mfn.v + 1 - count};
            }
        }
    return MFN_NONE;
}

/* Takes COUNT pages, which count as dirty, by building their chunk's free lists anew. MFN_NONE:
 * there are none. */
static mfn_t take_run(unsigned count)
{
    mfn_t first = find_run(count);
    uint32_t index = mfn_equal(first, MFN_NONE) ? grow() : chunk_index_of(first);

    if (index == CHUNK_INDEX_NONE)
        return MFN_NONE;
    if (mfn_equal(first, MFN_NONE))
        first = chunk_mfn(index);
    chunk_close(index, CHUNK_HEAP);
    for (uint32_t i = CHUNK_FRAMES; i-- != 0;) {
        mfn_t mfn = mfn_add(chunk_mfn(index), i);
        uint64_t entry = frame_read(mfn);

        if (frame_type_of(entry) == FRAME_FREE && mfn.v - first.v >= count)
            chunk_push_frame(mfn, (entry & FRAME_FREE_CLEAN) != 0);
    }
    return first;
}

static mfn_t take_page(bool *is_clean)
{
    uint32_t index = chunk_any(LIST_HEAP);

    if (index == CHUNK_INDEX_NONE)
        index = grow();
    return index != CHUNK_INDEX_NONE ? chunk_pop_frame(index, is_clean) : MFN_NONE;
}

void *heap_alloc(struct domain *d, unsigned count)
{
    bool is_clean = false;
    mfn_t mfn = MFN_NONE;

    if (frame_should_fail())
        return NULL;
    lock_take(&frame_lock);
    if (heap_can_charge(d, count))
        mfn = count == 1 ? take_page(&is_clean) : take_run(count);
    if (mfn_equal(mfn, MFN_NONE)) {
        lock_drop(&frame_lock);
        return NULL;
    }
    for (unsigned i = 0; i < count; i++)
        frame_write(mfn_add(mfn, i), frame_make(FRAME_HEAP, FRAME_OWNER_ORPHAN, FRAME_REF));
    if (d != NULL)
        d->hyp_pages += count;
    lock_drop(&frame_lock);
    for (unsigned i = 0; i < count && !is_clean; i++)
        page_clear(heap_page(mfn_add(mfn, i)));
    return heap_page(mfn);
}

int heap_alloc_table(void *d, mfn_t *table)
{
    void *page = heap_alloc(d, 1);

    if (page == NULL)
        return -ENOMEM;
    *table = heap_mfn(page);
    return 0;
}

void heap_free(struct domain *d, void *pages, unsigned count)
{
    mfn_t mfn = heap_mfn(pages);

    if (pages == NULL)
        return;
    lock_take(&frame_lock);
    for (unsigned i = 0; i < count; i++)
        if (frame_let_go(mfn_add(mfn, i), FRAME_HEAP, FRAME_OWNER_ORPHAN))
            chunk_push_frame(mfn_add(mfn, i), false);
    if (d != NULL)
        d->hyp_pages -= count;
    lock_drop(&frame_lock);
}

/* Begins to give back a chunk that is wholly free, if one can be spared. */
static void begin_leaving(void)
{
    uint64_t count = chunk_free_frames[CHUNK_HEAP][0] + chunk_free_frames[CHUNK_HEAP][1];
    mfn_t first = count < CHUNK_FRAMES + SPARE_PAGES ? MFN_NONE : find_run(CHUNK_FRAMES);

    if (mfn_equal(first, MFN_NONE))
        return;
    leaving = chunk_index_of(first);
    chunk_close(leaving, CHUNK_HELD);
    leaving_generation = host_unmap_chunk(paddr_of(first));
    chunk_totals.heap -= CHUNK_FRAMES;
}

bool heap_idle_step(void)
{
    bool is_leaving;

    lock_take(&frame_lock);
    if (leaving != CHUNK_INDEX_NONE && host_flush_done(leaving_generation)) {
        chunk_free(leaving);
        leaving = CHUNK_INDEX_NONE;
    }
    if (leaving == CHUNK_INDEX_NONE)
        begin_leaving();
    is_leaving = leaving != CHUNK_INDEX_NONE;
    lock_drop(&frame_lock);
    return is_leaving;
}
