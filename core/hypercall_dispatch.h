/* SPDX-License-Identifier: BSD-2-Clause */
/* What multicall needs of the dispatcher. */
#ifndef ATOLL_CORE_HYPERCALL_DISPATCH_H
#define ATOLL_CORE_HYPERCALL_DISPATCH_H

#include "core/hypercall.h"

/* Executes hypercall NUMBER with call->v, d, args and is_32bit filled in; the rest is filled here.
 * Returns its result or HYPERCALL_AGAIN, with progress in call->args. */
int64_t hypercall_execute(struct hypercall *call, uint64_t number);

#endif
