/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the registers of a guest's local APIC and its priorities. irr is set by any CPU, with
 * atomics; the rest belongs to the CPU that runs the vCPU. There is no IO-APIC behind it, so that
 * all interrupts are edge triggered and EOI tells nobody.
 */
#include "arch/x86/vlapic.h"

#include "arch/x86/vlapic_bits.h"
#include "arch/x86/vlapic_ipi.h"
#include "arch/x86/vlapic_timer.h"
#include "core/domain.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"

#define WORD_BITS   64u
#define LOW_VECTORS UINT64_C(0xffff) /* of word 0: not the APIC's */

/* Writable bits of each LVT entry, SDM Vol. 3A 11.5.1. */
static const uint32_t lvt_writable[LVT_COUNT] = {
    [LVT_TIMER] = 0x700ff, [LVT_THERMAL] = 0x107ff, [LVT_PERF] = 0x107ff,
    [LVT_LINT0] = 0x1a7ff, [LVT_LINT1] = 0x1a7ff,   [LVT_ERROR] = 0x100ff,
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
    return (l->base_msr & VLAPIC_BASE_ENABLE) && (l->svr & APIC_SVR_ENABLE);
}

bool vlapic_has_page(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.vlapic;

    return (l->base_msr & VLAPIC_BASE_ENABLE) && !is_x2apic(l);
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
    l->tpr = l->esr = l->esr_pending = l->icr_low = l->icr_high = 0;
    l->timer_initial = l->timer_divide = 0;
    l->tsc_deadline = 0;
    l->svr = APIC_SVR_RESET;
    l->ldr = 0;
    l->dfr = APIC_DFR_FLAT;
    for (unsigned i = 0; i < LVT_COUNT; i++)
        l->lvt[i] = APIC_LVT_MASKED;
    for (unsigned i = 0; i < ARRAY_SIZE(l->isr); i++) {
        l->isr[i] = 0;
        atomic_store(&l->irr[i], 0);
    }
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
    atomic_fetch_or(&l->irr[vector / WORD_BITS], UINT64_C(1) << vector % WORD_BITS);
    vcpu_notify(v);
}

static int highest(uint64_t w3, uint64_t w2, uint64_t w1, uint64_t w0)
{
    if (w3 != 0)
        return 255 - __builtin_clzll(w3);
    if (w2 != 0)
        return 191 - __builtin_clzll(w2);
    if (w1 != 0)
        return 127 - __builtin_clzll(w1);
    return w0 != 0 ? 63 - __builtin_clzll(w0) : -1;
}

static int highest_irr(const struct vlapic *l)
{
    return highest(atomic_load_explicit(&l->irr[3], memory_order_relaxed),
                   atomic_load_explicit(&l->irr[2], memory_order_relaxed),
                   atomic_load_explicit(&l->irr[1], memory_order_relaxed),
                   atomic_load_explicit(&l->irr[0], memory_order_relaxed) & ~LOW_VECTORS);
}

static int highest_isr(const struct vlapic *l)
{
    return highest(l->isr[3], l->isr[2], l->isr[1], l->isr[0]);
}

/* SDM Vol. 3A 11.8.3.1: the class of the interrupt in service or the task priority. */
static uint32_t processor_priority(const struct vlapic *l)
{
    int in_service = highest_isr(l);
    uint32_t class = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0;

    return (l->tpr & 0xf0) >= class ? l->tpr : class;
}

int vlapic_pending(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.vlapic;
    int vector = highest_irr(l);

    if (likely(vector < 0))
        return -1;
    return ((uint32_t)vector & 0xf0) > (processor_priority(l) & 0xf0) && is_enabled(l) ? vector
                                                                                       : -1;
}

void vlapic_accept(struct vcpu *v, uint8_t vector)
{
    struct vlapic *l = &v->arch.vlapic;
    uint64_t bit = UINT64_C(1) << vector % WORD_BITS;

    atomic_fetch_and(&l->irr[vector / WORD_BITS], ~bit);
    l->isr[vector / WORD_BITS] |= bit;
}

static void end_of_interrupt(struct vlapic *l)
{
    int vector = highest_isr(l);

    if (vector >= 0)
        l->isr[vector / (int)WORD_BITS] &= ~(UINT64_C(1) << vector % (int)WORD_BITS);
}

void vlapic_write_tpr(struct vcpu *v, uint32_t value)
{
    v->arch.vlapic.tpr = value & 0xff;
    virt->load(v);
}

static uint32_t logical_id(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.vlapic;
    uint32_t id = vlapic_id(v);

    /* SDM Vol. 3A 11.12.10.2: derived from the ID in x2APIC mode. */
    return is_x2apic(l) ? (id >> 4) << 16 | 1u << (id & 0xf) : l->ldr;
}

static uint32_t vector_word(const struct vlapic *l, uint32_t reg)
{
    uint32_t index = reg & 7;
    uint64_t word = 0;

    if (reg >= APIC_REG_IRR)
        word = atomic_load(&l->irr[index / 2]) & (index / 2 == 0 ? ~LOW_VECTORS : ~UINT64_C(0));
    else if (reg < APIC_REG_TMR)
        word = l->isr[index / 2];
    return (uint32_t)(index % 2 ? word >> 32 : word);
}

/* Registers that both forms read alike; -EINVAL: no such. */
static int read_common(const struct vcpu *v, uint32_t reg, uint32_t *value)
{
    const struct vlapic *l = &v->arch.vlapic;

    if (reg >= APIC_REG_ISR && reg < APIC_REG_ESR) {
        *value = vector_word(l, reg);
        return 0;
    }
    if (reg >= APIC_REG_LVT && reg <= APIC_REG_LVT_LAST) {
        *value = l->lvt[reg - APIC_REG_LVT];
        return 0;
    }
    switch (reg) {
    case APIC_REG_VERSION:
        *value = APIC_VERSION_VALUE;
        return 0;
    case APIC_REG_TPR:
        *value = l->tpr;
        return 0;
    case APIC_REG_PPR:
        *value = processor_priority(l);
        return 0;
    case APIC_REG_LDR:
        *value = logical_id(v);
        return 0;
    case APIC_REG_SVR:
        *value = l->svr;
        return 0;
    case APIC_REG_ESR:
        *value = l->esr;
        return 0;
    case APIC_REG_TIMER_INIT:
        *value = l->timer_initial;
        return 0;
    case APIC_REG_TIMER_NOW:
        *value = vlapic_timer_count(l);
        return 0;
    case APIC_REG_TIMER_DIVIDE:
        *value = l->timer_divide;
        return 0;
    default:
        return -EINVAL;
    }
}

int vlapic_msr_read(struct vcpu *v, uint32_t reg, uint64_t *value)
{
    const struct vlapic *l = &v->arch.vlapic;
    uint32_t low;

    if (!is_x2apic(l))
        return -EINVAL;
    if (reg == APIC_REG_ID)
        low = vlapic_id(v);
    else if (reg == APIC_REG_ICR)
        low = l->icr_low;
    else if (read_common(v, reg, &low) != 0)
        return -EINVAL;
    *value = low | (reg == APIC_REG_ICR ? (uint64_t)l->icr_high << 32 : 0);
    return 0;
}

uint32_t vlapic_page_read(struct vcpu *v, uint32_t reg)
{
    const struct vlapic *l = &v->arch.vlapic;
    uint32_t value = 0;

    switch (reg) {
    case APIC_REG_ID:
        return vlapic_id(v) << 24;
    case APIC_REG_DFR:
        return l->dfr;
    case APIC_REG_ICR:
        return l->icr_low;
    case APIC_REG_ICR_HIGH:
        return l->icr_high;
    default:
        return read_common(v, reg, &value) == 0 ? value : 0;
    }
}

static void write_svr(struct vlapic *l, uint32_t value)
{
    l->svr = value & APIC_SVR_MASK;
    /* SDM Vol. 3A 11.4.7.2: while it is disabled, all LVT entries are masked. */
    for (unsigned i = 0; !(l->svr & APIC_SVR_ENABLE) && i < LVT_COUNT; i++)
        l->lvt[i] |= APIC_LVT_MASKED;
}

static void write_lvt(struct vcpu *v, unsigned index, uint32_t value)
{
    struct vlapic *l = &v->arch.vlapic;
    uint32_t before = l->lvt[index];

    l->lvt[index] = value & lvt_writable[index];
    if (!(l->svr & APIC_SVR_ENABLE))
        l->lvt[index] |= APIC_LVT_MASKED;
    if (index == LVT_TIMER && ((before ^ value) & APIC_LVT_TIMER_MODE))
        vlapic_timer_mode_changed(v);
}

/* Registers that both forms write alike; -EINVAL: no such. */
static int write_common(struct vcpu *v, uint32_t reg, uint32_t value)
{
    struct vlapic *l = &v->arch.vlapic;

    if (reg >= APIC_REG_LVT && reg <= APIC_REG_LVT_LAST) {
        write_lvt(v, reg - APIC_REG_LVT, value);
        return 0;
    }
    switch (reg) {
    case APIC_REG_EOI:
        end_of_interrupt(l);
        return 0;
    case APIC_REG_TPR:
        vlapic_write_tpr(v, value);
        return 0;
    case APIC_REG_SVR:
        write_svr(l, value);
        return 0;
    case APIC_REG_ESR:
        l->esr = l->esr_pending;
        l->esr_pending = 0;
        return 0;
    case APIC_REG_TIMER_INIT:
        vlapic_timer_write_initial(v, value);
        return 0;
    case APIC_REG_TIMER_DIVIDE:
        vlapic_timer_write_divide(v, value);
        return 0;
    default:
        return -EINVAL;
    }
}

/* Bits that are written in x2APIC mode must be defined ones: SDM Vol. 3A 11.12.1.3. */
static uint32_t x2apic_writable(uint32_t reg)
{
    if (reg >= APIC_REG_LVT && reg <= APIC_REG_LVT_LAST)
        return lvt_writable[reg - APIC_REG_LVT];
    switch (reg) {
    case APIC_REG_TPR:
    case APIC_REG_SELF_IPI:
        return 0xff;
    case APIC_REG_SVR:
        return APIC_SVR_MASK;
    case APIC_REG_TIMER_INIT:
        return UINT32_MAX;
    case APIC_REG_TIMER_DIVIDE:
        return APIC_TIMER_DIVIDE_MASK;
    default:
        return 0; /* EOI, ESR */
    }
}

int vlapic_msr_write(struct vcpu *v, uint32_t reg, uint64_t value)
{
    struct vlapic *l = &v->arch.vlapic;

    if (!is_x2apic(l))
        return -EINVAL;
    if (reg == APIC_REG_ICR) {
        if ((uint32_t)value & ~(ICR_KNOWN | ICR_BUSY))
            return -EINVAL;
        l->icr_low = (uint32_t)value & ICR_KNOWN & ~ICR_BUSY;
        l->icr_high = (uint32_t)(value >> 32);
        return vlapic_send_ipi(v, l->icr_low, l->icr_high);
    }
    if (value & ~(uint64_t)x2apic_writable(reg))
        return -EINVAL;
    if (reg == APIC_REG_SELF_IPI)
        return vlapic_send_ipi(v, (uint32_t)value | ICR_TO_SELF << ICR_SHORTHAND_SHIFT, 0);
    return write_common(v, reg, (uint32_t)value);
}

int vlapic_page_write(struct vcpu *v, uint32_t reg, uint32_t value)
{
    struct vlapic *l = &v->arch.vlapic;

    switch (reg) {
    case APIC_REG_LDR:
        l->ldr = value & 0xff000000;
        return 0;
    case APIC_REG_DFR:
        l->dfr = value | 0x0fffffff;
        return 0;
    case APIC_REG_ICR:
        l->icr_low = value & ICR_KNOWN & ~ICR_BUSY;
        return vlapic_send_ipi(v, l->icr_low, l->icr_high >> 24);
    case APIC_REG_ICR_HIGH:
        l->icr_high = value & 0xff000000;
        return 0;
    default:
        /* What is read only or not there drops what is written. */
        return write_common(v, reg, value) == -EAGAIN ? -EAGAIN : 0;
    }
}

/* SDM Vol. 3A 11.12.5: the only ways between off, page mode and x2APIC mode. */
static bool is_valid_mode_change(uint64_t from, uint64_t to)
{
    const uint64_t mode = VLAPIC_BASE_ENABLE | VLAPIC_BASE_EXTD;

    from &= mode;
    to &= mode;
    if (to == VLAPIC_BASE_EXTD)
        return false;
    if (from == mode)
        return to != VLAPIC_BASE_ENABLE;
    return from != 0 || to != mode;
}

int vlapic_write_base(struct vcpu *v, uint64_t value)
{
    struct vlapic *l = &v->arch.vlapic;
    const uint64_t mode = VLAPIC_BASE_ENABLE | VLAPIC_BASE_EXTD;

    if (((value ^ l->base_msr) & ~mode) || !is_valid_mode_change(l->base_msr, value))
        return -EINVAL;
    l->base_msr = value;
    if (!(value & VLAPIC_BASE_ENABLE))
        vlapic_reset(v);
    return 0;
}

void vlapic_get_record(const struct vcpu *v, struct hvm_hw_lapic *record)
{
    const struct vlapic *l = &v->arch.vlapic;

    record->apic_base_msr = l->base_msr;
    record->disabled =
        (l->svr & APIC_SVR_ENABLE ? 0 : 1u) | (l->base_msr & VLAPIC_BASE_ENABLE ? 0 : 2u);
    record->timer_divisor = vlapic_timer_divisor(l);
    record->tdt_msr = l->tsc_deadline;
}

int vlapic_set_record(struct vcpu *v, const struct hvm_hw_lapic *record)
{
    struct vlapic *l = &v->arch.vlapic;
    const uint64_t mode = VLAPIC_BASE_ENABLE | VLAPIC_BASE_EXTD;

    if (((record->apic_base_msr ^ l->base_msr) & ~mode) ||
        (record->apic_base_msr & mode) == VLAPIC_BASE_EXTD)
        return -EINVAL;
    l->base_msr = record->apic_base_msr;
    l->tsc_deadline = record->tdt_msr;
    vlapic_timer_restore_deadline(v);
    return 0;
}

void vlapic_get_regs(struct vcpu *v, struct hvm_hw_lapic_regs *record)
{
    const struct vlapic *l = &v->arch.vlapic;

    memset(record, 0, sizeof(*record));
    for (uint32_t reg = 0; reg < APIC_REG_COUNT; reg++) {
        uint32_t value = vlapic_page_read(v, reg);

        if (is_x2apic(l) && reg == APIC_REG_ID)
            value = vlapic_id(v);
        memcpy(record->data + reg * 16, &value, sizeof(value));
    }
}

static uint32_t record_word(const struct hvm_hw_lapic_regs *record, uint32_t reg)
{
    uint32_t value;

    memcpy(&value, record->data + reg * 16, sizeof(value));
    return value;
}

int vlapic_set_regs(struct vcpu *v, const struct hvm_hw_lapic_regs *record)
{
    struct vlapic *l = &v->arch.vlapic;
    uint64_t irr;

    if (record_word(record, APIC_REG_SVR) & ~APIC_SVR_MASK)
        return -EINVAL;
    l->tpr = record_word(record, APIC_REG_TPR) & 0xff;
    l->svr = record_word(record, APIC_REG_SVR);
    l->esr = record_word(record, APIC_REG_ESR);
    l->ldr = record_word(record, APIC_REG_LDR) & 0xff000000;
    l->dfr = record_word(record, APIC_REG_DFR) | 0x0fffffff;
    l->icr_low = record_word(record, APIC_REG_ICR) & ICR_KNOWN;
    l->icr_high = record_word(record, APIC_REG_ICR_HIGH);
    for (unsigned i = 0; i < LVT_COUNT; i++)
        l->lvt[i] = record_word(record, APIC_REG_LVT + i) & lvt_writable[i];
    for (unsigned i = 0; i < ARRAY_SIZE(l->isr); i++) {
        l->isr[i] = record_word(record, APIC_REG_ISR + 2 * i) |
                    (uint64_t)record_word(record, APIC_REG_ISR + 2 * i + 1) << 32;
        irr = record_word(record, APIC_REG_IRR + 2 * i) |
              (uint64_t)record_word(record, APIC_REG_IRR + 2 * i + 1) << 32;
        atomic_store(&l->irr[i], i == 0 ? irr & ~LOW_VECTORS : irr);
    }
    l->timer_divide = record_word(record, APIC_REG_TIMER_DIVIDE) & APIC_TIMER_DIVIDE_MASK;
    vlapic_timer_restore(v, record_word(record, APIC_REG_TIMER_INIT),
                         record_word(record, APIC_REG_TIMER_NOW));
    vlapic_timer_restore_deadline(v);
    return 0;
}
