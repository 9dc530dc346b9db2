/* SPDX-License-Identifier: BSD-2-Clause */
/* Dispatch of hypercalls from the table: look-up, access, the argument in and out. Takes no lock;
 * the argument lies in the CPU's own argument page. */

#include "core/hypercall.h"

#include "core/domain.h"
#include "core/hypercall_dispatch.h"
#include "core/hypercall_rows.h"
#include "core/timer.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Counts may be raised by several CPUs that run the same domain. */
static inline void count(struct domain *d, uint32_t index)
{
    __atomic_fetch_add(&d->hypercall_counts[index], 1, __ATOMIC_RELAXED);
}

static int64_t unknown_number(struct domain *d, uint64_t number)
{
    if (number > HYPERCALL_NUMBERS)
        number = HYPERCALL_NUMBERS;
    count(d, HYPERCALL_COUNT_UNKNOWN + (uint32_t)number);
    __atomic_fetch_add(&d->unknown_hypercalls, 1, __ATOMIC_RELAXED);
    return -ENOSYS;
}

static int64_t unknown_sub(struct domain *d, const struct hypercall_family *family, uint32_t sub)
{
    if (sub >= HYPERCALL_COUNT_SUBS_MAX)
        sub = HYPERCALL_COUNT_SUBS_MAX - 1;
    count(d, HYPERCALL_COUNT_SUBS + family->index * HYPERCALL_COUNT_SUBS_MAX + sub);
    __atomic_fetch_add(&d->unknown_hypercalls, 1, __ATOMIC_RELAXED);
    return -ENOSYS;
}

/* What is written back: results, and progress where the argument keeps it. */
static inline bool has_output(const struct hypercall_row *row, int64_t result)
{
    return (row->direction & DIR_OUT) &&
           (result >= 0 || (result == HYPERCALL_AGAIN && row->progress == PROGRESS_FIELD));
}

/* Where the 32-bit form differs: what is not converted stays as it is in guest memory. */
static int64_t call_converted(struct hypercall *call, gva_t at)
{
    const struct hypercall_row *row = call->row;
    const struct hypercall_type *type = &row->argument;
    uint8_t *raw = this_cpu()->argument + HYPERCALL_ARGUMENT_MAX;
    struct guest_pin pin;
    int64_t result;

    if (guest_pin(WINDOW_ARG0, at, type->size32, row->direction & DIR_OUT, &pin))
        return -EFAULT;
    guest_pin_get(&pin, raw);
    call->arg = this_cpu()->argument;
    if (row->direction & DIR_IN)
        hypercall_widen(type, call->arg, raw);
    else
        memset(call->arg, 0, type->size64);
    result = row->handler(call);
    if (has_output(row, result)) {
        hypercall_narrow(type, raw, call->arg);
        guest_pin_put(&pin, raw);
    }
    return result;
}

/* The row's argument: pinned, copied once, handed over, and written back where the row says so. */
static inline int64_t call_with_argument(struct hypercall *call,
                                         const struct hypercall_family *family)
{
    const struct hypercall_row *row = call->row;
    gva_t at = {call->args[family->ptr]};
    size_t size = row->argument.size64;
    uint64_t *arg = (uint64_t *)(void *)this_cpu()->argument;
    struct guest_pin pin;
    int64_t result;

    /* A list of one argument (grant_table_op). */
    if (family->count != HYPERCALL_NO_ARG && (uint32_t)call->args[family->count] != 1)
        return -EINVAL;
    if (unlikely(call->is_32bit) && row->argument.layout)
        return call_converted(call, at);
    if (guest_pin(WINDOW_ARG0, at, size, row->direction & DIR_OUT, &pin))
        return -EFAULT;
    if (row->direction & DIR_IN)
        guest_pin_get(&pin, arg);
    else
        for (size_t i = 0; i < size; i += sizeof(*arg))
            arg[i / sizeof(*arg)] = 0;
    call->arg = arg;
    result = row->handler(call);
    if (has_output(row, result))
        guest_pin_put(&pin, arg);
    return result;
}

/* A family whose argument holds the command: the whole structure is copied before the row is known.
 */
static NOINLINE int64_t call_by_struct(struct hypercall *call,
                                       const struct hypercall_family *family)
{
    uint32_t header[2]; /* cmd, interface_version */
    uint32_t row;
    struct guest_pin pin;
    int64_t result;

    if (!call->d->is_privileged)
        return -EPERM;
    if (guest_pin(WINDOW_ARG0, (gva_t){call->args[family->ptr]}, family->struct_size, true, &pin))
        return -EFAULT;
    call->arg = this_cpu()->argument;
    guest_pin_get(&pin, call->arg);
    memcpy(header, call->arg, sizeof(header));
    if (header[1] != family->interface_version)
        return -EACCES;
    row = header[0] < HYPERCALL_SUBS ? family->rows[index_below(header[0], HYPERCALL_SUBS)] : 0;
    if (!row)
        return unknown_sub(call->d, family, header[0]);
    call->row = &hypercall_rows[row - 1];
    count(call->d, HYPERCALL_COUNT_ROWS + row - 1);
    result = call->row->handler(call);
    if (has_output(call->row, result))
        guest_pin_put(&pin, call->arg);
    return result;
}

/* A call that not everybody may make, or one with an argument. */
static NOINLINE int64_t call_checked(struct hypercall *call, const struct hypercall_family *family)
{
    if (call->row->access == ACCESS_CONTROL && !call->d->is_privileged)
        return -EPERM;
    if (call->row->argument.size64)
        return call_with_argument(call, family);
    return call->row->handler(call);
}

/* The way of every call, in line: a null hypercall is what a guest measures. */
static ALWAYS_INLINE int64_t execute(struct hypercall *call, uint64_t number)
{
    const struct hypercall_family *family;
    const struct hypercall_row *row;
    uint32_t sub, index;

    if (unlikely(number >= HYPERCALL_NUMBERS))
        return unknown_number(call->d, number);
    family = &hypercall_families[index_below(number, HYPERCALL_NUMBERS)];
    if (unlikely(!family->rows))
        return unknown_number(call->d, number);
    sub = (uint32_t)call->args[family->cmd] & family->cmd_mask;
    if (unlikely(sub >= HYPERCALL_SUBS))
        return unknown_sub(call->d, family, sub);
    index = family->rows[index_below(sub, HYPERCALL_SUBS)];
    if (unlikely(index-- == 0)) /* so it is where the command is no register: sub is 0 there */
        return family->struct_size ? call_by_struct(call, family)
                                   : unknown_sub(call->d, family, sub);
    row = &hypercall_rows[index];
    call->row = row;
    count(call->d, HYPERCALL_COUNT_ROWS + index);
    return likely(row->is_plain) ? row->handler(call) : call_checked(call, family);
}

int64_t hypercall_execute(struct hypercall *call, uint64_t number)
{
    return execute(call, number);
}

/* A 32-bit caller, or one that may not call. */
static NOINLINE void dispatch_other(struct vcpu *v, unsigned length, unsigned mode)
{
    struct guest_regs *regs = &vcpu_private()->regs;
    struct hypercall call = {.v = v, .d = v->domain, .is_32bit = true};
    bool is_32bit = !(mode & VM_MODE_LONG);
    int64_t result = -EPERM;

    if ((mode & VM_MODE_CPL) == 0) {
        call.args[0] = (uint32_t)regs->gpr[REG_RBX];
        call.args[1] = (uint32_t)regs->gpr[REG_RCX];
        call.args[2] = (uint32_t)regs->gpr[REG_RDX];
        result = hypercall_execute(&call, (uint32_t)regs->gpr[REG_RAX]);
        if (result == HYPERCALL_AGAIN) {
            regs->gpr[REG_RBX] = call.args[0];
            regs->gpr[REG_RCX] = call.args[1];
            regs->gpr[REG_RDX] = call.args[2];
            return;
        }
    }
    regs->rip += length;
    regs->gpr[REG_RAX] = is_32bit ? (uint32_t)result : (uint64_t)result;
}

void hypercall_dispatch(struct vcpu *v, unsigned length)
{
    struct guest_regs *regs = &vcpu_private()->regs;
    unsigned mode = virt->get_mode();
    struct hypercall call;
    int64_t result;

    if (unlikely(mode != VM_MODE_LONG)) {
        dispatch_other(v, length, mode);
        return;
    }
    call.v = v;
    call.d = v->domain;
    call.arg = NULL;
    call.is_32bit = false;
    call.args[0] = regs->gpr[REG_RDI];
    call.args[1] = regs->gpr[REG_RSI];
    call.args[2] = regs->gpr[REG_RDX];
    call.args[HYPERCALL_NO_ARG] = 0;
    result = execute(&call, regs->gpr[REG_RAX]);
    if (unlikely(result == HYPERCALL_AGAIN)) {
        /* Progress is in the arguments. */
        regs->gpr[REG_RDI] = call.args[0];
        regs->gpr[REG_RSI] = call.args[1];
        regs->gpr[REG_RDX] = call.args[2];
        return;
    }
    regs->rip += length;
    regs->gpr[REG_RAX] = (uint64_t)result;
}

bool hypercall_should_yield(void)
{
    return atomic_load_explicit(&this_cpu()->cpu->pending, memory_order_relaxed) != 0 ||
           timer_next() <= time_ns();
}

uint64_t hypercall_done(const struct hypercall *call)
{
    return call->row->progress == PROGRESS_CMD ? call->args[0] >> MEMOP_EXTENT_SHIFT : 0;
}

int64_t hypercall_continue(struct hypercall *call, uint64_t done)
{
    const struct hypercall_family *family = &hypercall_families[call->row->family];
    const struct hypercall_type *element;

    if (call->row->progress == PROGRESS_CMD) {
        call->args[0] = (call->args[0] & MEMOP_CMD_MASK) | done << MEMOP_EXTENT_SHIFT;
    } else if (call->row->progress == PROGRESS_LIST) {
        element = &call->row->arrays[0].element;
        call->args[family->ptr] += done * (call->is_32bit ? element->size32 : element->size64);
        call->args[family->count] -= done;
    }
    return HYPERCALL_AGAIN;
}
