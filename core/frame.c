/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames: allocation, owners and references, quarantine. References are taken and dropped by
 * compare-and-swap on the entry, without a lock; everything else is under frame_lock. A chunk that
 * is one unit gets entries of its own when the first reference on one of its frames is taken.
 */
#include "core/frame.h"

#include "core/domain.h"
#include "core/frame_table.h"
#include "core/heap.h"
#include "core/log.h"
#include "lib/errno.h"

#define DESTROY_CHUNKS 64u /* chunks that one step of destruction looks at */
#define LOW_CHUNKS     ((UINT64_C(1) << 32) >> CHUNK_SHIFT)
#define ORDER_CHUNK    (CHUNK_SHIFT - PAGE_SHIFT)
#define ORDER_1G       18u

static _Atomic uint32_t fail_after;

void frame_fail_after(uint32_t n)
{
    atomic_store(&fail_after, n);
}

bool frame_should_fail(void)
{
    if (likely(atomic_load_explicit(&fail_after, memory_order_relaxed) == 0))
        return false;
    return atomic_fetch_sub(&fail_after, 1) == 1;
}

static void set_entry(mfn_t mfn, uint64_t value)
{
    atomic_store_explicit(frame_entry(mfn), value, memory_order_relaxed);
}

static bool can_charge(const struct domain *d, uint64_t pages)
{
    uint32_t state = atomic_load(&d->state);

    return state != DOMAIN_DYING && state != DOMAIN_DEAD && pages <= d->max_pages &&
           d->tot_pages <= d->max_pages - pages;
}

/* Takes a free frame off the lists; *IS_CLEAN says whether it must be cleared. */
static int take_frame(mfn_t *mfn, bool *is_clean)
{
    static const enum chunk_list order[] = {LIST_MIXED, LIST_CLEAN, LIST_DIRTY};
    uint32_t index = CHUNK_INDEX_NONE;

    for (unsigned i = 0; i < ARRAY_SIZE(order) && index == CHUNK_INDEX_NONE; i++)
        index = chunk_first(order[i]);
    if (index == CHUNK_INDEX_NONE) {
        index = chunk_first(LIST_FREE_CLEAN);
        if (index == CHUNK_INDEX_NONE)
            index = chunk_first(LIST_FREE_DIRTY);
        if (index == CHUNK_INDEX_NONE)
            return -ENOMEM;
        chunk_split(index);
    }
    *is_clean = chunk_at(index)->count[1] != 0;
    *mfn = chunk_pop_frame(index, *is_clean);
    return 0;
}

static void become_large(struct domain *d, uint32_t index)
{
    struct chunk *chunk = chunk_at(index);

    chunk->owner = d->id;
    chunk->state = CHUNK_LARGE;
    d->tot_pages += CHUNK_FRAMES;
}

/* Chunks in a row: where they may lie, in chunks, and whether dirty ones will do. */
struct run {
    uint64_t align, limit;
    bool must_be_clean;
};

/* The first of COUNT FREE chunks in a row as WANTED says; its limit: none. */
static uint64_t find_run(uint64_t count, const struct run *wanted)
{
    uint64_t first = 0, limit = wanted->limit, align = wanted->align;

    while (count <= limit && first <= limit - count) {
        uint64_t run = 0;

        while (
            run < count && chunk_at((uint32_t)(first + run))->state == CHUNK_FREE &&
            (!wanted->must_be_clean || chunk_at((uint32_t)(first + run))->scrubbed == CHUNK_FRAMES))
            run++;
        if (run == count)
            return first;
        first = (first + run + align) / align * align;
    }
    return limit;
}

/* COUNT chunks in a row for D. Dirty ones are cleared here. */
static int alloc_run(struct domain *d, uint64_t count, const struct run *wanted, mfn_t *mfn)
{
    uint64_t first;

    lock_take(&frame_lock);
    first = find_run(count, wanted);
    if (first == wanted->limit || !can_charge(d, count * CHUNK_FRAMES)) {
        lock_drop(&frame_lock);
        return -ENOMEM;
    }
    for (uint64_t i = first; i < first + count; i++) {
        chunk_hold((uint32_t)i);
        become_large(d, (uint32_t)i);
    }
    lock_drop(&frame_lock);
    for (uint64_t i = first; i < first + count; i++)
        chunk_clear((uint32_t)i);
    *mfn = chunk_mfn((uint32_t)first);
    return 0;
}

int frame_alloc_contiguous(struct domain *d, uint64_t chunks, mfn_t *mfn)
{
    uint64_t limit = frame_max_mfn() / CHUNK_FRAMES;
    struct run low = {.align = 1, .limit = limit < LOW_CHUNKS ? limit : LOW_CHUNKS};

    return alloc_run(d, chunks, &low, mfn);
}

static int alloc_chunk(struct domain *d, mfn_t *mfn)
{
    uint32_t index = CHUNK_INDEX_NONE;

    lock_take(&frame_lock);
    if (can_charge(d, CHUNK_FRAMES))
        index = chunk_take();
    if (index != CHUNK_INDEX_NONE)
        become_large(d, index);
    lock_drop(&frame_lock);
    if (index == CHUNK_INDEX_NONE)
        return -ENOMEM;
    chunk_clear(index);
    *mfn = chunk_mfn(index);
    return 0;
}

int frame_alloc(struct domain *d, unsigned order, mfn_t *mfn)
{
    struct run large = {CHUNK_FRAMES, frame_max_mfn() / CHUNK_FRAMES, .must_be_clean = true};
    bool is_clean = true;
    int error = -ENOMEM;

    if (frame_should_fail())
        return -ENOMEM;
    if (order == ORDER_1G)
        return alloc_run(d, CHUNK_FRAMES, &large, mfn);
    if (order == ORDER_CHUNK)
        return alloc_chunk(d, mfn);
    lock_take(&frame_lock);
    if (can_charge(d, 1))
        error = take_frame(mfn, &is_clean);
    if (error == 0) {
        d->tot_pages++;
        set_entry(*mfn, frame_make(FRAME_RAM, d->id, FRAME_REF));
    }
    lock_drop(&frame_lock);
    if (!is_clean)
        frame_clear(*mfn);
    return error;
}

void frame_assign_boot(struct domain *d, mfn_t first, uint64_t count)
{
    lock_take(&frame_lock);
    for (uint64_t i = 0; i < count; i++) {
        mfn_t mfn = mfn_add(first, i);

        BUG_ON(frame_type_of(atomic_load(frame_entry(mfn))) != FRAME_HELD);
        set_entry(mfn, frame_make(FRAME_RAM, d->id, FRAME_REF));
    }
    d->tot_pages += count;
    lock_drop(&frame_lock);
}

int frame_alloc_private(struct domain *d, mfn_t *mfn)
{
    bool is_clean = true;
    int error = -ENOMEM;

    if (frame_should_fail() || heap_charge(d, 1) != 0)
        return -ENOMEM;
    lock_take(&frame_lock);
    error = take_frame(mfn, &is_clean);
    if (error == 0)
        set_entry(*mfn, frame_make(FRAME_PRIVATE, d != NULL ? d->id : FRAME_OWNER_ORPHAN, 0));
    lock_drop(&frame_lock);
    if (error != 0)
        heap_uncharge(d, 1);
    else if (!is_clean)
        frame_clear(*mfn);
    return error;
}

void frame_free_private(struct domain *d, mfn_t mfn)
{
    lock_take(&frame_lock);
    BUG_ON(frame_type_of(atomic_load(frame_entry(mfn))) != FRAME_PRIVATE);
    chunk_push_frame(mfn, false);
    lock_drop(&frame_lock);
    heap_uncharge(d, 1);
}

/* Gives every frame of a chunk that is one unit an entry. */
static void expand(uint32_t index)
{
    struct chunk *chunk = chunk_at(index);

    for (uint32_t i = 0; i < CHUNK_FRAMES; i++)
        set_entry(mfn_add(chunk_mfn(index), i), frame_make(FRAME_RAM, chunk->owner, FRAME_REF));
    chunk->head[0] = chunk->head[1] = CHUNK_NO_FRAME;
    chunk->count[0] = chunk->count[1] = 0;
    chunk->state = CHUNK_SPLIT;
}

/* True if MFN is OWNER's and has an entry of its own, made here if need be. */
static bool has_entry(mfn_t mfn, uint16_t owner)
{
    const struct chunk *chunk = chunk_of(mfn);
    uint64_t entry;

    lock_take(&frame_lock);
    if (chunk->state == CHUNK_LARGE && chunk->owner == owner)
        expand(chunk_index_of(mfn));
    entry = atomic_load_explicit(frame_entry(mfn), memory_order_relaxed);
    lock_drop(&frame_lock);
    return entry >> FRAME_OWNER_SHIFT == frame_make(FRAME_RAM, owner, 0) >> FRAME_OWNER_SHIFT;
}

int frame_get(mfn_t mfn, const struct domain *owner, bool is_write)
{
    uint64_t wanted = frame_make(FRAME_RAM, owner->id, 0) >> FRAME_OWNER_SHIFT;
    uint64_t add = is_write ? FRAME_REF + FRAME_WRITE_REF : FRAME_REF;
    _Atomic uint64_t *entry = frame_entry(mfn);
    uint64_t value;

    if (mfn.v >= HOST_MFN_MAX)
        return -EINVAL;
    value = atomic_load_explicit(entry, memory_order_relaxed);
    for (;;) {
        if (unlikely(value >> FRAME_OWNER_SHIFT != wanted)) {
            if (!has_entry(mfn, owner->id))
                return -EINVAL;
            value = atomic_load_explicit(entry, memory_order_relaxed);
            continue;
        }
        if (unlikely((value & FRAME_REF_MASK) == FRAME_REF_MASK))
            return -EINVAL;
        if (atomic_compare_exchange_weak(entry, &value, value + add))
            return 0;
    }
}

/* The last reference of others on a frame whose owner let go of it earlier. */
static void last_put(mfn_t mfn)
{
    uint16_t owner;

    lock_take(&frame_lock);
    owner = frame_owner_of(atomic_load(frame_entry(mfn)));
    if (owner == FRAME_OWNER_ORPHAN)
        chunk_push_frame(mfn, false);
    else
        quarantine_frame(domain_by_id(owner), mfn);
    lock_drop(&frame_lock);
}

void frame_put(mfn_t mfn, bool is_write)
{
    uint64_t less = is_write ? FRAME_REF + FRAME_WRITE_REF : FRAME_REF;
    uint64_t before = atomic_fetch_sub(frame_entry(mfn), less);

    BUG_ON((before & FRAME_REF_MASK) == 0);
    if ((before & FRAME_REF_MASK) == 1)
        last_put(mfn);
}

static void release_frame(struct domain *d, mfn_t mfn)
{
    _Atomic uint64_t *entry = frame_entry(mfn);
    uint64_t value = atomic_load(entry), next;

    BUG_ON(value >> FRAME_OWNER_SHIFT != frame_make(FRAME_RAM, d->id, 0) >> FRAME_OWNER_SHIFT);
    do
        next = frame_make(FRAME_RELEASED, d->id, (value & FRAME_COUNTS_MASK) - FRAME_REF);
    while (!atomic_compare_exchange_weak(entry, &value, next));
    if ((next & FRAME_REF_MASK) == 0)
        quarantine_frame(d, mfn);
}

static void release_chunk(struct domain *d, uint32_t index)
{
    const struct chunk *chunk = chunk_at(index);

    if (chunk->state == CHUNK_LARGE) {
        BUG_ON(chunk->owner != d->id);
        quarantine_chunk(d, index);
        return;
    }
    for (uint32_t i = 0; i < CHUNK_FRAMES; i++)
        release_frame(d, mfn_add(chunk_mfn(index), i));
}

void frame_release(struct domain *d, mfn_t mfn, unsigned order)
{
    uint32_t index = chunk_index_of(mfn);

    lock_take(&frame_lock);
    if (order == 0) {
        if (chunk_at(index)->state == CHUNK_LARGE)
            expand(index);
        release_frame(d, mfn);
    } else {
        for (uint32_t i = 0; i < 1u << (order - ORDER_CHUNK); i++)
            release_chunk(d, index + i);
    }
    quarantine_poll(d);
    lock_drop(&frame_lock);
}

/* Chunk INDEX of a domain that dies: what D still owns in it is freed, or left to those who hold
 * it. */
static void orphan_chunk(struct domain *d, uint32_t index)
{
    struct chunk *chunk = chunk_at(index);

    if (chunk->state == CHUNK_LARGE && chunk->owner == d->id)
        quarantine_chunk(d, index);
    if (chunk->state != CHUNK_SPLIT)
        return;
    for (uint32_t i = 0; i < CHUNK_FRAMES; i++) {
        mfn_t mfn = mfn_add(chunk_mfn(index), i);
        _Atomic uint64_t *entry = frame_entry(mfn);
        uint64_t value = atomic_load(entry);

        if (frame_owner_of(value) != d->id)
            continue;
        if (frame_type_of(value) == FRAME_RAM) {
            release_frame(d, mfn);
            value = atomic_load(entry);
        }
        /* A count of 0 is a last_put() that waits for the lock: it finds an orphan. */
        if (frame_type_of(value) == FRAME_RELEASED && frame_owner_of(value) == d->id) {
            while (!atomic_compare_exchange_weak(
                entry, &value,
                frame_make(FRAME_RELEASED, FRAME_OWNER_ORPHAN, value & FRAME_COUNTS_MASK)))
                ;
            d->tot_pages--;
        }
    }
}

int frame_destroy_step(struct domain *d)
{
    uint64_t end = (frame_max_mfn() + CHUNK_FRAMES - 1) / CHUNK_FRAMES;
    int result = 0;

    lock_take(&frame_lock);
    quarantine_poll(d);
    for (unsigned i = 0; i < DESTROY_CHUNKS && d->tot_pages != 0; i++) {
        if (d->quarantine.destroy_cursor == end)
            d->quarantine.destroy_cursor = 0;
        orphan_chunk(d, d->quarantine.destroy_cursor++);
    }
    if (d->tot_pages != 0 || d->quarantine_pages != 0)
        result = 1;
    lock_drop(&frame_lock);
    return result;
}

void frame_refs(mfn_t mfn, uint32_t *refs, uint32_t *writable)
{
    uint64_t value = mfn.v < HOST_MFN_MAX ? atomic_load(frame_entry(mfn)) : 0;
    enum frame_type type = frame_type_of(value);

    *refs = *writable = 0;
    if (type == FRAME_RAM || type == FRAME_RELEASED) {
        *refs = (uint32_t)(value & FRAME_REF_MASK);
        *writable = (uint32_t)(value >> FRAME_WRITE_SHIFT & FRAME_REF_MASK);
    } else if (mfn.v < HOST_MFN_MAX && chunk_of(mfn)->state == CHUNK_LARGE) {
        *refs = 1;
    }
}

struct domain *frame_owner(mfn_t mfn)
{
    struct domain *d = NULL;
    uint64_t entry;

    if (mfn.v >= HOST_MFN_MAX)
        return NULL;
    lock_take(&frame_lock);
    entry = atomic_load(frame_entry(mfn));
    if (chunk_of(mfn)->state == CHUNK_LARGE)
        d = domain_by_id(chunk_of(mfn)->owner);
    else if (frame_type_of(entry) == FRAME_RAM)
        d = domain_by_id(frame_owner_of(entry));
    lock_drop(&frame_lock);
    return d;
}

bool frame_is_ram(mfn_t mfn)
{
    const struct chunk *chunk;

    if (mfn.v >= HOST_MFN_MAX)
        return false;
    chunk = chunk_of(mfn);
    if (chunk->state == CHUNK_SPLIT || chunk->state == CHUNK_HEAP)
        return frame_type_of(atomic_load(frame_entry(mfn))) != FRAME_NONE;
    return chunk->state != CHUNK_NONE;
}
