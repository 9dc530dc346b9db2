/* SPDX-License-Identifier: BSD-2-Clause */
/* The vcpu_op hypercall. */

#include "core/hypercall_rows.h"
#include "core/vcpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "pv-abi/hvm_save.h"
#include "pv-abi/vcpu.h"

#define PERIOD_MIN_NS UINT64_C(1000000) /* as Xen: a millisecond */
#define PERIOD_MAX_NS ((uint64_t)INT64_MAX)
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

/* The vCPU that the call names; NULL: none (-ENOENT). */
static struct vcpu *target(const struct hypercall *call)
{
    return domain_vcpu(call->d, (uint32_t)call->args[1]);
}

static void state_from_32(struct hvm_hw_cpu *cpu, const struct vcpu_hvm_x86_32 *from)
{
    cpu->rax = from->eax;
    cpu->rcx = from->ecx;
    cpu->rdx = from->edx;
    cpu->rbx = from->ebx;
    cpu->rsp = from->esp;
    cpu->rbp = from->ebp;
    cpu->rsi = from->esi;
    cpu->rdi = from->edi;
    cpu->rip = from->eip;
    cpu->rflags = from->eflags | RFLAGS_ONE;
    cpu->cr0 = from->cr0;
    cpu->cr3 = from->cr3;
    cpu->cr4 = from->cr4;
    cpu->msr_efer = from->efer;
    cpu->cs_base = from->cs_base;
    cpu->ds_base = from->ds_base;
    cpu->ss_base = from->ss_base;
    cpu->es_base = from->es_base;
    cpu->tr_base = from->tr_base;
    cpu->cs_limit = from->cs_limit;
    cpu->ds_limit = from->ds_limit;
    cpu->ss_limit = from->ss_limit;
    cpu->es_limit = from->es_limit;
    cpu->tr_limit = from->tr_limit;
    cpu->cs_arbytes = from->cs_ar;
    cpu->ds_arbytes = from->ds_ar;
    cpu->ss_arbytes = from->ss_ar;
    cpu->es_arbytes = from->es_ar;
    cpu->tr_arbytes = from->tr_ar;
}

static void state_from_64(struct hvm_hw_cpu *cpu, const struct vcpu_hvm_x86_64 *from)
{
    cpu->rax = from->rax;
    cpu->rcx = from->rcx;
    cpu->rdx = from->rdx;
    cpu->rbx = from->rbx;
    cpu->rsp = from->rsp;
    cpu->rbp = from->rbp;
    cpu->rsi = from->rsi;
    cpu->rdi = from->rdi;
    cpu->rip = from->rip;
    cpu->rflags = from->rflags | RFLAGS_ONE;
    cpu->cr0 = from->cr0;
    cpu->cr3 = from->cr3;
    cpu->cr4 = from->cr4;
    cpu->msr_efer = from->efer;
    cpu->cs_limit = cpu->ds_limit = cpu->ss_limit = cpu->es_limit = UINT32_MAX;
    cpu->cs_arbytes = ATTR_CODE64;
    cpu->ds_arbytes = cpu->ss_arbytes = cpu->es_arbytes = ATTR_DATA;
    cpu->tr_limit = TSS_LIMIT;
    cpu->tr_arbytes = ATTR_TSS;
}

int64_t vcpu_op_initialise(struct hypercall *call)
{
    const struct vcpu_hvm_context *context = call->arg;
    struct vcpu *v = target(call);
    struct hvm_hw_cpu cpu;
    int rc;

    if (!v)
        return -ENOENT;
    if (context->pad || context->mode > VCPU_HVM_MODE_64B)
        return -EINVAL;
    memset(&cpu, 0, sizeof(cpu));
    cpu.dr6 = DR6_RESET;
    cpu.dr7 = DR7_RESET;
    if (context->mode == VCPU_HVM_MODE_32B)
        state_from_32(&cpu, &context->cpu_regs.x86_32);
    else
        state_from_64(&cpu, &context->cpu_regs.x86_64);

    lock_take(&call->d->lock);
    rc = v->is_initialised ? -EEXIST : arch_set_hvm_record(v, HVM_SAVE_CODE_CPU, &cpu, sizeof(cpu));
    if (rc == 0)
        v->is_initialised = true;
    lock_drop(&call->d->lock);
    return rc;
}

int64_t vcpu_op_up(struct hypercall *call)
{
    struct vcpu *v = target(call);

    if (!v)
        return -ENOENT;
    if (!v->is_initialised)
        return -EINVAL;
    vcpu_go(v, VCPU_DOWN);
    return 0;
}

int64_t vcpu_op_down(struct hypercall *call)
{
    struct vcpu *v = target(call);

    if (!v)
        return -ENOENT;
    vcpu_down(v);
    return 0;
}

int64_t vcpu_op_is_up(struct hypercall *call)
{
    const struct vcpu *v = target(call);

    return v ? vcpu_is_up(v) : -ENOENT;
}

int64_t vcpu_op_get_runstate_info(struct hypercall *call)
{
    struct vcpu *v = target(call);

    if (!v)
        return -ENOENT;
    vcpu_get_runstate(v, call->arg);
    return 0;
}

int64_t vcpu_op_register_runstate(struct hypercall *call)
{
    const struct vcpu_register_runstate_memory_area *area = call->arg;
    struct vcpu *v = target(call);

    return v ? vcpu_register_runstate(v, area->addr.v) : -ENOENT;
}

int64_t vcpu_op_register_time(struct hypercall *call)
{
    const struct vcpu_register_time_memory_area *area = call->arg;
    struct vcpu *v = target(call);

    return v ? vcpu_register_time(v, area->addr.v) : -ENOENT;
}

int64_t vcpu_op_register_vcpu_info(struct hypercall *call)
{
    const struct vcpu_register_vcpu_info *place = call->arg;
    struct vcpu *v = target(call);

    if (!v)
        return -ENOENT;
    /* The events' words are changed by one atomic operation each. */
    if (place->offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
        place->offset % _Alignof(struct vcpu_info) != 0)
        return -ENXIO;
    if (v != call->v && vcpu_is_up(v))
        return -EINVAL;
    return vcpu_register_info(v, (gfn_t){place->mfn}, place->offset);
}

int64_t vcpu_op_set_periodic_timer(struct hypercall *call)
{
    const struct vcpu_set_periodic_timer *set = call->arg;
    struct vcpu *v = target(call);

    if (!v)
        return -ENOENT;
    if (set->period_ns < PERIOD_MIN_NS || set->period_ns > PERIOD_MAX_NS)
        return -EINVAL;
    WRITE_ONCE(v->periodic_ns, set->period_ns);
    timer_set(&v->periodic, time_ns() + set->period_ns);
    return 0;
}

int64_t vcpu_op_stop_periodic_timer(struct hypercall *call)
{
    struct vcpu *v = target(call);

    if (!v)
        return -ENOENT;
    WRITE_ONCE(v->periodic_ns, 0);
    timer_cancel(&v->periodic);
    return 0;
}

int64_t vcpu_op_set_singleshot_timer(struct hypercall *call)
{
    const struct vcpu_set_singleshot_timer *set = call->arg;
    struct vcpu *v = target(call);

    if (!v)
        return -ENOENT;
    if (v != call->v)
        return -EINVAL;
    if ((set->flags & VCPU_SSHOTTMR_future) && set->timeout_abs_ns < time_ns())
        return -ETIME;
    timer_set(&v->singleshot, set->timeout_abs_ns);
    return 0;
}

int64_t vcpu_op_stop_singleshot_timer(struct hypercall *call)
{
    struct vcpu *v = target(call);

    if (!v)
        return -ENOENT;
    if (v != call->v)
        return -EINVAL;
    timer_cancel(&v->singleshot);
    return 0;
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
