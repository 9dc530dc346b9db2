/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains: the table of domains, creation, pausing, shutting down. The table has a lock for each
 * 16th of the identifiers (LOCK_DOMAINS), held for a look-up or a change of one slot. The table
 * holds one reference until destruction is complete.
 */

#include "core/domain.h"

#include "core/heap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/domctl.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/sched.h"

_Static_assert(DOMAIN_PARAMS == HVM_NR_PARAMS, "hvm/params.h");
_Static_assert(DOMAIN_VCPUS_MAX == 64,
               "an index is masked with it, and a mask of vCPUs is 64 bits");

#define SLOT_LOCKS 16u
/* What the hypervisor may allocate for a guest (nested tables, grants, event ports, vCPUs): enough
 * for the tables of 4 GiB in small pages. The control domain has no limit. */
#define HYP_PAGES_LIMIT 8192u

static struct lock slot_locks[SLOT_LOCKS] = {[0 ... SLOT_LOCKS - 1] = LOCK_INIT(LOCK_DOMAINS)};
static struct domain *table[DOMAIN_IDS];
static _Atomic uint32_t last_domid;

static struct lock *slot_lock(uint32_t domid)
{
    return &slot_locks[domid % SLOT_LOCKS];
}

struct domain *domain_by_id(uint16_t domid)
{
    return domid < DOMAIN_IDS ? READ_ONCE(table[index_below(domid, DOMAIN_IDS)]) : NULL;
}

NOINLINE struct domain *domain_get(uint16_t domid)
{
    struct domain *d;

    lock_take(slot_lock(domid));
    d = domain_by_id(domid);
    /* The table's own reference keeps a domain that is found here. */
    if (d)
        domain_hold(d);
    lock_drop(slot_lock(domid));
    return d;
}

void domain_hold(struct domain *d)
{
    atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
}

int domain_get_target(uint16_t domid, struct domain **d)
{
    struct domain *caller = current_domain();

    if (domid == DOMID_SELF || domid == caller->id) {
        domain_hold(caller);
        *d = caller;
        return 0;
    }
    if (!caller->is_privileged)
        return -EPERM;
    *d = domain_get(domid);
    return *d ? 0 : -ESRCH;
}

struct domain *domain_get_next(uint16_t from)
{
    for (uint32_t domid = from; domid < DOMAIN_IDS; domid++) {
        struct domain *d = table[domid] ? domain_get((uint16_t)domid) : NULL;

        if (d)
            return d;
    }
    return NULL;
}

/* Puts D into the table as ID, from when on it may be destroyed. -EEXIST */
static int insert(struct domain *d, uint32_t id, uint16_t *domid)
{
    int rc = -EEXIST;

    lock_take(slot_lock(id));
    if (!table[id]) {
        d->id = *domid = (uint16_t)id;
        WRITE_ONCE(table[id], d);
        rc = 0;
    }
    lock_drop(slot_lock(id));
    return rc;
}

static int insert_anywhere(struct domain *d, uint16_t *domid)
{
    int rc = -EEXIST;

    for (uint32_t tries = 1; rc && tries < DOMAIN_IDS; tries++)
        rc = insert(d, atomic_fetch_add(&last_domid, 1) % (DOMAIN_IDS - 1) + 1, domid);
    return rc;
}

static int check_config(const struct xen_domctl_createdomain *config)
{
    const uint32_t flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;

    if (config->flags != flags)
        return -EINVAL;
    if (config->max_vcpus == 0 || config->max_vcpus > DOMAIN_VCPUS_MAX || config->iommu_opts ||
        config->vmtrace_size || config->cpupool_id)
        return -EINVAL;
    if (config->arch.emulation_flags & ~XEN_X86_EMU_LAPIC)
        return -EINVAL;
    return 0;
}

static void init_fields(struct domain *d, const struct xen_domctl_createdomain *config)
{
    lock_init(&d->lock, LOCK_DOMAIN);
    atomic_store(&d->refs, 1);
    atomic_store(&d->state, DOMAIN_BUILDING);
    atomic_store(&d->pause_count, 1);
    d->shutdown_reason = SHUTDOWN_REASON_NONE;
    memcpy(d->handle, config->handle, sizeof(d->handle));
    d->vcpu_limit = config->max_vcpus;
    d->hyp_limit = HYP_PAGES_LIMIT;
    d->shared_info_gfn = GFN_NONE;
    d->params[HVM_PARAM_TRIPLE_FAULT_REASON] = SHUTDOWN_reboot;
    sched_domain_init(d);
}

/* Makes what a domain consists of; what is there when one fails can be given back. */
static int make_parts(struct domain *d, const struct xen_domctl_createdomain *config)
{
    int error = p2m_init(d);

    d->shared_info = heap_alloc(d, 1);
    d->hypercall_counts = heap_alloc(d, 1);
    if (!error && d->shared_info && d->hypercall_counts)
        error = evtchn_init(d);
    else
        error = -ENOMEM;
    if (config->max_evtchn_port < d->evtchn.port_limit)
        d->evtchn.port_limit = config->max_evtchn_port + 1;
    /* Negative: as many as there can be. */
    if (!error)
        error = grant_init(d, (uint32_t)config->max_grant_frames,
                           (uint32_t)config->max_maptrack_frames);
    return error;
}

int domain_create(uint16_t *domid, const struct xen_domctl_createdomain *config,
                  struct domain **result)
{
    struct domain *d;
    int rc = check_config(config);

    if (rc)
        return rc;
    d = heap_alloc(NULL, 1);
    if (!d)
        return -ENOMEM;
    init_fields(d, config);
    rc = make_parts(d, config);
    if (rc)
        goto undo;
    domain_update_wall_clock(d);
    if (*domid == DOMAIN_ID_ANY || (*domid == DOMAIN_CONTROL && table[DOMAIN_CONTROL]))
        rc = insert_anywhere(d, domid);
    else
        rc = *domid < DOMAIN_IDS ? insert(d, *domid, domid) : -EINVAL;
    if (rc)
        goto undo;
    *result = d;
    return 0;

undo:
    evtchn_destroy(d);
    while (p2m_destroy_step(d))
        ;
    domain_put(d);
    return rc;
}

int domain_set_max_vcpus(struct domain *d, uint32_t count)
{
    uint32_t made;
    int rc = 0;

    if (count == 0 || count > d->vcpu_limit || d->vcpu_max != 0)
        return -EINVAL;
    for (made = 0; made < count; made++) {
        rc = vcpu_create(d, made);
        if (rc)
            goto undo;
    }
    lock_take(&d->lock);
    for (uint32_t i = 0; i < count && atomic_load(&d->pause_count) == 0; i++)
        vcpu_go(d->vcpu[i], VCPU_PAUSED);
    atomic_store(&d->vcpu_max, count);
    lock_drop(&d->lock);
    return 0;

undo:
    while (made-- != 0) {
        vcpu_destroy(d->vcpu[made]);
        heap_free(d, d->vcpu[made], 1);
        d->vcpu[made] = NULL;
    }
    return rc;
}

void domain_unlist(struct domain *d)
{
    lock_take(slot_lock(d->id));
    WRITE_ONCE(table[d->id], NULL);
    lock_drop(slot_lock(d->id));
}

NOINLINE void domain_put(struct domain *d)
{
    if (atomic_fetch_sub(&d->refs, 1) != 1)
        return;
    for (uint32_t i = 0; i < d->vcpu_max; i++)
        heap_free(d, d->vcpu[i], 1);
    grant_free(d);
    heap_free(d, d->memory_map, 1);
    heap_free(d, d->shared_info, 1);
    heap_free(d, d->hypercall_counts, 1);
    heap_free(NULL, d, 1);
}
