/* SPDX-License-Identifier: BSD-2-Clause */
/* Dispatch: look-up, access, both forms of arguments, bad pointers, continuations; on a flat fake
 * guest memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/domain.h"
#include "core/guest_mem.h"
#include "core/hypercall_rows.h"
#include "core/version.h"
#include "lib/errno.h"
#include "pv-abi/features.h"
#include "tests/fake/fake_cpu.h"
#include "tests/fake/fake_memory.h"

/* ---- guest memory: pages at BASE, each with rights ---- */

#define BASE   UINT64_C(0x100000)
#define PAGES  4u
#define RW     (PT_READ | PT_WRITE)
#define LENGTH 3u /* of the hypercall instruction */
/* 1024 lines at once, 32 a second. */
#define LINE_NS (UINT64_C(1000000000) / 32)

static uint8_t memory[PAGES][PAGE_SIZE];
static unsigned rights[PAGES];
static unsigned reads; /* of guest memory, in words */

static void count_load(const volatile void *address)
{
    if ((const volatile uint8_t *)address >= &memory[0][0] &&
        (const volatile uint8_t *)address < &memory[0][0] + sizeof(memory))
        reads++;
}

static bool may(uint64_t gva, size_t size, unsigned access)
{
    if (gva < BASE || gva - BASE + size > sizeof(memory))
        return false;
    for (uint64_t page = (gva - BASE) / PAGE_SIZE; page <= (gva - BASE + size - 1) / PAGE_SIZE;
         page++)
        if ((rights[page] & access) != access)
            return false;
    return true;
}

static uint8_t *at(uint64_t gva)
{
    return &memory[0][0] + (gva - BASE);
}

int guest_pin(UNUSED enum window_use use, gva_t gva, size_t size, bool is_write,
              struct guest_pin *pin)
{
    size_t first = PAGE_SIZE - gva.v % PAGE_SIZE;

    if (!may(gva.v, size, is_write ? RW : PT_READ))
        return -EFAULT;
    pin->part[0] = at(gva.v);
    pin->part_size[0] = (uint32_t)(size < first ? size : first);
    pin->part_size[1] = (uint32_t)(size - pin->part_size[0]);
    pin->part[1] = pin->part_size[1] ? at(gva.v + first) : NULL;
    return 0;
}

int guest_copy_in(void *to, gva_t from, size_t size)
{
    if (!may(from.v, size, PT_READ))
        return -EFAULT;
    memcpy(to, at(from.v), size);
    return 0;
}

int guest_translate(gva_t gva, unsigned access, gpa_t *gpa)
{
    *gpa = (gpa_t){gva.v};
    return may(gva.v, 1, access) ? 0 : -EFAULT;
}

int guest_phys_write(UNUSED struct domain *of, gpa_t to, const void *from, size_t size)
{
    if (!may(to.v, size, RW))
        return -EFAULT;
    memcpy(at(to.v), from, size);
    return 0;
}

/* ---- a caller ---- */

static struct domain d;
static struct vcpu v;
static struct shared_info info;
static uint32_t counts[PAGE_SIZE / sizeof(uint32_t)];
static struct guest_regs *const regs = &fake_vcpu_private.regs;

static int setup(UNUSED void **state)
{
    fake_cpus_init(1, 1000000);
    sched_init();
    memset(&d, 0, sizeof(d));
    memset(&v, 0, sizeof(v));
    memset(&info, 0, sizeof(info));
    memset(counts, 0, sizeof(counts));
    memset(memory, 0xaa, sizeof(memory));
    memset(regs, 0, sizeof(*regs));
    for (unsigned i = 0; i < PAGES; i++)
        rights[i] = RW;
    reads = 0;
    fake_on_load = count_load;
    d.id = 1;
    d.vcpu[0] = &v;
    d.vcpu_max = 1;
    d.hypercall_counts = counts;
    d.shared_info = &info;
    d.evtchn.port_limit = EVTCHN_PORTS;
    lock_init(&d.lock, LOCK_DOMAIN);
    atomic_store(&d.refs, 1);
    sched_domain_init(&d);
    v.domain = &d;
    v.info = &info.vcpu_info[0];
    v.runstate = RUNSTATE_offline;
    atomic_store(&v.stop, VCPU_DOWN);
    v.runstate_entry_ns = fake_ns;
    timer_init(&v.singleshot, NULL);
    timer_init(&v.poll_timer, NULL);
    sched_vcpu_init(&v);
    vcpu_go(&v, VCPU_DOWN);
    sched_run();
    atomic_store(&cpus[0].pending, 0);
    return 0;
}

static int64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    this_cpu()->pins_checked = 0;
    regs->rip = 0x1000;
    regs->gpr[REG_RAX] = number;
    if (fake_paging.is_long) {
        regs->gpr[REG_RDI] = a;
        regs->gpr[REG_RSI] = b;
        regs->gpr[REG_RDX] = c;
    } else {
        regs->gpr[REG_RBX] = a;
        regs->gpr[REG_RCX] = b;
        regs->gpr[REG_RDX] = c;
    }
    hypercall_dispatch(LENGTH);
    return (int64_t)regs->gpr[REG_RAX];
}

static int64_t version(uint64_t cmd, uint64_t pointer)
{
    return call(__HYPERVISOR_xen_version, cmd, pointer, 0);
}

/* A 32-bit caller's negative result. */
static int64_t result32(int error)
{
    return (uint32_t)error;
}

/* ---- look-up and access ---- */

static void test_call_without_argument(UNUSED void **state)
{
    assert_int_equal(version(XENVER_version, 0), 4 << 16 | 17);
    assert_int_equal(regs->rip, 0x1000 + LENGTH);
    assert_int_equal(counts[FIRST_xen_version + XENVER_version], 1);
    assert_int_equal(reads, 0);
}

static void test_user_mode_is_refused(UNUSED void **state)
{
    fake_paging.cpl = 3;
    assert_int_equal(version(XENVER_version, 0), -EPERM);
    assert_int_equal(regs->rip, 0x1000 + LENGTH);
    assert_int_equal(counts[FIRST_xen_version + XENVER_version], 0);
}

static void test_unknown_calls_are_counted_by_number(UNUSED void **state)
{
    assert_int_equal(call(39, 0, 0, 0), -ENOSYS);
    assert_int_equal(counts[FIRST_UNKNOWN + 39], 1);
    assert_int_equal(call(HYPERCALL_NUMBERS, 0, 0, 0), -ENOSYS);
    assert_int_equal(call(UINT64_MAX, 0, 0, 0), -ENOSYS);
    assert_int_equal(counts[FIRST_UNKNOWN + HYPERCALL_NUMBERS], 2);
    assert_int_equal(version(XENVER_build_id + 1, 0), -ENOSYS);
    assert_int_equal(version(30, 0), -ENOSYS);
    assert_int_equal(version(UINT32_MAX, 0), -ENOSYS);
    assert_int_equal(counts[FIRST_xen_version + XENVER_build_id + 1], 1);
    assert_int_equal(counts[ABOVE_xen_version], 2);
}

static void test_access_comes_before_the_pointer(UNUSED void **state)
{
    assert_int_equal(call(__HYPERVISOR_console_io, CONSOLEIO_read, 8, 0), -EPERM);
    assert_int_equal(version(XENVER_build_id, 0), -EPERM);
    d.is_privileged = true;
    assert_int_equal(version(XENVER_build_id, 0), -ENODATA);
}

static void test_options_are_the_control_domains(UNUSED void **state)
{
    version_options = "loglevel=guest";
    assert_int_equal(version(XENVER_commandline, BASE), 0);
    assert_string_equal((char *)memory[0], "<denied>");
    d.is_privileged = true;
    assert_int_equal(version(XENVER_commandline, BASE), 0);
    assert_string_equal((char *)memory[0], "loglevel=guest");
}

static void test_set_timer_op(UNUSED void **state)
{
    assert_int_equal(call(__HYPERVISOR_set_timer_op, 7000000, 0, 0), 0);
    assert_int_equal(timer_deadline(&v.singleshot), 7000000);
    assert_int_equal(call(__HYPERVISOR_set_timer_op, UINT64_MAX, 0, 0), 0);
    assert_in_range(timer_deadline(&v.singleshot), fake_ns, fake_ns + 1000000000);
    assert_int_equal(call(__HYPERVISOR_set_timer_op, 0, 0, 0), 0);
    assert_false(timer_is_set(&v.singleshot));
    fake_paging.is_long = false;
    assert_int_equal(call(__HYPERVISOR_set_timer_op, 5, 1, 0), 0);
    assert_int_equal(timer_deadline(&v.singleshot), UINT64_C(0x100000005));
}

/* ---- arguments ---- */

static void test_copy_out(UNUSED void **state)
{
    assert_int_equal(version(XENVER_extraversion, BASE + 8), 0);
    assert_string_equal((char *)at(BASE + 8), ".0-atoll");
    assert_int_equal(*at(BASE + 7), 0xaa);
    assert_int_equal(*at(BASE + 8 + 15), 0); /* nothing of the hypervisor's shows */
    assert_int_equal(*at(BASE + 8 + 16), 0xaa);
    assert_int_equal(reads, 0);
}

static void test_bad_pointers(UNUSED void **state)
{
    assert_int_equal(version(XENVER_extraversion, 0), -EFAULT);
    assert_int_equal(version(XENVER_extraversion, UINT64_MAX), -EFAULT);
    rights[1] = PT_READ;
    assert_int_equal(version(XENVER_extraversion, BASE + PAGE_SIZE), -EFAULT);
    assert_int_equal(version(XENVER_extraversion, BASE + PAGE_SIZE - 8), -EFAULT);
    assert_int_equal(*at(BASE + PAGE_SIZE - 8), 0xaa);
    assert_int_equal(*at(BASE + PAGE_SIZE), 0xaa);
    assert_int_equal(regs->rip, 0x1000 + LENGTH);
    rights[1] = RW;
    assert_int_equal(version(XENVER_extraversion, BASE + PAGE_SIZE - 4), 0);
    assert_string_equal((char *)at(BASE + PAGE_SIZE - 4), ".0-atoll");
}

static void test_argument_is_read_once_and_written_only_on_success(UNUSED void **state)
{
    struct xen_feature_info *features = (struct xen_feature_info *)(void *)memory[0];

    features->submap_idx = 0;
    assert_int_equal(version(XENVER_get_features, BASE), 0);
    assert_int_equal(reads, sizeof(*features) / 8);
    assert_true(features->submap & 1u << XENFEAT_hvm_callback_vector);
    features->submap = 7;
    features->submap_idx = 1;
    assert_int_equal(version(XENVER_get_features, BASE), -EINVAL);
    assert_int_equal(features->submap, 7);
}

static void test_in_argument_may_be_read_only(UNUSED void **state)
{
    struct vcpu_set_singleshot_timer set = {.timeout_abs_ns = 5000000};

    memcpy(memory[0], &set, sizeof(set));
    rights[0] = PT_READ;
    assert_int_equal(call(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, BASE), 0);
    assert_int_equal(timer_deadline(&v.singleshot), 5000000);
    assert_int_equal(fake_armed(0), 5000000);
}

static void test_timer_in_the_past(UNUSED void **state)
{
    struct vcpu_set_singleshot_timer set = {.timeout_abs_ns = 1, .flags = VCPU_SSHOTTMR_future};

    memcpy(memory[0], &set, sizeof(set));
    assert_int_equal(call(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, BASE), -ETIME);
    assert_false(timer_is_set(&v.singleshot));
    assert_int_equal(call(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 7, BASE), -ENOENT);
}

/* ---- 32-bit callers ---- */

static void test_32_bit_copy_out_is_narrow(UNUSED void **state)
{
    fake_paging.is_long = false;
    assert_int_equal(version(XENVER_platform_parameters, BASE), 0);
    assert_int_equal(*at(BASE + 3), 0);
    assert_int_equal(*at(BASE + 4), 0xaa);
}

static void test_32_bit_registers_are_cut(UNUSED void **state)
{
    fake_paging.is_long = false;
    assert_int_equal(version(UINT64_C(0xffffffff00000000) | XENVER_pagesize, 0), 4096);
    assert_int_equal(version(XENVER_extraversion, UINT64_C(0x100000000) | BASE), 0);
    assert_int_equal(version(XENVER_extraversion, 0), result32(-EFAULT));
}

static void test_32_bit_argument_is_converted(UNUSED void **state)
{
    struct compat_vcpu_set_singleshot_timer set = {.timeout_abs_ns = UINT64_C(0x123456789abc)};

    fake_paging.is_long = false;
    memcpy(memory[0], &set, sizeof(set));
    assert_int_equal(call(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, BASE), 0);
    assert_int_equal(timer_deadline(&v.singleshot), UINT64_C(0x123456789abc));
}

static void test_32_bit_structure_goes_out_converted(UNUSED void **state)
{
    struct compat_vcpu_runstate_info runstate;

    fake_paging.is_long = false;
    fake_ns += 12345;
    assert_int_equal(call(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, BASE), 0);
    memcpy(&runstate, memory[0], sizeof(runstate));
    assert_int_equal(runstate.state, RUNSTATE_running);
    assert_int_equal(runstate.time[RUNSTATE_running], 12345);
    assert_int_equal(*at(BASE + sizeof(runstate)), 0xaa);
}

static void test_yield_brings_the_time_page_up(UNUSED void **state)
{
    fake_ns += 5000;
    assert_int_equal(call(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0), 0);
    assert_int_equal(info.vcpu_info[0].time.system_time, fake_ns);
}

/* ---- arrays and continuations ---- */

static void test_poll_looks_at_each_port(UNUSED void **state)
{
    uint32_t ports[2] = {5, 9};
    struct sched_poll poll = {.ports = BASE, .nr_ports = 2};

    memcpy(memory[0], ports, sizeof(ports));
    memcpy(memory[1], &poll, sizeof(poll));
    info.evtchn_pending[0] = 1u << 9;
    assert_int_equal(call(__HYPERVISOR_sched_op, SCHEDOP_poll, BASE + PAGE_SIZE, 0), 0);
    assert_false(atomic_load(&v.stop) & VCPU_BLOCKED);
    info.evtchn_pending[0] = 0;
    assert_int_equal(call(__HYPERVISOR_sched_op, SCHEDOP_poll, BASE + PAGE_SIZE, 0), 0);
    assert_true(atomic_load(&v.stop) & VCPU_BLOCKED);
    assert_true(v.poll_port != 0);
}

static void test_poll_errors_leave_no_trace(UNUSED void **state)
{
    struct sched_poll poll = {.ports = BASE, .nr_ports = 129};

    memcpy(memory[1], &poll, sizeof(poll));
    assert_int_equal(call(__HYPERVISOR_sched_op, SCHEDOP_poll, BASE + PAGE_SIZE, 0), -EINVAL);
    poll.nr_ports = 1;
    poll.ports = 0;
    memcpy(memory[1], &poll, sizeof(poll));
    assert_int_equal(call(__HYPERVISOR_sched_op, SCHEDOP_poll, BASE + PAGE_SIZE, 0), -EFAULT);
    poll.ports = BASE; /* the port is 0xaaaaaaaa */
    memcpy(memory[1], &poll, sizeof(poll));
    assert_int_equal(call(__HYPERVISOR_sched_op, SCHEDOP_poll, BASE + PAGE_SIZE, 0), -EINVAL);
    assert_false(atomic_load(&v.stop) & VCPU_BLOCKED);
    assert_false(v.poll_port != 0);
    assert_int_equal(atomic_load(&d.evtchn.pollers), 0);
}

static void test_console_write_continues_in_registers(UNUSED void **state)
{
    memset(memory, 'x', sizeof(memory));
    atomic_store(&cpus[0].pending, CPU_PENDING_TIMER);
    call(__HYPERVISOR_console_io, CONSOLEIO_write, 300, BASE);
    assert_int_equal(regs->rip, 0x1000);
    assert_int_equal(regs->gpr[REG_RAX], __HYPERVISOR_console_io);
    assert_int_equal(regs->gpr[REG_RSI], 300 - 128);
    assert_int_equal(regs->gpr[REG_RDX], BASE + 128);
    atomic_store(&cpus[0].pending, 0);
    hypercall_dispatch(LENGTH);
    assert_int_equal(regs->gpr[REG_RAX], 0);
    assert_int_equal(regs->rip, 0x1000 + LENGTH);
}

static void put_entries(const struct multicall_entry *entries, size_t count)
{
    memcpy(memory[0], entries, count * sizeof(*entries));
}

static const struct multicall_entry *entry(size_t index)
{
    return (const struct multicall_entry *)(void *)memory[0] + index;
}

static void test_multicall_stores_each_result(UNUSED void **state)
{
    struct multicall_entry entries[] = {
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}},
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_extraversion, BASE + PAGE_SIZE}},
        {.op = __HYPERVISOR_multicall, .args = {BASE, 1}},
        {.op = 39},
    };

    put_entries(entries, 4);
    assert_int_equal(call(__HYPERVISOR_multicall, BASE, 4, 0), 0);
    assert_int_equal(entry(0)->result, 4096);
    assert_int_equal(entry(1)->result, 0);
    assert_string_equal((char *)memory[1], ".0-atoll");
    assert_int_equal((int64_t)entry(2)->result, -EINVAL);
    assert_int_equal((int64_t)entry(3)->result, -ENOSYS);
}

static void test_multicall_continues_between_entries(UNUSED void **state)
{
    struct multicall_entry entries[] = {
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}},
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_version}},
    };

    put_entries(entries, 2);
    atomic_store(&cpus[0].pending, CPU_PENDING_SCHED);
    call(__HYPERVISOR_multicall, BASE, 2, 0);
    assert_int_equal(regs->rip, 0x1000);
    assert_int_equal(regs->gpr[REG_RDI], BASE + sizeof(struct multicall_entry));
    assert_int_equal(regs->gpr[REG_RSI], 1);
    assert_int_equal(entry(0)->result, 4096);
}

/* Nothing is known to be pending, but interrupts are off all the while. */
static void test_a_long_multicall_lets_devices_interrupt(UNUSED void **state)
{
    const struct multicall_entry one = {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}};

    for (size_t i = 0; i < 100; i++)
        memcpy(memory[0] + i * sizeof(one), &one, sizeof(one));
    call(__HYPERVISOR_multicall, BASE, 100, 0);
    assert_int_equal(regs->rip, 0x1000);
    assert_int_equal(regs->gpr[REG_RSI], 36);
}

static void test_multicall_entry_continues(UNUSED void **state)
{
    struct multicall_entry entries[] = {
        {.op = __HYPERVISOR_console_io, .args = {CONSOLEIO_write, 200, BASE + PAGE_SIZE}},
    };

    put_entries(entries, 1);
    atomic_store(&cpus[0].pending, CPU_PENDING_SCHED);
    call(__HYPERVISOR_multicall, BASE, 1, 0);
    assert_int_equal(regs->rip, 0x1000);
    assert_int_equal(regs->gpr[REG_RSI], 1);
    assert_int_equal(entry(0)->args[1], 72);
    assert_int_equal(entry(0)->args[2], BASE + PAGE_SIZE + 128);
    atomic_store(&cpus[0].pending, 0);
    hypercall_dispatch(LENGTH);
    assert_int_equal(entry(0)->result, 0);
    assert_int_equal(regs->gpr[REG_RAX], 0);
}

static void test_32_bit_multicall(UNUSED void **state)
{
    struct compat_multicall_entry entries[] = {
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_pagesize}},
        {.op = 39},
    };

    fake_paging.is_long = false;
    memcpy(memory[0], entries, sizeof(entries));
    assert_int_equal(call(__HYPERVISOR_multicall, BASE, 2, 0), 0);
    memcpy(entries, memory[0], sizeof(entries));
    assert_int_equal(entries[0].result, 4096);
    assert_int_equal(entries[1].result, (uint32_t)-ENOSYS);
}

static void test_multicall_on_bad_memory(UNUSED void **state)
{
    rights[0] = PT_READ;
    assert_int_equal(call(__HYPERVISOR_multicall, BASE, 1, 0), -EFAULT);
    assert_int_equal(call(__HYPERVISOR_multicall, 0, 1, 0), -EFAULT);
    assert_int_equal(call(__HYPERVISOR_multicall, 0, 0, 0), 0);
}

static void test_guest_lines_are_limited(UNUSED void **state)
{
    memset(memory[0], '\n', PAGE_SIZE);
    d.console_paid_ns = fake_ns + 1021 * LINE_NS;
    assert_int_equal(call(__HYPERVISOR_console_io, CONSOLEIO_write, 100, BASE), 0);
    assert_int_equal(d.console_paid_ns, fake_ns + 1024 * LINE_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_call_without_argument, setup),
        cmocka_unit_test_setup(test_user_mode_is_refused, setup),
        cmocka_unit_test_setup(test_unknown_calls_are_counted_by_number, setup),
        cmocka_unit_test_setup(test_access_comes_before_the_pointer, setup),
        cmocka_unit_test_setup(test_options_are_the_control_domains, setup),
        cmocka_unit_test_setup(test_set_timer_op, setup),
        cmocka_unit_test_setup(test_copy_out, setup),
        cmocka_unit_test_setup(test_bad_pointers, setup),
        cmocka_unit_test_setup(test_argument_is_read_once_and_written_only_on_success, setup),
        cmocka_unit_test_setup(test_in_argument_may_be_read_only, setup),
        cmocka_unit_test_setup(test_timer_in_the_past, setup),
        cmocka_unit_test_setup(test_32_bit_copy_out_is_narrow, setup),
        cmocka_unit_test_setup(test_32_bit_registers_are_cut, setup),
        cmocka_unit_test_setup(test_32_bit_argument_is_converted, setup),
        cmocka_unit_test_setup(test_32_bit_structure_goes_out_converted, setup),
        cmocka_unit_test_setup(test_yield_brings_the_time_page_up, setup),
        cmocka_unit_test_setup(test_poll_looks_at_each_port, setup),
        cmocka_unit_test_setup(test_poll_errors_leave_no_trace, setup),
        cmocka_unit_test_setup(test_console_write_continues_in_registers, setup),
        cmocka_unit_test_setup(test_multicall_stores_each_result, setup),
        cmocka_unit_test_setup(test_multicall_continues_between_entries, setup),
        cmocka_unit_test_setup(test_a_long_multicall_lets_devices_interrupt, setup),
        cmocka_unit_test_setup(test_multicall_entry_continues, setup),
        cmocka_unit_test_setup(test_32_bit_multicall, setup),
        cmocka_unit_test_setup(test_multicall_on_bad_memory, setup),
        cmocka_unit_test_setup(test_guest_lines_are_limited, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
