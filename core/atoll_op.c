/* SPDX-License-Identifier: BSD-2-Clause */
/* What Xen has no word for (atoll.h): death records, counters, the hypervisor's memory. */
#include "core/domain.h"
#include "core/foreign.h"
#include "core/frame.h"
#include "core/hypercall_rows.h"
#include "core/machine.h"
#include "lib/errno.h"
#include "lib/string.h"

#include "pv-abi/atoll.h"

_Static_assert(sizeof(((struct death_record *)0)->reason) == ATOLL_DEATH_REASON_MAX, "atoll.h");
_Static_assert(VCPU_EXIT_HISTORY == ATOLL_DEATH_EXITS, "atoll.h");
_Static_assert(VM_EXIT_KINDS == ATOLL_EXIT_KINDS, "atoll.h");
_Static_assert(VM_EXIT_HYPERCALL == ATOLL_EXIT_HYPERCALL && VM_EXIT_FAULT == ATOLL_EXIT_FAULT &&
                   VM_EXIT_UNKNOWN == ATOLL_EXIT_UNKNOWN,
               "atoll.h");

static void fill_death(const struct death_record *death, struct atoll_death *arg)
{
    arg->vcpu = death->vcpu;
    memcpy(arg->reason, death->reason, sizeof(arg->reason));
    memcpy(arg->gpr, death->regs.gpr, sizeof(arg->gpr));
    arg->rip = death->regs.rip;
    arg->rflags = death->regs.rflags;
    arg->cr0 = death->cr[0];
    arg->cr3 = death->cr[1];
    arg->cr4 = death->cr[2];
    for (uint32_t i = 0; i < ATOLL_DEATH_EXITS; i++) {
        arg->exits[i].kind = death->last_exit[i][0];
        arg->exits[i].rip = death->last_exit[i][1];
        arg->exits[i].info = death->last_exit[i][2];
    }
}

int64_t atoll_op_get_death(struct hypercall *call)
{
    struct atoll_death *arg = call->arg;
    struct domain *d = domain_get(arg->domid);
    int error = 0;

    if (!d)
        return -ESRCH;
    lock_take(&d->lock);
    if (d->death.is_valid)
        fill_death(&d->death, arg);
    else
        error = -ENOENT;
    lock_drop(&d->lock);
    domain_put(d);
    return error;
}

int64_t atoll_op_get_counters(struct hypercall *call)
{
    struct atoll_counters *arg = call->arg;
    struct domain *d = domain_get(arg->domid);
    int error = 0;

    if (!d)
        return -ESRCH;
    if (arg->vcpu < d->vcpu_max) {
        const struct vcpu_counters *counters = &d->vcpu[arg->vcpu]->counters;

        memcpy(arg->exits, counters->exits, sizeof(arg->exits));
        arg->injections = counters->injections;
        arg->flushes = counters->flushes;
        arg->window_fills = counters->window_fills;
    } else {
        error = -ENOENT;
    }
    domain_put(d);
    return error;
}

/* One mapping of the hypervisor's own tables. */
static void count_mapping(void *argument, paddr_t base, uint64_t size, unsigned kind)
{
    struct atoll_memory *arg = argument;
    uint64_t pages = size >> PAGE_SHIFT;

    if (kind & MACHINE_MAPPING_WRITE && kind & MACHINE_MAPPING_EXEC)
        arg->write_exec += pages;
    for (uint64_t i = 0; i < pages; i++)
        if (frame_owner(mfn_add(mfn_of(base), i))) {
            arg->guest_mapped++;
            if (kind & MACHINE_MAPPING_AREA)
                arg->guest_registered++;
        }
}

static void add_domain(const struct domain *d, struct atoll_memory *arg)
{
    arg->guest += READ_ONCE(d->tot_pages);
    arg->charged += READ_ONCE(d->hyp_pages);
    arg->grant_maps += d->p2m.page_count[P2M_GRANT] + d->p2m.page_count[P2M_GRANT_RO];
    arg->foreign_maps += d->p2m.page_count[P2M_FOREIGN];
}

int64_t atoll_op_get_memory(struct hypercall *call)
{
    struct atoll_memory *arg = call->arg;
    struct frame_counts counts;
    struct domain *d;

    foreign_poll(call->d);
    frame_counts(&counts);
    arg->total = counts.total;
    arg->free_clean = counts.free_clean;
    arg->free_dirty = counts.free_dirty;
    arg->quarantine = counts.quarantine;
    arg->heap = counts.heap;
    arg->heap_used = counts.heap_used;
    arg->tables = counts.tables;
    for (uint32_t id = 0; id < DOMID_FIRST_RESERVED && (d = domain_get_next((uint16_t)id)); id++) {
        id = d->id;
        add_domain(d, arg);
        domain_put(d);
    }
    machine_visit_mappings(count_mapping, arg);
    return 0;
}

/* Writes one count, if there is room and it is not 0. */
static int write_count(struct hypercall_cursor *cursor, uint32_t number, uint32_t operation,
                       uint32_t count)
{
    const struct atoll_call_count element = {number, operation, count};

    return count && cursor->left ? cursor_write_bulk(cursor, &element, 1) : 0;
}

static int write_counts(struct hypercall_cursor *cursor, const uint32_t *counts)
{
    int error = 0;

    for (uint32_t i = 0; !error && i < ROW_COUNT; i++)
        error = write_count(cursor, hypercall_rows[i].family, hypercall_rows[i].number,
                            counts[HYPERCALL_COUNT_ROWS + i]);
    for (uint32_t i = 0; !error && i <= HYPERCALL_NUMBERS; i++)
        error = write_count(cursor, i, ATOLL_CALL_UNKNOWN, counts[HYPERCALL_COUNT_UNKNOWN + i]);
    for (uint32_t i = 0; !error && i < FAMILY_COUNT * HYPERCALL_COUNT_SUBS_MAX; i++)
        error = write_count(cursor, hypercall_numbers[i / HYPERCALL_COUNT_SUBS_MAX],
                            ATOLL_CALL_UNKNOWN + i % HYPERCALL_COUNT_SUBS_MAX,
                            counts[HYPERCALL_COUNT_SUBS + i]);
    return error;
}

int64_t atoll_op_get_call_counts(struct hypercall *call)
{
    struct atoll_call_counts *arg = call->arg;
    struct domain *d = domain_get(arg->domid);
    struct hypercall_cursor cursor;
    int error;

    if (!d)
        return -ESRCH;
    error = cursor_open(&cursor, call, 0, arg->list, arg->max);
    if (!error)
        error = write_counts(&cursor, d->hypercall_counts);
    if (!error)
        arg->max -= (uint32_t)cursor.left;
    domain_put(d);
    return error;
}
