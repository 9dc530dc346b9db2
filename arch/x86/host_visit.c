/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks through the host's shared tables, for the memory report (core/machine.h). */
#include "arch/x86/host_pt.h"
#include "arch/x86/layout.h"
#include "core/frame.h"
#include "core/machine.h"

#define ADDRESS_BITS     ((UINT64_C(1) << 48) - 1) /* what the walker sees of an address */
#define FRAME_ENTRY_SIZE 8u

struct visitor {
    void (*visit)(void *argument, paddr_t base, uint64_t size, unsigned kind);
    void *argument;
};

static void visit_leaf(void *argument, uint64_t address, const struct pt_leaf *leaf)
{
    const struct visitor *visitor = argument;
    unsigned kind = 0;

    if (leaf->rights & PT_WRITE)
        kind |= MACHINE_MAPPING_WRITE;
    if (leaf->rights & PT_EXEC)
        kind |= MACHINE_MAPPING_EXEC;
    if (address - (AREA_VA & ADDRESS_BITS) < AREA_VA_SIZE)
        kind |= MACHINE_MAPPING_AREA;
    visitor->visit(visitor->argument, leaf->base, UINT64_C(1) << (PAGE_SHIFT + 9 * leaf->level),
                   kind);
}

/* Behind the entries of real frames, the frame and chunk tables map one page of zeroes over and
 * over: no need to see it more than a few times. */
#define VISIT_STEP 512

void machine_visit_mappings(void (*visit)(void *argument, paddr_t base, uint64_t size,
                                          unsigned kind),
                            void *argument)
{
    const struct {
        uint64_t start, end;
    } ranges[] = {
        {HEAP_MAP_BASE, FRAME_TABLE_VA},
        {FRAME_TABLE_VA, FRAME_TABLE_VA + frame_max_mfn() * FRAME_ENTRY_SIZE},
        {AREA_VA, UINT64_MAX},
    };
    struct visitor visitor = {visit, argument};

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        uint64_t cursor = ranges[i].start & ADDRESS_BITS;

        while (cursor < (ranges[i].end & ADDRESS_BITS) &&
               !pt_visit(&host_pt, &cursor, VISIT_STEP, visit_leaf, &visitor))
            ;
    }
}
