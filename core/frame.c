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
/* Pages in quarantine with which a release looks who has flushed; idle CPUs do it with fewer. */
#define QUARANTINE_MANY 64u
#define LOW_CHUNKS      ((UINT64_C(1) << 32) >> CHUNK_SHIFT)
#define ORDER_CHUNK     (CHUNK_SHIFT - PAGE_SHIFT)

static bool can_charge(const struct domain *d, uint64_t pages)
{
    return atomic_load(&d->state) < DOMAIN_DYING && pages <= d->max_pages &&
           d->tot_pages <= d->max_pages - pages;
}

/* Takes a free frame off the lists; *IS_CLEAN: it need not be cleared. */
static int take_frame(mfn_t *mfn, bool *is_clean)
{
    uint32_t index = chunk_any(LIST_SPLIT), whole = chunk_first(LIST_FREE);

    /* What is clean goes first, even if a chunk has to be opened for it. */
    if (index == CHUNK_INDEX_NONE ||
        (chunk_at(index)->count[1] == 0 && whole != CHUNK_INDEX_NONE)) {
        index = chunk_any(LIST_FREE);
        if (index == CHUNK_INDEX_NONE)
            return -ENOMEM;
        chunk_open(index, CHUNK_SPLIT);
    }
    *mfn = chunk_pop_frame(index, is_clean);
    return 0;
}

/* Makes the FREE chunk INDEX, or none, one unit of D's; *IS_CLEAN as above. */
static int take_chunk(struct domain *d, uint32_t index, mfn_t *mfn, bool *is_clean)
{
    if (index == CHUNK_INDEX_NONE)
        return -ENOMEM;
    *mfn = chunk_mfn(index);
    *is_clean = chunk_at(index)->count[0] == 0;
    chunk_at(index)->owner = d->id;
    chunk_close(index, CHUNK_LARGE);
    return 0;
}

int frame_alloc_contiguous(struct domain *d, uint64_t chunks, mfn_t *mfn)
{
    uint32_t end = (uint32_t)(frame_max_mfn / CHUNK_FRAMES), run = 0, index;
    int error = -ENOMEM;
    bool is_clean;

    lock_take(&frame_lock);
    for (index = 0; index < end && index < LOW_CHUNKS && run < chunks; index++)
        run = chunk_at(index)->state == CHUNK_FREE ? run + 1 : 0;
    if (run == chunks && can_charge(d, chunks * CHUNK_FRAMES)) {
        for (uint32_t i = index; i-- != index - run;)
            error = take_chunk(d, i, mfn, &is_clean);
        d->tot_pages += chunks * CHUNK_FRAMES;
    }
    lock_drop(&frame_lock);
    if (error == 0)
        frame_clear(*mfn, (uint32_t)(chunks * CHUNK_FRAMES));
    return error;
}

/* Allocates guest memory, or a frame of type PRIVATE: charged, and clean. */
static ALWAYS_INLINE int allocate(struct domain *d, unsigned order, enum frame_type type,
                                  mfn_t *mfn)
{
    bool is_private = type == FRAME_PRIVATE, is_clean = true, can_have;
    int error = -ENOMEM;

    if (frame_should_fail())
        return -ENOMEM;
    lock_take(&frame_lock);
    can_have = is_private ? heap_can_charge(d, 1) : can_charge(d, UINT64_C(1) << order);
    if (can_have && order == ORDER_CHUNK)
        error = take_chunk(d, chunk_any(LIST_FREE), mfn, &is_clean);
    else if (can_have && order == 0)
        error = take_frame(mfn, &is_clean);
    if (error == 0 && is_private) {
        frame_write(*mfn, frame_make(FRAME_PRIVATE, FRAME_OWNER_ORPHAN, 0));
        if (d != NULL)
            d->hyp_pages++;
    } else if (error == 0) {
        if (order == 0)
            frame_write(*mfn, frame_make(FRAME_RAM, d->id, FRAME_REF));
        d->tot_pages += UINT64_C(1) << order;
    }
    lock_drop(&frame_lock);
    if (!is_clean)
        frame_clear(*mfn, 1u << order);
    return error;
}

int frame_alloc(struct domain *d, unsigned order, mfn_t *mfn)
{
    return allocate(d, order, FRAME_RAM, mfn);
}

int frame_alloc_private(struct domain *d, mfn_t *mfn)
{
    return allocate(d, 0, FRAME_PRIVATE, mfn);
}

void frame_assign_boot(struct domain *d, mfn_t first, uint64_t count)
{
    lock_take(&frame_lock);
    for (uint64_t i = 0; i < count; i++) {
        mfn_t mfn = mfn_add(first, i);

        BUG_ON(frame_type_of(atomic_load(frame_entry(mfn))) != FRAME_HELD);
        frame_write(mfn, frame_make(FRAME_RAM, d->id, FRAME_REF));
    }
    d->tot_pages += count;
    lock_drop(&frame_lock);
}

void frame_free_private(struct domain *d, mfn_t mfn)
{
    lock_take(&frame_lock);
    BUG_ON(frame_type_of(frame_read(mfn)) != FRAME_PRIVATE);
    chunk_push_frame(mfn, false);
    d->hyp_pages--;
    lock_drop(&frame_lock);
}

/* Gives every frame of a chunk that is one unit an entry. */
static void expand(uint32_t index)
{
    for (uint32_t i = 0; i < CHUNK_FRAMES; i++)
        frame_write(mfn_add(chunk_mfn(index), i),
                    frame_make(FRAME_RAM, chunk_at(index)->owner, FRAME_REF));
    chunk_close(index, CHUNK_SPLIT);
}

/* True if MFN is OWNER's and has an entry of its own, made here if need be. */
static bool has_entry(mfn_t mfn, uint16_t owner)
{
    const struct chunk *chunk = chunk_of(mfn);
    uint64_t entry;

    lock_take(&frame_lock);
    if (chunk->state == CHUNK_LARGE && chunk->owner == owner)
        expand(chunk_index_of(mfn));
    entry = frame_read(mfn);
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

void frame_hold(mfn_t mfn)
{
    atomic_fetch_add(frame_entry(mfn), FRAME_REF + FRAME_WRITE_REF);
}

bool frame_let_go(mfn_t mfn, enum frame_type was, uint16_t owner)
{
    _Atomic uint64_t *entry = frame_entry(mfn);
    uint64_t value = atomic_load(entry), next;

    BUG_ON(value >> FRAME_OWNER_SHIFT != frame_make(was, owner, 0) >> FRAME_OWNER_SHIFT);
    do
        next = frame_make(FRAME_RELEASED, owner, (value & FRAME_COUNTS_MASK) - FRAME_REF);
    while (!atomic_compare_exchange_weak(entry, &value, next));
    return (next & FRAME_REF_MASK) == 0;
}

static void release_frame(struct domain *d, mfn_t mfn)
{
    if (frame_let_go(mfn, FRAME_RAM, d->id))
        quarantine_frame(d, mfn);
}

void frame_release(struct domain *d, mfn_t mfn, unsigned order)
{
    uint32_t index = chunk_index_of(mfn);
    const struct chunk *chunk = chunk_at(index);

    lock_take(&frame_lock);
    if (d->quarantine_pages >= QUARANTINE_MANY)
        quarantine_poll(d);
    if (order == ORDER_CHUNK && chunk->state == CHUNK_LARGE) {
        BUG_ON(chunk->owner != d->id);
        quarantine_chunk(d, index);
    } else {
        if (chunk->state == CHUNK_LARGE)
            expand(index);
        for (uint32_t i = 0; i < 1u << order; i++)
            release_frame(d, mfn_add(mfn, i));
    }
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
    uint64_t end = (frame_max_mfn + CHUNK_FRAMES - 1) / CHUNK_FRAMES;
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

struct domain *frame_owner(mfn_t mfn)
{
    uint16_t owner = FRAME_OWNER_ORPHAN;

    if (mfn.v >= HOST_MFN_MAX)
        return NULL;
    lock_take(&frame_lock);
    if (chunk_of(mfn)->state == CHUNK_LARGE)
        owner = chunk_of(mfn)->owner;
    else if (frame_type_of(frame_read(mfn)) == FRAME_RAM)
        owner = frame_owner_of(frame_read(mfn));
    lock_drop(&frame_lock);
    return domain_by_id(owner);
}

bool frame_is_ram(mfn_t mfn)
{
    const struct chunk *chunk = chunk_of(mfn);

    if (mfn.v >= HOST_MFN_MAX)
        return false;
    if (chunk->state == CHUNK_SPLIT || chunk->state == CHUNK_HEAP)
        return frame_type_of(frame_read(mfn)) != FRAME_NONE;
    return chunk->state != CHUNK_NONE;
}
