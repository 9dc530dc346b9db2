/* SPDX-License-Identifier: BSD-2-Clause */
/* The vm_assist hypercall: the one change that a guest with hardware virtualisation may ask for. */

#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"

int64_t vm_assist(struct hypercall *call)
{
    const uint32_t bit = 1u << VMASST_TYPE_runstate_update_flag;

    if (call->args[1] != VMASST_TYPE_runstate_update_flag)
        return -EINVAL;
    if ((uint32_t)call->args[0] == VMASST_CMD_enable)
        __atomic_fetch_or(&call->d->vm_assist, bit, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(&call->d->vm_assist, ~bit, __ATOMIC_RELAXED);
    return 0;
}
