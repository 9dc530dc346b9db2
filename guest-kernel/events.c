/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the shared_info page and the handler of each port, and scans the pending bits when the
 * callback vector comes.
 */
#include "guest-kernel/events.h"

#include <stddef.h>

#include "guest-kernel/cpu.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/traps.h"
#include "lib/insn.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/memory.h"

#define WORD_BITS      64u
#define CALLBACK_SHIFT 56 /* The type is in HVM_PARAM_CALLBACK_IRQ's top byte. */

struct shared_info *shared_info;

static struct port {
    event_handler *handler;
    void *arg;
    unsigned int vcpu; /* the one that is notified */
} ports[EVENT_PORTS_MAX];

struct vcpu_info *event_vcpu_info(void)
{
    return &shared_info->vcpu_info[cpu_id()];
}

static uint64_t port_bit(evtchn_port_t port)
{
    return 1ull << port % WORD_BITS;
}

void event_mask(evtchn_port_t port)
{
    __atomic_fetch_or(&shared_info->evtchn_mask[port / WORD_BITS], port_bit(port),
                      __ATOMIC_SEQ_CST);
}

void event_unmask(evtchn_port_t port)
{
    struct evtchn_unmask arg = {.port = port};

    /* Only the hypervisor can raise the upcall on the vcpu that the port is bound to. */
    hypercall_event_channel_op(EVTCHNOP_unmask, &arg);
}

bool event_is_pending(evtchn_port_t port)
{
    return (__atomic_load_n(&shared_info->evtchn_pending[port / WORD_BITS], __ATOMIC_ACQUIRE) &
            port_bit(port)) != 0;
}

void event_clear(evtchn_port_t port)
{
    __atomic_fetch_and(&shared_info->evtchn_pending[port / WORD_BITS], ~port_bit(port),
                       __ATOMIC_SEQ_CST);
}

int event_set_handler(evtchn_port_t port, event_handler *handler, void *arg)
{
    if (port == 0 || port >= EVENT_PORTS_MAX)
        return -XEN_EINVAL;
    ports[port].arg = arg;
    __atomic_store_n(&ports[port].handler, handler, __ATOMIC_RELEASE);
    event_unmask(port);
    return 0;
}

/* Ends a bind call: the port's handler is set if there is one. */
static int bound(int64_t result, evtchn_port_t opened, event_handler *handler, void *arg,
                 evtchn_port_t *port)
{
    if (result != 0)
        return (int)result;
    *port = opened;
    return handler ? event_set_handler(opened, handler, arg) : 0;
}

int event_alloc_unbound(domid_t remote, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound arg = {.dom = DOMID_SELF, .remote_dom = remote};
    int64_t result = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &arg);

    return bound(result, arg.port, NULL, NULL, port);
}

int event_bind_interdomain(domid_t remote, evtchn_port_t remote_port, event_handler *handler,
                           void *arg, evtchn_port_t *port)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = remote, .remote_port = remote_port};
    int64_t result = hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind);

    return bound(result, bind.local_port, handler, arg, port);
}

int event_bind_virq(uint32_t virq, unsigned int vcpu, event_handler *handler, void *arg,
                    evtchn_port_t *port)
{
    struct evtchn_bind_virq bind = {.virq = virq, .vcpu = vcpu};
    int64_t result = hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind);

    if (result == 0)
        ports[bind.port % EVENT_PORTS_MAX].vcpu = vcpu;
    return bound(result, bind.port, handler, arg, port);
}

int event_bind_ipi(unsigned int vcpu, event_handler *handler, void *arg, evtchn_port_t *port)
{
    struct evtchn_bind_ipi bind = {.vcpu = vcpu};
    int64_t result = hypercall_event_channel_op(EVTCHNOP_bind_ipi, &bind);

    if (result == 0)
        ports[bind.port % EVENT_PORTS_MAX].vcpu = vcpu;
    return bound(result, bind.port, handler, arg, port);
}

int event_bind_pirq(uint32_t pirq, bool will_share, event_handler *handler, void *arg,
                    evtchn_port_t *port)
{
    struct evtchn_bind_pirq bind = {.pirq = pirq, .flags = will_share ? BIND_PIRQ__WILL_SHARE : 0};
    int64_t result = hypercall_event_channel_op(EVTCHNOP_bind_pirq, &bind);

    return bound(result, bind.port, handler, arg, port);
}

void event_close(evtchn_port_t port)
{
    struct evtchn_close arg = {.port = port};

    event_mask(port);
    hypercall_event_channel_op(EVTCHNOP_close, &arg);
    __atomic_store_n(&ports[port].handler, NULL, __ATOMIC_RELEASE);
    ports[port].vcpu = 0;
    event_clear(port);
}

int event_send(evtchn_port_t port)
{
    struct evtchn_send arg = {.port = port};

    return (int)hypercall_event_channel_op(EVTCHNOP_send, &arg);
}

/* Runs the handlers of vcpu ID's pending, unmasked ports of one word; the pending bits are those of
 * all vcpus. */
static inline void scan_word(uint64_t word, unsigned int id)
{
    const struct port *first = &ports[word * WORD_BITS];
    uint64_t *bits = &shared_info->evtchn_pending[word];
    uint64_t pending = __atomic_load_n(bits, __ATOMIC_ACQUIRE) &
                       ~__atomic_load_n(&shared_info->evtchn_mask[word], __ATOMIC_ACQUIRE);

    for (; pending != 0; pending &= pending - 1) {
        uint64_t bit = (uint64_t)__builtin_ctzll(pending);
        const struct port *port = &first[bit];
        event_handler *handler = __atomic_load_n(&port->handler, __ATOMIC_ACQUIRE);

        if (port->vcpu != id)
            continue;
        __atomic_fetch_and(bits, ~(1ull << bit), __ATOMIC_SEQ_CST);
        if (handler)
            handler(port->arg);
    }
}

/* An event sets its pending bit, the selector's bit and the upcall flag, in this order; reading
 * them the other way round loses none. */
static void upcall(void)
{
    struct cpu *cpu = cpu_this();
    struct vcpu_info *info = &shared_info->vcpu_info[cpu->id];

    cpu->upcall_count++;
    do {
        uint64_t words;

        __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
        words = __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
        for (; words != 0; words &= words - 1)
            scan_word((uint64_t)__builtin_ctzll(words), cpu_id());
    } while (__atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_SEQ_CST));
}

void event_wait(void)
{
    uint64_t before = cpu_this()->upcall_count;

    while (cpu_this()->upcall_count == before)
        irq_enable_and_halt();
}

void event_wait_until(bool (*done)(void *arg), void *arg)
{
    bool irqs = irq_save();

    while (!done(arg))
        irq_enable_and_halt();
    irq_restore(irqs);
}

void events_init(void)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = gfn_hole_alloc(1)};
    int64_t err;

    if (!map.gpfn)
        guest_panic("no address for the shared info page");
    err = hypercall_memory_op(XENMEM_add_to_physmap, &map);
    if (err)
        guest_panic("cannot map the shared info page: error %ld", err);
    shared_info = phys_to_virt(map.gpfn << PAGE_SHIFT);
    for (unsigned int word = 0; word < EVENT_PORTS_MAX / WORD_BITS; word++)
        shared_info->evtchn_mask[word] = ~0ull;
    traps_set_handler(EVENT_CALLBACK_VECTOR, upcall);
    err = hvm_param_set(HVM_PARAM_CALLBACK_IRQ,
                        (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << CALLBACK_SHIFT |
                            EVENT_CALLBACK_VECTOR);
    if (err)
        guest_panic("cannot set the event callback vector: error %ld", err);
}
