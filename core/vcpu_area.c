/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypervisor writes into places that a guest registered: vcpu_info, its time, the
 * runstate. The pointer to a runstate or time area changes under sched_lock_vcpu(), under which it
 * is written.
 */

#include "core/vcpu.h"

#include "arch/x86/percpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/vcpu.h"
#include "pv-abi/xen.h"

/* Readers retry while the version is odd (xen.h). Stores are seen in order on x86: the barriers are
 * for the compiler. */
static void write_time(struct vcpu_time_info *t, const struct vcpu_time_info *from)
{
    uint32_t version = READ_ONCE(t->version) | 1;

    WRITE_ONCE(t->version, version);
    atomic_signal_fence(memory_order_seq_cst);
    t->tsc_timestamp = from->tsc_timestamp;
    t->system_time = from->system_time;
    t->tsc_to_system_mul = from->tsc_to_system_mul;
    t->tsc_shift = from->tsc_shift;
    t->flags = from->flags;
    atomic_signal_fence(memory_order_seq_cst);
    WRITE_ONCE(t->version, version + 1);
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

    /* The same place in both layouts. */
    write_time(&READ_ONCE(v->info)->time, &t);
    sched_lock_vcpu(v);
    if (v->time_area.address)
        write_time(v->time_area.address, &t);
    sched_unlock_vcpu(v);
}

/* The update flag brackets the writing where the guest asked for it. */
static void write_runstate64(struct vcpu_runstate_info *r, const struct vcpu *v, uint64_t flag)
{
    if (flag) {
        WRITE_ONCE(r->state_entry_time, v->runstate_entry_ns | flag);
        atomic_signal_fence(memory_order_seq_cst);
    }
    r->state = (int32_t)v->runstate;
    for (unsigned i = 0; i < ARRAY_SIZE(v->runstate_ns); i++)
        r->time[i] = v->runstate_ns[i];
    atomic_signal_fence(memory_order_seq_cst);
    WRITE_ONCE(r->state_entry_time, v->runstate_entry_ns);
}

static void write_runstate32(struct compat_vcpu_runstate_info *r, const struct vcpu *v,
                             uint64_t flag)
{
    if (flag) {
        WRITE_ONCE(r->state_entry_time, v->runstate_entry_ns | flag);
        atomic_signal_fence(memory_order_seq_cst);
    }
    r->state = (int32_t)v->runstate;
    for (unsigned i = 0; i < ARRAY_SIZE(v->runstate_ns); i++)
        r->time[i] = v->runstate_ns[i];
    atomic_signal_fence(memory_order_seq_cst);
    WRITE_ONCE(r->state_entry_time, v->runstate_entry_ns);
}

void vcpu_write_runstate(const struct vcpu *v)
{
    const struct domain *d = v->domain;
    uint64_t flag = d->vm_assist >> VMASST_TYPE_runstate_update_flag & 1 ? XEN_RUNSTATE_UPDATE : 0;

    if (!v->runstate_area.address)
        return;
    if (v->runstate_is_32bit)
        write_runstate32(v->runstate_area.address, v, flag);
    else
        write_runstate64(v->runstate_area.address, v, flag);
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

int vcpu_register_runstate(struct vcpu *v, uint64_t gva)
{
    uint32_t size = v->domain->is_32bit ? sizeof(struct compat_vcpu_runstate_info)
                                        : sizeof(struct vcpu_runstate_info);
    struct area area = {0}, old;
    int rc = gva ? area_register_gva(&area, gva, size) : 0;

    if (rc)
        return rc;
    sched_lock_vcpu(v);
    old = v->runstate_area;
    v->runstate_area = area;
    v->runstate_is_32bit = v->domain->is_32bit;
    vcpu_write_runstate(v);
    sched_unlock_vcpu(v);
    area_drop(&old);
    return 0;
}

int vcpu_register_time(struct vcpu *v, uint64_t gva)
{
    struct area area = {0}, old;
    int rc = gva ? area_register_gva(&area, gva, sizeof(struct vcpu_time_info)) : 0;

    if (rc)
        return rc;
    sched_lock_vcpu(v);
    old = v->time_area;
    v->time_area = area;
    sched_unlock_vcpu(v);
    area_drop(&old);
    vcpu_update_time(v);
    return 0;
}

int vcpu_register_info(struct vcpu *v, gfn_t gfn, uint32_t offset)
{
    struct vcpu_info *old;
    int rc;

    lock_take(&v->domain->lock);
    rc = v->info_area.address ? -EINVAL : 0;
    if (rc == 0)
        rc = area_register_gfn(&v->info_area, v->domain, gfn, offset, sizeof(struct vcpu_info));
    if (rc == 0) {
        old = v->info;
        memcpy(v->info_area.address, old, sizeof(struct vcpu_info));
        /* Whoever raises an event from here on writes to the new place; what was raised at the old
         * one after the copy is made up for by evtchn_vcpu_info_moved(). */
        __atomic_store_n(&v->info, v->info_area.address, __ATOMIC_SEQ_CST);
    }
    lock_drop(&v->domain->lock);
    if (rc == 0) {
        evtchn_vcpu_info_moved(v);
        vcpu_update_time(v);
    }
    return rc;
}
