/* SPDX-License-Identifier: BSD-2-Clause */
/* The private pages of a vCPU that runs nowhere, mapped for a moment at vcpu_private_other(). */
#ifndef ATOLL_X86_VCPU_PAGE_H
#define ATOLL_X86_VCPU_PAGE_H

struct vcpu;

void vcpu_page_map(const struct vcpu *v);
void vcpu_page_unmap(void);

#endif
