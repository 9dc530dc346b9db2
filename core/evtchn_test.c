/* SPDX-License-Identifier: BSD-2-Clause */
/* Event channels: ports, pairs, delivery in both layouts, polling, and what failures leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/frame.h"
#include "core/heap.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"
#include "pv-abi/event_channel.h"
#include "pv-abi/xen.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define HYP_PAGES 64u

static struct domain *a, *b;
static struct frame_counts before;

static int setup(UNUSED void **state)
{
    fake_idle();
    frame_counts(&before);
    a = fake_domain_create(16, HYP_PAGES);
    b = fake_domain_create(16, HYP_PAGES);
    return a == NULL || b == NULL;
}

static void destroy(struct domain **d)
{
    if (*d)
        fake_domain_destroy(*d);
    *d = NULL;
}

static int teardown(UNUSED void **state)
{
    frame_fail_after(0);
    destroy(&a);
    destroy(&b);
    return 0;
}

static bool upcall(const struct domain *d)
{
    return evtchn_upcall_pending(d->vcpu[0]);
}

/* What a guest does at an upcall. */
static void forget_events(struct domain *d)
{
    memset(d->shared_info->evtchn_pending, 0, sizeof(d->shared_info->evtchn_pending));
    d->vcpu[0]->info->evtchn_pending_sel = 0;
    d->vcpu[0]->info->evtchn_upcall_pending = 0;
}

/* A pair of ports, one in each domain; what its making raised is forgotten. */
static void connect(uint32_t *port_a, uint32_t *port_b)
{
    assert_int_equal(evtchn_alloc_unbound(b, a->id, port_b), 0);
    assert_int_equal(evtchn_bind_interdomain(a, b, *port_b, port_a), 0);
    forget_events(a);
}

static void test_ports_are_given_from_the_lowest(UNUSED void **state)
{
    uint32_t port;

    for (uint32_t expected = 1; expected <= 3; expected++) {
        assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), 0);
        assert_int_equal(port, expected);
    }
    assert_int_equal(evtchn_close(a, 2), 0);
    assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), 0);
    assert_int_equal(port, 2);
}

static void test_ports_end_at_the_limit(UNUSED void **state)
{
    uint32_t port = 0;

    for (uint32_t i = 1; i < a->evtchn.port_limit; i++)
        assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), 0);
    assert_int_equal(port, a->evtchn.port_limit - 1);
    assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), -ENOSPC);
}

static void test_a_32bit_domain_has_1024_ports(UNUSED void **state)
{
    uint32_t port = 0;

    a->evtchn.port_limit = EVTCHN_PORTS;
    a->is_32bit = true;
    while (evtchn_alloc_unbound(a, b->id, &port) == 0)
        ;
    assert_int_equal(port, EVTCHN_PORTS_32 - 1);
}

static void test_no_memory_for_a_page_of_ports(UNUSED void **state)
{
    uint32_t port = 0, count = a->evtchn.port_count;

    while (port < count - 1)
        assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), 0);
    frame_fail_after(1);
    assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), -ENOMEM);
    assert_int_equal(a->evtchn.port_count, count);
    assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), 0);
    assert_int_equal(port, count);
}

static void test_binding_raises_the_new_port_once(UNUSED void **state)
{
    uint32_t near, far;

    assert_int_equal(evtchn_alloc_unbound(b, a->id, &far), 0);
    assert_int_equal(evtchn_bind_interdomain(a, b, far, &near), 0);
    assert_true(evtchn_is_pending(a, near));
    assert_false(evtchn_is_pending(b, far));
}

static void test_a_port_is_bound_by_whom_it_waits_for(UNUSED void **state)
{
    uint32_t near, far;

    assert_int_equal(evtchn_alloc_unbound(b, b->id, &far), 0);
    assert_int_equal(evtchn_bind_interdomain(a, b, far, &near), -EINVAL);
    assert_int_equal(evtchn_bind_interdomain(a, b, 0, &near), -EINVAL);
    assert_int_equal(evtchn_bind_interdomain(a, b, UINT32_MAX, &near), -EINVAL);
}

static void test_send_raises_the_far_end(UNUSED void **state)
{
    uint32_t near, far;

    connect(&near, &far);
    assert_int_equal(evtchn_send(a, near), 0);
    assert_true(evtchn_is_pending(b, far));
    assert_true(upcall(b));
    assert_int_equal(b->vcpu[0]->info->evtchn_pending_sel, 1);
    assert_false(upcall(a));
}

static void test_a_masked_port_waits_for_its_unmask(UNUSED void **state)
{
    uint32_t near, far;

    connect(&near, &far);
    b->shared_info->evtchn_mask[0] = UINT64_MAX;
    assert_int_equal(evtchn_send(a, near), 0);
    assert_true(evtchn_is_pending(b, far));
    assert_false(upcall(b));
    assert_int_equal(evtchn_unmask(b, far), 0);
    assert_true(upcall(b));
    assert_int_equal(b->shared_info->evtchn_mask[0], ~(UINT64_C(1) << far));
}

static void test_unmask_of_an_idle_port_raises_nothing(UNUSED void **state)
{
    uint32_t near, far;

    connect(&near, &far);
    b->shared_info->evtchn_mask[0] = UINT64_MAX;
    assert_int_equal(evtchn_unmask(b, far), 0);
    assert_false(upcall(b));
    assert_int_equal(evtchn_unmask(b, UINT32_MAX), -EINVAL);
}

static void test_the_32bit_layout(UNUSED void **state)
{
    struct compat_shared_info *info = (struct compat_shared_info *)(void *)a->shared_info;
    uint32_t port = 0;

    a->is_32bit = true;
    while (port < 40)
        assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), 0);
    info->evtchn_mask[1] = 1u << 8;
    evtchn_set_pending(a, 40);
    assert_int_equal(info->evtchn_pending[1], 1u << 8);
    assert_int_equal(info->vcpu_info[0].evtchn_pending_sel, 0);
    assert_int_equal(evtchn_unmask(a, 40), 0);
    assert_int_equal(info->vcpu_info[0].evtchn_pending_sel, 1u << 1);
    assert_int_equal(info->vcpu_info[0].evtchn_upcall_pending, 1);
}

static void test_close_leaves_the_far_end_unbound(UNUSED void **state)
{
    uint32_t near, far, again;

    connect(&near, &far);
    evtchn_set_pending(a, near);
    assert_int_equal(evtchn_close(a, near), 0);
    assert_false(evtchn_is_pending(a, near));
    assert_int_equal(evtchn_close(a, near), -EINVAL);
    assert_int_equal(evtchn_send(a, near), -EINVAL);
    assert_int_equal(evtchn_send(b, far), 0);
    assert_int_equal(evtchn_bind_interdomain(a, b, far, &again), 0);
}

static void test_a_pair_in_one_domain(UNUSED void **state)
{
    uint32_t one, two;

    assert_int_equal(evtchn_alloc_unbound(a, a->id, &one), 0);
    assert_int_equal(evtchn_bind_interdomain(a, a, one, &two), 0);
    forget_events(a);
    assert_int_equal(evtchn_send(a, two), 0);
    assert_true(evtchn_is_pending(a, one));
    assert_int_equal(evtchn_close(a, one), 0);
    assert_int_equal(evtchn_close(a, two), 0);
}

static void test_ends_of_a_dead_domain_are_unbound(UNUSED void **state)
{
    uint32_t near, far;

    connect(&near, &far);
    destroy(&b);
    assert_int_equal(evtchn_send(a, near), 0);
    assert_int_equal(evtchn_close(a, near), 0);
}

static void test_nothing_is_made_in_a_dying_domain(UNUSED void **state)
{
    uint32_t port;

    atomic_store(&a->state, DOMAIN_DYING);
    assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), -EINVAL);
    atomic_store(&a->state, DOMAIN_ALIVE);
}

static int64_t bind_virq(struct domain *d, uint32_t virq, uint32_t vcpu, uint32_t *port)
{
    struct evtchn_bind_virq arg = {virq, vcpu, 0};
    struct hypercall call = {.d = d, .v = d->vcpu[0], .arg = &arg};
    int64_t result = evtchn_op_bind_virq(&call);

    *port = arg.port;
    return result;
}

static void test_virtual_interrupts(UNUSED void **state)
{
    uint32_t timer, global, none;

    assert_int_equal(bind_virq(a, VIRQ_TIMER, 0, &timer), 0);
    assert_int_equal(bind_virq(a, VIRQ_TIMER, 0, &none), -EEXIST);
    assert_int_equal(bind_virq(a, VIRQ_TIMER, a->vcpu_max, &none), -ENOENT);
    assert_int_equal(bind_virq(a, NR_VIRQS, 0, &none), -EINVAL);
    assert_int_equal(bind_virq(a, VIRQ_DOM_EXC, 1, &none), -EINVAL);
    assert_int_equal(bind_virq(a, VIRQ_DOM_EXC, 0, &global), 0);
    evtchn_raise_virq(a->vcpu[0], VIRQ_TIMER);
    assert_true(evtchn_is_pending(a, timer));
    assert_false(evtchn_is_pending(a, global));
    evtchn_raise_control_virq(VIRQ_DOM_EXC);
    assert_true(evtchn_is_pending(a, global));
}

static void test_a_closed_virq_is_raised_no_more(UNUSED void **state)
{
    uint32_t port;

    assert_int_equal(bind_virq(a, VIRQ_TIMER, 0, &port), 0);
    assert_int_equal(evtchn_close(a, port), 0);
    evtchn_raise_virq(a->vcpu[0], VIRQ_TIMER);
    assert_false(evtchn_is_pending(a, port));
    assert_int_equal(bind_virq(a, VIRQ_TIMER, 0, &port), 0);
}

static void test_a_poller_is_woken_by_its_port(UNUSED void **state)
{
    struct vcpu *v = a->vcpu[0];
    uint32_t one, two;

    assert_int_equal(evtchn_alloc_unbound(a, b->id, &one), 0);
    assert_int_equal(evtchn_alloc_unbound(a, b->id, &two), 0);
    memset(a->shared_info->evtchn_mask, 0xff, sizeof(a->shared_info->evtchn_mask));
    atomic_fetch_or(&v->stop, VCPU_BLOCKED);
    evtchn_poll_begin(v, two);
    evtchn_set_pending(a, one);
    assert_true(v->poll_port != 0);
    assert_true(atomic_load(&v->stop) & VCPU_BLOCKED);
    evtchn_set_pending(a, two);
    assert_false(v->poll_port != 0);
    assert_false(atomic_load(&v->stop) & VCPU_BLOCKED);
    assert_int_equal(atomic_load(&a->evtchn.pollers), 0);
}

/* A builder binds ports, and others send on them, before the domain has a vCPU. */
static void test_an_event_before_there_is_a_vcpu(UNUSED void **state)
{
    uint32_t near, far, count = b->vcpu_max;

    connect(&near, &far);
    b->vcpu_max = 0;
    assert_int_equal(evtchn_send(a, near), 0);
    b->vcpu_max = count;
    assert_true(evtchn_is_pending(b, far));
    assert_int_equal(b->shared_info->vcpu_info[0].evtchn_pending_sel, 1);
    assert_true(upcall(b));
}

static void test_a_moved_vcpu_info_has_every_word_selected(UNUSED void **state)
{
    evtchn_vcpu_info_moved(a->vcpu[0]);
    assert_int_equal(a->vcpu[0]->info->evtchn_pending_sel, UINT64_MAX);
    assert_true(upcall(a));
}

static void test_everything_comes_back(UNUSED void **state)
{
    struct frame_counts after;
    uint32_t port, far;

    for (uint32_t i = 0; i < 300; i++)
        assert_int_equal(evtchn_alloc_unbound(a, b->id, &port), 0);
    connect(&port, &far);
    destroy(&a);
    destroy(&b);
    fake_idle();
    frame_counts(&after);
    assert_int_equal(after.heap_used, before.heap_used);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ports_are_given_from_the_lowest),
        TEST(ports_end_at_the_limit),
        TEST(a_32bit_domain_has_1024_ports),
        TEST(no_memory_for_a_page_of_ports),
        TEST(binding_raises_the_new_port_once),
        TEST(a_port_is_bound_by_whom_it_waits_for),
        TEST(send_raises_the_far_end),
        TEST(a_masked_port_waits_for_its_unmask),
        TEST(unmask_of_an_idle_port_raises_nothing),
        TEST(the_32bit_layout),
        TEST(close_leaves_the_far_end_unbound),
        TEST(a_pair_in_one_domain),
        TEST(ends_of_a_dead_domain_are_unbound),
        TEST(nothing_is_made_in_a_dying_domain),
        TEST(virtual_interrupts),
        TEST(a_closed_virq_is_raised_no_more),
        TEST(a_poller_is_woken_by_its_port),
        TEST(an_event_before_there_is_a_vcpu),
        TEST(a_moved_vcpu_info_has_every_word_selected),
        TEST(everything_comes_back),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
