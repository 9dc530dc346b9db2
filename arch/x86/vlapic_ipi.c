/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns interprocessor interrupts between the vCPUs of a domain, and with INIT and start-up IPIs the
 * start of a vCPU. INIT and start-up are done under the domain's lock. */
#include "arch/x86/vlapic.h"

#include "arch/x86/apic_bits.h"
#include "core/domain.h"
#include "lib/errno.h"

#define BROADCAST      UINT32_MAX
#define BROADCAST_PAGE 0xffu

/* SDM Vol. 3A 11.6.2 */
bool vlapic_matches(const struct vcpu *t, uint32_t destination, bool is_logical)
{
    const struct vlapic *l = &t->arch.vlapic;
    uint32_t id = vlapic_id(t), page_ldr = l->reg[APIC_REG_LDR] >> APIC_PAGE_ID_SHIFT;

    if (l->base_msr & VLAPIC_BASE_EXTD) {
        if (destination == BROADCAST || !is_logical)
            return destination == BROADCAST || destination == id;
        return destination >> 16 == id >> 4 && (destination >> (id & 0xf) & 1);
    }
    if (!is_logical)
        return destination == id || (destination & BROADCAST_PAGE) == BROADCAST_PAGE;
    if (l->reg[APIC_REG_DFR] == APIC_DFR_MODEL)
        return (destination & page_ldr) != 0;
    return (destination >> 4 == page_ldr >> 4 || destination >> 4 == 0xf) &&
           (destination & page_ldr & 0xf) != 0;
}

static int start(struct vcpu *t, uint8_t vector)
{
    if (!t->arch.vlapic.is_waiting_for_sipi || vcpu_is_up(t))
        return 0;
    if (!sched_is_stopped(t))
        return -EAGAIN;
    arch_vcpu_reset(t, vector);
    t->is_initialised = true;
    t->arch.vlapic.is_waiting_for_sipi = false;
    vcpu_go(t, VCPU_DOWN);
    return 0;
}

/* INIT stops the target for good until a start-up IPI comes; what it ran is forgotten then. Either
 * is dropped where it is for the sender itself: it runs. */
static int init_or_start(struct vcpu *v, struct vcpu *t, uint32_t low)
{
    int rc = 0;

    if (t == v)
        return 0;
    lock_take(&v->domain->lock);
    if ((low >> ICR_MODE_SHIFT & ICR_MODE_MASK) == ICR_MODE_STARTUP) {
        rc = start(t, (uint8_t)low);
    } else if (!(low & ICR_LEVEL) || (low & ICR_ASSERT)) {
        vcpu_stop(t, VCPU_DOWN);
        t->arch.vlapic.is_waiting_for_sipi = true;
    }
    lock_drop(&v->domain->lock);
    return rc;
}

static int deliver(struct vcpu *v, struct vcpu *t, uint32_t low)
{
    uint32_t mode = low >> ICR_MODE_SHIFT & ICR_MODE_MASK;

    if (mode == ICR_MODE_INIT || mode == ICR_MODE_STARTUP)
        return init_or_start(v, t, low);
    if (t->arch.vlapic.is_waiting_for_sipi && !vcpu_is_up(t))
        return 0;
    if (mode == ICR_MODE_NMI)
        arch_vcpu_nmi(t);
    else if (mode == ICR_MODE_FIXED || mode == ICR_MODE_LOWEST)
        vlapic_set_irq(t, (uint8_t)low);
    return 0;
}

static bool is_target(const struct vcpu *v, const struct vcpu *t, uint32_t low, uint32_t to)
{
    switch (low >> ICR_SHORTHAND_SHIFT & ICR_SHORTHAND_MASK) {
    case ICR_TO_SELF:
        return t == v;
    case ICR_TO_ALL:
        return true;
    case ICR_TO_OTHERS:
        return t != v;
    default:
        return vlapic_matches(t, to, low & ICR_LOGICAL);
    }
}

int vlapic_send_ipi(struct vcpu *v, uint32_t low, uint32_t destination)
{
    uint32_t mode = low >> ICR_MODE_SHIFT & ICR_MODE_MASK;
    const struct domain *d = v->domain;
    int rc = 0;

    if ((mode == ICR_MODE_FIXED || mode == ICR_MODE_LOWEST) &&
        (low & ICR_VECTOR_MASK) < APIC_VECTOR_MIN) {
        v->arch.vlapic.esr_pending |= APIC_ESR_SEND_VECTOR;
        return 0;
    }
    for (uint32_t i = 0; i < d->vcpu_max; i++) {
        struct vcpu *t = d->vcpu[i];

        if (!is_target(v, t, low, destination))
            continue;
        if (deliver(v, t, low) != 0)
            rc = -EAGAIN;
        /* Any one of the targets is as low in priority as the others. */
        if (mode == ICR_MODE_LOWEST)
            break;
    }
    return rc;
}
