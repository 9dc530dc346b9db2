/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the rules for a guest's control registers (APM Vol. 2 3.1) and the decoder of MOV to them,
 * which reads guest memory only where the processor has no decode assists. */
#include "arch/x86/emulate.h"

#include "arch/x86/cpuid.h"
#include "lib/cpu_bits.h"
#include "lib/errno.h"

#define CR0_KNOWN                                                                                  \
    (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD |     \
     CR0_PG)
#define CR4_ALWAYS                                                                                 \
    (CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE |      \
     CR4_OSFXSR | CR4_OSXMMEXCPT)
#define EFER_KNOWN (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

/* APM Vol. 1 and Vol. 3: MOV CRn is 0F 20 /r (read), 0F 22 /r (write). */
#define OPCODE_ESCAPE    0x0fu
#define OPCODE_MOV_TO_CR 0x22u
#define OPCODE_LMSW      0x01u /* 0F 01 /6 */
#define LMSW_BITS        UINT64_C(0xf)
#define PREFIX_LOCK      0xf0u
#define REX_FIRST        0x40u
#define REX_LAST         0x4fu
#define REX_B            1u
#define REX_R            4u

/* CR4 bits that a guest may set, from what CPUID shows it. */
static uint64_t cr4_allowed(void)
{
    static const struct {
        uint64_t bit;
        enum cpuid_feature feature;
    } by_feature[] = {
        {CR4_UMIP, CPUID_UMIP},     {CR4_FSGSBASE, CPUID_FSGSBASE}, {CR4_PCIDE, CPUID_PCID},
        {CR4_OSXSAVE, CPUID_XSAVE}, {CR4_SMEP, CPUID_SMEP},         {CR4_SMAP, CPUID_SMAP},
        {CR4_PKE, CPUID_PKU},
    };
    uint64_t allowed = CR4_ALWAYS;

    for (size_t i = 0; i < ARRAY_SIZE(by_feature); i++)
        if (cpuid_guest_has(by_feature[i].feature))
            allowed |= by_feature[i].bit;
    return allowed;
}

int cr_check_state(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
    bool is_paging = cr0 & CR0_PG, is_long = is_paging && (efer & EFER_LME);

    if ((cr0 & ~CR0_KNOWN) || (cr4 & ~cr4_allowed()) || (efer & ~EFER_KNOWN))
        return -EINVAL;
    if ((is_paging && !(cr0 & CR0_PE)) || ((cr0 & CR0_NW) && !(cr0 & CR0_CD)))
        return -EINVAL;
    if (is_long != !!(efer & EFER_LMA) || (is_long && !(cr4 & CR4_PAE)))
        return -EINVAL;
    return (cr4 & CR4_PCIDE) && !is_long ? -EINVAL : 0;
}

int cr_after_write(struct guest_paging *paging, enum vm_reg which, uint64_t value)
{
    uint64_t cr0 = paging->cr0, cr4 = paging->cr4, efer = paging->efer;

    if (which == VM_CR0) {
        /* Bits that are not defined are ignored (APM Vol. 2 3.1.1), but not those above 31. */
        cr0 = (value & (CR0_KNOWN | ~(uint64_t)UINT32_MAX)) | CR0_ET;
        /* Long mode is entered from 16-bit or 32-bit code and left from there (APM Vol. 2
         * 14.6.1). */
        if (((cr0 ^ paging->cr0) & CR0_PG) && paging->is_long)
            return -EINVAL;
    } else if (which == VM_CR4) {
        cr4 = value;
    } else {
        if ((cr0 & CR0_PG) && ((value ^ efer) & EFER_LME))
            return -EINVAL;
        efer = value;
    }
    /* LMA is the processor's and follows paging: written values of it are ignored, as Linux
     * expects. */
    efer &= ~EFER_LMA;
    if ((cr0 & CR0_PG) && (efer & EFER_LME))
        efer |= EFER_LMA;
    if (cr_check_state(cr0, cr4, efer) != 0)
        return -EINVAL;
    paging->cr0 = cr0;
    paging->cr4 = cr4;
    paging->efer = efer;
    return 0;
}

int cr_write(enum vm_reg which, uint64_t value)
{
    struct guest_paging paging = {.cpl = PAGING_UNKNOWN};

    virt->get_paging(&paging);
    if (cr_after_write(&paging, which, value) != 0)
        return -EINVAL;
    virt->set_reg(VM_CR0, paging.cr0);
    virt->set_reg(VM_CR4, paging.cr4);
    virt->set_reg(VM_EFER, paging.efer);
    return 0;
}

static bool is_legacy_prefix(uint8_t byte)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0x2e,       0x36,
                                       0x3e, 0x26, 0x64, 0x65, PREFIX_LOCK};

    for (size_t i = 0; i < sizeof(prefixes); i++)
        if (byte == prefixes[i])
            return true;
    return false;
}

void cr_decode(const struct guest_code *code, const struct guest_regs *regs, struct vm_exit *exit)
{
    bool is_long = code->paging.is_long, has_lock = false;
    const uint8_t *at = code->bytes, *end = at + code->count;
    unsigned rex = 0, number, gpr;

    exit->length = 0;
    for (; at < end && is_legacy_prefix(*at); at++)
        /* AMD's way to CR8 outside 64-bit mode: LOCK MOV CR0 (APM Vol. 3, MOV CRn). */
        has_lock = has_lock || *at == PREFIX_LOCK;
    if (is_long && at < end && *at >= REX_FIRST && *at <= REX_LAST)
        rex = *at++;
    if (end - at < 3 || at[0] != OPCODE_ESCAPE)
        return;
    number = (at[2] >> 3 & 7) | (rex & REX_R || has_lock ? 8 : 0);
    gpr = (at[2] & 7) | (rex & REX_B ? 8 : 0);
    if (at[1] == OPCODE_MOV_TO_CR && number == exit->cr.number)
        exit->cr.value = is_long ? regs->gpr[gpr] : (uint32_t)regs->gpr[gpr];
    else if (at[1] == OPCODE_LMSW && (number & 7) == 6 && at[2] >> 6 == 3 && exit->cr.number == 0)
        /* LMSW sets PE but does not clear it. */
        exit->cr.value = (code->paging.cr0 & ~(LMSW_BITS & ~CR0_PE)) | (regs->gpr[gpr] & LMSW_BITS);
    else
        return;
    exit->length = (uint8_t)(at + 3 - code->bytes);
}
