/* SPDX-License-Identifier: BSD-2-Clause */
/* What Xen has no word for (atoll.h): death records, counters, the hypervisor's memory. */
#include "core/domain.h"
#include "core/physmap.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"
#include "lib/string.h"

_Static_assert(VCPU_EXIT_HISTORY == ATOLL_DEATH_EXITS, "atoll.h");
_Static_assert(VM_EXIT_KINDS == ATOLL_EXIT_KINDS, "atoll.h");
_Static_assert(VM_EXIT_HYPERCALL == ATOLL_EXIT_HYPERCALL && VM_EXIT_FAULT == ATOLL_EXIT_FAULT &&
                   VM_EXIT_UNKNOWN == ATOLL_EXIT_UNKNOWN,
               "atoll.h");
_Static_assert(sizeof(struct vcpu_counters) ==
                   sizeof(struct atoll_counters) - offsetof(struct atoll_counters, exits),
               "what atoll_counters ends with");
_Static_assert(sizeof(struct frame_counts) == offsetof(struct atoll_memory, guest),
               "what atoll_memory starts with");

int64_t atoll_op_get_death(struct hypercall *call)
{
    struct atoll_death *arg = call->arg;
    struct domain *d = call->target;

    lock_take(&d->lock);
    *arg = d->death;
    lock_drop(&d->lock);
    arg->domid = d->id;
    return arg->reason[0] ? 0 : -ENOENT;
}

int64_t atoll_op_get_counters(struct hypercall *call)
{
    struct atoll_counters *arg = call->arg;

    if (arg->vcpu >= call->target->vcpu_max)
        return -ENOENT;
    memcpy((uint8_t *)call->arg + offsetof(struct atoll_counters, exits),
           &call->target->vcpu[arg->vcpu]->counters, sizeof(struct vcpu_counters));
    return 0;
}

/* One mapping of the hypervisor's own tables. */
static void count_mapping(void *argument, uint64_t address, const struct pt_leaf *leaf)
{
    struct atoll_memory *arg = argument;
    uint64_t pages = UINT64_C(1) << pt_order(leaf->level);

    if (leaf->rights & PT_WRITE && leaf->rights & PT_EXEC)
        arg->write_exec += pages;
    for (uint64_t i = 0; i < pages; i++)
        if (frame_owner(mfn_add(mfn_of(leaf->base), i))) {
            arg->guest_mapped++;
            arg->guest_registered += host_is_area(address);
        }
}

int64_t atoll_op_get_memory(struct hypercall *call)
{
    struct atoll_memory *arg = call->arg;
    struct frame_counts counts;
    struct domain *d;

    physmap_poll(call->d);
    frame_counts(&counts);
    memcpy(arg, &counts, sizeof(counts));
    for (uint32_t id = 0; id < DOMAIN_IDS && (d = domain_get_next((uint16_t)id)); id++) {
        id = d->id;
        arg->guest += READ_ONCE(d->tot_pages);
        arg->charged += READ_ONCE(d->hyp_pages);
        arg->grant_maps += READ_ONCE(d->p2m.page_count[P2M_GRANT]);
        arg->grant_maps += READ_ONCE(d->p2m.page_count[P2M_GRANT_RO]);
        arg->foreign_maps += READ_ONCE(d->p2m.page_count[P2M_FOREIGN]);
        domain_put(d);
    }
    host_visit(count_mapping, arg);
    return 0;
}

int64_t atoll_op_get_call_counts(struct hypercall *call)
{
    struct atoll_call_counts *arg = call->arg;
    struct hypercall_cursor cursor;
    int error = cursor_open(&cursor, call, 0, arg->list, arg->max);

    for (uint32_t number = 0; number <= HYPERCALL_NUMBERS; number++) {
        const struct hypercall_family *family = &hypercall_families[hypercall_family_of[number]];
        uint32_t first = family->count ? family->first : FIRST_UNKNOWN + number;

        for (uint32_t i = 0; !error && i <= family->count; i++) {
            const struct atoll_call_count element = {
                number, hypercall_row_of[first + i] ? i : ATOLL_CALL_UNKNOWN + i,
                call->target->hypercall_counts[first + i]};

            if (element.count && cursor.left)
                error = cursor_write_bulk(&cursor, &element, 1);
        }
    }
    if (!error)
        arg->max -= (uint32_t)cursor.left;
    return error;
}
