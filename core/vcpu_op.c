/* SPDX-License-Identifier: BSD-2-Clause */
/* The vcpu_op hypercall: what it asks of one of the caller's vCPUs. */

#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "lib/errno.h"
#include "lib/pvh.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"

#define TIMER_FAR_NS  (UINT64_C(1) << 50)
#define TIMER_SOON_NS UINT64_C(100000000)

#define ATTR_CODE64 0xa9bu /* in a VMCB's form (APM Vol. 2 15.5.1, 4.8) */

/* Where the record has what both forms of a first state begin with, in their order; and what the
 * 32-bit form has of segments. */
#define AT(field) offsetof(struct hvm_hw_cpu, field)
static const uint16_t general[] = {
    AT(rax), AT(rcx), AT(rdx),    AT(rbx), AT(rsp), AT(rbp), AT(rsi),
    AT(rdi), AT(rip), AT(rflags), AT(cr0), AT(cr3), AT(cr4),
};
static const uint16_t segments[] = {
    AT(cs_base),  AT(ds_base),  AT(ss_base),  AT(es_base),  AT(tr_base),
    AT(cs_limit), AT(ds_limit), AT(ss_limit), AT(es_limit), AT(tr_limit),
};
static const uint16_t attributes[] = {
    AT(cs_arbytes), AT(ds_arbytes), AT(ss_arbytes), AT(es_arbytes), AT(tr_arbytes),
};

/* Copies COUNT values of SIZE bytes to the places PLACE, whose upper bytes are 0. */
static void scatter(struct hvm_hw_cpu *cpu, const uint16_t *place, size_t count, const void *from,
                    size_t size)
{
    for (size_t i = 0; i < count; i++)
        memcpy((uint8_t *)cpu + place[i], (const uint8_t *)from + i * size, size);
}

static int initialise(struct vcpu *v, const struct vcpu_hvm_context *context)
{
    const struct vcpu_hvm_x86_32 *from32 = &context->cpu_regs.x86_32;
    const struct vcpu_hvm_x86_64 *from64 = &context->cpu_regs.x86_64;
    struct hvm_hw_cpu cpu;
    int rc;

    if (context->pad || context->mode > VCPU_HVM_MODE_64B)
        return -EINVAL;
    pvh_start_state(&cpu, 0, 0); /* flat segments */
    if (context->mode == VCPU_HVM_MODE_32B) {
        scatter(&cpu, general, ARRAY_SIZE(general), &from32->eax, sizeof(from32->eax));
        scatter(&cpu, segments, ARRAY_SIZE(segments), &from32->cs_base, sizeof(from32->cs_base));
        scatter(&cpu, attributes, ARRAY_SIZE(attributes), &from32->cs_ar, sizeof(from32->cs_ar));
        cpu.msr_efer = from32->efer;
    } else {
        scatter(&cpu, general, ARRAY_SIZE(general), &from64->rax, sizeof(from64->rax));
        cpu.cs_arbytes = ATTR_CODE64;
        cpu.msr_efer = from64->efer;
    }

    lock_take(&v->domain->lock);
    rc = v->is_initialised ? -EEXIST : arch_set_hvm_record(v, HVM_SAVE_CODE_CPU, &cpu, sizeof(cpu));
    if (rc == 0)
        v->is_initialised = true;
    lock_drop(&v->domain->lock);
    return rc;
}

static int register_info(struct vcpu *v, const struct vcpu_register_vcpu_info *place)
{
    /* The events' words are changed by one atomic operation each. */
    if (place->offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
        place->offset % _Alignof(struct vcpu_info) != 0)
        return -ENXIO;
    if (v != this_cpu()->current && vcpu_is_up(v))
        return -EINVAL;
    return vcpu_register_info(v, (gfn_t){place->mfn}, place->offset);
}

/* SET is NULL: stops it. */
static int set_timer(struct vcpu *v, const struct vcpu_set_singleshot_timer *set)
{
    if (v != this_cpu()->current)
        return -EINVAL;
    if (!set) {
        timer_cancel(&v->singleshot);
        return 0;
    }
    if ((set->flags & VCPU_SSHOTTMR_future) && set->timeout_abs_ns < time_ns())
        return -ETIME;
    timer_set(&v->singleshot, set->timeout_abs_ns);
    return 0;
}

int64_t vcpu_op(struct hypercall *call)
{
    struct vcpu *v = domain_vcpu(call->d, (uint32_t)call->args[1]);
    const uint64_t *address = call->arg;

    if (!v)
        return -ENOENT;
    switch ((uint32_t)call->args[0]) {
    case VCPUOP_initialise:
        return initialise(v, call->arg);
    case VCPUOP_up:
        if (!READ_ONCE(v->is_initialised))
            return -EINVAL;
        vcpu_go(v, VCPU_DOWN);
        return 0;
    case VCPUOP_down:
        vcpu_down(v);
        return 0;
    case VCPUOP_is_up:
        return vcpu_is_up(v);
    case VCPUOP_get_runstate_info:
        vcpu_get_runstate(v, call->arg);
        return 0;
    case VCPUOP_register_runstate_memory_area:
        return vcpu_register_area(v, &v->runstate_area, *address);
    case VCPUOP_register_vcpu_time_memory_area:
        return vcpu_register_area(v, &v->time_area, *address);
    case VCPUOP_register_vcpu_info:
        return register_info(v, call->arg);
    case VCPUOP_set_singleshot_timer:
        return set_timer(v, call->arg);
    case VCPUOP_stop_singleshot_timer:
        return set_timer(v, NULL);
    default: /* VCPUOP_stop_periodic_timer: there is none */
        return 0;
    }
}

/* As Xen: a time that lies too far ahead to be meant comes soon, so that a guest which computed it
 * wrongly goes on. */
int64_t set_timer_op(struct hypercall *call)
{
    uint64_t now = time_ns();
    uint64_t at = call->is_32bit ? call->args[0] | (uint64_t)call->args[1] << 32 : call->args[0];

    if (at == 0) {
        timer_cancel(&call->v->singleshot);
        return 0;
    }
    if (at > now && at - now > TIMER_FAR_NS)
        at = now + TIMER_SOON_NS;
    timer_set(&call->v->singleshot, at);
    return 0;
}
