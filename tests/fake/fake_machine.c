/* SPDX-License-Identifier: BSD-2-Clause */
/* What core asks of the rest of arch/x86 and has no model here: physical interrupts, context
 * records, the machine's description. */
#include "arch/x86/pt.h"
#include "arch/x86/virt.h"
#include "core/pirq.h"
#include "lib/errno.h"
#include "tests/fake/fake_memory.h"

#include <string.h>

bool machine_keeps_frame(mfn_t mfn)
{
    return mfn.v == FAKE_KEPT_MFN;
}

void machine_features(uint32_t words[8])
{
    memset(words, 0, 8 * sizeof(words[0]));
}

void host_visit(UNUSED void (*visit)(void *argument, uint64_t address, const struct pt_leaf *leaf),
                UNUSED void *argument)
{
}

bool host_is_area(UNUSED uint64_t address)
{
    return false;
}

int pirq_map(UNUSED struct domain *d, UNUSED uint32_t gsi, UNUSED uint32_t *pirq)
{
    return -EINVAL;
}

int pirq_mask(UNUSED const struct domain *d, UNUSED uint32_t pirq, UNUSED bool is_masked)
{
    return -EINVAL;
}
