/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the measuring of domain creation: the steps of Xen's own figure, so that the two compare. */
#include "guest-kernel/control/measure.h"

#include <stddef.h>

#include "guest-kernel/control/hv.h"
#include "guest-kernel/time.h"
#include "lib/insn.h"

#define SMALL_PIECES  256u
#define LARGE_PIECES  4u
#define LARGE_ORDER   9u
#define MAX_MEMORY    16384 /* KiB */
#define EVENT_PORTS   1023
#define GRANT_FRAMES  32
#define MAPTRACK_SIZE 1024
#define CLEAN_PAGES   (MEASURE_ROUNDS * 2u * MAX_MEMORY / 4) /* twice what all rounds take */
#define CLEAN_PAUSE   (10 * NS_PER_MS)

static int fill(domid_t domid)
{
    static uint64_t gfns[SMALL_PIECES];
    int64_t got;
    int err = hv_set_max_vcpus(domid, 1);

    if (err == 0)
        err = hv_set_max_memory(domid, MAX_MEMORY);
    if (err != 0)
        return err;
    for (uint64_t i = 0; i < SMALL_PIECES; i++)
        gfns[i] = i;
    got = hv_populate(domid, gfns, SMALL_PIECES, 0);
    if (got < 0)
        return (int)got;
    for (uint64_t i = 0; i < LARGE_PIECES; i++)
        gfns[i] = (i + 1) << LARGE_ORDER;
    got = hv_populate(domid, gfns, LARGE_PIECES, LARGE_ORDER);
    return got < 0 ? (int)got : 0;
}

/* On a machine that has been up for a while idle CPUs have cleaned what is free: waits until there
 * is enough of that, or nothing to clean. */
static int wait_for_clean_memory(void)
{
    struct xen_sysctl_physinfo info;
    int err = hv_get_machine(&info);

    while (err == 0 && info.scrub_pages != 0 && info.free_pages - info.scrub_pages < CLEAN_PAGES) {
        time_sleep(CLEAN_PAUSE);
        err = hv_get_machine(&info);
    }
    return err;
}

static int measure_one(uint64_t *create, uint64_t *destroy)
{
    struct xen_domctl_createdomain config = {.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
                                             .max_vcpus = 1,
                                             .max_evtchn_port = EVENT_PORTS,
                                             .max_grant_frames = GRANT_FRAMES,
                                             .max_maptrack_frames = MAPTRACK_SIZE,
                                             .grant_opts = XEN_DOMCTL_GRANT_version(1),
                                             .arch.emulation_flags = XEN_X86_EMU_LAPIC};
    uint64_t start = rdtsc_ordered(), middle;
    domid_t domid;
    int err = hv_create_domain(&config, &domid), err_destroy;

    if (err != 0)
        return err;
    err = fill(domid);
    middle = rdtsc_ordered();
    err_destroy = hv_destroy_domain(domid);
    *destroy = rdtsc_ordered() - middle;
    *create = middle - start;
    return err != 0 ? err : err_destroy;
}

/* Sorts by insertion and returns the middle. */
static uint64_t median(uint64_t *values)
{
    for (size_t i = 1; i < MEASURE_ROUNDS; i++) {
        uint64_t value = values[i];
        size_t at = i;

        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
    return values[MEASURE_ROUNDS / 2];
}

int measure_domains(struct measure_result *result)
{
    uint64_t create[MEASURE_ROUNDS], destroy[MEASURE_ROUNDS];

    int err = wait_for_clean_memory();

    for (size_t i = 0; err == 0 && i < MEASURE_ROUNDS; i++)
        err = measure_one(&create[i], &destroy[i]);
    if (err != 0)
        return err;
    result->create = median(create);
    result->destroy = median(destroy);
    return 0;
}
