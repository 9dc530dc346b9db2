/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypervisor writes into places that a guest registered: vcpu_info, its time, the
 * runstate. The pointer to a runstate or time area changes under sched_lock_vcpu(), under which it
 * is written.
 */

#include "core/domain.h"

#include "core/guest_mem.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/vcpu.h"

/* Readers retry while the version is odd (xen.h). Stores are seen in order on x86: the barriers are
 * for the compiler. */
static void write_time(struct vcpu_time_info *t, struct vcpu_time_info *from)
{
    from->version = READ_ONCE(t->version) | 1;
    WRITE_ONCE(t->version, from->version);
    atomic_signal_fence(memory_order_seq_cst);
    *t = *from;
    atomic_signal_fence(memory_order_seq_cst);
    WRITE_ONCE(t->version, from->version + 1);
}

void vcpu_update_time(struct vcpu *v)
{
    uint64_t tsc = tsc_read();
    struct vcpu_time_info t = {
        .tsc_timestamp = tsc + v->arch.tsc_offset,
        .system_time = time_ns_of_tsc(tsc),
        .tsc_to_system_mul = tsc_mul,
        .tsc_shift = tsc_shift,
        .flags = XEN_PVCLOCK_TSC_STABLE_BIT,
    };

    /* Another vCPU may register an area for V meanwhile. */
    sched_lock_vcpu(v);
    /* The same place in both layouts. */
    write_time(&__atomic_load_n(&v->info, __ATOMIC_ACQUIRE)->time, &t);
    if (v->time_area.address)
        write_time(v->time_area.address, &t);
    sched_unlock_vcpu(v);
}

/* In both forms of the area the state is at its start, and the 64-bit words are its end. The update
 * flag brackets the writing where the guest asked for it. */
void vcpu_write_runstate(const struct vcpu *v)
{
    const struct area *area = &v->runstate_area;
    guest_u64_t *entry_time = (guest_u64_t *)((char *)area->address + area->size) - 5;

    if (v->domain->vm_assist >> VMASST_TYPE_runstate_update_flag & 1) {
        WRITE_ONCE(entry_time[0], v->runstate_entry_ns | XEN_RUNSTATE_UPDATE);
        atomic_signal_fence(memory_order_seq_cst);
    }
    *(int32_t *)area->address = (int32_t)v->runstate;
    for (unsigned i = 0; i < ARRAY_SIZE(v->runstate_ns); i++)
        entry_time[1 + i] = v->runstate_ns[i];
    atomic_signal_fence(memory_order_seq_cst);
    WRITE_ONCE(entry_time[0], v->runstate_entry_ns);
}

void vcpu_get_runstate(struct vcpu *v, struct vcpu_runstate_info *info)
{
    uint64_t now = time_ns();

    sched_lock_vcpu(v);
    info->state = (int32_t)v->runstate;
    info->state_entry_time = v->runstate_entry_ns;
    memcpy(info->time, v->runstate_ns, sizeof(info->time));
    if (now > v->runstate_entry_ns)
        info->time[v->runstate] += now - v->runstate_entry_ns;
    sched_unlock_vcpu(v);
}

int vcpu_register_area(struct vcpu *v, struct area *area, uint64_t gva)
{
    bool is_time = area == &v->time_area;
    uint32_t size = is_time               ? sizeof(struct vcpu_time_info)
                    : v->domain->is_32bit ? sizeof(struct compat_vcpu_runstate_info)
                                          : sizeof(struct vcpu_runstate_info);
    struct area new = {NULL, 0}, old;
    int rc = gva ? area_register_gva(&new, gva, size) : 0;

    if (rc)
        return rc;
    sched_lock_vcpu(v);
    old = *area;
    *area = new;
    if (!is_time && new.address)
        vcpu_write_runstate(v);
    sched_unlock_vcpu(v);
    area_drop(&old);
    if (is_time)
        vcpu_update_time(v);
    return 0;
}

int vcpu_register_info(struct vcpu *v, gfn_t gfn, uint32_t offset)
{
    struct domain *d = v->domain;
    int rc = -EINVAL;

    lock_take(&d->lock);
    if (!v->info_area.address)
        rc = area_register_gfn(&v->info_area, d, gfn, offset, sizeof(struct vcpu_info));
    if (rc == 0) {
        memcpy(v->info_area.address, v->info, sizeof(struct vcpu_info));
        /* Whoever raises an event from here on writes to the new place; what was raised at the old
         * one after the copy is made up for by evtchn_vcpu_info_moved(). */
        __atomic_store_n(&v->info, v->info_area.address, __ATOMIC_SEQ_CST);
        evtchn_vcpu_info_moved(v);
        vcpu_update_time(v);
    }
    lock_drop(&d->lock);
    return rc;
}
