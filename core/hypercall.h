/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypercall table (design decision 2): a row of core/hypercalls.def for every sub-operation;
 * dispatch, access, copy-in, copy-out from it. A handler gets struct hypercall, sees the 64-bit
 * form of its argument, and has no other way to guest memory than the cursor.
 */
#ifndef ATOLL_CORE_HYPERCALL_H
#define ATOLL_CORE_HYPERCALL_H

#include "core/guest_mem.h"
#include "core/types.h"

struct domain;
struct vcpu;
struct hypercall_row;

/* Returned by a handler whose work is not done: the instruction is executed again, with progress in
 * regs. Not an errno of the ABI. */
#define HYPERCALL_AGAIN (-512)

struct hypercall {
    struct vcpu *v;
    struct domain *d; /* the caller */
    const struct hypercall_row *row;
    void *arg; /* the argument, 64-bit form, the hypervisor's copy; written back where the row has
                  OUT. NULL: none */
    uint64_t args[5]; /* the registers: rdi rsi rdx r10 r8, or ebx ecx edx esi edi */
    bool is_32bit;
};

/* Access classes of rows. */
enum hypercall_access {
    ACCESS_ANY,
    ACCESS_CONTROL, /* the control domain only: -EPERM for others */
};

/* One checked element at a time of a guest array that the row describes. */
struct hypercall_cursor {
    struct hypercall *call;
    gva_t next;
    uint64_t left;
    struct guest_pin pin;
};
/* Opens the row's array INDEX (0: the first); HANDLE and COUNT come from the argument. -E2BIG past
 * the row's maximum. */
int cursor_open(struct hypercall_cursor *cursor, struct hypercall *call, unsigned index,
                uint64_t handle, uint64_t count) MUST_CHECK;
/* Pins the next element (for writing if the array has an OUT part) and copies it in, 64-bit form.
 * 0; -EFAULT; -ENOENT at the end. */
int cursor_next(struct hypercall_cursor *cursor, void *element) MUST_CHECK;
/* Writes the element last read back. Cannot fail. */
void cursor_write(struct hypercall_cursor *cursor, const void *element);

/* Executes the hypercall that the loaded vCPU asked for: registers in, result in RAX, RIP past the
 * instruction unless HYPERCALL_AGAIN. LENGTH: of the instruction. */
void hypercall_dispatch(struct vcpu *v, unsigned length);
/* True when a handler that loops should return HYPERCALL_AGAIN: something is pending on this CPU.
 */
bool hypercall_should_yield(void);

#endif
