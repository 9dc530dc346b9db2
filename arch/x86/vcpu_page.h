/* SPDX-License-Identifier: BSD-2-Clause */
/* What the architecture's files share about vCPUs: the private pages of one that runs nowhere,
 * mapped for a moment at vcpu_private_other(). */
#ifndef ATOLL_X86_VCPU_PAGE_H
#define ATOLL_X86_VCPU_PAGE_H

struct vcpu;

/* Once, on the boot CPU, before any vCPU is loaded. */
void vcpu_boot(void);
void vcpu_page_map(const struct vcpu *v);
void vcpu_page_unmap(void);

#endif
