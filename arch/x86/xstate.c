/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the switch of XSAVE state. The hypervisor itself uses none of it, so that a loaded vCPU's
 * state stays in the CPU over its exits. On some processors XSETBV cannot be intercepted: XCR0 is
 * read back at switch-out, and all host components are saved whatever it says. */
#include "arch/x86/xstate.h"

#include "core/log.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"
#include "lib/insn.h"
#include "lib/string.h"

#define CPUID_1_ECX_XSAVE (1u << 26) /* APM Vol. 3 E.3.2 */
#define CPUID_XSTATE      0xdu       /* APM Vol. 3 E.3.8 */
#define COMPONENT_MAX     10u
#define KNOWN_COMPONENTS  (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU)

uint64_t xstate_components;
static uint32_t component_end[COMPONENT_MAX]; /* in the standard area */

int xstate_boot(void)
{
    uint64_t host;
    struct cpuid_regs r;

    if (cpuid(0, 0).eax < CPUID_XSTATE || !(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE)) {
        log_line(LOG_ERROR, "the processor has no XSAVE");
        return -ENODEV;
    }
    r = cpuid(CPUID_XSTATE, 0);
    host = ((uint64_t)r.edx << 32 | r.eax) & KNOWN_COMPONENTS;
    xstate_components = host & (XCR0_X87 | XCR0_SSE);
    for (unsigned i = 2; i < COMPONENT_MAX; i++) {
        if (!(host >> i & 1))
            continue;
        r = cpuid(CPUID_XSTATE, i);
        if (r.ebx > VCPU_XSAVE_MAX || r.eax > VCPU_XSAVE_MAX - r.ebx)
            continue;
        component_end[i] = r.ebx + r.eax;
        xstate_components |= UINT64_C(1) << i;
    }
    if ((xstate_components & XCR0_AVX512) != XCR0_AVX512)
        xstate_components &= ~XCR0_AVX512;
    return 0;
}

/* APM Vol. 2 11.5.2, SDM Vol. 1 13.3 */
bool xstate_is_valid_xcr0(uint64_t value)
{
    uint64_t avx512 = value & XCR0_AVX512;

    return !(value & ~xstate_components) && (value & XCR0_X87) &&
           (!(value & XCR0_AVX) || (value & XCR0_SSE)) &&
           (avx512 == 0 || (avx512 == XCR0_AVX512 && (value & XCR0_AVX)));
}

uint32_t xstate_size(uint64_t mask)
{
    uint32_t size = XSAVE_LEGACY + XSAVE_HEADER;

    for (unsigned i = 2; i < COMPONENT_MAX; i++)
        if ((mask >> i & 1) && component_end[i] > size)
            size = component_end[i];
    return size;
}

void xstate_reset(struct vcpu_private *p)
{
    memset(&p->xsave, 0, sizeof(p->xsave));
    /* XSTATE_BV 0 makes every component INIT, but MXCSR comes from memory all the same (SDM Vol. 1
     * 13.8.1). FCW is for whoever reads the record. */
    p->xsave.fcw = FCW_RESET;
    p->xsave.mxcsr = MXCSR_RESET;
    p->xcr0 = XCR0_X87;
}
