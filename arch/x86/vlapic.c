/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the registers of a guest's local APIC and its priorities. irr is set by any CPU, with
 * atomics; the rest belongs to the CPU that runs the vCPU. There is no IO-APIC behind it, so that
 * all interrupts are edge triggered and EOI tells nobody.
 */
#include "arch/x86/vlapic.h"

#include "arch/x86/apic_bits.h"
#include "core/domain.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"

#define VECTOR_WORDS 8 /* of IRR and ISR */

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
    [APIC_REG_LVT_LINT0] = 0x1a7ff,
    [APIC_REG_LVT_LINT1] = 0x1a7ff,
    [APIC_REG_LVT_ERROR] = 0x100ff,
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
    atomic_store(&l->waiting, 0);
}

void vlapic_set_irq(struct vcpu *v, uint8_t vector)
{
    struct vlapic *l = &v->arch.vlapic;

    if (!is_enabled(l))
        return;
    /* Pairs with the look at `waiting` between cpu_enter_begin() and entry, and after vcpu_block().
     */
    __atomic_fetch_or(&l->reg[APIC_REG_IRR + vector / 32], 1u << vector % 32, __ATOMIC_SEQ_CST);
    atomic_fetch_or(&l->waiting, VLAPIC_IRQ);
    vcpu_notify(v);
}

/* The highest vector in ISR or IRR, whose first register is REG; -1: none. */
static int highest(const struct vlapic *l, unsigned reg)
{
    for (unsigned i = VECTOR_WORDS; i-- > 0;) {
        uint32_t word = READ_ONCE(l->reg[reg + i]);

        if (word != 0)
            return (int)i * 32 + 31 - __builtin_clz(word);
    }
    return -1;
}

/* SDM Vol. 3A 11.8.3.1: the class of the interrupt in service or the task priority. */
static uint32_t processor_priority(const struct vlapic *l)
{
    int in_service = highest(l, APIC_REG_ISR);
    uint32_t class = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0;

    return (l->reg[APIC_REG_TPR] & 0xf0) >= class ? l->reg[APIC_REG_TPR] : class;
}

int vlapic_pending(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.vlapic;
    int vector = vlapic_is_waiting(l, VLAPIC_IRQ) ? highest(l, APIC_REG_IRR) : -1;

    return vector >= 0 && ((uint32_t)vector & 0xf0) > (processor_priority(l) & 0xf0) &&
                   is_enabled(l)
               ? vector
               : -1;
}

/* Says whether a vector waits. Somebody who sets one meanwhile says so afterwards. */
static void look_for_irq(struct vlapic *l)
{
    atomic_fetch_and(&l->waiting, ~VLAPIC_IRQ);
    if (highest(l, APIC_REG_IRR) >= 0)
        atomic_fetch_or(&l->waiting, VLAPIC_IRQ);
}

void vlapic_accept(struct vcpu *v, uint8_t vector)
{
    struct vlapic *l = &v->arch.vlapic;
    uint32_t bit = 1u << vector % 32;

    __atomic_fetch_and(&l->reg[APIC_REG_IRR + vector / 32], ~bit, __ATOMIC_SEQ_CST);
    l->reg[APIC_REG_ISR + vector / 32] |= bit;
    look_for_irq(l);
}

static void end_of_interrupt(struct vlapic *l)
{
    int vector = highest(l, APIC_REG_ISR);

    if (vector >= 0)
        l->reg[APIC_REG_ISR + (unsigned)vector / 32] &= ~(1u << vector % 32);
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
        return l->reg[reg];
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
    uint32_t before = l->reg[reg], left;

    switch (reg) {
    case APIC_REG_EOI:
        end_of_interrupt(l);
        return 0;
    case APIC_REG_TIMER_INIT:
        vlapic_timer_write_initial(l, value);
        return 0;
    case APIC_REG_TIMER_DIVIDE:
        left = vlapic_timer_count(l);
        l->reg[reg] = value;
        vlapic_timer_start(l, left);
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

int vlapic_write_base(struct vcpu *v, uint64_t value)
{
    /* By mode before (off, no such, page, x2APIC), a bit per mode after: SDM Vol. 3A 11.12.5. */
    static const uint8_t changes[] = {1u << 0 | 1u << 2, 0, 1u << 0 | 1u << 2 | 1u << 3,
                                      1u << 0 | 1u << 3};
    struct vlapic *l = &v->arch.vlapic;
    unsigned before = l->base_msr >> VLAPIC_BASE_MODE_SHIFT & 3;
    unsigned after = value >> VLAPIC_BASE_MODE_SHIFT & 3;

    if (((value ^ l->base_msr) & ~VLAPIC_BASE_MODE) || !(changes[before] >> after & 1))
        return -EINVAL;
    l->base_msr = value;
    if (!(value & VLAPIC_BASE_ENABLE)) {
        vlapic_reset(v);
        virt->load(v);
    }
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
    for (uint32_t i = 0; i < VECTOR_WORDS; i++) {
        l->reg[APIC_REG_ISR + i] = word[APIC_REG_ISR + i][0];
        l->reg[APIC_REG_IRR + i] = word[APIC_REG_IRR + i][0];
    }
    look_for_irq(l);
    l->reg[APIC_REG_ESR] = word[APIC_REG_ESR][0];
    vlapic_timer_start(l, word[APIC_REG_TIMER_NOW][0]);
    vlapic_write_deadline(v, l->tsc_deadline);
    return 0;
}
