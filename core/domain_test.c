/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains: creation with each allocation failing, look-up, pausing, shutting down, destruction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/frame.h"
#include "lib/errno.h"
#include "pv-abi/domctl.h"
#include "pv-abi/sched.h"
#include "pv-abi/xen.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

#define VCPUS 3u

static const struct xen_domctl_createdomain config = {
    .handle = {1, 2, 3},
    .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
    .max_vcpus = VCPUS,
    .max_evtchn_port = 1023,
    .max_grant_frames = 4,
    .max_maptrack_frames = 4,
    .arch.emulation_flags = XEN_X86_EMU_LAPIC,
};

static struct domain *control;

static int create(struct domain **d)
{
    uint16_t domid = DOMAIN_ID_ANY;
    int rc = domain_create(&domid, &config, d);

    if (rc)
        return rc;
    rc = domain_set_max_vcpus(*d, VCPUS);
    if (rc)
        fake_domain_destroy(*d);
    return rc;
}

/* The control domain exists through all tests. */
static int setup_all(void **state)
{
    uint16_t domid = DOMAIN_CONTROL;

    if (fake_memory_setup(state) != 0 || domain_create(&domid, &config, &control) != 0 ||
        domid != DOMAIN_CONTROL || domain_set_max_vcpus(control, 1) != 0)
        return -1;
    control->is_privileged = true;
    return 0;
}

static void counts_now(struct frame_counts *counts)
{
    fake_idle();
    memset(counts, 0, sizeof(*counts));
    frame_counts(counts);
}

static void assert_same_counts(const struct frame_counts *before)
{
    struct frame_counts after;

    counts_now(&after);
    assert_int_equal(after.heap_used, before->heap_used);
    assert_int_equal(after.free_clean + after.free_dirty + after.heap,
                     before->free_clean + before->free_dirty + before->heap);
    assert_int_equal(after.quarantine, before->quarantine);
}

static void test_each_allocation_may_fail(UNUSED void **state)
{
    struct frame_counts before;
    struct domain *d;
    uint32_t k;
    int rc = -ENOMEM;

    /* The table's page for these domids comes with the first and stays. */
    assert_int_equal(create(&d), 0);
    fake_domain_destroy(d);
    counts_now(&before);
    for (k = 1; rc == -ENOMEM; k++) {
        int vcpus = fake_vcpus;

        frame_fail_after(k);
        rc = create(&d);
        frame_fail_after(0);
        if (rc == 0)
            fake_domain_destroy(d);
        assert_int_equal(fake_vcpus, vcpus);
        assert_same_counts(&before);
    }
    assert_int_equal(rc, 0);
    assert_true(k > 10);
}

static void test_each_vcpu_may_fail(UNUSED void **state)
{
    struct frame_counts before;
    struct domain *d;
    uint16_t domid = DOMAIN_ID_ANY;

    assert_int_equal(domain_create(&domid, &config, &d), 0);
    counts_now(&before);
    for (int k = 0; k < (int)VCPUS; k++) {
        int vcpus = fake_vcpus;

        fake_vcpu_init_budget = k;
        assert_int_equal(domain_set_max_vcpus(d, VCPUS), -ENOMEM);
        fake_vcpu_init_budget = -1;
        assert_int_equal(fake_vcpus, vcpus);
        assert_int_equal(d->vcpu_max, 0);
        assert_same_counts(&before);
    }
    assert_int_equal(domain_set_max_vcpus(d, VCPUS), 0);
    assert_int_equal(domain_set_max_vcpus(d, VCPUS), -EINVAL);
    fake_domain_destroy(d);
}

static void test_wrong_configurations_are_refused(UNUSED void **state)
{
    struct xen_domctl_createdomain wrong;
    struct frame_counts before;
    struct domain *d;
    uint16_t domid = DOMAIN_ID_ANY;

    counts_now(&before);
    for (int i = 0; i < 6; i++) {
        wrong = config;
        if (i == 0)
            wrong.flags = XEN_DOMCTL_CDF_hvm;
        if (i == 1)
            wrong.flags |= XEN_DOMCTL_CDF_iommu;
        if (i == 2)
            wrong.max_vcpus = 0;
        if (i == 3)
            wrong.max_vcpus = DOMAIN_VCPUS_MAX + 1;
        if (i == 4)
            wrong.arch.emulation_flags = 1u << 31;
        if (i == 5)
            wrong.vmtrace_size = PAGE_SIZE;
        assert_int_equal(domain_create(&domid, &wrong, &d), -EINVAL);
    }
    domid = DOMID_SELF;
    assert_int_equal(domain_create(&domid, &config, &d), -EINVAL);
    assert_same_counts(&before);
}

static void test_identifiers(UNUSED void **state)
{
    struct domain *a, *b, *found;
    uint16_t domid = 77;

    assert_int_equal(domain_create(&domid, &config, &a), 0);
    assert_int_equal(a->id, 77);
    assert_int_equal(domain_create(&domid, &config, &b), -EEXIST);
    domid = 0; /* taken by the control domain: any */
    assert_int_equal(domain_create(&domid, &config, &b), 0);
    assert_int_not_equal(domid, 0);
    assert_int_equal(b->id, domid);

    found = domain_get(77);
    assert_ptr_equal(found, a);
    domain_put(found);
    assert_null(domain_get(78));
    assert_null(domain_get(DOMID_SELF));
    assert_null(domain_get(0xffff));
    found = domain_get_next(1);
    assert_ptr_equal(found, b->id < a->id ? b : a);
    domain_put(found);
    fake_domain_destroy(a);
    assert_null(domain_get(77));
    fake_domain_destroy(b);
    found = domain_get_next(0);
    assert_ptr_equal(found, control);
    domain_put(found);
    assert_null(domain_get_next(1));
}

static void test_target_needs_privilege(UNUSED void **state)
{
    struct domain *d, *target;

    assert_int_equal(create(&d), 0);
    this_cpu()->current = d->vcpu[0];
    assert_int_equal(domain_get_target(DOMID_SELF, &target), 0);
    assert_ptr_equal(target, d);
    domain_put(target);
    assert_int_equal(domain_get_target(d->id, &target), 0);
    domain_put(target);
    assert_int_equal(domain_get_target(0, &target), -EPERM);
    assert_int_equal(domain_get_target(1234, &target), -EPERM);
    this_cpu()->current = control->vcpu[0];
    assert_int_equal(domain_get_target(d->id, &target), 0);
    domain_put(target);
    assert_int_equal(domain_get_target(1234, &target), -ESRCH);
    this_cpu()->current = NULL;
    assert_int_equal(atomic_load(&d->refs), 1);
    fake_domain_destroy(d);
}

static void test_reference_outlives_destruction(UNUSED void **state)
{
    struct frame_counts before;
    struct domain *d;

    counts_now(&before);
    assert_int_equal(create(&d), 0);
    domain_hold(d);
    fake_domain_destroy(d);
    assert_int_equal(atomic_load(&d->state), DOMAIN_DEAD);
    assert_ptr_equal(d->vcpu[0]->domain, d);
    domain_put(d);
    assert_same_counts(&before);
}

/* Two find it in the table; one of them is late. */
static void test_second_destruction_finds_nothing_to_do(UNUSED void **state)
{
    struct frame_counts before;
    struct domain *d, *next;
    uint16_t domid;

    counts_now(&before);
    assert_int_equal(create(&d), 0);
    domid = d->id;
    domain_hold(d);
    fake_domain_destroy(d);
    assert_int_equal(domain_create(&domid, &config, &next), 0);
    fake_domain_destroy(d);
    assert_ptr_equal(domain_by_id(domid), next);
    assert_int_equal(atomic_load(&d->refs), 1);
    domain_put(d);
    fake_domain_destroy(next);
    assert_same_counts(&before);
}

static void test_shutdown_keeps_the_first_reason(UNUSED void **state)
{
    struct domain *d;

    assert_int_equal(create(&d), 0);
    assert_int_equal(domain_unpause(d), 0);
    assert_int_equal(atomic_load(&d->state), DOMAIN_ALIVE);
    vcpu_go(d->vcpu[0], VCPU_DOWN);
    domain_shutdown(d, SHUTDOWN_reboot);
    domain_shutdown(d, SHUTDOWN_crash);
    assert_int_equal(d->shutdown_reason, SHUTDOWN_reboot);
    assert_false(vcpu_may_run(d->vcpu[0]));
    fake_domain_destroy(d);
}

static void test_last_vcpu_down_is_power_off(UNUSED void **state)
{
    struct domain *d;

    assert_int_equal(create(&d), 0);
    assert_int_equal(domain_unpause(d), 0);
    vcpu_go(d->vcpu[0], VCPU_DOWN);
    vcpu_go(d->vcpu[1], VCPU_DOWN);
    vcpu_down(d->vcpu[0]);
    assert_int_equal(d->shutdown_reason, SHUTDOWN_REASON_NONE);
    vcpu_down(d->vcpu[1]); /* vCPU 2 never was up */
    assert_int_equal(d->shutdown_reason, SHUTDOWN_poweroff);
    fake_domain_destroy(d);
}

static void test_crash_leaves_a_record(UNUSED void **state)
{
    struct domain *d;

    assert_int_equal(create(&d), 0);
    assert_int_equal(domain_unpause(d), 0);
    vcpu_go(d->vcpu[1], VCPU_DOWN);
    d->vcpu[1]->arch.history_next = 1;
    d->vcpu[1]->arch.history[0].rip = 0x1234;
    vcpu_private()->regs.rip = 0x1234;
    this_cpu()->current = d->vcpu[1];
    domain_crash(d, "bad port %x", 0x10);
    domain_crash(d, "again");
    this_cpu()->current = NULL;
    assert_string_equal(d->death.reason, "bad port 10");
    assert_int_equal(d->death.vcpu, 1);
    assert_int_equal(d->death.rip, 0x1234);
    assert_int_equal(d->death.exits[0].rip, 0x1234);
    assert_int_equal(d->shutdown_reason, SHUTDOWN_crash);
    fake_domain_destroy(d);
}

static void test_control_domain_ends_the_machine(UNUSED void **state)
{
    int how = setjmp(fake_machine_exit);

    if (how == 0)
        domain_shutdown(control, SHUTDOWN_poweroff);
    assert_int_equal(how, 1);
    control->shutdown_reason = SHUTDOWN_REASON_NONE;
    how = setjmp(fake_machine_exit);
    if (how == 0)
        domain_shutdown(control, SHUTDOWN_reboot);
    assert_int_equal(how, 2);
    control->shutdown_reason = SHUTDOWN_REASON_NONE;
}

static void test_wall_clock_is_there_from_the_start(UNUSED void **state)
{
    const struct compat_shared_info *info32;
    struct domain *d;

    assert_int_equal(create(&d), 0);
    assert_int_equal(d->shared_info->wc_sec, (uint32_t)(wall_ns_at_start / 1000000000));
    assert_int_equal(d->shared_info->wc_nsec, wall_ns_at_start % 1000000000);
    assert_int_equal(d->shared_info->wc_version % 2, 0);
    assert_int_equal(d->shared_info->vcpu_info[2].time.version % 2, 0);
    assert_int_equal(d->shared_info->vcpu_info[2].time.system_time, fake_ns);
    domain_set_32bit(d, true);
    info32 = (const struct compat_shared_info *)(void *)d->shared_info;
    assert_int_equal(info32->wc_sec, (uint32_t)(wall_ns_at_start / 1000000000));
    fake_domain_destroy(d);
}

static void test_destruction_waits_for_the_cpu(UNUSED void **state)
{
    struct domain *d;

    assert_int_equal(create(&d), 0);
    assert_int_equal(domain_unpause(d), 0);
    atomic_store(&d->vcpu[0]->sched.is_running, true);
    assert_int_equal(domain_destroy_step(d), 1);
    assert_int_equal(domain_destroy_step(d), 1);
    assert_int_equal(d->destroy_step, 0);
    atomic_store(&d->vcpu[0]->sched.is_running, false);
    fake_domain_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_may_fail),
        cmocka_unit_test(test_each_vcpu_may_fail),
        cmocka_unit_test(test_wrong_configurations_are_refused),
        cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_target_needs_privilege),
        cmocka_unit_test(test_reference_outlives_destruction),
        cmocka_unit_test(test_second_destruction_finds_nothing_to_do),
        cmocka_unit_test(test_shutdown_keeps_the_first_reason),
        cmocka_unit_test(test_last_vcpu_down_is_power_off),
        cmocka_unit_test(test_crash_leaves_a_record),
        cmocka_unit_test(test_control_domain_ends_the_machine),
        cmocka_unit_test(test_wall_clock_is_there_from_the_start),
        cmocka_unit_test(test_destruction_waits_for_the_cpu),
    };

    return cmocka_run_group_tests(tests, setup_all, NULL);
}
