/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving back what a domain has, in steps that are short enough for one hypercall each. */

#include "core/domain.h"
#include "core/domain_table.h"
#include "core/physmap.h"
#include "core/frame.h"
#include "core/vcpu.h"
#include "pv-abi/xen.h"

/* In this order: events and mappings of others need the vCPUs and the domain whole; frames go last,
 * when nothing of the hypervisor's holds one. */
enum { STEP_STOP, STEP_EVENTS, STEP_P2M, STEP_GRANTS, STEP_VCPUS, STEP_FRAMES, STEP_LAST };

static void stop(struct domain *d)
{
    uint32_t state = atomic_load(&d->state);

    if (state == DOMAIN_DYING)
        return;
    atomic_store(&d->state, DOMAIN_DYING);
    domain_pause(d);
}

static void finish(struct domain *d)
{
    struct domain *control = domain_get(DOMAIN_CONTROL);

    atomic_store(&d->state, DOMAIN_DEAD);
    domain_unlist(d);
    domain_put(d);
    if (control) {
        evtchn_raise_global_virq(control, VIRQ_DOM_EXC);
        domain_put(control);
    }
}

int domain_destroy_step(struct domain *d)
{
    switch (d->destroy_step) {
    case STEP_STOP:
        stop(d);
        if (!domain_is_stopped(d))
            return 1;
        break;
    case STEP_EVENTS:
        evtchn_destroy(d);
        break;
    case STEP_P2M:
        if (p2m_destroy_step(d))
            return 1;
        break;
    case STEP_GRANTS:
        grant_drop_maps(d);
        physmap_poll(d);
        break;
    case STEP_VCPUS:
        for (uint32_t i = 0; i < d->vcpu_max; i++)
            vcpu_destroy(d->vcpu[i]);
        break;
    case STEP_FRAMES:
        if (frame_destroy_step(d))
            return 1;
        break;
    case STEP_LAST:
        finish(d);
        return 0;
    }
    d->destroy_step++;
    return 1;
}
