/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery of events: two-level bitmaps in shared_info, the selector and the upcall flag in
 * vcpu_info, in the layout that is latched for the domain. The guest clears bits at any moment, so
 * every change here is one atomic operation; those are full barriers, on which the order below
 * (pending, mask, selector, upcall) rests. No lock but what keeps the port's entry.
 */
#include "core/evtchn_deliver.h"

#include "core/domain.h"
#include "core/evtchn.h"
#include "lib/errno.h"

#include "pv-abi/event_channel.h"
#include "pv-abi/xen.h"

/* Bitmaps as both layouts have them; test_and_* return what the bit was. */
static bool test_and_set64(uint64_t *words, uint32_t bit)
{
    uint64_t mask = UINT64_C(1) << (bit % 64);

    return __atomic_fetch_or(&words[bit / 64], mask, __ATOMIC_SEQ_CST) & mask;
}
static bool test_and_clear64(uint64_t *words, uint32_t bit)
{
    uint64_t mask = UINT64_C(1) << (bit % 64);

    return __atomic_fetch_and(&words[bit / 64], ~mask, __ATOMIC_SEQ_CST) & mask;
}
static bool test64(const uint64_t *words, uint32_t bit)
{
    return __atomic_load_n(&words[bit / 64], __ATOMIC_SEQ_CST) & (UINT64_C(1) << (bit % 64));
}
static bool test_and_set32(uint32_t *words, uint32_t bit)
{
    uint32_t mask = UINT32_C(1) << (bit % 32);

    return __atomic_fetch_or(&words[bit / 32], mask, __ATOMIC_SEQ_CST) & mask;
}
static bool test_and_clear32(uint32_t *words, uint32_t bit)
{
    uint32_t mask = UINT32_C(1) << (bit % 32);

    return __atomic_fetch_and(&words[bit / 32], ~mask, __ATOMIC_SEQ_CST) & mask;
}
static bool test32(const uint32_t *words, uint32_t bit)
{
    return __atomic_load_n(&words[bit / 32], __ATOMIC_SEQ_CST) & (UINT32_C(1) << (bit % 32));
}

/* A 32-bit domain's view of the page that is shared. */
static struct compat_shared_info *shared32(const struct domain *d)
{
    return (struct compat_shared_info *)(void *)d->shared_info;
}

/* Where an event of D goes: a vCPU, and its vcpu_info. Before D has its vCPUs, which are made all
 * or none, that is what the first one will find in shared_info. */
struct target {
    struct vcpu *v; /* NULL: not there yet */
    struct vcpu_info *info;
};

static inline struct target target_of(const struct domain *d, const struct evtchn *entry)
{
    uint32_t id = READ_ONCE(entry->vcpu);
    struct vcpu *v;

    if (unlikely(id >= READ_ONCE(d->vcpu_max)))
        return (struct target){NULL, &d->shared_info->vcpu_info[0]};
    v = d->vcpu[id];
    return (struct target){v, READ_ONCE(v->info)};
}

/* Tells the vCPU that a word of the pending bits has news. */
static void raise_upcall(struct target to)
{
    if (!__atomic_exchange_n(&to.info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST) && to.v)
        vcpu_notify(to.v);
}

/* Sets the selector bit of an unmasked pending PORT, and raises the upcall if the bit is new. */
static void select_port(const struct domain *d, struct target to, uint32_t port)
{
    bool was_set;

    if (d->is_32bit) {
        struct compat_vcpu_info *info32 = (struct compat_vcpu_info *)(void *)to.info;

        was_set = test_and_set32(&info32->evtchn_pending_sel, port / 32);
    } else {
        was_set = test_and_set64(&to.info->evtchn_pending_sel, port / 64);
    }
    if (!was_set)
        raise_upcall(to);
}

static void wake_pollers(struct domain *d, uint32_t port)
{
    uint64_t pollers = atomic_load(&d->evtchn.pollers);

    while (pollers) {
        uint32_t id = (uint32_t)__builtin_ctzll(pollers);
        struct vcpu *v = d->vcpu[id];
        uint32_t wanted = READ_ONCE(v->poll_port);

        pollers &= pollers - 1;
        if (wanted == port || wanted == UINT32_MAX) {
            vcpu_wake(v);
        }
    }
}

/* Sets PORT of D pending; ENTRY is its entry. */
static inline void deliver(struct domain *d, const struct evtchn *entry, uint32_t port)
{
    if (unlikely(d->is_32bit)) {
        struct compat_shared_info *info = shared32(d);

        if (port >= EVTCHN_PORTS_32 || test_and_set32(info->evtchn_pending, port))
            return;
        if (!test32(info->evtchn_mask, port))
            select_port(d, target_of(d, entry), port);
    } else {
        struct shared_info *info = d->shared_info;

        if (test_and_set64(info->evtchn_pending, port))
            return;
        if (!test64(info->evtchn_mask, port))
            select_port(d, target_of(d, entry), port);
    }
    if (unlikely(atomic_load_explicit(&d->evtchn.pollers, memory_order_relaxed)))
        wake_pollers(d, port);
}

void evtchn_set_pending(struct domain *d, uint32_t port)
{
    deliver(d, evtchn_find(&d->evtchn, port), port);
}

int evtchn_send(struct domain *d, uint32_t port)
{
    struct evtchn *entry;
    int error = 0;

    lock_take(&d->evtchn.lock);
    entry = evtchn_find(&d->evtchn, port);
    if (unlikely(!entry)) {
        error = -EINVAL;
    } else if (likely(entry->state == EVTCHN_INTERDOMAIN)) {
        struct domain *remote = entry->remote;

        port = entry->remote_port;
        deliver(remote, evtchn_find(&remote->evtchn, port), port);
    } else if (entry->state == EVTCHN_IPI) {
        evtchn_set_pending(d, port);
    } else if (entry->state != EVTCHN_UNBOUND) {
        error = -EINVAL;
    }
    lock_drop(&d->evtchn.lock);
    return error;
}

void evtchn_clear_pending(struct domain *d, uint32_t port)
{
    if (!d->is_32bit)
        test_and_clear64(d->shared_info->evtchn_pending, port);
    else if (port < EVTCHN_PORTS_32)
        test_and_clear32(shared32(d)->evtchn_pending, port);
}

bool evtchn_is_pending(const struct domain *d, uint32_t port)
{
    if (d->is_32bit)
        return port < EVTCHN_PORTS_32 && test32(shared32(d)->evtchn_pending, port);
    return port < EVTCHN_PORTS && test64(d->shared_info->evtchn_pending, port);
}

int evtchn_unmask(struct domain *d, uint32_t port)
{
    struct evtchn *entry;
    bool was_masked = false;

    lock_take(&d->evtchn.lock);
    entry = evtchn_entry(d, port);
    if (entry) {
        if (!d->is_32bit)
            was_masked = test_and_clear64(d->shared_info->evtchn_mask, port);
        else if (port < EVTCHN_PORTS_32)
            was_masked = test_and_clear32(shared32(d)->evtchn_mask, port);
        if (was_masked && evtchn_is_pending(d, port))
            select_port(d, target_of(d, entry), port);
    }
    lock_drop(&d->evtchn.lock);
    return entry ? 0 : -EINVAL;
}

void evtchn_poll_begin(struct vcpu *v, uint32_t port)
{
    WRITE_ONCE(v->poll_port, port);
    /* A full barrier, as is a sender's setting of the pending bit: the sender sees the poller, or
     * the poller sees the bit. */
    atomic_fetch_or(&v->domain->evtchn.pollers, UINT64_C(1) << v->id);
}

void evtchn_poll_end(struct vcpu *v)
{
    atomic_fetch_and(&v->domain->evtchn.pollers, ~(UINT64_C(1) << v->id));
    WRITE_ONCE(v->poll_port, 0);
}

void evtchn_raise_virq(struct vcpu *v, uint32_t virq)
{
    struct domain *d = v->domain;

    lock_take(&d->evtchn.lock);
    if (v->virq_port[virq])
        evtchn_set_pending(d, v->virq_port[virq]);
    lock_drop(&d->evtchn.lock);
}

void evtchn_raise_global_virq(struct domain *d, uint32_t virq)
{
    /* A global one is noted at vCPU 0, wherever its port is bound to. */
    if (READ_ONCE(d->vcpu_max))
        evtchn_raise_virq(d->vcpu[0], virq);
}

void evtchn_raise_pirq(struct domain *d, uint32_t pirq)
{
    struct evtchn_table *table = &d->evtchn;

    lock_take(&table->lock);
    if (table->pirq_port && pirq < EVTCHN_PIRQS && table->pirq_port[pirq])
        evtchn_set_pending(d, table->pirq_port[pirq]);
    lock_drop(&table->lock);
}

void evtchn_vcpu_info_moved(struct vcpu *v)
{
    struct vcpu_info *info = READ_ONCE(v->info);

    /* A sender that still saw the old place set its pending bit before that, so that a guest that
     * looks at every word finds it. */
    if (v->domain->is_32bit) {
        struct compat_vcpu_info *info32 = (struct compat_vcpu_info *)(void *)info;

        __atomic_store_n(&info32->evtchn_pending_sel, UINT32_MAX, __ATOMIC_SEQ_CST);
    } else {
        __atomic_store_n(&info->evtchn_pending_sel, UINT64_MAX, __ATOMIC_SEQ_CST);
    }
    raise_upcall((struct target){v, info});
}
