/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and unmaking vCPUs, for domain.c; vcpu_op's use of areas. */
#pragma once

#include "core/domain.h"

/* Makes vCPU ID of D, down and without state. -ENOMEM */
int vcpu_create(struct domain *d, uint32_t id) MUST_CHECK;
/* Gives back all but the page of struct vcpu, which others may look at until the domain is freed.
 * V is stopped for good. */
void vcpu_destroy(struct vcpu *v);

/* The places that a guest registers. Errors of area.h; info: and -EINVAL when it has one. */
int vcpu_register_info(struct vcpu *v, gfn_t gfn, uint32_t offset) MUST_CHECK;
int vcpu_register_runstate(struct vcpu *v, uint64_t gva) MUST_CHECK;
int vcpu_register_time(struct vcpu *v, uint64_t gva) MUST_CHECK;
