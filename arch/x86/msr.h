/* SPDX-License-Identifier: BSD-2-Clause */
/* The model-specific registers of a guest that exit. */
#ifndef ATOLL_X86_MSR_H
#define ATOLL_X86_MSR_H

#include "arch/x86/virt.h"

/* RDMSR and WRMSR of the loaded vCPU. -EINVAL: #GP. */
int msr_read(struct vcpu *v, uint32_t msr, uint64_t *value) MUST_CHECK;
int msr_write(struct vcpu *v, uint32_t msr, uint64_t value) MUST_CHECK;
/* MTRRdefType after reset. */
#define MTRR_DEF_TYPE_RESET UINT64_C(0x806) /* enabled, write-back: SDM Vol. 3A 12.11.2.1 */
#define MTRR_CAP_VALUE      UINT64_C(0x400) /* write combining; no fixed, no variable ranges */
bool msr_is_valid_mtrr_def(uint64_t value);
bool msr_is_valid_pat(uint64_t value);

#endif
