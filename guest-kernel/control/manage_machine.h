/* SPDX-License-Identifier: BSD-2-Clause */
/* What the hypervisor says of the machine and of itself. */
#pragma once

#include "lib/compiler.h"

struct manage_machine;

/* Fills in a zeroed answer. What the hypervisor does not tell stays empty; a negative errno where
 * it refuses the main question (XEN_SYSCTL_physinfo). */
int MUST_CHECK machine_describe(struct manage_machine *machine);
