/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reference guest: tries each piece of guest-kernel once, prints a line with what it saw, and
 * powers off; a piece that fails ends it with a crash. Words on its command line change the end:
 * see endings.c.
 */
#include "guest-kernel/demo/demo.h"

#include "guest-kernel/console.h"
#include "guest-kernel/cpu.h"
#include "guest-kernel/events.h"
#include "guest-kernel/grants.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/smp.h"
#include "guest-kernel/time.h"
#include "guest-kernel/traps.h"
#include "lib/insn.h"
#include "lib/string.h"
#include "pv-abi/features.h"
#include "pv-abi/memory.h"
#include "pv-abi/version.h"

#define UNKNOWN_MSR   0x0badc0deu
#define PATTERN       0xa5
#define EVENT_TIMEOUT (60 * NS_PER_SECOND)

static unsigned int piece_count, failed_count;

static void piece(const char *name, bool works)
{
    piece_count++;
    if (works)
        return;
    failed_count++;
    console_printf("demo: %s FAILED\n", name);
}

static void show_start(void)
{
    const struct hvm_start_info *info = guest_start_info();
    struct guest_module module;

    console_printf("demo: the reference guest of Atoll\n");
    console_printf("demo: command line \"%s\"\n", guest_command_line());
    for (unsigned int i = 0; guest_module(i, &module); i++)
        console_printf("demo: module %u at %lx, %lu bytes, \"%s\"\n", i, module.paddr, module.size,
                       module.command_line);
    console_printf("demo: memory map of %u entries, %zu of %zu pages free above 1 MiB\n",
                   info->memmap_entries, pages_free_count(), pages_total());
    piece("memory", pages_free_count() > 0 && pages_free_count() <= pages_total());
}

static void show_hypervisor(void)
{
    static const char *const names[] = {
        [XENFEAT_writable_page_tables] = "writable_page_tables",
        [XENFEAT_auto_translated_physmap] = "auto_translated_physmap",
        [XENFEAT_hvm_callback_vector] = "hvm_callback_vector",
        [XENFEAT_hvm_safe_pvclock] = "hvm_safe_pvclock",
        [XENFEAT_hvm_pirqs] = "hvm_pirqs",
        [XENFEAT_dom0] = "dom0",
        [XENFEAT_memory_op_vnode_supported] = "memory_op_vnode_supported",
        [XENFEAT_not_direct_mapped] = "not_direct_mapped",
        [XENFEAT_direct_mapped] = "direct_mapped",
    };
    struct xen_feature_info features = {.submap_idx = 0};
    int64_t page, insn;

    console_printf("demo: hypervisor %s %u.%u, leaves %x to %x, page MSR %x, domain %u\n",
                   hypervisor_info.signature, hypervisor_info.version >> 16,
                   hypervisor_info.version & 0xffff, hypervisor_info.base_leaf,
                   hypervisor_info.max_leaf, hypervisor_info.page_msr, hypervisor_info.domid);
    page = hypercall_xen_version(XENVER_version, NULL);
    insn = hypercall_insn5(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);
    console_printf("demo: version by page %lx, by instruction %lx\n", page, insn);
    piece("hypercall", page == insn && page == hypervisor_info.version);

    piece("features", hypercall_xen_version(XENVER_get_features, &features) == 0);
    console_printf("demo: features %x:", features.submap);
    for (unsigned int i = 0; i < ARRAY_COUNT(names); i++) {
        if (names[i] && (features.submap >> i & 1))
            console_printf(" %s", names[i]);
    }
    console_printf("\n");
}

static void show_time(void)
{
    uint64_t start = time_now();
    uint64_t slept, tsc = rdtsc();

    time_sleep(10 * NS_PER_MS);
    slept = time_now() - start;
    console_printf("demo: TSC %lu Hz, wall clock %lu s, asked for 10 ms and slept %lu us\n",
                   time_tsc_hz(), time_wall_clock() / NS_PER_SECOND, slept / NS_PER_US);
    piece("time", slept >= 10 * NS_PER_MS && rdtsc() > tsc && time_wall_clock() > NS_PER_SECOND);
}

static void count_event(void *arg)
{
    unsigned int *count = arg;

    __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
}

/* Waits until *count reaches `wanted`, with a limit. */
static bool wait_for_count(const unsigned int *count, unsigned int wanted)
{
    uint64_t end = time_now() + EVENT_TIMEOUT;

    while (__atomic_load_n(count, __ATOMIC_SEQ_CST) < wanted && time_now() < end)
        cpu_pause();
    return __atomic_load_n(count, __ATOMIC_SEQ_CST) == wanted;
}

static void show_events(void)
{
    static unsigned int count;
    evtchn_port_t port = 0;
    bool works = event_bind_ipi(0, count_event, &count, &port) == 0 && event_send(port) == 0 &&
                 wait_for_count(&count, 1);

    event_mask(port);
    works = works && event_send(port) == 0 && event_is_pending(port) && count == 1;
    event_unmask(port);
    works = works && wait_for_count(&count, 2);
    console_printf("demo: event to self on port %u, handled %u times, once after unmasking\n", port,
                   count);
    event_close(port);
    piece("events", works);
}

static void second_vcpu(void *arg)
{
    event_send(*(evtchn_port_t *)arg);
}

static void show_second_vcpu(void)
{
    static unsigned int count;
    static evtchn_port_t port;
    unsigned int cpus = smp_cpu_count();
    bool works;

    if (cpus < 2) {
        console_printf("demo: one vcpu\n");
        return;
    }
    works = event_bind_ipi(0, count_event, &count, &port) == 0 &&
            smp_start(1, second_vcpu, &port) == 0 && wait_for_count(&count, 1);
    console_printf("demo: %u vcpus, the second one %s\n", cpus,
                   works ? "started and sent an event" : "did not answer");
    event_close(port);
    piece("second vcpu", works);
}

static void show_grants(void)
{
    uint8_t *page = page_alloc();
    uint8_t *copy = page_alloc();
    int ref = -1, status = -1, ended = -1;

    if (page && copy && grant_entry_count() != 0) {
        memset(page, PATTERN, PAGE_SIZE);
        ref = grant_access((domid_t)hypervisor_info.domid, virt_to_gfn(page), true);
    }
    if (ref >= 0) {
        status = grant_copy_from(copy, DOMID_SELF, (grant_ref_t)ref, 0, PAGE_SIZE);
        ended = grant_end((grant_ref_t)ref);
    }
    console_printf("demo: %zu grant entries, reference %d copied with status %d, ended with %d\n",
                   grant_entry_count(), ref, status, ended);
    piece("grants", status == 0 && ended == 0 && memcmp(page, copy, PAGE_SIZE) == 0);
    if (page)
        page_free(page);
    if (copy)
        page_free(copy);
}

static void show_ballooning(void)
{
    uint64_t *page = page_alloc();
    uint64_t gfn = page ? virt_to_gfn(page) : 0;
    struct xen_memory_reservation arg = {
        .extent_start = (uintptr_t)&gfn, .nr_extents = 1, .domid = DOMID_SELF};
    struct xen_memory_domain self = {.domid = DOMID_SELF};
    int64_t before = hypercall_memory_op(XENMEM_current_reservation, &self);
    int64_t gone = page ? hypercall_memory_op(XENMEM_decrease_reservation, &arg) : 0;
    int64_t between = hypercall_memory_op(XENMEM_current_reservation, &self);
    int64_t back = gone == 1 ? hypercall_memory_op(XENMEM_populate_physmap, &arg) : 0;

    console_printf("demo: frame %lx given back and taken again: %ld, %ld, %ld pages\n", gfn, before,
                   between, hypercall_memory_op(XENMEM_current_reservation, &self));
    piece("ballooning", back == 1 && between == before - 1);
    if (back == 1)
        *page = PATTERN;
    if (page)
        page_free(page);
}

static void read_unknown_msr(void *arg)
{
    *(uint64_t *)arg = rdmsr(UNKNOWN_MSR);
}

static void read_nowhere(void *arg)
{
    *(uint64_t *)arg = *(volatile uint64_t *)(uintptr_t)PAGE_SIZE;
}

static void show_faults(void)
{
    struct trap_record record = {.cr2 = 0};
    uint64_t value;
    int msr = trap_expect(read_unknown_msr, &value, NULL);
    int page = trap_expect(read_nowhere, &value, &record);

    console_printf("demo: unknown MSR raised %d, unmapped page %d at %lx\n", msr, page, record.cr2);
    piece("faults", msr == TRAP_GP && page == TRAP_PF && record.cr2 == PAGE_SIZE);
}

int main_guest(void)
{
    show_start();
    show_hypervisor();
    show_time();
    show_events();
    show_second_vcpu();
    show_grants();
    show_ballooning();
    show_faults();
    piece("store", demo_store());
    piece("disks", demo_disks());
    piece("networks", demo_nets());
    console_printf("demo: %u of %u pieces work\n", piece_count - failed_count, piece_count);
    if (failed_count != 0)
        return 1;
    demo_end();
    return 0;
}
