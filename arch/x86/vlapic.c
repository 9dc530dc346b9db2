/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the registers of a guest's local APIC and its priorities. irr is set by any CPU, with
 * atomics; the rest belongs to the CPU that runs the vCPU. There is no IO-APIC behind it, so that
 * all interrupts are edge triggered and EOI tells nobody.
 */
#include "arch/x86/vlapic.h"

#include "arch/x86/vlapic_bits.h"
#include "core/domain.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"

#define ISR_WORDS   8
#define LOW_VECTORS UINT64_C(0xffff) /* of word 0: not the APIC's */

#define BIT(reg) (UINT64_C(1) << (reg))
#define LVT_REGS (BIT(APIC_REG_LVT + APIC_LVT_COUNT) - BIT(APIC_REG_LVT))

/* Which registers there are in both forms, in one, and as an MSR that can be read (SDM Vol. 3A
 * table 11-6). What is not there reads as 0 in the page, and drops what is written. */
#define WRITABLE                                                                                   \
    (BIT(APIC_REG_TPR) | BIT(APIC_REG_EOI) | BIT(APIC_REG_SVR) | BIT(APIC_REG_ESR) |               \
     BIT(APIC_REG_ICR) | LVT_REGS | BIT(APIC_REG_TIMER_INIT) | BIT(APIC_REG_TIMER_DIVIDE))
#define PAGE_WRITABLE (WRITABLE | BIT(APIC_REG_LDR) | BIT(APIC_REG_DFR) | BIT(APIC_REG_ICR_HIGH))
#define MSR_WRITABLE  (WRITABLE | BIT(APIC_REG_SELF_IPI))
#define MSR_READABLE                                                                               \
    ((WRITABLE & ~BIT(APIC_REG_EOI)) | BIT(APIC_REG_ID) | BIT(APIC_REG_VERSION) |                  \
     BIT(APIC_REG_PPR) | BIT(APIC_REG_LDR) | (BIT(APIC_REG_ESR) - BIT(APIC_REG_ISR)) |             \
     BIT(APIC_REG_TIMER_NOW))

/* Bits of each register that are kept of what is written. An MSR refuses others (SDM Vol. 3A
 * 11.12.1.3). LVT: 11.5.1. */
static const uint32_t kept_bits[VLAPIC_REGS] = {
    [APIC_REG_TPR] = 0xff,
    [APIC_REG_LDR] = 0xff000000,
    [APIC_REG_DFR] = APIC_DFR_MODEL,
    [APIC_REG_SVR] = APIC_SVR_MASK,
    [APIC_REG_ICR] = ICR_KNOWN,
    [APIC_REG_ICR_HIGH] = UINT32_MAX,
    [APIC_REG_LVT] = 0x700ff, /* timer */
    [APIC_REG_LVT + 1] = 0x107ff,
    [APIC_REG_LVT + 2] = 0x107ff,
    [APIC_REG_LVT + 3] = 0x1a7ff, /* LINT0 */
    [APIC_REG_LVT + 4] = 0x1a7ff, /* LINT1 */
    [APIC_REG_LVT + 5] = 0x100ff, /* error */
    [APIC_REG_TIMER_INIT] = UINT32_MAX,
    [APIC_REG_TIMER_DIVIDE] = APIC_TIMER_DIVIDE_MASK,
    [APIC_REG_SELF_IPI] = 0xff,
};

uint32_t vlapic_id(const struct vcpu *v)
{
    return v->id * 2;
}

static bool is_x2apic(const struct vlapic *l)
{
    return l->base_msr & VLAPIC_BASE_EXTD;
}

static bool is_enabled(const struct vlapic *l)
{
    return (l->base_msr & VLAPIC_BASE_ENABLE) && (l->reg[APIC_REG_SVR] & APIC_SVR_ENABLE);
}

bool vlapic_has_page(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.vlapic;

    return (l->base_msr & VLAPIC_BASE_ENABLE) && !is_x2apic(l);
}

/* SDM Vol. 3A 11.4.7.2: while it is disabled, all LVT entries are masked. */
static void mask_if_disabled(struct vlapic *l)
{
    for (unsigned i = 0; !(l->reg[APIC_REG_SVR] & APIC_SVR_ENABLE) && i < APIC_LVT_COUNT; i++)
        l->reg[APIC_REG_LVT + i] |= APIC_LVT_MASKED;
}

void vlapic_init(struct vcpu *v)
{
    struct vlapic *l = &v->arch.vlapic;

    timer_init(&l->timer, vlapic_timer_fire);
    l->base_msr = VLAPIC_BASE_RESET | VLAPIC_BASE_ENABLE | (v->id == 0 ? VLAPIC_BASE_BSP : 0);
    l->is_waiting_for_sipi = v->id != 0;
    vlapic_reset(v);
}

void vlapic_reset(struct vcpu *v)
{
    struct vlapic *l = &v->arch.vlapic;

    timer_cancel(&l->timer);
    memset(l->reg, 0, sizeof(l->reg));
    l->esr_pending = 0;
    l->tsc_deadline = 0;
    l->reg[APIC_REG_SVR] = APIC_SVR_RESET;
    l->reg[APIC_REG_DFR] = APIC_DFR_MODEL;
    mask_if_disabled(l);
    for (unsigned i = 0; i < ARRAY_SIZE(l->irr); i++)
        atomic_store(&l->irr[i], 0);
}

void vlapic_destroy(struct vcpu *v)
{
    timer_cancel(&v->arch.vlapic.timer);
}

void vlapic_set_irq(struct vcpu *v, uint8_t vector)
{
    struct vlapic *l = &v->arch.vlapic;

    if (!is_enabled(l))
        return;
    /* Pairs with the look at irr between cpu_enter_begin() and entry, and after vcpu_block(). */
    atomic_fetch_or(&l->irr[vector / 64], BIT(vector % 64));
    vcpu_notify(v);
}

static int highest_irr(const struct vlapic *l)
{
    for (int i = ARRAY_SIZE(l->irr) - 1; i >= 0; i--) {
        uint64_t word = atomic_load_explicit(&l->irr[i], memory_order_relaxed);

        word = i == 0 ? word & ~LOW_VECTORS : word;
        if (word != 0)
            return i * 64 + 63 - __builtin_clzll(word);
    }
    return -1;
}

static int highest_isr(const struct vlapic *l)
{
    const uint32_t *isr = &l->reg[APIC_REG_ISR];

    for (int i = ISR_WORDS - 1; i >= 0; i--)
        if (isr[i] != 0)
            return i * 32 + 31 - __builtin_clz(isr[i]);
    return -1;
}

/* SDM Vol. 3A 11.8.3.1: the class of the interrupt in service or the task priority. */
static uint32_t processor_priority(const struct vlapic *l)
{
    int in_service = highest_isr(l);
    uint32_t class = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0;

    return (l->reg[APIC_REG_TPR] & 0xf0) >= class ? l->reg[APIC_REG_TPR] : class;
}

int vlapic_pending(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.vlapic;
    int vector = likely(!vlapic_has_irr(l)) ? -1 : highest_irr(l);

    if (vector < 0)
        return -1;
    return ((uint32_t)vector & 0xf0) > (processor_priority(l) & 0xf0) && is_enabled(l) ? vector
                                                                                       : -1;
}

void vlapic_accept(struct vcpu *v, uint8_t vector)
{
    struct vlapic *l = &v->arch.vlapic;

    atomic_fetch_and(&l->irr[vector / 64], ~BIT(vector % 64));
    l->reg[APIC_REG_ISR + vector / 32] |= 1u << vector % 32;
}

static void end_of_interrupt(struct vlapic *l)
{
    int vector = highest_isr(l);

    if (vector >= 0)
        l->reg[APIC_REG_ISR + (unsigned)vector / 32] &= ~(1u << vector % 32);
}

static uint32_t read_irr(const struct vlapic *l, uint32_t index)
{
    uint64_t word = atomic_load(&l->irr[index / 2]);

    word = index / 2 == 0 ? word & ~LOW_VECTORS : word;
    return (uint32_t)(index % 2 ? word >> 32 : word);
}

static uint32_t read_reg(const struct vcpu *v, uint32_t reg)
{
    const struct vlapic *l = &v->arch.vlapic;
    uint32_t id = vlapic_id(v);

    switch (reg) {
    case APIC_REG_ID:
        return is_x2apic(l) ? id : id << APIC_PAGE_ID_SHIFT;
    case APIC_REG_VERSION:
        return APIC_VERSION_VALUE;
    case APIC_REG_PPR:
        return processor_priority(l);
    case APIC_REG_LDR:
        /* SDM Vol. 3A 11.12.10.2: derived from the ID in x2APIC mode. */
        return is_x2apic(l) ? (id >> 4) << 16 | 1u << (id & 0xf) : l->reg[reg];
    case APIC_REG_DFR:
        return l->reg[reg] | ~APIC_DFR_MODEL;
    case APIC_REG_TIMER_NOW:
        return vlapic_timer_count(l);
    default:
        return reg >= APIC_REG_IRR && reg < APIC_REG_ESR ? read_irr(l, reg - APIC_REG_IRR)
                                                         : l->reg[reg];
    }
}

int vlapic_msr_read(struct vcpu *v, uint32_t reg, uint64_t *value)
{
    const struct vlapic *l = &v->arch.vlapic;

    if (!is_x2apic(l) || !(MSR_READABLE & BIT(reg)))
        return -EINVAL;
    *value = read_reg(v, reg);
    if (reg == APIC_REG_ICR)
        *value |= (uint64_t)l->reg[APIC_REG_ICR_HIGH] << 32;
    return 0;
}

uint32_t vlapic_page_read(struct vcpu *v, uint32_t reg)
{
    return reg < VLAPIC_REGS ? read_reg(v, reg) : 0;
}

/* VALUE has none but the bits that are kept. */
static int write_reg(struct vcpu *v, uint32_t reg, uint32_t value)
{
    struct vlapic *l = &v->arch.vlapic;
    uint32_t before = l->reg[reg], left = vlapic_timer_count(l);

    switch (reg) {
    case APIC_REG_EOI:
        end_of_interrupt(l);
        return 0;
    case APIC_REG_TIMER_INIT:
        vlapic_timer_write_initial(l, value);
        return 0;
    case APIC_REG_ESR:
        l->reg[reg] = l->esr_pending;
        l->esr_pending = 0;
        return 0;
    case APIC_REG_SELF_IPI:
        return vlapic_send_ipi(v, value | ICR_TO_SELF << ICR_SHORTHAND_SHIFT, 0);
    default:
        l->reg[reg] = value;
        break;
    }
    mask_if_disabled(l);
    if (reg == APIC_REG_ICR)
        return vlapic_send_ipi(v, value, l->reg[APIC_REG_ICR_HIGH] >> (is_x2apic(l) ? 0 : 24));
    if (reg == APIC_REG_TPR)
        virt->load(v);
    else if (reg == APIC_REG_TIMER_DIVIDE)
        vlapic_timer_start(l, left);
    else if (reg == APIC_REG_LVT && ((before ^ value) & APIC_LVT_TIMER_MODE))
        vlapic_timer_mode_changed(l);
    return 0;
}

int vlapic_msr_write(struct vcpu *v, uint32_t reg, uint64_t value)
{
    struct vlapic *l = &v->arch.vlapic;

    if (!is_x2apic(l) || !(MSR_WRITABLE & BIT(reg)))
        return -EINVAL;
    if (reg == APIC_REG_ICR) {
        l->reg[APIC_REG_ICR_HIGH] = (uint32_t)(value >> 32);
        value = (uint32_t)value & ~ICR_BUSY;
    }
    if (value & ~(uint64_t)kept_bits[reg])
        return -EINVAL;
    return write_reg(v, reg, (uint32_t)value);
}

int vlapic_page_write(struct vcpu *v, uint32_t reg, uint32_t value)
{
    if (reg >= VLAPIC_REGS || !(PAGE_WRITABLE & BIT(reg)))
        return 0;
    return write_reg(v, reg, value & kept_bits[reg]);
}

/* SDM Vol. 3A 11.12.5: the only ways between off, page mode and x2APIC mode. */
static bool is_valid_mode_change(uint64_t from, uint64_t to)
{
    from &= VLAPIC_BASE_MODE;
    to &= VLAPIC_BASE_MODE;
    if (to == VLAPIC_BASE_EXTD)
        return false;
    if (from == VLAPIC_BASE_MODE)
        return to != VLAPIC_BASE_ENABLE;
    return from != 0 || to != VLAPIC_BASE_MODE;
}

int vlapic_write_base(struct vcpu *v, uint64_t value)
{
    struct vlapic *l = &v->arch.vlapic;

    if (((value ^ l->base_msr) & ~VLAPIC_BASE_MODE) || !is_valid_mode_change(l->base_msr, value))
        return -EINVAL;
    l->base_msr = value;
    if (!(value & VLAPIC_BASE_ENABLE))
        vlapic_reset(v);
    return 0;
}

void vlapic_get_record(struct vcpu *v, void *record)
{
    const struct vlapic *l = &v->arch.vlapic;
    struct hvm_hw_lapic *r = record;

    r->apic_base_msr = l->base_msr;
    r->disabled = (l->reg[APIC_REG_SVR] & APIC_SVR_ENABLE ? 0 : 1u) |
                  (l->base_msr & VLAPIC_BASE_ENABLE ? 0 : 2u);
    r->timer_divisor = vlapic_timer_divisor(l);
    r->tdt_msr = l->tsc_deadline;
}

int vlapic_set_record(struct vcpu *v, const void *record, UNUSED size_t size)
{
    struct vlapic *l = &v->arch.vlapic;
    const struct hvm_hw_lapic *r = record;

    if (((r->apic_base_msr ^ l->base_msr) & ~VLAPIC_BASE_MODE) ||
        (r->apic_base_msr & VLAPIC_BASE_MODE) == VLAPIC_BASE_EXTD)
        return -EINVAL;
    l->base_msr = r->apic_base_msr;
    l->tsc_deadline = r->tdt_msr;
    vlapic_write_deadline(v, l->tsc_deadline);
    return 0;
}

/* 32 bits every 16 bytes, as in the page. */
void vlapic_get_regs(struct vcpu *v, void *record)
{
    uint32_t(*words)[4] = record;

    for (uint32_t reg = 0; reg < VLAPIC_REGS; reg++)
        words[reg][0] = read_reg(v, reg);
}

int vlapic_set_regs(struct vcpu *v, const void *record, UNUSED size_t size)
{
    struct vlapic *l = &v->arch.vlapic;
    const uint32_t(*word)[4] = record;

    if (word[APIC_REG_SVR][0] & ~APIC_SVR_MASK)
        return -EINVAL;
    for (uint32_t reg = 0; reg < VLAPIC_REGS; reg++)
        l->reg[reg] = word[reg][0] & kept_bits[reg];
    for (uint32_t reg = APIC_REG_ISR; reg < APIC_REG_ISR + ISR_WORDS; reg++)
        l->reg[reg] = word[reg][0];
    l->reg[APIC_REG_ESR] = word[APIC_REG_ESR][0];
    for (unsigned i = 0; i < ARRAY_SIZE(l->irr); i++) {
        uint64_t high = word[APIC_REG_IRR + 2 * i + 1][0];

        atomic_store(&l->irr[i], high << 32 | word[APIC_REG_IRR + 2 * i][0]);
    }
    atomic_fetch_and(&l->irr[0], ~LOW_VECTORS);
    vlapic_timer_start(l, word[APIC_REG_TIMER_NOW][0]);
    vlapic_write_deadline(v, l->tsc_deadline);
    return 0;
}
