/* SPDX-License-Identifier: BSD-2-Clause */
/* The vcpu_op hypercall: what it asks of one of the caller's vCPUs. */

#include "core/hypercall_rows.h"
#include "core/vcpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"
#include "pv-abi/vcpu.h"

#define TIMER_FAR_NS  (UINT64_C(1) << 50)
#define TIMER_SOON_NS UINT64_C(100000000)

/* Reset values: SDM Vol. 3A table 10-1; RFLAGS bit 1 is always one. */
#define RFLAGS_ONE 0x2u
#define DR6_RESET  0xffff0ff0u
#define DR7_RESET  0x400u
/* Attributes in a VMCB's form: code, data and busy TSS, flat (APM Vol. 2 15.5.1, 4.8). */
#define ATTR_CODE64 0xa9bu
#define ATTR_DATA   0xc93u
#define ATTR_TSS    0x8bu
#define TSS_LIMIT   0x67u

/* The record's fields in the order in which both forms of a first state begin, and then the 32-bit
 * one's segments. */
#define AT(field) offsetof(struct hvm_hw_cpu, field)
static const uint16_t general[] = {
    AT(rax), AT(rcx), AT(rdx),    AT(rbx), AT(rsp), AT(rbp), AT(rsi),
    AT(rdi), AT(rip), AT(rflags), AT(cr0), AT(cr3), AT(cr4),
};
static const struct {
    uint16_t base, limit, attributes;
} segments[] = {
    {AT(cs_base), AT(cs_limit), AT(cs_arbytes)}, {AT(ds_base), AT(ds_limit), AT(ds_arbytes)},
    {AT(ss_base), AT(ss_limit), AT(ss_arbytes)}, {AT(es_base), AT(es_limit), AT(es_arbytes)},
    {AT(tr_base), AT(tr_limit), AT(tr_arbytes)},
};

static void set64(struct hvm_hw_cpu *cpu, uint16_t at, uint64_t value)
{
    *(uint64_t *)((uint8_t *)cpu + at) = value;
}

static void set32(struct hvm_hw_cpu *cpu, uint16_t at, uint32_t value)
{
    *(uint32_t *)((uint8_t *)cpu + at) = value;
}

static void state_from_32(struct hvm_hw_cpu *cpu, const struct vcpu_hvm_x86_32 *from)
{
    const uint32_t *words = &from->eax, *bases = &from->cs_base, *limits = &from->cs_limit;
    const uint16_t *attributes = &from->cs_ar;

    for (unsigned i = 0; i < ARRAY_SIZE(general); i++)
        set64(cpu, general[i], words[i]);
    cpu->msr_efer = from->efer;
    for (unsigned i = 0; i < ARRAY_SIZE(segments); i++) {
        set64(cpu, segments[i].base, bases[i]);
        set32(cpu, segments[i].limit, limits[i]);
        set32(cpu, segments[i].attributes, attributes[i]);
    }
}

static void state_from_64(struct hvm_hw_cpu *cpu, const struct vcpu_hvm_x86_64 *from)
{
    const uint64_t *words = &from->rax;

    for (unsigned i = 0; i < ARRAY_SIZE(general); i++)
        set64(cpu, general[i], words[i]);
    cpu->msr_efer = from->efer;
    for (unsigned i = 0; i < ARRAY_SIZE(segments); i++) {
        set32(cpu, segments[i].limit, UINT32_MAX);
        set32(cpu, segments[i].attributes, ATTR_DATA);
    }
    cpu->cs_arbytes = ATTR_CODE64;
    cpu->tr_limit = TSS_LIMIT;
    cpu->tr_arbytes = ATTR_TSS;
}

static int initialise(struct vcpu *v, const struct vcpu_hvm_context *context)
{
    struct hvm_hw_cpu cpu;
    int rc;

    if (context->pad || context->mode > VCPU_HVM_MODE_64B)
        return -EINVAL;
    memset(&cpu, 0, sizeof(cpu));
    if (context->mode == VCPU_HVM_MODE_32B)
        state_from_32(&cpu, &context->cpu_regs.x86_32);
    else
        state_from_64(&cpu, &context->cpu_regs.x86_64);
    cpu.rflags |= RFLAGS_ONE;
    cpu.dr6 = DR6_RESET;
    cpu.dr7 = DR7_RESET;

    lock_take(&v->domain->lock);
    rc = v->is_initialised ? -EEXIST : arch_set_hvm_record(v, HVM_SAVE_CODE_CPU, &cpu, sizeof(cpu));
    if (rc == 0)
        v->is_initialised = true;
    lock_drop(&v->domain->lock);
    return rc;
}

static int up(struct vcpu *v)
{
    if (!v->is_initialised)
        return -EINVAL;
    vcpu_go(v, VCPU_DOWN);
    return 0;
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

static int set_timer(struct vcpu *v, const struct vcpu_set_singleshot_timer *set)
{
    if (v != this_cpu()->current)
        return -EINVAL;
    if ((set->flags & VCPU_SSHOTTMR_future) && set->timeout_abs_ns < time_ns())
        return -ETIME;
    timer_set(&v->singleshot, set->timeout_abs_ns);
    return 0;
}

static int stop_timer(struct vcpu *v)
{
    if (v != this_cpu()->current)
        return -EINVAL;
    timer_cancel(&v->singleshot);
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
        return up(v);
    case VCPUOP_down:
        vcpu_down(v);
        return 0;
    case VCPUOP_is_up:
        return vcpu_is_up(v);
    case VCPUOP_get_runstate_info:
        vcpu_get_runstate(v, call->arg);
        return 0;
    case VCPUOP_register_runstate_memory_area:
        return vcpu_register_runstate(v, *address);
    case VCPUOP_register_vcpu_time_memory_area:
        return vcpu_register_time(v, *address);
    case VCPUOP_register_vcpu_info:
        return register_info(v, call->arg);
    case VCPUOP_set_singleshot_timer:
        return set_timer(v, call->arg);
    case VCPUOP_stop_singleshot_timer:
        return stop_timer(v);
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
