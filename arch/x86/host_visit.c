/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks through the host's shared tables, for the memory report (core/machine.h). */
#include "arch/x86/host_pt.h"
#include "arch/x86/layout.h"
#include "core/machine.h"

#include <limits.h>

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
    if (address >= AREA_VA && address - AREA_VA < AREA_VA_SIZE)
        kind |= MACHINE_MAPPING_AREA;
    visitor->visit(visitor->argument, leaf->base, UINT64_C(1) << (PAGE_SHIFT + 9 * leaf->level),
                   kind);
}

void machine_visit_mappings(void (*visit)(void *argument, paddr_t base, uint64_t size,
                                          unsigned kind),
                            void *argument)
{
    struct visitor visitor = {visit, argument};
    uint64_t cursor = 0;

    while (!pt_visit(&host_pt, &cursor, UINT_MAX, visit_leaf, &visitor))
        ;
}
