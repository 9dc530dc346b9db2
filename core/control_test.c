/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain's hypercalls from dispatch to effect: domctl, sysctl and what is Atoll's own.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/frame.h"
#include "core/hypercall_rows.h"
#include "core/log.h"
#include "lib/errno.h"
#include "pv-abi/hvm_params.h"
#include "pv-abi/hvm_save.h"
#include "tests/fake/fake_caller.h"
#include "tests/fake/fake_memory.h"
#include "tests/fake/fake_records.h"

static void test_versions_and_numbers(UNUSED void **state)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_pausedomain,
                            .interface_version = XEN_DOMCTL_INTERFACE_VERSION + 1};

    memcpy(caller_memory(ARG), &op, sizeof(op));
    assert_int_equal(caller_call(__HYPERVISOR_domctl, ARG, 0, 0), -EACCES);
    assert_int_equal(caller_call(__HYPERVISOR_domctl, WRONG, 0, 0), -EFAULT);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_vm_event_op, 0), -ENOSYS);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_pausedomain, 77), -ESRCH);
    control->is_privileged = false;
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_pausedomain, 77), -EPERM);
}

static void test_numbers_of_new_domains(UNUSED void **state)
{
    uint16_t first, second;

    assert_int_equal(caller_create(0, 1, &first), 0);
    assert_int_not_equal(first, 0);
    assert_int_equal(caller_create(100, 1, &second), 0);
    assert_int_equal(second, 100);
    assert_int_equal(caller_create(100, 1, &second), -EEXIST);
    assert_int_equal(caller_create(0, 0, &second), -EINVAL);
    assert_int_equal(caller_create(0, DOMAIN_VCPUS_MAX + 1, &second), -EINVAL);
}

static void test_a_hundred_domains_leave_nothing(UNUSED void **state)
{
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, caller_make_guest()), 0);
    caller_assert_all_is_back();
}

/* Creation with the n-th allocation failing, for each n. */
static void test_creation_without_memory(UNUSED void **state)
{
    int64_t result = -ENOMEM;

    for (uint32_t n = 1; result; n++) {
        uint16_t domid = 0;

        frame_fail_after(n);
        result = caller_create(0, 2, &domid);
        frame_fail_after(0);
        assert_true(!result || result == -ENOMEM);
        if (domid)
            assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, domid), 0);
    }
    caller_assert_all_is_back();
}

static void test_what_a_domain_cannot_do_to_itself(UNUSED void **state)
{
    static const uint32_t cmds[] = {XEN_DOMCTL_destroydomain, XEN_DOMCTL_pausedomain,
                                    XEN_DOMCTL_unpausedomain, XEN_DOMCTL_max_vcpus,
                                    XEN_DOMCTL_gethvmcontext, XEN_DOMCTL_sethvmcontext};

    for (uint32_t i = 0; i < ARRAY_SIZE(cmds); i++)
        assert_int_equal(caller_domctl_simple(cmds[i], 0), -EINVAL);
}

static void test_pauses_nest(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_domctl op = {.cmd = 0};

    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_pausedomain, domid), 0);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_unpausedomain, domid), 0);
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_getdomaininfo, domid), 0);
    assert_true(op.u.getdomaininfo.flags & XEN_DOMINF_paused);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_unpausedomain, domid), 0);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_unpausedomain, domid), -EINVAL);
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_getdomaininfo, domid), 0);
    assert_false(op.u.getdomaininfo.flags & XEN_DOMINF_paused);
}

static void test_information_about_domains(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_domctl op = {.cmd = 0};
    struct xen_sysctl list = {.u.getdomaininfolist = {.max_domains = 8, .buffer = LIST}};
    const struct xen_domctl_getdomaininfo *infos = caller_memory(LIST);

    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_getdomaininfo, 1), 0);
    assert_int_equal(op.domain, domid);
    assert_int_equal(op.u.getdomaininfo.tot_pages, 16);
    assert_int_equal(op.u.getdomaininfo.max_pages, 1024);
    assert_int_equal(op.u.getdomaininfo.max_vcpu_id, 1);
    assert_int_equal(op.u.getdomaininfo.nr_online_vcpus, 0);
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_getdomaininfo, (uint16_t)(domid + 1)), -ESRCH);
    assert_int_equal(caller_sysctl(&list, XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(list.u.getdomaininfolist.num_domains, 2);
    assert_int_equal(infos[1].domain, domid);
    list.u.getdomaininfolist.max_domains = 1;
    assert_int_equal(caller_sysctl(&list, XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(list.u.getdomaininfolist.num_domains, 1);
}

static void test_limits(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_memory_reservation more = {.extent_start = LIST, .nr_extents = 3, .domid = domid};
    struct xen_domctl op = {.u.max_mem.max_memkb = 17 * 4};
    uint64_t *gfns = caller_memory(LIST);

    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_max_mem, domid), 0);
    gfns[0] = 100;
    gfns[1] = 101;
    gfns[2] = 102;
    assert_int_equal(caller_memory_op(XENMEM_populate_physmap, &more, sizeof(more)), 1);
    op.u.paging_mempool.size = 4097;
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_set_paging_mempool_size, domid), -EINVAL);
    op.u.paging_mempool.size = 1 << 20;
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_set_paging_mempool_size, domid), 0);
    assert_int_equal(domain_by_id(domid)->hyp_limit, (1 << 20) / PAGE_SIZE);
}

static void test_weight_and_cap(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_domctl op = {.u.scheduler_op = {.sched_id = XEN_SCHEDULER_CREDIT,
                                               .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
                                               .u.credit = {512, 50}}};

    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_scheduler_op, domid), 0);
    op.u.scheduler_op.u.credit = (struct xen_domctl_sched_credit){0, UINT16_MAX};
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_scheduler_op, domid), 0);
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_scheduler_op, domid), 0);
    assert_int_equal(op.u.scheduler_op.u.credit.weight, 512);
    assert_int_equal(op.u.scheduler_op.u.credit.cap, 50);
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_RTDS;
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_scheduler_op, domid), -EINVAL);
}

static struct xen_domctl affinity_of(uint32_t vcpu, uint32_t bits)
{
    struct xen_domctl op = {.u.vcpuaffinity = {.vcpu = vcpu,
                                               .flags = XEN_VCPUAFFINITY_HARD,
                                               .cpumap_hard = {.bitmap = LIST, .nr_bits = bits}}};

    return op;
}

static void test_affinity(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_domctl op = affinity_of(0, 16);
    uint8_t *map = caller_memory(LIST);

    map[0] = 0xfe;
    map[1] = 0xff;
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_setvcpuaffinity, domid), 0);
    assert_int_equal(map[0], 2);
    assert_int_equal(map[1], 0);
    map[0] = 0;
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_setvcpuaffinity, domid), -EINVAL);
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_getvcpuaffinity, domid), 0);
    assert_int_equal(map[0], 2);
    op = affinity_of(2, 8);
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_getvcpuaffinity, domid), -EINVAL);
    op = affinity_of(0, 8);
    op.u.vcpuaffinity.flags = 0;
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_getvcpuaffinity, domid), -EINVAL);
}

/* ---- HVM context ---- */

static uint32_t put_record(uint32_t offset, uint16_t type, uint16_t instance, const void *body,
                           uint32_t size)
{
    struct hvm_save_descriptor descriptor = {type, instance, size};

    memcpy((uint8_t *)caller_memory(LIST) + offset, &descriptor, sizeof(descriptor));
    if (size)
        memcpy((uint8_t *)caller_memory(LIST) + offset + sizeof(descriptor), body, size);
    return offset + (uint32_t)sizeof(descriptor) + size;
}

static uint32_t put_header(void)
{
    struct hvm_save_header header = {.magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION};

    return put_record(0, HVM_SAVE_CODE_HEADER, 0, &header, sizeof(header));
}

static int64_t set_context(uint16_t domid, uint32_t size)
{
    struct xen_domctl op = {.u.hvmcontext = {.size = size, .buffer = LIST}};

    return caller_domctl(&op, XEN_DOMCTL_sethvmcontext, domid);
}

static void test_a_context_goes_in_and_out(UNUSED void **state)
{
    uint8_t cpu[FAKE_RECORD_SIZE] = "first vcpu";
    uint16_t domid = caller_make_guest();
    struct xen_domctl op = {.cmd = 0};
    uint32_t size = put_header();

    size = put_record(size, HVM_SAVE_CODE_CPU, 0, cpu, sizeof(cpu));
    size = put_record(size, HVM_SAVE_CODE_END, 0, NULL, 0);
    assert_int_equal(set_context(domid, size), 0);
    assert_memory_equal(fake_record(0, HVM_SAVE_CODE_CPU), cpu, sizeof(cpu));
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_getdomaininfo, domid), 0);
    assert_int_equal(op.u.getdomaininfo.nr_online_vcpus, 1);

    op.u.hvmcontext = (struct xen_domctl_hvmcontext){.size = 0};
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_gethvmcontext, domid), 0);
    op.u.hvmcontext.buffer = LIST;
    size = op.u.hvmcontext.size--;
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_gethvmcontext, domid), -ENOSPC);
    op.u.hvmcontext.size = size;
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_gethvmcontext, domid), 0);
    assert_int_equal(set_context(domid, op.u.hvmcontext.size), 0);
}

static void test_contexts_that_are_wrong(UNUSED void **state)
{
    uint8_t body[FAKE_RECORD_SIZE] = "x";
    uint16_t domid = caller_make_guest();
    uint32_t head = put_header(), size;

    fake_record(0, HVM_SAVE_CODE_CPU)[0] = 'o';
    assert_int_equal(set_context(domid, 0), -EINVAL);
    assert_int_equal(set_context(domid, head - 1), -EINVAL);
    assert_int_equal(set_context(domid, head), -EINVAL); /* no END */
    size = put_record(head, HVM_SAVE_CODE_CPU, 0, body, sizeof(body));
    assert_int_equal(set_context(domid, size - 1), -EINVAL);
    assert_int_equal(set_context(domid, size), -EINVAL);
    size = put_record(size, HVM_SAVE_CODE_CPU, 2, body, sizeof(body));
    put_record(size, HVM_SAVE_CODE_END, 0, NULL, 0);
    assert_int_equal(set_context(domid, 4096), -EINVAL); /* no such vCPU */
    size = put_record(head, HVM_SAVE_CODE_PIT, 0, body, sizeof(body));
    put_record(size, HVM_SAVE_CODE_END, 0, NULL, 0);
    assert_int_equal(set_context(domid, 4096), -EINVAL); /* no such device */
    /* Nothing of all that was set. */
    assert_int_equal(fake_record(0, HVM_SAVE_CODE_CPU)[0], 'o');
}

static void test_a_record_that_cannot_be_takes_the_others_back(UNUSED void **state)
{
    uint8_t good[FAKE_RECORD_SIZE] = "good", bad[FAKE_RECORD_SIZE] = {FAKE_RECORD_BAD};
    uint16_t domid = caller_make_guest();
    uint32_t size = put_header();

    memcpy(fake_record(0, HVM_SAVE_CODE_CPU), "old", 4);
    size = put_record(size, HVM_SAVE_CODE_CPU, 0, good, sizeof(good));
    size = put_record(size, HVM_SAVE_CODE_LAPIC, 0, bad, sizeof(bad));
    size = put_record(size, HVM_SAVE_CODE_END, 0, NULL, 0);
    assert_int_equal(set_context(domid, size), -EINVAL);
    assert_string_equal((char *)fake_record(0, HVM_SAVE_CODE_CPU), "old");
}

static void test_a_dying_domain_has_no_state(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    uint32_t size = put_record(put_header(), HVM_SAVE_CODE_END, 0, NULL, 0);
    struct xen_domctl op = {.u.max_vcpus.max = 1};
    struct domain *d = domain_get(domid);

    atomic_store(&d->state, DOMAIN_DYING);
    assert_int_equal(set_context(domid, size), -ESRCH);
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_gethvmcontext, domid), -ESRCH);
    assert_int_equal(caller_domctl(&op, XEN_DOMCTL_max_vcpus, domid), -ESRCH);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_unpausedomain, domid), -ESRCH);
    atomic_store(&d->state, DOMAIN_BUILDING);
    domain_put(d);
}

static void test_a_running_domain_has_no_context(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    uint32_t size = put_record(put_header(), HVM_SAVE_CODE_END, 0, NULL, 0);

    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_unpausedomain, domid), 0);
    assert_int_equal(set_context(domid, size), -EBUSY);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_pausedomain, domid), 0);
    assert_int_equal(set_context(domid, size), 0);
}

static void test_parameters_of_a_guest(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct xen_hvm_param arg = {.domid = domid, .index = HVM_PARAM_STORE_PFN, .value = 0x1234};

    assert_int_equal(caller_pass(__HYPERVISOR_hvm_op, HVMOP_set_param, &arg, sizeof(arg)), 0);
    arg.value = 0;
    assert_int_equal(caller_pass(__HYPERVISOR_hvm_op, HVMOP_get_param, &arg, sizeof(arg)), 0);
    assert_int_equal(arg.value, 0x1234);
    arg.domid = DOMID_SELF;
    assert_int_equal(caller_pass(__HYPERVISOR_hvm_op, HVMOP_set_param, &arg, sizeof(arg)), -EPERM);
    arg.domid = domid;
    arg.index = HVM_PARAM_CALLBACK_IRQ;
    arg.value = UINT64_C(1) << 56;
    assert_int_equal(caller_pass(__HYPERVISOR_hvm_op, HVMOP_set_param, &arg, sizeof(arg)), -EINVAL);
}

/* ---- the machine ---- */

static struct domain *dying;

/* Another CPU destroys the domain whose lock nobody holds when its vcpu_info is looked at. */
static void destroy_at_load(const volatile void *address)
{
    if (address != &dying->vcpu[0]->info->evtchn_upcall_pending ||
        atomic_load(&dying->lock.next) != atomic_load(&dying->lock.serving))
        return;
    fake_on_load = NULL;
    fake_domain_destroy(dying);
}

static void test_the_callback_of_a_domain_that_is_destroyed(UNUSED void **state)
{
    struct xen_hvm_param arg = {.domid = caller_make_guest(),
                                .index = HVM_PARAM_CALLBACK_IRQ,
                                .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | 0x30};

    dying = domain_get(arg.domid);
    assert_int_equal(vcpu_register_info(dying->vcpu[0], (gfn_t){3}, 0), 0);
    fake_on_load = destroy_at_load;
    assert_int_equal(caller_pass(__HYPERVISOR_hvm_op, HVMOP_set_param, &arg, sizeof(arg)), 0);
    fake_on_load = NULL;
    domain_put(dying);
}

static void test_the_log_is_read_once(UNUSED void **state)
{
    struct xen_sysctl op = {.u.readconsole = {.buffer = LIST, .count = 4096}};

    log_line(LOG_NOTICE, "a line for the reader");
    assert_int_equal(caller_sysctl(&op, XEN_SYSCTL_readconsole), 0);
    assert_true(op.u.readconsole.count >= 22);
    assert_non_null(
        memmem(caller_memory(LIST), op.u.readconsole.count, "a line for the reader\n", 22));
    op.u.readconsole.count = 4096;
    op.u.readconsole.incremental = 1;
    assert_int_equal(caller_sysctl(&op, XEN_SYSCTL_readconsole), 0);
    assert_int_equal(op.u.readconsole.count, 0);
    op.u.readconsole.clear = 1;
    assert_int_equal(caller_sysctl(&op, XEN_SYSCTL_readconsole), -EOPNOTSUPP);
    op.u.readconsole.clear = 0;
    op.u.readconsole.buffer = WRONG;
    op.u.readconsole.count = 1;
    log_line(LOG_NOTICE, "x");
    assert_int_equal(caller_sysctl(&op, XEN_SYSCTL_readconsole), -EFAULT);
}

static uint64_t domain_hyp_pages(uint16_t domid)
{
    struct domain *d = domain_get(domid);
    uint64_t pages = d->hyp_pages;

    domain_put(d);
    return pages;
}

static void test_free_memory_is_what_domains_leave(UNUSED void **state)
{
    struct xen_sysctl op = {.cmd = 0};
    uint64_t free_pages;
    uint16_t domid;

    assert_int_equal(caller_sysctl(&op, XEN_SYSCTL_physinfo), 0);
    free_pages = op.u.physinfo.free_pages;
    domid = caller_make_guest();
    assert_int_equal(caller_sysctl(&op, XEN_SYSCTL_physinfo), 0);
    assert_true(op.u.physinfo.free_pages <= free_pages - 16 - domain_hyp_pages(domid));
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_destroydomain, domid), 0);
    assert_int_equal(caller_sysctl(&op, XEN_SYSCTL_physinfo), 0);
    assert_int_equal(op.u.physinfo.free_pages, free_pages);
}

static int64_t atoll_op(uint64_t cmd, void *arg, size_t size)
{
    return caller_pass(__HYPERVISOR_arch_2, cmd, arg, size);
}

static void test_a_death_record(UNUSED void **state)
{
    uint16_t domid = caller_make_guest();
    struct atoll_death death = {.domid = domid};
    struct domain *d = domain_get(domid);

    assert_int_equal(atoll_op(ATOLLOP_get_death, &death, sizeof(death)), -ENOENT);
    domain_crash(d, "read gfn %x", 0x12u);
    domain_put(d);
    assert_int_equal(atoll_op(ATOLLOP_get_death, &death, sizeof(death)), 0);
    assert_string_equal(death.reason, "read gfn 12");
    death.domid = 77;
    assert_int_equal(atoll_op(ATOLLOP_get_death, &death, sizeof(death)), -ESRCH);
}

static void test_calls_are_counted(UNUSED void **state)
{
    struct atoll_call_counts arg = {.domid = 0, .max = 64, .list = LIST};
    const struct atoll_call_count *counts = caller_memory(LIST);
    bool is_known_found = false, is_unknown_found = false;

    assert_int_equal(caller_call(60, 0, 0, 0), -ENOSYS);
    assert_int_equal(caller_domctl_simple(XEN_DOMCTL_getdomaininfo, 0), 0);
    assert_int_equal(atoll_op(ATOLLOP_get_call_counts, &arg, sizeof(arg)), 0);
    assert_in_range(arg.max, 3, 63);
    for (uint32_t i = 0; i < arg.max; i++) {
        if (counts[i].number == __HYPERVISOR_domctl &&
            counts[i].operation == XEN_DOMCTL_getdomaininfo)
            is_known_found = counts[i].count == 1;
        if (counts[i].number == 60 && counts[i].operation == ATOLL_CALL_UNKNOWN)
            is_unknown_found = counts[i].count == 1;
    }
    assert_true(is_known_found && is_unknown_found);
}

static void test_counters_of_a_vcpu(UNUSED void **state)
{
    struct atoll_counters arg = {.domid = 0, .vcpu = 0};

    control->vcpu[0]->counters.injections = 5;
    assert_int_equal(atoll_op(ATOLLOP_get_counters, &arg, sizeof(arg)), 0);
    assert_int_equal(arg.injections, 5);
    arg.vcpu = control->vcpu_max;
    assert_int_equal(atoll_op(ATOLLOP_get_counters, &arg, sizeof(arg)), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, caller_setup, caller_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(versions_and_numbers),
        TEST(numbers_of_new_domains),
        TEST(a_hundred_domains_leave_nothing),
        TEST(creation_without_memory),
        TEST(what_a_domain_cannot_do_to_itself),
        TEST(pauses_nest),
        TEST(information_about_domains),
        TEST(limits),
        TEST(weight_and_cap),
        TEST(affinity),
        TEST(a_context_goes_in_and_out),
        TEST(contexts_that_are_wrong),
        TEST(a_record_that_cannot_be_takes_the_others_back),
        TEST(a_dying_domain_has_no_state),
        TEST(a_running_domain_has_no_context),
        TEST(parameters_of_a_guest),
        TEST(the_callback_of_a_domain_that_is_destroyed),
        TEST(the_log_is_read_once),
        TEST(free_memory_is_what_domains_leave),
        TEST(a_death_record),
        TEST(calls_are_counted),
        TEST(counters_of_a_vcpu),
    };

    return cmocka_run_group_tests(tests, fake_memory_setup, NULL);
}
