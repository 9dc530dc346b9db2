/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests' TLBs: each CPU keeps, for each vCPU, what it once found in the nested tables, until that
 * vCPU's flush. And the record of stores and loads. */
#include "tests/fake/fake_memory.h"

#include <string.h>

#include "arch/x86/percpu.h"
#include "core/domain.h"
#include "core/frame_table.h"
#include "lib/errno.h"

#define TLB_ENTRIES 256u

static FAKE_LOCAL struct {
    const struct vcpu *v; /* NULL: empty */
    uint32_t cpu;
    gfn_t gfn;
    mfn_t mfn;
    bool is_writable;
} tlb[TLB_ENTRIES];
static FAKE_LOCAL unsigned tlb_next;

bool fake_tlb_ignores_flushes;
_Atomic unsigned fake_tlb_violations;

void fake_tlb_flush(struct vcpu *v)
{
    if (fake_tlb_ignores_flushes)
        return;
    for (unsigned i = 0; i < TLB_ENTRIES; i++)
        if (tlb[i].v == v && tlb[i].cpu == this_cpu()->id)
            tlb[i].v = NULL;
}

void fake_tlb_load(struct vcpu *v)
{
    uint64_t here = this_cpu()->id + UINT64_C(1);

    if (v->arch.asid_gen != here)
        for (unsigned i = 0; i < TLB_ENTRIES; i++)
            if (tlb[i].v == v)
                tlb[i].v = NULL;
    v->arch.asid_gen = here;
}

void fake_load(struct vcpu *v)
{
    struct percpu *percpu = this_cpu();

    percpu->current = v;
    /* What other CPUs have of V ends here: back there it gets another address space number. */
    for (unsigned i = 0; i < TLB_ENTRIES; i++)
        if (v != NULL && tlb[i].v == v && tlb[i].cpu != percpu->id)
            tlb[i].v = NULL;
    window_switch(v != NULL ? &v->window : &percpu->idle_window);
    atomic_store(&percpu->cpu->loaded_gen, 0);
    atomic_store(&percpu->cpu->loaded, v != NULL ? v->domain : NULL);
}

/* Whether a guest of D may still reach MFN: it is D's, or nobody's yet. It looks without the locks:
 * while the TLB has the frame, nothing may change that makes the answer false. */
static __attribute__((no_sanitize("thread"))) bool is_legal(const struct domain *d, mfn_t mfn)
{
    uint64_t entry = atomic_load(frame_entry(mfn));
    const struct chunk *chunk = chunk_of(mfn);

    if (chunk->state == CHUNK_LARGE)
        return chunk->owner == d->id;
    if (chunk->state == CHUNK_QUARANTINED)
        return true;
    if (chunk->state == CHUNK_HEAP)
        return frame_type_of(entry) == FRAME_HEAP || frame_type_of(entry) == FRAME_RELEASED;
    if (chunk->state != CHUNK_SPLIT)
        return false;
    switch (frame_type_of(entry)) {
    case FRAME_RAM:
        /* Another's, by a grant or as a foreign frame: the mapper holds a reference. */
        return frame_owner_of(entry) == d->id || (entry & FRAME_REF_MASK) > 1;
    case FRAME_RELEASED:
    case FRAME_QUARANTINED:
        return true;
    default:
        return false;
    }
}

/* Guests may race for what they share. */
static __attribute__((no_sanitize("thread"))) int access_by(unsigned i, bool is_write,
                                                            uint8_t *value)
{
    if (!is_legal(tlb[i].v->domain, tlb[i].mfn)) {
        fake_tlb_violations++;
        return 0;
    }
    if (is_write)
        *fake_frame(tlb[i].mfn) = *value;
    else
        *value = *fake_frame(tlb[i].mfn);
    return 0;
}

int fake_guest_access_inside(gfn_t gfn, bool is_write, uint8_t *value)
{
    const struct vcpu *v = this_cpu()->current;
    struct p2m_entry entry;
    unsigned i;

    for (i = 0; i < TLB_ENTRIES; i++)
        if (tlb[i].v == v && tlb[i].cpu == this_cpu()->id && gfn_equal(tlb[i].gfn, gfn) &&
            (tlb[i].is_writable || !is_write))
            return access_by(i, is_write, value);
    entry = p2m_get(v->domain, gfn);
    if (entry.type == P2M_NONE || (is_write && !entry.is_writable))
        return -EFAULT;
    i = tlb_next++ % TLB_ENTRIES;
    tlb[i].v = v;
    tlb[i].cpu = this_cpu()->id;
    tlb[i].gfn = gfn;
    tlb[i].mfn = entry.mfn;
    tlb[i].is_writable = entry.is_writable;
    return access_by(i, is_write, value);
}

int fake_guest_access(gfn_t gfn, bool is_write, uint8_t *value)
{
    p2m_enter(this_cpu()->current);
    return fake_guest_access_inside(gfn, is_write, value);
}

struct fake_store fake_history[FAKE_HISTORY_MAX];
unsigned fake_history_count;
bool fake_history_is_on;
void (*fake_on_load)(const volatile void *address);

const volatile void *fake_note_load(const volatile void *address)
{
    if (fake_on_load != NULL)
        fake_on_load(address);
    return address;
}

volatile void *fake_note_store(volatile void *address, size_t size)
{
    struct fake_store *store = &fake_history[fake_history_count];

    if (fake_history_is_on && fake_history_count < FAKE_HISTORY_MAX) {
        *store = (struct fake_store){address, size, 0};
        memcpy(&store->before, (const void *)(uintptr_t)address, size);
        fake_history_count++;
    }
    return address;
}

void fake_history_undo(void)
{
    const struct fake_store *store = &fake_history[--fake_history_count];

    memcpy((void *)(uintptr_t)store->address, &store->before, store->size);
}
