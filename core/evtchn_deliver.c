/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery of events: two-level bitmaps in shared_info, the selector and the upcall flag in
 * vcpu_info, in the layout that is latched for the domain. The guest clears bits at any moment, so
 * every change here is one atomic operation; those are full barriers, on which the order below
 * (pending, mask, selector, upcall) rests. No lock but what keeps the port's entry.
 */
#include "core/evtchn.h"

#include "core/domain.h"
#include "lib/errno.h"

#include "pv-abi/event_channel.h"

/* Words of the bitmaps. A bit has the same place in them whether the guest's words have 32 or 64
 * bits; what a guest of the other size does to the same bytes is atomic too. */
typedef uint64_t __attribute__((may_alias)) word_t;
#define WORD_BITS    64u
#define BIT_OF(port) (UINT64_C(1) << ((port) % WORD_BITS))

_Static_assert(offsetof(struct shared_info, evtchn_pending) ==
                   offsetof(struct compat_shared_info, evtchn_pending),
               "the pending bits are at the same place in both layouts");

/* These return what the bit was. */
static inline bool test_and_set(word_t *words, uint32_t port)
{
    return __atomic_fetch_or(&words[port / WORD_BITS], BIT_OF(port), __ATOMIC_SEQ_CST) &
           BIT_OF(port);
}
static inline bool test_and_clear(word_t *words, uint32_t port)
{
    return __atomic_fetch_and(&words[port / WORD_BITS], ~BIT_OF(port), __ATOMIC_SEQ_CST) &
           BIT_OF(port);
}
static inline bool test(const word_t *words, uint32_t port)
{
    return __atomic_load_n(&words[port / WORD_BITS], __ATOMIC_SEQ_CST) & BIT_OF(port);
}

static inline word_t *pending_of(const struct domain *d)
{
    return (word_t *)d->shared_info->evtchn_pending;
}

static inline word_t *mask_of(const struct domain *d)
{
    return unlikely(d->is_32bit)
               ? (word_t *)((struct compat_shared_info *)(void *)d->shared_info)->evtchn_mask
               : (word_t *)d->shared_info->evtchn_mask;
}

/* D has bits for ports below this. */
static inline uint32_t ports_of(const struct domain *d)
{
    return unlikely(d->is_32bit) ? EVTCHN_PORTS_32 : EVTCHN_PORTS;
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

    if (unlikely(id >= d->vcpu_max))
        return (struct target){NULL, &d->shared_info->vcpu_info[0]};
    v = d->vcpu[id];
    return (struct target){v, READ_ONCE(v->info)};
}

/* Tells the vCPU that a word of the pending bits has news. */
static inline void raise_upcall(struct target to)
{
    if (!__atomic_exchange_n(&to.info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST) && to.v)
        vcpu_notify(to.v);
}

/* Sets bits of the selector; true if none of them was set. */
static inline bool select_words(const struct domain *d, struct vcpu_info *info, uint64_t words)
{
    struct compat_vcpu_info *compat = (void *)info;

    if (unlikely(d->is_32bit))
        return !(__atomic_fetch_or(&compat->evtchn_pending_sel, (uint32_t)words, __ATOMIC_SEQ_CST) &
                 (uint32_t)words);
    return !(__atomic_fetch_or(&info->evtchn_pending_sel, words, __ATOMIC_SEQ_CST) & words);
}

/* Sets the selector bit of an unmasked pending PORT, and raises the upcall if the bit is new. */
static inline void select_port(const struct domain *d, struct target to, uint32_t port)
{
    if (select_words(d, to.info, UINT64_C(1) << port / (unlikely(d->is_32bit) ? 32 : WORD_BITS)))
        raise_upcall(to);
}

static NOINLINE void wake_pollers(struct domain *d, uint32_t port)
{
    uint64_t pollers = atomic_load(&d->evtchn.pollers);

    for (; pollers; pollers &= pollers - 1) {
        struct vcpu *v = d->vcpu[__builtin_ctzll(pollers)];
        uint32_t wanted = READ_ONCE(v->poll_port);

        if (wanted == port || wanted == UINT32_MAX)
            vcpu_wake(v);
    }
}

/* Sets PORT of D pending; ENTRY is its entry. */
static inline void deliver(struct domain *d, const struct evtchn *entry, uint32_t port)
{
    if ((unlikely(d->is_32bit) && port >= EVTCHN_PORTS_32) || test_and_set(pending_of(d), port))
        return;
    if (!test(mask_of(d), port))
        select_port(d, target_of(d, entry), port);
    if (unlikely(atomic_load_explicit(&d->evtchn.pollers, memory_order_relaxed)))
        wake_pollers(d, port);
}

void evtchn_set_pending(struct domain *d, uint32_t port)
{
    deliver(d, evtchn_find(&d->evtchn, port), port);
}

int evtchn_send(struct domain *d, uint32_t port)
{
    struct domain *to = d;
    struct evtchn *entry;
    int error = -EINVAL;

    lock_take(&d->evtchn.lock);
    entry = evtchn_find(&d->evtchn, port);
    if (likely(entry && (entry->state == EVTCHN_INTERDOMAIN || entry->state == EVTCHN_IPI))) {
        if (entry->state == EVTCHN_INTERDOMAIN) {
            to = entry->remote;
            port = entry->remote_port;
            entry = evtchn_find(&to->evtchn, port);
        }
        deliver(to, entry, port);
        error = 0;
    } else if (entry && entry->state == EVTCHN_UNBOUND) {
        error = 0;
    }
    lock_drop(&d->evtchn.lock);
    return error;
}

void evtchn_clear_pending(struct domain *d, uint32_t port)
{
    if (port < ports_of(d))
        test_and_clear(pending_of(d), port);
}

bool evtchn_is_pending(const struct domain *d, uint32_t port)
{
    return port < ports_of(d) && test(pending_of(d), port);
}

int evtchn_unmask(struct domain *d, uint32_t port)
{
    const struct evtchn *entry;

    lock_take(&d->evtchn.lock);
    entry = evtchn_find(&d->evtchn, port);
    if (entry && port < ports_of(d) && test_and_clear(mask_of(d), port) &&
        evtchn_is_pending(d, port))
        select_port(d, target_of(d, entry), port);
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

void evtchn_raise_control_virq(uint32_t virq)
{
    struct domain *control = domain_get(DOMAIN_CONTROL);

    /* A global one is noted at vCPU 0, wherever its port is bound to. */
    if (control && control->vcpu_max)
        evtchn_raise_virq(control->vcpu[0], virq);
    if (control)
        domain_put(control);
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
    struct target to = {v, READ_ONCE(v->info)};

    /* A sender that still saw the old place set its pending bit before that, so that a guest that
     * looks at every word finds it. */
    select_words(v->domain, to.info, UINT64_MAX);
    raise_upcall(to);
}
