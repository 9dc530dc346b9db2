/* SPDX-License-Identifier: BSD-2-Clause */
/* Interprocessor interrupts between the vCPUs of a domain. */
#ifndef ATOLL_X86_VLAPIC_IPI_H
#define ATOLL_X86_VLAPIC_IPI_H

#include "core/types.h"

struct vcpu;

/* Sends what V wrote to its ICR: LOW as there, DESTINATION a whole APIC ID, 8 bits in page form. A
 * bad vector shows in V's error status. -EAGAIN: a start-up IPI for a vCPU that has not stopped. */
int vlapic_send_ipi(struct vcpu *v, uint32_t low, uint32_t destination) MUST_CHECK;
/* True if T answers to DESTINATION of an IPI of the vCPUs' mode. */
bool vlapic_matches(const struct vcpu *t, uint32_t destination, bool is_logical);

#endif
