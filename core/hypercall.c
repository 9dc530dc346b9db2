/* SPDX-License-Identifier: BSD-2-Clause */
/* Dispatch of hypercalls from the table: look-up, access, the argument in and out, the domain that
 * it names. Takes no lock; the argument lies in the CPU's own argument page. */

#include "core/hypercall.h"

#include "core/domain.h"
#include "core/hypercall_rows.h"
#include "core/timer.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Elements of a list that are copied at once. */
#define FOR_EACH_BYTES 512u

/* Counts may be raised by several CPUs that run the same domain. */
static inline void count(struct domain *d, uint64_t place)
{
    __atomic_fetch_add(&d->hypercall_counts[place], 1, __ATOMIC_RELAXED);
}

/* No such number, or an operation above those of its family. */
static NOINLINE int64_t unknown(struct domain *d, uint64_t number)
{
    const struct hypercall_family *family;

    if (number > HYPERCALL_NUMBERS)
        number = HYPERCALL_NUMBERS;
    family = &hypercall_families[hypercall_family_of[number]];
    count(d, family->count ? family->first + family->count : FIRST_UNKNOWN + number);
    return -ENOSYS;
}

/* One CPU at a time takes a domain apart, or needs it whole. */
static int64_t call_with_taken(struct hypercall *call)
{
    struct domain *d = call->target;
    int64_t result = -ESRCH;

    if (atomic_exchange(&d->is_taken, true))
        return hypercall_continue(call, 0);
    if (call->row->target == TARGET_TAKEN || atomic_load(&d->state) < DOMAIN_DYING)
        result = call->row->handler(call);
    atomic_store(&d->is_taken, false);
    return result;
}

/* Finds the domain that the argument names. */
static NOINLINE int64_t call_with_target(struct hypercall *call)
{
    const struct hypercall_row *row = call->row;
    const uint8_t *arg = this_cpu()->argument;
    uint16_t domid;
    int64_t result;

    memcpy(&domid, arg + hypercall_families[row->family].domid_at, sizeof(domid));
    result = domain_get_target(domid, &call->target);
    if (result)
        return result;
    if (row->target != TARGET_NAMED && call->target == call->d)
        result = -EINVAL;
    else
        result = row->target >= TARGET_TAKEN ? call_with_taken(call) : row->handler(call);
    domain_put(call->target);
    return result;
}

/* The row's argument: pinned, copied once, handed over, and written back where the row says so.
 * Where the caller's form differs, it is copied beside, and what is not converted stays as it is.
 */
static ALWAYS_INLINE int64_t call_with_form(struct hypercall *call, bool is_converted)
{
    const struct hypercall_row *row = call->row;
    const struct hypercall_family *family = &hypercall_families[row->family];
    uint64_t *arg = (uint64_t *)(void *)this_cpu()->argument;
    void *form = is_converted ? this_cpu()->argument + HYPERCALL_ARGUMENT_MAX : (uint8_t *)arg;
    struct guest_pin pin;
    int64_t result;

    __asm__("" : "+r"(family)); /* or the compiler makes the address at each use */
    /* A list of one argument (grant_table_op). */
    if (family->length && (uint32_t)call->args[family->length] != 1)
        return -EINVAL;
    if (guest_pin(WINDOW_ARG0, (gva_t){call->args[family->ptr]},
                  is_converted ? row->size32 : row->size64, row->direction & DIR_OUT, &pin))
        return -EFAULT;
    call->arg = arg;
    if (is_converted || !(row->direction & DIR_IN))
        for (size_t i = 0; i < row->size64; i += sizeof(*arg))
            arg[i / sizeof(*arg)] = 0;
    if (is_converted || row->direction & DIR_IN)
        guest_pin_get(&pin, form);
    if (is_converted && row->direction & DIR_IN)
        hypercall_widen(row->layout, arg, form);
    result = unlikely(row->target) ? call_with_target(call) : row->handler(call);
    /* Results, and progress where the argument keeps it. */
    if (row->direction & DIR_OUT &&
        (result >= 0 || (result == HYPERCALL_AGAIN && row->progress == PROGRESS_FIELD))) {
        if (is_converted)
            hypercall_narrow(row->layout, form, arg);
        guest_pin_put(&pin, form);
    }
    return result;
}

static NOINLINE int64_t call_converted(struct hypercall *call)
{
    return call_with_form(call, true);
}

/* Whatever is not plain: a call that not everybody may make, one with an argument, and none. */
static FLATTEN NOINLINE int64_t call_other(struct hypercall *call, uint32_t place)
{
    const struct hypercall_row *row = call->row;

    count(call->d, place);
    if (!row->handler)
        return -ENOSYS;
    if (row->is_control && !call->d->is_privileged)
        return -EPERM;
    if (row->size64)
        return unlikely(call->is_32bit) && row->layout ? call_converted(call)
                                                       : call_with_form(call, false);
    return row->target ? call_with_target(call) : row->handler(call);
}

_Static_assert(XEN_DOMCTL_INTERFACE_VERSION == XEN_SYSCTL_INTERFACE_VERSION, "of either family");

/* The argument says which operation it is for; that one's handler gets what it holds for it. */
int64_t hypercall_by_argument(struct hypercall *call)
{
    const struct hypercall_family *family = &hypercall_families[call->row->family];
    const uint32_t *header = call->arg; /* cmd, interface_version */
    uint64_t place;

    if (header[1] != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    if (header[0] == 0) /* the row that is executed */
        return -ENOSYS;
    place = header[0] < family->count ? index_below(header[0], HYPERCALL_SUBS) : family->count;
    place += family->first;
    call->arg = (uint8_t *)call->arg + (call->row->family == FAMILY_domctl
                                            ? offsetof(struct xen_domctl, u)
                                            : offsetof(struct xen_sysctl, u));
    call->row = &hypercall_rows[hypercall_row_of[place]];
    return call_other(call, (uint32_t)place);
}

/* The way of every call, in line: a null hypercall is what a guest measures. */
static ALWAYS_INLINE int64_t execute(struct hypercall *call, uint64_t number)
{
    const struct hypercall_family *family =
        &hypercall_families[hypercall_family_of[index_below(number, HYPERCALL_NUMBERS)]];
    uint32_t sub = (uint32_t)(call->args[family->cmd] & family->cmd_mask);
    const struct hypercall_row *row;
    uint64_t place;

    if (unlikely(number >= HYPERCALL_NUMBERS) || unlikely(sub >= family->count))
        return unknown(call->d, number);
    place = family->first + index_below(sub, HYPERCALL_SUBS);
    row = &hypercall_rows[hypercall_row_of[place]];
    __asm__("" : "+r"(row)); /* or the compiler makes the address twice */
    call->row = row;
    if (unlikely(row->is_control || row->direction))
        return call_other(call, (uint32_t)place);
    count(call->d, place);
    return row->handler(call);
}

static NOINLINE int64_t execute_any(struct hypercall *call, uint64_t number)
{
    return execute(call, number);
}

/* ---- callers ---- */

/* Executes what the registers ask for: of a 32-bit caller their low halves. */
static ALWAYS_INLINE void dispatch(unsigned length, bool is_32bit)
{
    struct guest_regs *regs = &vcpu_private()->regs;
    uint64_t *first = &regs->gpr[is_32bit ? REG_RBX : REG_RDI];
    uint64_t *second = &regs->gpr[is_32bit ? REG_RCX : REG_RSI];
    uint64_t mask = is_32bit ? UINT32_MAX : UINT64_MAX;
    struct vcpu *v = this_cpu()->current;
    struct hypercall call; /* not cleared: who fills in what is in its type */
    int64_t result;

    call.v = v;
    call.d = v->domain;
    call.args[0] = *first & mask;
    call.args[1] = *second & mask;
    call.args[2] = regs->gpr[REG_RDX] & mask;
    call.is_32bit = is_32bit;
    result = is_32bit ? execute_any(&call, regs->gpr[REG_RAX] & mask)
                      : execute(&call, regs->gpr[REG_RAX]);
    if (unlikely(result == HYPERCALL_AGAIN)) {
        /* Progress is in the arguments. */
        *first = call.args[0];
        *second = call.args[1];
        regs->gpr[REG_RDX] = call.args[2];
        return;
    }
    regs->rip += length;
    regs->gpr[REG_RAX] = (uint64_t)result & mask;
}

/* A 32-bit caller, or one that may not call. */
static NOINLINE void dispatch_other(unsigned length, unsigned mode)
{
    struct guest_regs *regs = &vcpu_private()->regs;

    if (!(mode & VM_MODE_CPL)) {
        dispatch(length, true);
        return;
    }
    regs->rip += length;
    regs->gpr[REG_RAX] = mode & VM_MODE_LONG ? (uint64_t)-EPERM : (uint32_t)-EPERM;
}

void hypercall_dispatch(unsigned length)
{
    unsigned mode = virt->get_mode();

    if (likely(mode == VM_MODE_LONG))
        dispatch(length, false);
    else
        dispatch_other(length, mode);
}

int64_t hypercall_multicall(struct hypercall *call)
{
    struct hypercall_cursor cursor;
    struct multicall_entry entry;
    int error = cursor_open_list(&cursor, call);

    for (uint64_t done = 0; !error && cursor.left > 0;) {
        struct hypercall inner = {.v = call->v, .d = call->d, .is_32bit = call->is_32bit};
        int64_t result = -EINVAL;

        error = cursor_next(&cursor, &entry);
        if (error)
            break;
        memcpy(inner.args, entry.args, sizeof(inner.args));
        if (entry.op != __HYPERVISOR_multicall)
            result = execute_any(&inner, entry.op);
        if (result == HYPERCALL_AGAIN)
            memcpy(entry.args, inner.args, sizeof(inner.args));
        else
            entry.result = (uint64_t)result;
        /* The entry's own hypercall may have pinned elements of its own. */
        error = cursor_repin(&cursor);
        if (error)
            break;
        cursor_write(&cursor, &entry);
        if (result != HYPERCALL_AGAIN)
            done++;
        if (result == HYPERCALL_AGAIN || (cursor.left > 0 && hypercall_should_yield()))
            return hypercall_continue(call, done);
    }
    return error;
}

int64_t hypercall_for_each(struct hypercall *call, hypercall_work *work, void *state)
{
    const struct hypercall_array *array = call->row->arrays;
    bool is_converted = call->is_32bit && array->layout, must_wait = false;
    uint64_t elements[FOR_EACH_BYTES / sizeof(uint64_t)], done = 0;
    struct hypercall_cursor cursor;
    int error = cursor_open_list(&cursor, call);

    while (!error && cursor.left > 0) {
        uint64_t count = is_converted ? 1 : sizeof(elements) / array->size64;

        if (count > cursor.left)
            count = cursor.left;
        error = is_converted ? cursor_next(&cursor, elements)
                             : cursor_read_bulk(&cursor, elements, count);
        if (error)
            break;
        for (uint64_t i = 0; i < count; i++) {
            must_wait |= !work(call->d, (uint8_t *)elements + i * array->size64, state);
            done += !must_wait;
        }
        cursor_write(&cursor, elements);
        if (cursor.left > 0 && hypercall_should_yield())
            return hypercall_continue(call, done);
    }
    return must_wait ? hypercall_continue(call, done) : error;
}

/* ---- continuations ---- */

bool hypercall_should_yield(void)
{
    /* An interrupt that no CPU has taken yet is not seen here: it comes when the guest is entered.
     */
    this_cpu()->pins_checked += YIELD_LOOK;
    return this_cpu()->pins_checked & YIELD_LOOKS_MAX ||
           atomic_load_explicit(&this_cpu()->cpu->pending, memory_order_relaxed) != 0 ||
           timer_next() <= time_ns();
}

uint64_t hypercall_done(const struct hypercall *call)
{
    return call->row->progress == PROGRESS_CMD ? call->args[0] >> MEMOP_EXTENT_SHIFT : 0;
}

int64_t hypercall_continue(struct hypercall *call, uint64_t done)
{
    const struct hypercall_family *family = &hypercall_families[call->row->family];
    const struct hypercall_array *array = call->row->arrays;

    if (call->row->progress == PROGRESS_CMD) {
        call->args[0] = (call->args[0] & MEMOP_CMD_MASK) | done << MEMOP_EXTENT_SHIFT;
    } else if (call->row->progress == PROGRESS_LIST) {
        call->args[family->ptr] += done * (call->is_32bit ? array->size32 : array->size64);
        call->args[family->length] -= done;
    }
    return HYPERCALL_AGAIN;
}
