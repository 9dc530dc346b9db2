/* SPDX-License-Identifier: BSD-2-Clause */
/* Areas that a guest registers and the hypervisor writes later, from any CPU: vcpu_info, runstate,
 * time. Translated once, at registration, into at most two referenced frames that stay mapped until
 * the area is dropped. */
#pragma once

#include "core/types.h"

struct domain;

struct area {
    void *address; /* mapped, contiguous; NULL: not registered */
    uint32_t size;
};

/* Registers SIZE bytes at OFFSET in GFN of D, which do not cross the page. -EINVAL, -ENOMEM. */
int area_register_gfn(struct area *area, struct domain *d, gfn_t gfn, uint32_t offset,
                      uint32_t size) MUST_CHECK;
/* Registers SIZE bytes at a virtual address of the loaded vCPU; may cross a page. -EFAULT, -ENOMEM.
 */
int area_register_gva(struct area *area, uint64_t gva, uint32_t size) MUST_CHECK;
/* Drops it; the mapping goes once all CPUs have flushed. Nothing happens if it is not registered.
 */
void area_drop(struct area *area);
/* Lets go of the frames of dropped areas that every CPU has flushed. Cheap when there are none. */
void area_poll(void);
