/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's own tables as arch/x86 sees them: building them at boot, a root for each CPU, devices,
 * this CPU's private region. What core needs of them is in pt.h. */
#pragma once

#include "arch/x86/layout.h"
#include "arch/x86/lock.h"
#include "arch/x86/pt.h"
#include "core/types.h"
#include "lib/insn.h"

struct boot_info;

#define HOST_PAGE_RW UINT64_C(0x8000000000000063) /* NX D A W P: APM Vol. 2 5.4.1 */

/* Builds the shared tables and the boot CPU's root and switches to it, on the boot CPU while the
 * first 4 GiB are identity mapped; EFER.NXE is set. BI and the stack must lie in the image. From
 * here on nothing is identity mapped. */
void host_pt_boot(const struct boot_info *bi);
/* A root for CPU, with pages of its own in the private region. */
paddr_t host_pt_cpu(uint32_t cpu);
/* A root below 4 GiB with the shared region and PAGE identity mapped, executable: for starting CPUs
 * alone. */
paddr_t host_startup_root(paddr_t page);
/* Maps SIZE bytes at PADDR for good, with RIGHTS (PT_*): device registers, ACPI tables. Boot CPU
 * only. */
void *host_map(paddr_t paddr, size_t size, unsigned rights);

/* Maps frame MFN, or with MFN_NONE nothing, at OFFSET (layout.h) of this CPU's private region,
 * writable. The old translation is flushed. */
static inline void host_private_map(unsigned offset, mfn_t mfn)
{
    uint64_t *entry = (uint64_t *)(PRIVATE_VA + PRIVATE_PT) + (offset >> PAGE_SHIFT);
    uint64_t old = *entry;

    WRITE_ONCE(*entry, mfn_equal(mfn, MFN_NONE) ? 0 : paddr_of(mfn).v | HOST_PAGE_RW);
    if ((old & 1) != 0)
        invlpg(PRIVATE_VA + offset);
}

/* Flushes this CPU's TLB and notes that; the CPU loop calls it on CPU_PENDING_HOST. */
void host_flush(void);
/* Raises the generation of the host's tables after something was unmapped, flushes this CPU and
 * makes the others flush; returns the generation that they must reach. */
uint64_t host_generation_raise(void);
/* The host's shared tables. */
extern struct pt host_pt;
