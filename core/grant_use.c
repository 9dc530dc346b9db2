/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol of a version 1 entry (grant_table.h): the granter writes it at any time, and must
 * see in its flags, from one atomic operation on, that it is in use. Counts of uses are ours. The
 * entry is read once for each attempt, as one 64-bit word.
 */
#include "core/domain.h"
#include "lib/errno.h"
#include "pv-abi/grant_table.h"

/* Attempts against a granter that changes the entry all the time. */
#define ATTEMPTS 4

/* Where flags, domid and frame lie in the word that an entry is. */
#define ENTRY_FLAGS(word) ((uint16_t)(word))
#define ENTRY_DOMID(word) ((uint16_t)((word) >> 16))
#define ENTRY_FRAME(word) ((word) >> 32)

/* Sets GTF_reading, and GTF_writing, on the entry if it permits that to USER. *WORD: what it then
 * says. */
static int16_t mark_entry(uint64_t *entry, uint16_t user, bool is_write, uint64_t *word)
{
    uint64_t old = __atomic_load_n(entry, __ATOMIC_SEQ_CST);
    uint64_t mark = GTF_reading | (is_write ? GTF_writing : 0u);

    for (int i = 0; i < ATTEMPTS; i++) {
        if ((ENTRY_FLAGS(old) & (GTF_type_mask | GTF_sub_page)) != GTF_permit_access ||
            ENTRY_DOMID(old) != user || (is_write && ENTRY_FLAGS(old) & GTF_readonly))
            return GNTST_general_error;
        *word = old | mark;
        if (__atomic_compare_exchange_n(entry, &old, *word, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            return GNTST_okay;
    }
    return GNTST_general_error;
}

/* Takes back the marks that no use justifies. */
static void unmark_entry(uint64_t *entry, const struct grant_active *active)
{
    uint64_t clear = 0;

    if (!active->writers)
        clear |= GTF_writing;
    if (!active->writers && !active->readers)
        clear |= GTF_reading;
    if (clear)
        __atomic_fetch_and(entry, ~clear, __ATOMIC_SEQ_CST);
}

/* The frame behind a marked entry: the one in use already, or what the entry names. */
static int find_frame(const struct domain *granter, const struct grant_active *active,
                      uint64_t word, bool is_write, mfn_t *mfn)
{
    if (likely(!active->readers && !active->writers))
        return p2m_find_ram(granter, (gfn_t){ENTRY_FRAME(word)}, is_write, mfn);
    *mfn = active->frame;
    return frame_owner(*mfn) == granter ? 0 : -EINVAL;
}

int16_t grant_begin(struct domain *granter, uint32_t ref, uint16_t user, bool is_write, mfn_t *mfn)
{
    struct grant_page *page;
    struct grant_active *active;
    uint64_t *entry, word;
    uint16_t *uses;
    int16_t status;

    if (atomic_load(&granter->state) >= DOMAIN_DYING)
        return GNTST_bad_domain;
    if (ref >= granter->grants.frame_count * GRANT_REFS_IN_FRAME)
        return GNTST_bad_gntref;
    ref = (uint32_t)index_below(ref, GRANT_FRAMES_MAX * GRANT_REFS_IN_FRAME);
    page = granter->grants.slots->frame[ref / GRANT_REFS_IN_FRAME];
    entry = &page->entry[ref % GRANT_REFS_IN_FRAME];
    active = &page->active[ref % GRANT_REFS_IN_FRAME];
    uses = is_write ? &active->writers : &active->readers;
    if (*uses == UINT16_MAX || ((active->readers || active->writers) && active->domid != user))
        return GNTST_general_error;
    status = mark_entry(entry, user, is_write, &word);
    if (status != GNTST_okay)
        return status;
    if (find_frame(granter, active, word, is_write, mfn)) {
        unmark_entry(entry, active);
        return GNTST_bad_page;
    }
    active->frame = *mfn;
    active->domid = user;
    (*uses)++;
    return GNTST_okay;
}

void grant_end(struct domain *granter, uint32_t ref, bool is_write)
{
    struct grant_page *page = granter->grants.slots->frame[ref / GRANT_REFS_IN_FRAME];
    struct grant_active *active = &page->active[ref % GRANT_REFS_IN_FRAME];

    if (is_write)
        active->writers--;
    else
        active->readers--;
    unmark_entry(&page->entry[ref % GRANT_REFS_IN_FRAME], active);
}

int16_t grant_use_begin(struct domain *granter, uint32_t ref, uint16_t user, bool is_write,
                        mfn_t *mfn)
{
    int16_t status;

    lock_take(&granter->grants.lock);
    lock_take(&granter->p2m.lock);
    status = grant_begin(granter, ref, user, is_write, mfn);
    if (status == GNTST_okay && frame_get(*mfn, granter, is_write)) {
        grant_end(granter, ref, is_write);
        status = GNTST_bad_page;
    }
    lock_drop(&granter->p2m.lock);
    lock_drop(&granter->grants.lock);
    return status;
}

void grant_use_end(struct domain *granter, uint32_t ref, bool is_write, mfn_t mfn)
{
    lock_take(&granter->grants.lock);
    grant_end(granter, ref, is_write);
    lock_drop(&granter->grants.lock);
    frame_put(mfn, is_write);
}
