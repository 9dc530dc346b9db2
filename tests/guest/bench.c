/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cost of the operations that a guest repeats: the median of 500, in TSC ticks between two RDTSC
 * without serialisation. Under `-icount shift=0` a tick is one executed instruction, so the figures
 * repeat exactly: on Debian's Xen 4.17 (QEMU 7.2, CPU EPYC) the first three are 5476, 5352 and
 * 1100. The image is mapped by large pages and its data lie in it, which sets the length of the
 * hypervisor's page walks. Prints `bench NAME TICKS` and powers off. With peer=DOMID, and a second
 * bench guest with partner=DOMID, it measures events between domains too: bench_ping.h. With a
 * disk, round trips to it, with persistent grants and without: bench_disk.h. Copies of grants:
 * bench_grant.h.
 */
#include "drivers/pv/xenbus.h"
#include "guest-kernel/console.h"
#include "guest-kernel/events.h"
#include "guest-kernel/guest.h"
#include "guest-kernel/hypercall.h"
#include "guest-kernel/memory.h"
#include "guest-kernel/pagetable.h"
#include "lib/insn.h"
#include "lib/strutil.h"
#include "pv-abi/memory.h"
#include "pv-abi/version.h"
#include "tests/guest/bench_disk.h"
#include "tests/guest/bench_grant.h"
#include "tests/guest/bench_ping.h"

#define SAMPLE_COUNT   BENCH_ROUNDS
#define UNCLAIMED_PORT 0x2e0
#define CPUID_LEAF     7

static uint64_t samples[SAMPLE_COUNT];
static evtchn_port_t masked_port, handled_port;
static unsigned int handled_count;

/* The registers of one hypercall, and its result; bench_ops.asm has the same layout. */
struct bench_call {
    uint64_t number;
    uint64_t args[5];
    int64_t result;
};

uint64_t bench_port(uint16_t port);
uint64_t bench_cpuid(uint32_t leaf);
uint64_t bench_hypercall(struct bench_call *call);

static uint64_t null_hypercall(void)
{
    struct bench_call call = {.number = __HYPERVISOR_xen_version, .args = {XENVER_version}};

    return bench_hypercall(&call);
}

static uint64_t cpuid_exit(void)
{
    return bench_cpuid(CPUID_LEAF);
}

static uint64_t port_read(void)
{
    return bench_port(UNCLAIMED_PORT);
}

static uint64_t version_string(void)
{
    xen_extraversion_t text;
    struct bench_call call = {.number = __HYPERVISOR_xen_version,
                              .args = {XENVER_extraversion, (uintptr_t)text}};

    return bench_hypercall(&call);
}

static uint64_t send(evtchn_port_t port)
{
    struct evtchn_send arg = {.port = port};
    struct bench_call call = {.number = __HYPERVISOR_event_channel_op,
                              .args = {EVTCHNOP_send, (uintptr_t)&arg}};

    return bench_hypercall(&call);
}

/* The pending bit is cleared outside the measured part, so that each send sets it. */
static uint64_t event_masked(void)
{
    uint64_t ticks = send(masked_port);

    event_clear(masked_port);
    return ticks;
}

static uint64_t event_handled(void)
{
    unsigned int before = __atomic_load_n(&handled_count, __ATOMIC_RELAXED);
    uint64_t ticks = send(handled_port);

    if (__atomic_load_n(&handled_count, __ATOMIC_RELAXED) != before + 1)
        guest_panic("the event to self was not handled before the measured part's end");
    return ticks;
}

static uint64_t decrease_reservation(void)
{
    static uint64_t gfn;
    struct xen_memory_reservation arg = {
        .extent_start = (uintptr_t)&gfn, .nr_extents = 1, .domid = DOMID_SELF};
    struct bench_call call = {.number = __HYPERVISOR_memory_op,
                              .args = {XENMEM_decrease_reservation, (uintptr_t)&arg}};
    uint64_t ticks;

    if (!gfn) {
        void *page = page_alloc();

        gfn = page ? virt_to_gfn(page) : 0;
    }
    ticks = bench_hypercall(&call);
    if (call.result != 1 || hypercall_memory_op(XENMEM_populate_physmap, &arg) != 1)
        guest_panic("frame %lx did not go and come back", gfn);
    return ticks;
}

/* One node, through the ring that every guest has. */
static uint64_t store_read(void)
{
    char domid[16];
    uint64_t start = rdtsc(), ticks;
    int err = xenbus_read("domid", domid, sizeof(domid));

    ticks = rdtsc() - start;
    if (err != 0)
        guest_panic("the store does not read a node: error %d", -err);
    return ticks;
}

static void sort_samples(void)
{
    for (unsigned int i = 1; i < SAMPLE_COUNT; i++) {
        uint64_t sample = samples[i];
        unsigned int at = i;

        for (; at > 0 && samples[at - 1] > sample; at--)
            samples[at] = samples[at - 1];
        samples[at] = sample;
    }
}

static void measure(const char *name, uint64_t (*once)(void))
{
    for (unsigned int i = 0; i < SAMPLE_COUNT; i++)
        samples[i] = once();
    sort_samples();
    console_printf("bench %s %lu\n", name, samples[SAMPLE_COUNT / 2]);
}

static void count_event(void *arg)
{
    (*(unsigned int *)arg)++;
}

/* The value of a word KEY=NUMBER of the command line; false if there is none. */
static bool number_option(const char *key, uint64_t *number)
{
    char value[16];

    return str_option(guest_command_line(), key, value, sizeof(value)) &&
           str_parse_u64(value, number) == 0;
}

int main_guest(void)
{
    uint64_t domid;

    if (pagetable_map_image_large() != 0)
        guest_panic("the image does not lie at a multiple of 2 MiB");
    if (number_option("partner", &domid)) {
        ping_answer(domid);
        return 0;
    }
    if (event_bind_ipi(0, NULL, NULL, &masked_port) != 0 ||
        event_bind_ipi(0, count_event, &handled_count, &handled_port) != 0)
        guest_panic("no port for the events to self");
    measure("null-hypercall", null_hypercall);
    measure("cpuid", cpuid_exit);
    measure("port-read", port_read);
    measure("version-string", version_string);
    measure("event-masked", event_masked);
    measure("event-handled", event_handled);
    measure("decrease-reservation", decrease_reservation);
    if (number_option("peer", &domid) && ping_connect(domid))
        measure("ping-pong", ping_once);
    if (bench_grant_init())
        measure("grant-copy-16", bench_grant_copy);
    if (xenbus_init())
        measure("store-read", store_read);
    if (bench_disk_connect(true)) {
        measure("disk-4k", bench_disk_page);
        measure("disk-44k", bench_disk_large);
        measure("disk-batch-16", bench_disk_batch);
    }
    if (bench_disk_connect(false)) {
        measure("disk-4k-mapped", bench_disk_page);
        measure("disk-batch-16-mapped", bench_disk_batch);
    }
    console_printf("bench done\n");
    return 0;
}
